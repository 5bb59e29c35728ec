use super::*;

fn line(in_file: usize, stored: usize) -> String {
    let text = known(SocketAddr::from(([127, 0, 0, 1], 8080)), in_file, stored);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Conduit is running at http://127.0.0.1:8080"));
    let keys = lines.next().unwrap().to_owned();
    assert_eq!(lines.next(), None);
    keys
}

#[test]
fn a_known_start_says_where_keys_come_from() {
    let (file, database) =
        ("2 from `keys` in the configuration file", "1 from the database (the first start showed its key then, and never again)");
    assert_eq!(line(2, 0), format!("Virtual keys: {file}"));
    assert_eq!(line(0, 1), format!("Virtual keys: {database}"));
    assert_eq!(line(2, 1), format!("Virtual keys: {file}, {database}"));
    assert_eq!(line(0, 0), "Virtual keys: none; write some under `keys` in a configuration file");
}
