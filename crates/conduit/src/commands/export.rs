//! `conduit config export`: the running state as a configuration file.
//!
//! Secrets never leave a gateway: in their places stand references to variables, which the head of the file lists.

mod yaml;

use super::Where;
use super::client::{Client, text};
use crate::config::Environment;
use crate::failure::Failure;
use crate::output;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The form of the file.
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
    /// Only what stands in the database, to be added to the file in use.
    #[arg(long)]
    database_only: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// What the gateway has, of both sources.
struct State {
    providers: Vec<Value>,
    mappings: Vec<Value>,
    keys: Vec<Value>,
}

/// The file as it grows, the variables that it needs, and what could not be said in it.
#[derive(Default)]
struct Export {
    variables: Vec<String>,
    notes: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&arguments.place, environment)?;
    let state = State {
        providers: client.all("provider-credentials")?,
        mappings: client.all("model-mappings")?,
        keys: client.all("virtual-keys")?,
    };
    let mut export = Export::default();
    let document = export.document(&state, arguments.database_only);
    for note in &export.notes {
        output::note(note);
    }
    if arguments.place.json || arguments.format == Format::Json {
        return output::json(&document);
    }
    output::print(&yaml::write(&export.heading(client.url()), &document)).map_err(Failure::failed)
}

fn is(object: &Value, member: &str, value: bool) -> bool {
    object.get(member).and_then(Value::as_bool) == Some(value)
}

/// Why a file has no word for an object: in it, it would work or open more.
fn unsayable(object: &Value, off: &HashSet<String>) -> Option<&'static str> {
    let is_empty = |member: &str| object.get(member).and_then(Value::as_array).is_some_and(Vec::is_empty);
    if is(object, "enabled", false) || is(object, "suspended", true) {
        return Some("it is switched off");
    }
    if off.contains(&text(object, "/provider")) {
        return Some("its provider is switched off");
    }
    (is_empty("models") || is_empty("operations")).then_some("it may use nothing")
}

/// Copies members whose values say something: not null, not false, not empty.
fn copy(from: &Value, names: &[&str], to: &mut Map<String, Value>) {
    for name in names {
        let Some(value) = from.get(name) else { continue };
        let is_empty = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        if !is_empty {
            to.insert((*name).to_owned(), value.clone());
        }
    }
}

fn mapping(from: &Value) -> Option<Value> {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), from.get("virtual_model")?.clone());
    copy(from, &["provider", "provider_model"], &mut entry);
    if from.get("priority") != Some(&json!(1)) {
        copy(from, &["priority"], &mut entry);
    }
    // Its weight and a limit of its own to connect change nothing in this version, and a file refuses them.
    let mut timeouts = from.get("timeouts").cloned().unwrap_or_default();
    timeouts.as_object_mut().and_then(|timeouts| timeouts.remove("connect"));
    copy(from, &["strict", "options", "parameters"], &mut entry);
    copy(&json!({ "timeouts": timeouts }), &["timeouts"], &mut entry);
    Some(Value::Object(entry))
}

impl Export {
    fn document(&mut self, state: &State, database_only: bool) -> Value {
        let off = state.providers.iter().filter(|one| is(one, "enabled", false)).map(|one| text(one, "/name")).collect();
        let [providers, mappings, keys] =
            [("provider", &state.providers), ("mapping", &state.mappings), ("key", &state.keys)].map(|(what, objects)| {
                let meant = objects.iter().filter(|object| !database_only || text(object, "/source") == "database");
                meant.filter(|object| self.can_say(what, object, &off)).collect::<Vec<_>>()
            });
        json!({
            "providers": providers.into_iter().filter_map(|one| self.provider(one)).collect::<Vec<_>>(),
            "models": mappings.into_iter().filter_map(mapping).collect::<Vec<_>>(),
            "keys": keys.into_iter().filter_map(|one| self.key(one)).collect::<Vec<_>>(),
        })
    }

