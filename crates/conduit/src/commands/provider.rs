//! `conduit provider`: the configured providers with their credentials.

use super::client::{Client, encoded, text, version};
use super::{Where, secret_input, table};
use crate::config::Environment;
use crate::failure::Failure;
use crate::output;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

const PROVIDERS: &str = "provider-credentials";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Configure a provider. Its secrets are asked for, or read by reference.
    Add(Add),
    /// List the configured providers.
    List(#[command(flatten)] Where),
    /// See whether a provider is reached and takes its credential; free of cost.
    Test(One),
    /// List the models that a provider offers.
    Models(One),
    /// Remove a provider that no mapping points to.
    Remove(One),
}

#[derive(Args, Debug)]
pub(crate) struct One {
    /// Name or id.
    provider: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// What mappings point to.
    name: String,
    /// The provider's type, as openai.
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// Where it is reached, where that differs from the type's own address.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Of type custom: the server's name, as vllm or llamacpp, which sets everything else as it needs it.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Let it be plain http, or stand on a private or loopback address.
    #[arg(long)]
    allow_private_network: bool,
    /// A field of the credential that is no secret, as organization=org-1. May be repeated.
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// A secret field, as api_key=env:OPENAI_API_KEY, api_key=file:/path, or api_key=- for standard input. May be repeated.
    #[arg(long = "secret", value_name = "NAME=REFERENCE")]
    secrets: Vec<String>,
    #[command(flatten)]
    place: Where,
}

/// A field of a type's form.
struct Field {
    name: String,
    label: String,
    required: bool,
    secret: bool,
}

pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Add(add) => add.run(environment),
        Command::List(place) => list(place, environment),
        Command::Test(one) => test(one, environment),
        Command::Models(one) => models(one, environment),
        Command::Remove(one) => remove(one, environment),
    }
}

impl Add {
    fn run(&self, environment: &Environment) -> Result<(), Failure> {
        let client = Client::connect(&self.place, environment)?;
        let form = form(&client, &self.kind)?;
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        body.insert("type".to_owned(), json!(self.kind));
        for (name, value) in [("base_url", &self.base_url), ("preset", &self.preset)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        if self.allow_private_network {
            body.insert("allow_private_network".to_owned(), json!(true));
        }
        let credentials = self.credentials(&form, environment)?;
        if !credentials.is_empty() {
            body.insert("credentials".to_owned(), Value::Object(credentials));
        }
        let made = client.post(PROVIDERS, &Value::Object(body))?;
        if self.place.json {
            return output::json(&made);
        }
        output::print(&format!("the provider `{}` is configured (id {})\n", self.name, text(&made, "/id"))).map_err(Failure::failed)
    }

    /// What was given, and the required secrets that were not: those are asked for.
    fn credentials(&self, form: &[Field], environment: &Environment) -> Result<Map<String, Value>, Failure> {
        let mut values = Map::new();
        for given in &self.fields {
            let (name, value) = pair("--field", given)?;
            if form.iter().any(|field| field.secret && field.name == name) {
                let message = format!("--field {name}: is a secret, which others could see here: use --secret {name}=env:NAME");
                return Err(Failure::usage(message));
            }
            values.insert(name.to_owned(), json!(value));
        }
        for given in &self.secrets {
            let (name, reference) = pair("--secret", given)?;
            let secret = secret_input::refer(name, reference, environment)?;
            values.insert(name.to_owned(), json!(secret.expose_secret()));
        }
        for field in form.iter().filter(|field| field.required && field.secret) {
            if !values.contains_key(&field.name) {
                let secret = secret_input::line(&field.label)?;
                values.insert(field.name.clone(), json!(secret.expose_secret()));
            }
        }
        Ok(values)
    }
}

fn pair<'a>(option: &str, given: &'a str) -> Result<(&'a str, &'a str), Failure> {
    // What stands behind a mistyped option could be a secret: it is not repeated.
    given
        .split_once('=')
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .ok_or_else(|| Failure::usage(format!("{option}: write NAME=..., like {option} api_key=env:NAME")))
}

fn form(client: &Client, kind: &str) -> Result<Vec<Field>, Failure> {
    let listed = client.get("provider-types")?;
    let types = listed.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(found) = types.iter().find(|one| text(one, "/type") == kind) else {
        let known: Vec<String> = types.iter().map(|one| text(one, "/type")).collect();
        let hint = crate::config::suggest::hint(kind, known.iter().map(String::as_str));
        return Err(Failure::usage(format!("--type: `{kind}` is not one of {}{hint}", known.join(", "))));
    };
    let is = |field: &Value, member: &str| field.get(member).and_then(Value::as_bool) == Some(true);
    let fields = found.get("fields").and_then(Value::as_array).into_iter().flatten().map(|field| Field {
        name: text(field, "/name"),
        label: text(field, "/label"),
        required: is(field, "required"),
        secret: is(field, "secret"),
    });
    Ok(fields.collect())
}

