use super::*;

/// R55: no text can break out of a header.
#[test]
fn a_header_takes_any_text() {
    assert_eq!(text("gpt-4o"), "gpt-4o");
    assert_eq!(text("a\r\nx-evil: 1"), "a%0D%0Ax-evil: 1");
    assert_eq!(text("modèle"), "mod%C3%A8le");
}

#[test]
fn a_long_list_of_losses_is_cut() {
    let many: Vec<_> = (0..500).map(|number| Loss::dropped(format!("messages[{number}].name"), "test")).collect();
    let header = losses(&many).unwrap();
    assert!(header.len() <= LONGEST_LOSSES + 100);
    assert!(header.to_str().unwrap().ends_with(", ..."));
    assert_eq!(losses(&many[..2]).unwrap(), "messages[0].name, messages[1].name");
    assert_eq!(losses(&[]), None);
}
