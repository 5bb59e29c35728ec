//! Reading options from JSON: every fault is collected, each with its field.

use super::options::{CustomDialect, CustomOptions, Method, PATHS, Preset, Probe};
use crate::FieldFault;
use crate::kinds::nearest;
use secrecy::SecretString;
use serde_json::{Map, Value};

/// The options that there are.
const OPTIONS: &[&str] =
    &["preset", "dialects", "paths", "append_v1", "auth_header", "auth_prefix", "headers", "query", "quirks", "leniency", "probe", "keep"];
const PROBE: &[&str] = &["path", "method", "expect", "expect_body_contains"];
/// Conduit's routing options that a server may have under the same names.
const KEEP: &[(&str, &str)] = &[("models", "models"), ("provider", "provider")];

/// What was found to be wrong so far.
#[derive(Default)]
pub(super) struct Reading {
    faults: Vec<FieldFault>,
}

impl Reading {
    pub(super) fn end<T>(self, value: Option<T>) -> Result<T, Vec<FieldFault>> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(self.faults),
        }
    }

    pub(super) fn fault(&mut self, field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(FieldFault::new(field, problem, remedy));
    }

    pub(super) fn options(&mut self, value: &Value) -> Option<CustomOptions> {
        let given = self.object("options", value)?;
        self.known(given, "", OPTIONS);
        let mut options = CustomOptions::default();
        for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "preset" => options.preset = self.one_of("preset", value, &Preset::ALL),
                "dialects" => options.dialects = self.dialects(value),
                "paths" => options.paths = self.paths(value),
                "append_v1" => options.append_v1 = self.flag("append_v1", value),
                "auth_header" => options.auth_header = self.text("auth_header", value).map(str::to_owned),
                "auth_prefix" => options.auth_prefix = self.text("auth_prefix", value).map(str::to_owned),
                "headers" => options.headers = self.pairs("headers", value),
                "query" => options.query = self.pairs("query", value),
                "quirks" => options.quirks = self.list("quirks", value).map(<[Value]>::to_vec).unwrap_or_default(),
                "leniency" => options.leniency = self.leniency(value),
                "probe" => options.probe = self.probe(value),
                "keep" => options.keep = self.keep(value),
                _ => {}
            }
        }
        Some(options)
    }

    fn dialects(&mut self, value: &Value) -> Option<Vec<CustomDialect>> {
        let items = self.list("dialects", value)?;
        let mut dialects = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match self.one_of(&format!("dialects[{at}]"), item, &CustomDialect::ALL) {
                Some(dialect) if dialects.contains(&dialect) => self.fault(format!("dialects[{at}]"), "is named twice", "keep one of them"),
                Some(dialect) => dialects.push(dialect),
                None => {}
            }
        }
        if items.is_empty() {
            self.fault("dialects", "is empty", "name openai-chat or anthropic-messages, or leave it out");
        }
        Some(dialects)
    }

    fn paths(&mut self, value: &Value) -> Vec<(String, String)> {
        let Some(given) = self.object("paths", value) else { return Vec::new() };
        self.known(given, "paths", PATHS);
        let mut paths = Vec::new();
        for (name, value) in given.iter().filter(|(name, value)| PATHS.contains(&name.as_str()) && !value.is_null()) {
            let field = format!("paths.{name}");
            if let Some(path) = self.path(&field, value) {
                paths.push((name.clone(), path.to_owned()));
            }
        }
        paths
    }

    /// A path that can be appended to an address.
    fn path<'v>(&mut self, field: &str, value: &'v Value) -> Option<&'v str> {
        let path = self.text(field, value)?;
        let remedy = "write it from the base URL on, as /chat/completions";
        let problem = if !path.starts_with('/') || path.starts_with("//") {
            "does not begin with one `/`"
        } else if path.contains(['?', '#']) {
            return self.none(field, "has a query or a fragment", "use the option `query`");
        } else if path.len() > 1024 || path.split('/').any(|segment| segment == "..") || !path.bytes().all(is_path_byte) {
            "is no path"
        } else if path.len() > 1 && path.ends_with('/') {
            "ends with `/`"
        } else {
            return Some(path);
        };
        self.none(field, problem, remedy)
    }

    fn pairs(&mut self, field: &str, value: &Value) -> Vec<(String, Option<SecretString>)> {
        let Some(given) = self.object(field, value) else { return Vec::new() };
        let mut pairs = Vec::new();
        for (name, value) in given {
            let held = match value {
                Value::Null => Some(None),
                Value::String(text) => Some(Some(SecretString::from(text.clone()))),
                _ => self.none(&within(field, name), "is not a text", "write the value in quotes"),
            };
            pairs.extend(held.map(|held| (name.clone(), held)));
        }
        pairs
    }

    fn leniency(&mut self, value: &Value) -> Option<dialects::Leniency> {
        let read = serde_json::from_value(value.clone());
        match read {
            Ok(leniency) => Some(leniency),
            Err(_) => self.none("leniency", "is not understood", "it has one member, think_tags: text, tagged or opened"),
        }
    }

    fn probe(&mut self, value: &Value) -> Option<Probe> {
        let given = self.object("probe", value)?;
        self.known(given, "probe", PROBE);
        let path = match given.get("path") {
            Some(path) => self.path("probe.path", path)?.to_owned(),
            None => return self.none("probe.path", "is missing", "name the path that tells whether the server is well, as /health"),
        };
        let set = |name: &str| given.get(name).filter(|value| !value.is_null());
        let method = set("method").and_then(|value| self.one_of("probe.method", value, &[("GET", Method::Get), ("HEAD", Method::Head)]));
        let expect = set("expect").map(|value| self.statuses(value));
        let contains = set("expect_body_contains").and_then(|value| self.text("probe.expect_body_contains", value));
        let method = method.unwrap_or(Method::Get);
        if method == Method::Head && contains.is_some() {
            self.fault("probe.expect_body_contains", "can't be checked with HEAD, which has no body", "use the method GET");
        }
        Some(Probe { path, method, expect: expect.unwrap_or_else(|| vec![200]), expect_body_contains: contains.map(str::to_owned) })
    }

    fn statuses(&mut self, value: &Value) -> Vec<u16> {
        const REMEDY: &str = "list HTTP statuses, as [200, 204]";
        let Some(items) = self.list("probe.expect", value) else { return Vec::new() };
        let status =
            |item: &Value| item.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|status| (200..600).contains(status));
        let read: Option<Vec<u16>> = items.iter().map(status).collect();
        match read {
            Some(statuses) if !statuses.is_empty() => statuses,
            _ => self.none("probe.expect", "is not a list of statuses from 200 to 599", REMEDY).unwrap_or_default(),
        }
    }

    fn keep(&mut self, value: &Value) -> Option<Vec<String>> {
        let items = self.list("keep", value)?;
        let named = items.iter().enumerate().filter_map(|(at, item)| self.one_of(&format!("keep[{at}]"), item, KEEP));
        Some(named.map(str::to_owned).collect())
    }

    /// The value of a word out of a closed list.
    pub(super) fn one_of<T: Copy>(&mut self, field: &str, value: &Value, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(field, value)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let remedy = meant(text, words.iter().map(|(word, _)| *word));
        self.none(field, "is not one that Conduit knows", remedy)
    }

    pub(super) fn known(&mut self, given: &Map<String, Value>, path: &str, names: &[&'static str]) {
        for name in given.keys().filter(|name| !names.contains(&name.as_str())) {
            self.fault(self::within(path, name), "is not a known field", meant(name, names.iter().copied()));
        }
    }

    pub(super) fn object<'v>(&mut self, field: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        value.as_object().or_else(|| self.none(field, "is not an object", "write it as names with values"))
    }

    pub(super) fn list<'v>(&mut self, field: &str, value: &'v Value) -> Option<&'v [Value]> {
        match value.as_array() {
            Some(items) if items.len() <= 200 => Some(items),
            Some(_) => self.none(field, "has more than 200 entries", "remove some"),
            None => self.none(field, "is not a list", "write it as a list"),
        }
    }

    /// A text of one line.
    pub(super) fn text<'v>(&mut self, field: &str, value: &'v Value) -> Option<&'v str> {
        match value.as_str() {
            Some(text) if text.len() > 4096 => self.none(field, "is longer than 4,096 bytes", "shorten it"),
            Some(text) if text.chars().any(char::is_control) => self.none(field, "has a control character in it", "write it as one line"),
            Some(text) => Some(text),
            None => self.none(field, "is not a text", "write it in quotes"),
        }
    }

    pub(super) fn flag(&mut self, field: &str, value: &Value) -> Option<bool> {
        value.as_bool().or_else(|| self.none(field, "is not true or false", "write true or false"))
    }

    pub(super) fn none<T>(&mut self, field: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Option<T> {
        self.fault(field, problem, remedy);
        None
    }
}

/// What else a mistyped word could be.
pub(super) fn meant(word: &str, words: impl Iterator<Item = &'static str> + Clone) -> String {
    match nearest(word, words.clone()) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None => format!("there are: {}", words.collect::<Vec<_>>().join(", ")),
    }
}

/// The path of a member; of a name that somebody else chose, as much as an error should show.
pub(super) fn within(path: &str, name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// RFC 3986 `pchar` and `/`, without an escape for a slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte)
}
