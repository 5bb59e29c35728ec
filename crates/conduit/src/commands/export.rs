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

/// The file as it grows, and the variables that it needs.
#[derive(Default)]
struct Export {
    variables: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&arguments.place, environment)?;
    let read = |collection: &str| -> Result<Vec<Value>, Failure> {
        let mut objects = client.all(collection)?;
        objects.retain(|object| !arguments.database_only || text(object, "/source") == "database");
        Ok(objects)
    };
    let (providers, mappings, keys) = (read("provider-credentials")?, read("model-mappings")?, read("virtual-keys")?);
    let mut export = Export::default();
    let document = json!({
        "providers": providers.iter().filter_map(|one| export.provider(one)).collect::<Vec<_>>(),
        "models": mappings.iter().filter_map(mapping).collect::<Vec<_>>(),
        "keys": keys.iter().filter_map(|one| export.key(one)).collect::<Vec<_>>(),
    });
    for (what, objects) in [("provider", &providers), ("mapping", &mappings), ("key", &keys)] {
        for object in objects.iter().filter(|object| is_off(object)) {
            let name = [text(object, "/name"), text(object, "/virtual_model")].concat();
            output::note(&format!("left out, because it is switched off and a file has no word for that: {what} `{name}`"));
        }
    }
    if arguments.place.json || arguments.format == Format::Json {
        return output::json(&document);
    }
    output::print(&yaml::write(&export.heading(client.url()), &document)).map_err(Failure::failed)
}

fn is_off(object: &Value) -> bool {
    object.get("enabled").and_then(Value::as_bool) == Some(false)
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
    if is_off(from) {
        return None;
    }
    let mut entry = Map::new();
    entry.insert("name".to_owned(), from.get("virtual_model")?.clone());
    copy(from, &["provider", "provider_model"], &mut entry);
    if from.get("priority") != Some(&json!(1)) {
        copy(from, &["priority"], &mut entry);
    }
    if from.get("weight") != Some(&json!(1)) {
        copy(from, &["weight"], &mut entry);
    }
    copy(from, &["strict", "options", "parameters", "timeouts"], &mut entry);
    Some(Value::Object(entry))
}

impl Export {
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
        if is_off(from) {
            return None;
        }
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
        if is_off(from) {
            return None;
        }
        let name = from.get("name")?.as_str()?;
        let mut entry = Map::new();
        entry.insert("name".to_owned(), Value::from(name));
        entry.insert("key".to_owned(), self.reference(&["key", name]));
        // Here an empty list says something: none.
        if let Some(models) = from.get("models").filter(|models| models.is_array()) {
            entry.insert("models".to_owned(), models.clone());
        }
        copy(from, &["operations", "expires_at"], &mut entry);
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
