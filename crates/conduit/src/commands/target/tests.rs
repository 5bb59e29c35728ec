use super::*;
use secrecy::ExposeSecret;

const KEY: &str = "9f3c1be07ad24568b1f3c9e2d7405a6b";

fn place(folder: &Path) -> Where {
    Where { data_dir: Some(folder.to_owned()), json: false }
}

fn find(folder: &Path, variables: &[(&str, &str)]) -> Result<(String, String), String> {
    let environment = variables.iter().fold(Environment::default(), |environment, (name, value)| environment.with(name, value));
    let target = Target::find(&place(folder), &environment).map_err(|failure| failure.message().to_owned())?;
    Ok((target.url, target.key.expose_secret().to_owned()))
}

fn write_token(folder: &Path) {
    std::fs::write(folder.join("admin-token"), r#"{"url":"http://127.0.0.1:9999","token":"condl_x"}"#).unwrap();
}

#[test]
fn both_variables_name_any_gateway() {
    let folder = tempfile::tempdir().unwrap();
    write_token(folder.path());
    let found = find(folder.path(), &[("CONDUIT_URL", "https://gateway.test/"), ("CONDUIT_MASTER_KEY", KEY)]);
    assert_eq!(found, Ok(("https://gateway.test".to_owned(), KEY.to_owned())));
}

#[test]
fn without_them_it_is_the_one_of_the_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    assert!(find(folder.path(), &[]).unwrap_err().contains("Start one with `conduit serve`"));
    // The variable that `serve` was started with is no reason to look elsewhere.
    assert_eq!(find(folder.path(), &[("CONDUIT_MASTER_KEY", KEY)]).unwrap().0, DEFAULT_URL);
    write_token(folder.path());
    let token = Ok(("http://127.0.0.1:9999".to_owned(), "condl_x".to_owned()));
    assert_eq!(find(folder.path(), &[]), token);
    assert_eq!(find(folder.path(), &[("CONDUIT_MASTER_KEY", KEY)]), token);
    assert_eq!(find(folder.path(), &[("CONDUIT_URL", "http://127.0.0.1:9999")]), token);
}

/// The key of one gateway is not sent to another one.
#[test]
fn a_url_alone_is_not_enough() {
    let folder = tempfile::tempdir().unwrap();
    write_token(folder.path());
    let said = find(folder.path(), &[("CONDUIT_URL", "https://gateway.test")]).unwrap_err();
    assert!(said.contains("set CONDUIT_MASTER_KEY") && !said.contains("condl_x"), "{said}");
    assert!(find(folder.path(), &[("CONDUIT_URL", "ftp://h"), ("CONDUIT_MASTER_KEY", KEY)]).unwrap_err().contains("CONDUIT_URL"));
}

#[test]
fn a_damaged_file_is_told_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("admin-token"), "canary").unwrap();
    let said = find(folder.path(), &[]).unwrap_err();
    assert!(said.contains("admin-token cannot be read") && !said.contains("canary"), "{said}");
}
