//! Names of providers, credentials and keys.

use super::fault;
use providers::FieldFault;

/// Visible ASCII characters and inner spaces, at most 200 bytes: names stand in response headers, labels and file ids.
pub fn name(field: &str, name: &str) -> Option<FieldFault> {
    if name.is_empty() {
        return Some(fault(field, "is empty", "give it a name"));
    }
    if name.trim() != name {
        return Some(fault(field, "begins or ends with a space", "remove it"));
    }
    if name.len() > 200 {
        return Some(fault(field, "has more than 200 bytes", "shorten it"));
    }
    if !name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Some(fault(field, "has a character that is not visible ASCII", "use other characters: a name is sent in response headers"));
    }
    None
}

/// Names of providers and keys, whose ids in the file are made of them.
pub(super) fn object_name(name: &str) -> Option<FieldFault> {
    self::name("name", name).or_else(|| {
        let problem = "begins with `file:`, as the ids of objects of the configuration file do";
        name.starts_with("file:").then(|| fault("name", problem, "choose another name"))
    })
}
