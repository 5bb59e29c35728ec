//! The generated table has a row for each fault in both parts.

use super::*;

#[test]
fn every_fault_is_in_both_tables() {
    let text = faults::render(chat::fault::TABLE);
    for rule in chat::fault::TABLE {
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with(&format!("| `{}` |", rule.name))).collect();
        assert_eq!(rows.len(), 2, "{}", rule.name);
        assert!(rows[0].contains(&rule.status.to_string()) && rows[0].ends_with(&format!("{} |", rule.meaning)), "{}", rule.name);
    }
}