fn list(place: &Where, environment: &Environment) -> Result<(), Failure> {
    let providers = Client::connect(place, environment)?.all(PROVIDERS)?;
    if place.json {
        return output::json(&json!({ "data": providers }));
    }
    let rows: Vec<[String; 6]> = providers.iter().map(row).collect();
    output::print(&table::render(["NAME", "TYPE", "CREDENTIALS", "STATE", "SOURCE", "ID"], &rows)).map_err(Failure::failed)
}

fn row(provider: &Value) -> [String; 6] {
    let credentials = provider.get("credentials").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let state = match (text(provider, "/problem").as_str(), provider.get("enabled").and_then(Value::as_bool)) {
        ("", Some(false)) => "disabled".to_owned(),
        ("", _) => "ok".to_owned(),
        (problem, _) => problem.to_owned(),
    };
    let names = credentials.iter().map(tails).collect::<Vec<_>>().join(", ");
    [text(provider, "/name"), text(provider, "/type"), names, state, text(provider, "/source"), text(provider, "/id")]
}

/// A credential by its name and the ends of its secrets: `default (...3Yu5)`.
fn tails(credential: &Value) -> String {
    let name = text(credential, "/name");
    let tails = credential.as_object().into_iter().flatten().filter_map(|(_, value)| value.get("tail")?.as_str());
    let tails: Vec<String> = tails.map(|tail| format!("...{tail}")).collect();
    if tails.is_empty() { name } else { format!("{name} ({})", tails.join(", ")) }
}

fn test(one: &One, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&one.place, environment)?;
    let found = client.named(PROVIDERS, "provider", &one.provider)?;
    let report = client.post_empty(&format!("{PROVIDERS}/{}/test", encoded(&text(&found, "/id"))))?;
    let ok = is_ok(&report);
    if one.place.json {
        output::json(&report)?;
    } else {
        output::print(&told(&report)).map_err(Failure::failed)?;
    }
    if ok { Ok(()) } else { Err(Failure::failed(format!("the provider `{}` cannot be used as it stands", one.provider))) }
}

/// Every list of steps in the report, wherever it stands: one a credential.
fn steps(report: &Value) -> Vec<&Value> {
    match report {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("steps", Value::Array(list)) => list.iter().collect(),
                _ => steps(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(steps).collect(),
        _ => Vec::new(),
    }
}

fn is_ok(report: &Value) -> bool {
    let steps = steps(report);
    !steps.is_empty() && steps.iter().all(|step| step.get("ok").and_then(Value::as_bool) != Some(false))
}

fn told(report: &Value) -> String {
    let rows: Vec<[String; 3]> = steps(report)
        .into_iter()
        .map(|step| {
            let mark = match (text(step, "/state").as_str(), step.get("ok").and_then(Value::as_bool)) {
                ("skipped" | "unknown", _) | (_, None) => "-",
                (_, Some(true)) => "ok",
                (_, Some(false)) => "FAILED",
            };
            let (message, remedy) = (text(step, "/message"), text(step, "/remedy"));
            let message = if remedy.is_empty() { message } else { format!("{message}: {remedy}") };
            let name = match text(step, "/credential").as_str() {
                "" => text(step, "/name"),
                credential => format!("{} ({credential})", text(step, "/name")),
            };
            [name, mark.to_owned(), message]
        })
        .collect();
    table::render(["STEP", "RESULT", "WHAT WAS SEEN"], &rows)
}

fn models(one: &One, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&one.place, environment)?;
    let found = client.named(PROVIDERS, "provider", &one.provider)?;
    let listed = client.get(&format!("{PROVIDERS}/{}/models", encoded(&text(&found, "/id"))))?;
    if one.place.json {
        return output::json(&listed);
    }
    let models = listed.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<[String; 3]> =
        models.iter().map(|model| [text(model, "/id"), text(model, "/context"), text(model, "/max_output")]).collect();
    output::print(&table::render(["MODEL", "CONTEXT", "MAX OUTPUT"], &rows)).map_err(Failure::failed)
}

fn remove(one: &One, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&one.place, environment)?;
    let found = client.named(PROVIDERS, "provider", &one.provider)?;
    client.delete(&format!("{PROVIDERS}/{}", encoded(&text(&found, "/id"))), version(&found))?;
    output::done(one.place.json, &format!("the provider `{}` is removed", one.provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_good_when_no_step_failed() {
        let good = json!({ "credentials": [{ "steps": [{ "name": "dns", "ok": true }, { "name": "models", "ok": null }] }] });
        let bad = json!({ "steps": [{ "name": "dns", "ok": true }, { "name": "tls", "ok": false, "message": "m", "remedy": "r" }] });
        assert!(is_ok(&good) && !is_ok(&bad) && !is_ok(&json!({})));
        assert!(told(&bad).contains("tls   FAILED  m: r"), "{}", told(&bad));
    }

    /// A secret that was put in the wrong place is not repeated.
    #[test]
    fn a_mistyped_option_is_not_repeated() {
        let said = pair("--secret", "sk-canary").unwrap_err();
        assert!(!said.message().contains("canary"), "{}", said.message());
    }
}
