use super::*;
use clap::CommandFactory;

#[test]
fn the_declaration_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn commands_of_later_versions_are_refused_by_name() {
    for word in NOT_BUILT {
        let Command::Other(words) = Cli::try_parse_from(["conduit", word, "list", "--json"]).unwrap().command else {
            panic!("{word} is built")
        };
        assert_eq!(unknown(&words, "", COMMANDS, NOT_BUILT).message(), format!("`conduit {word}` is not built yet"));
    }
}

#[test]
fn mistyped_commands_get_a_suggestion() {
    let said = unknown(&["serv".into()], "", COMMANDS, NOT_BUILT);
    assert!(said.message().starts_with("`conduit serv` is not a command: did you mean `serve`?"), "{}", said.message());
    let said = unknown(&["frobnicate".into()], "", COMMANDS, NOT_BUILT);
    assert!(said.message().starts_with("`conduit frobnicate` is not a command\n"), "{}", said.message());
}