    /// What is left out is told.
    fn can_say(&mut self, what: &str, object: &Value, off: &HashSet<String>) -> bool {
        let Some(reason) = unsayable(object, off) else { return true };
        let name = [text(object, "/name"), text(object, "/virtual_model")].concat();
        self.notes.push(format!("left out, because {reason} and a file has no word for that: {what} `{name}`"));
        false
    }

    /// A reference to a variable of this name; another one where two names come out alike.
    fn reference(&mut self, words: &[&str]) -> Value {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let wanted = words.iter().map(|word| word.chars().map(upper).collect::<String>()).collect::<Vec<_>>().join("_");
        let wanted =
            if wanted.starts_with(|c: char| c.is_ascii_digit()) || wanted.starts_with("CONDUIT_") { format!("X_{wanted}") } else { wanted };
        let mut name = wanted.clone();
        let mut number = 1;
        while self.variables.contains(&name) {
            number += 1;
            name = format!("{wanted}_{number}");
        }
        let reference = format!("env:{name}");
        self.variables.push(name);
        Value::from(reference)
    }

    fn provider(&mut self, from: &Value) -> Option<Value> {
        let name = from.get("name")?.as_str()?;
        let mut entry = Map::new();
        copy(from, &["name", "type", "base_url"], &mut entry);
        let credentials = from.get("credentials").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match credentials {
            [] => {}
            [only] if text(only, "/name") == inventory::object::DEFAULT_CREDENTIAL => {
                let fields = self.credential(&[name], only);
                if !fields.is_empty() {
                    entry.insert("credentials".to_owned(), Value::Object(fields));
                }
            }
            several => {
                let list = several.iter().map(|one| {
                    let mut fields = Map::new();
                    copy(one, &["name", "weight"], &mut fields);
                    fields.extend(self.credential(&[name, &text(one, "/name")], one));
                    Value::Object(fields)
                });
                entry.insert("credentials".to_owned(), list.collect());
            }
        }
        copy(from, &["allow_private_network", "timeouts", "max_in_flight"], &mut entry);
        // Every member says something here, `false` and an empty text too.
        let custom = from.get("custom").and_then(Value::as_object).into_iter().flatten();
        entry.extend(custom.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())));
        for map in ["headers", "query"] {
            for (field, value) in entry.get_mut(map).and_then(Value::as_object_mut).into_iter().flatten() {
                *value = self.reference(&[name, field]);
            }
        }
        Some(Value::Object(entry))
    }

    fn credential(&mut self, words: &[&str], from: &Value) -> Map<String, Value> {
        let fields = from.as_object().into_iter().flatten().filter(|(name, _)| *name != "name" && *name != "weight");
        fields
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value {
                Value::String(_) => (name.clone(), value.clone()),
                _ => (name.clone(), self.reference(&[words, &[name]].concat())),
            })
            .collect()
    }

    fn key(&mut self, from: &Value) -> Option<Value> {
        let name = from.get("name")?.as_str()?;
        let mut entry = Map::new();
        entry.insert("name".to_owned(), Value::from(name));
        entry.insert("key".to_owned(), self.reference(&["key", name]));
        copy(from, &["models", "operations", "expires_at"], &mut entry);
        if let Some(limit) = from.pointer("/limits/concurrency").filter(|limit| !limit.is_null()) {
            entry.insert("limits".to_owned(), json!({ "concurrency": limit }));
        }
        Some(Value::Object(entry))
    }

    fn heading(&self, url: &str) -> String {
        let mut lines = vec![
            format!("What {url} serves, as a configuration file. `server`, `admin` and `storage` are not in it."),
            "Secrets are not shown by a gateway: set these variables before the file is used.".to_owned(),
        ];
        lines.extend(self.variables.iter().map(|name| format!("  {name}")));
        lines.iter().map(|line| format!("# {line}\n")).collect()
    }
}

#[cfg(test)]
mod tests;
