//! `conduit mapping`: which virtual model is served by which provider and model.

use super::client::{Client, encoded, text, version};
use super::{Where, table};
use crate::config::Environment;
use crate::failure::Failure;
use crate::output;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

const MAPPINGS: &str = "model-mappings";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Map a virtual model to a provider's model.
    Add(Add),
    /// List the mappings.
    List {
        /// Only those of this virtual model.
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        /// Only those of this provider.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Remove a mapping.
    Remove(Remove),
    /// Make many mappings from a JSON file: all of them or none.
    Import {
        /// A list of mappings, or { "mappings": [...] }; - for standard input.
        file: PathBuf,
        /// Check everything and make nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// What callers ask for; may end in *.
    virtual_model: String,
    /// The provider's name or id.
    provider: String,
    /// The provider's own name of the model; * stands for what the * of the virtual model matched.
    provider_model: String,
    /// Lower is tried first.
    #[arg(long, value_name = "N")]
    priority: Option<i32>,
    /// Refuse requests that would lose a field on their way.
    #[arg(long)]
    strict: bool,
    /// A member of requests that callers leave out, as temperature=0.2. May be repeated.
    #[arg(long = "parameter", value_name = "NAME=JSON")]
    parameters: Vec<String>,
    /// A limit of its own in place of the provider's, as first_byte=20s: first_byte, idle or total. May be repeated.
    #[arg(long = "timeout", value_name = "NAME=TIME")]
    timeouts: Vec<String>,
    #[command(flatten)]
    place: Where,
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The mapping's id, or its virtual model where that has one mapping.
    mapping: String,
    /// Of several mappings of a virtual model, that to this provider.
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,
    /// Of several mappings of a virtual model, that to this model.
    #[arg(long, value_name = "MODEL")]
    provider_model: Option<String>,
    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Add(add) => add.run(environment),
        Command::List { model, provider, place } => list(model.as_deref(), provider.as_deref(), place, environment),
        Command::Remove(remove) => remove.run(environment),
        Command::Import { file, dry_run, place } => import(file, *dry_run, place, environment),
    }
}

impl Add {
    fn run(&self, environment: &Environment) -> Result<(), Failure> {
        let mut body = Map::new();
        body.insert("virtual_model".to_owned(), json!(self.virtual_model));
        body.insert("provider".to_owned(), json!(self.provider));
        body.insert("provider_model".to_owned(), json!(self.provider_model));
        if let Some(priority) = self.priority {
            body.insert("priority".to_owned(), json!(priority));
        }
        if self.strict {
            body.insert("strict".to_owned(), json!(true));
        }
        let parameters = self.parameters.iter().map(|text| parameter(text)).collect::<Result<Map<_, _>, _>>()?;
        if !parameters.is_empty() {
            body.insert("parameters".to_owned(), Value::Object(parameters));
        }
        let timeouts = self.timeouts.iter().map(|text| timeout(text)).collect::<Result<Map<_, _>, _>>()?;
        if !timeouts.is_empty() {
            body.insert("timeouts".to_owned(), Value::Object(timeouts));
        }
        let made = Client::connect(&self.place, environment)?.post(MAPPINGS, &Value::Object(body))?;
        if self.place.json {
            return output::json(&made);
        }
        let (model, target, provider) = (&self.virtual_model, &self.provider_model, &self.provider);
        output::print(&format!("`{model}` is served by `{target}` of `{provider}` (id {})\n", text(&made, "/id"))).map_err(Failure::failed)
    }
}

/// `temperature=0.2`, `stop=["END"]`; what is no JSON is a text.
fn parameter(given: &str) -> Result<(String, Value), Failure> {
    let Some((name, value)) = given.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err(Failure::usage(format!("--parameter `{given}`: write name=value, like temperature=0.2")));
    };
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
}

/// `first_byte=20s`; the time is checked by the gateway. To connect is the provider's matter.
fn timeout(given: &str) -> Result<(String, Value), Failure> {
    match given.split_once('=').filter(|(name, _)| ["first_byte", "idle", "total"].contains(name)) {
        Some((name, time)) => Ok((name.to_owned(), Value::from(time))),
        None => Err(Failure::usage(format!("--timeout `{given}`: write first_byte, idle or total with a time, like first_byte=20s"))),
    }
}

fn list(model: Option<&str>, provider: Option<&str>, place: &Where, environment: &Environment) -> Result<(), Failure> {
    let mut filters = Vec::new();
    filters.extend(model.map(|name| format!("virtual_model={}", encoded(name))));
    filters.extend(provider.map(|name| format!("provider={}", encoded(name))));
    let query = if filters.is_empty() { String::new() } else { format!("?{}", filters.join("&")) };
    let mappings = Client::connect(place, environment)?.all(&format!("{MAPPINGS}{query}"))?;
    if place.json {
        return output::json(&json!({ "data": mappings }));
    }
    output::print(&listed(&mappings)).map_err(Failure::failed)
}

