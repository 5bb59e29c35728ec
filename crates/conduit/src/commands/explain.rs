//! `conduit explain`: what would become of a request, and what the provider would get; nobody is called.

use super::client::{Client, text};
use super::{Where, table};
use crate::config::Environment;
use crate::failure::Failure;
use crate::output;
use clap::Args;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The virtual model that is asked for.
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// As this virtual key would be answered: its name or id.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The operation, as chat or embeddings. Default: chat.
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// The request's body, as JSON; - for standard input. Without it a minimal one.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let mut question = Map::new();
    question.insert("model".to_owned(), json!(arguments.model));
    if let Some(operation) = &arguments.operation {
        question.insert("operation".to_owned(), json!(operation));
    }
    if let Some(file) = &arguments.file {
        question.insert("body".to_owned(), body(file)?);
    }
    let client = Client::connect(&arguments.place, environment)?;
    if let Some(key) = &arguments.key {
        let found = client.named("virtual-keys", "key", key)?;
        question.insert("key".to_owned(), json!(text(&found, "/id")));
    }
    let explanation = client.post("explain", &Value::Object(question))?;
    if arguments.place.json {
        return output::json(&explanation);
    }
    output::print(&told(&explanation)).map_err(Failure::failed)
}

fn body(file: &Path) -> Result<Value, Failure> {
    let shown = file.display();
    let mut text = String::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().lock().read_to_string(&mut text).map(drop),
        false => std::fs::read_to_string(file).map(|read| text = read),
    };
    read.map_err(|error| Failure::failed(format!("{shown} cannot be read: {error}")))?;
    serde_json::from_str(&text).map_err(|error| Failure::failed(format!("{shown}: not valid JSON: {error}")))
}

fn told(explanation: &Value) -> String {
    let list = |name: &str| explanation.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<[String; 4]> = list("candidates")
        .iter()
        .map(|one| {
            let chosen = if one.get("chosen").and_then(Value::as_bool) == Some(true) { "yes" } else { "" };
            [chosen.to_owned(), text(one, "/provider"), text(one, "/provider_model"), text(one, "/reason")]
        })
        .collect();
    let mut told = table::render(["CHOSEN", "PROVIDER", "PROVIDER MODEL", "REASON"], &rows);
    if let Some(request) = explanation.get("upstream_request").filter(|request| request.is_object()) {
        told += &format!("\n{} {}\n", text(request, "/method"), text(request, "/url"));
        told += &headers(request.get("headers"));
        let body = request.get("body").unwrap_or(&Value::Null);
        told += &format!("\n{}\n", serde_json::to_string_pretty(body).unwrap_or_default());
    }
    for loss in list("losses") {
        let (path, reason) = (text(loss, "/path"), text(loss, "/reason"));
        told += &match loss.as_str() {
            Some(path) => format!("lost: {path}\n"),
            None => format!("lost: {path}: {reason}\n"),
        };
    }
    told
}

/// As a map of names, or as a list of pairs.
fn headers(headers: Option<&Value>) -> String {
    match headers {
        Some(Value::Object(members)) => {
            members.iter().map(|(name, value)| format!("{name}: {}\n", value.as_str().unwrap_or_default())).collect()
        }
        Some(Value::Array(pairs)) => pairs.iter().map(|pair| format!("{}: {}\n", text(pair, "/0"), text(pair, "/1"))).collect(),
        _ => String::new(),
    }
}
