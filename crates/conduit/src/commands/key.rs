//! `conduit key`: the virtual keys of callers.

use super::client::{Client, encoded, text, version};
use super::{Where, secret_input, table};
use crate::config::Environment;
use crate::failure::Failure;
use crate::output;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

const KEYS: &str = "virtual-keys";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key and print it, once.
    Create(Create),
    /// List the keys.
    List(#[command(flatten)] Where),
    /// Make a new secret for a key; the old one works on for the grace.
    Roll {
        /// Name or id.
        key: String,
        /// How long the old secret still works, as 24h; 0s: not at all.
        #[arg(long, value_name = "TIME", default_value = "24h")]
        grace: String,
        #[command(flatten)]
        place: Where,
    },
    /// Remove a key: it is refused from the next request on.
    Revoke(One),
    /// Refuse a key until it is resumed.
    Suspend(One),
    /// Let a suspended key work again.
    Resume(One),
}

#[derive(Args, Debug)]
pub(crate) struct One {
    /// Name or id.
    key: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// A name that no other key has.
    name: String,
    /// A virtual model that it may use, or a beginning of names as my-*. Without it: all. May be repeated.
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// An operation that it may use, as chat. Without it: all. May be repeated.
    #[arg(long = "operation", value_name = "OPERATION")]
    operations: Vec<String>,
    /// Requests at once.
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// How long it works, as 720h.
    #[arg(long, value_name = "TIME", conflicts_with = "expires_at")]
    expires_in: Option<String>,
    /// When it stops working, as 2027-01-31T00:00:00Z.
    #[arg(long, value_name = "MOMENT")]
    expires_at: Option<String>,
    /// A key to bring along: env:NAME, file:/path, or - for standard input. Without it one is made.
    #[arg(long, value_name = "REFERENCE")]
    secret: Option<String>,
    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Create(create) => create.run(environment),
        Command::List(place) => list(place, environment),
        Command::Roll { key, grace, place } => roll(key, grace, place, environment),
        Command::Revoke(one) => revoke(one, environment),
        Command::Suspend(one) => set_enabled(one, false, environment),
        Command::Resume(one) => set_enabled(one, true, environment),
    }
}

impl Create {
    fn run(&self, environment: &Environment) -> Result<(), Failure> {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        if !self.models.is_empty() {
            body.insert("models".to_owned(), json!(self.models));
        }
        if !self.operations.is_empty() {
            body.insert("operations".to_owned(), json!(self.operations));
        }
        if let Some(concurrency) = self.concurrency {
            body.insert("limits".to_owned(), json!({ "concurrency": concurrency }));
        }
        for (name, value) in [("expires_in", &self.expires_in), ("expires_at", &self.expires_at)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        if let Some(reference) = &self.secret {
            let secret = secret_input::refer("--secret", reference, environment)?;
            body.insert("key".to_owned(), json!(secret.expose_secret()));
        }
        let client = Client::connect(&self.place, environment)?;
        let mut made = client.post(KEYS, &Value::Object(body))?;
        if self.secret.is_some()
            && let Some(members) = made.as_object_mut()
        {
            // Its owner has it already.
            members.remove("secret");
        }
        shown_once(&made, self.place.json, &format!("the key `{}` was made", self.name))
    }
}

/// The secret alone on standard output, so that a script can take it; what it is, beside it.
fn shown_once(made: &Value, as_json: bool, what: &str) -> Result<(), Failure> {
    if as_json {
        return output::json(made);
    }
    match made.get("secret").and_then(Value::as_str) {
        Some(secret) => {
            output::note(&format!("{what}; it is shown only now:"));
            output::print(&format!("{secret}\n")).map_err(Failure::failed)
        }
        None => output::print(&format!("{what}\n")).map_err(Failure::failed),
    }
}

fn list(place: &Where, environment: &Environment) -> Result<(), Failure> {
    let keys = Client::connect(place, environment)?.all(KEYS)?;
    if place.json {
        return output::json(&json!({ "data": keys }));
    }
    let rows: Vec<[String; 7]> = keys.iter().map(row).collect();
    output::print(&table::render(["NAME", "KEY", "STATE", "MODELS", "EXPIRES", "SOURCE", "ID"], &rows)).map_err(Failure::failed)
}

fn row(key: &Value) -> [String; 7] {
    let models = key.get("models").and_then(Value::as_array);
    let models = models.map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let look = match text(key, "/key/tail").as_str() {
        "" => "-".to_owned(),
        tail => format!("{}...{tail}", text(key, "/key/prefix")),
    };
    let state = match text(key, "/problem").as_str() {
        "" => text(key, "/state"),
        problem => format!("{} ({problem})", text(key, "/state")),
    };
    let expires = Some(text(key, "/expires_at")).filter(|moment| !moment.is_empty()).unwrap_or_else(|| "never".to_owned());
    [text(key, "/name"), look, state, models.unwrap_or_else(|| "all".to_owned()), expires, text(key, "/source"), text(key, "/id")]
}

fn roll(key: &str, grace: &str, place: &Where, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(place, environment)?;
    let found = client.named(KEYS, "key", key)?;
    let path = format!("{KEYS}/{}/roll", encoded(&text(&found, "/id")));
    let rolled = client.post_at(&path, version(&found), &json!({ "grace": grace }))?;
    shown_once(&rolled, place.json, &format!("the key `{key}` has a new secret, and its old one works for {grace} more"))
}

fn revoke(one: &One, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&one.place, environment)?;
    let found = client.named(KEYS, "key", &one.key)?;
    client.delete(&format!("{KEYS}/{}", encoded(&text(&found, "/id"))), version(&found))?;
    output::done(one.place.json, &format!("the key `{}` is revoked", one.key))
}

fn set_enabled(one: &One, enabled: bool, environment: &Environment) -> Result<(), Failure> {
    let client = Client::connect(&one.place, environment)?;
    let found = client.named(KEYS, "key", &one.key)?;
    let path = format!("{KEYS}/{}", encoded(&text(&found, "/id")));
    let changed = client.patch(&path, version(&found), &json!({ "enabled": enabled }))?;
    if one.place.json {
        return output::json(&changed);
    }
    let word = if enabled { "works again" } else { "is suspended" };
    output::print(&format!("the key `{}` {word}\n", one.key)).map_err(Failure::failed)
}