fn listed(mappings: &[Value]) -> String {
    let mut rows: Vec<[String; 7]> = mappings.iter().map(row).collect();
    rows.sort_by(|a, b| a.iter().take(2).cmp(b.iter().take(2)));
    table::render(["MODEL", "PRIORITY", "PROVIDER", "PROVIDER MODEL", "STATE", "SOURCE", "ID"], &rows)
}

fn row(mapping: &Value) -> [String; 7] {
    let state = match (text(mapping, "/problem").as_str(), mapping.get("enabled").and_then(Value::as_bool)) {
        ("", Some(false)) => "disabled".to_owned(),
        ("", _) if mapping.get("strict").and_then(Value::as_bool) == Some(true) => "strict".to_owned(),
        ("", _) => "ok".to_owned(),
        (problem, _) => problem.to_owned(),
    };
    let column = |name: &str| text(mapping, name);
    [column("/virtual_model"), column("/priority"), column("/provider"), column("/provider_model"), state, column("/source"), column("/id")]
}

impl Remove {
    fn run(&self, environment: &Environment) -> Result<(), Failure> {
        let client = Client::connect(&self.place, environment)?;
        let found = self.find(&client)?;
        client.delete(&format!("{MAPPINGS}/{}", encoded(&text(&found, "/id"))), version(&found))?;
        let what = format!(
            "the mapping of `{}` to `{}` of `{}` is removed",
            text(&found, "/virtual_model"),
            text(&found, "/provider_model"),
            text(&found, "/provider")
        );
        output::done(self.place.json, &what)
    }

    fn find(&self, client: &Client) -> Result<Value, Failure> {
        let of_model = client.all(&format!("{MAPPINGS}?virtual_model={}", encoded(&self.mapping)))?;
        let is = |mapping: &Value, member: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| mapping.get(member).and_then(Value::as_str) == Some(wanted))
        };
        let meant: Vec<&Value> =
            of_model.iter().filter(|one| is(one, "provider", &self.provider) && is(one, "provider_model", &self.provider_model)).collect();
        match meant.as_slice() {
            [] | [_] => client.one_of(meant.first().copied(), MAPPINGS, "mapping", &self.mapping),
            several => {
                let several: Vec<Value> = several.iter().map(|one| (*one).clone()).collect();
                let message = format!(
                    "`{}` has {} mappings: say which with its id, --provider or --provider-model\n{}",
                    self.mapping,
                    several.len(),
                    listed(&several).trim_end()
                );
                Err(Failure::usage(message))
            }
        }
    }
}

fn import(file: &Path, dry_run: bool, place: &Where, environment: &Environment) -> Result<(), Failure> {
    let shown = file.display();
    let text = read(file).map_err(|error| Failure::failed(format!("{shown} cannot be read: {error}")))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| Failure::failed(format!("{shown}: not valid JSON: {error}")))?;
    let mappings = match value {
        Value::Array(list) => Value::Array(list),
        Value::Object(mut fields) if fields.len() == 1 => fields.remove("mappings").unwrap_or(Value::Null),
        _ => Value::Null,
    };
    if !mappings.is_array() {
        return Err(Failure::usage(format!("{shown}: expected a list of mappings, or {{ \"mappings\": [...] }}")));
    }
    let client = Client::connect(place, environment)?;
    let done = client.post(&format!("{MAPPINGS}/import"), &json!({ "mappings": mappings, "dry_run": dry_run }))?;
    if place.json {
        return output::json(&done);
    }
    let count = done.get("count").and_then(Value::as_u64).unwrap_or_default();
    let word = if dry_run { "would be made" } else { "were made" };
    output::print(&format!("{count} mappings {word}\n")).map_err(Failure::failed)
}

fn read(file: &Path) -> std::io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_json_or_text() {
        let read = |text: &str| parameter(text).map_err(|failure| failure.message().to_owned());
        assert_eq!(read("temperature=0.2"), Ok(("temperature".to_owned(), json!(0.2))));
        assert_eq!(read("stop=[\"a=b\"]"), Ok(("stop".to_owned(), json!(["a=b"]))));
        assert_eq!(read("user=someone"), Ok(("user".to_owned(), json!("someone"))));
        for wrong in ["temperature", "=1", ""] {
            assert!(read(wrong).unwrap_err().contains("write name=value"), "{wrong}");
        }
    }
}
