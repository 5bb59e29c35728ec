//! The rows of the database as objects. A row that cannot be used as it stands keeps its faults and hides no other.

use crate::check;
use crate::duration;
use crate::object::{
    CredentialObject, FieldState, Hash, KeyObject, MappingObject, PreviousSecret, ProviderObject, Source, TimeoutOverrides,
};
use providers::{CustomOptions, FieldFault};
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::mappings::MappingRow;
use store::providers::{CredentialRow, FieldValue, ProviderRow};
use store::virtual_keys::VirtualKeyRow;
use store::{StoreError, Stored};

/// An object and what was wrong with its row itself.
pub(crate) struct Read<T> {
    pub(crate) object: T,
    pub(crate) faults: Vec<FieldFault>,
}

pub(crate) type ById<T> = BTreeMap<Arc<str>, Arc<T>>;

/// Everything that the database holds, by id.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) providers: ById<Read<ProviderObject>>,
    pub(crate) mappings: ById<Read<MappingObject>>,
    pub(crate) keys: ById<KeyObject>,
    /// Rows of which nothing can be shown.
    pub(crate) unreadable: Vec<Unreadable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) what: &'static str,
    pub(crate) id: String,
    pub(crate) cause: String,
}

impl Rows {
    pub(crate) fn of(stored: Stored) -> Self {
        Self {
            providers: by_id(stored.providers.into_iter().map(provider), |read| &read.object.id),
            mappings: by_id(stored.mappings.into_iter().map(mapping), |read| &read.object.id),
            keys: by_id(stored.virtual_keys.into_iter().map(key), |key| &key.id),
            unreadable: stored.unreadable.into_iter().map(unreadable).collect(),
        }
    }
}

fn by_id<T>(objects: impl Iterator<Item = T>, id: impl Fn(&T) -> &str) -> ById<T> {
    objects.map(|object| (Arc::from(id(&object)), Arc::new(object))).collect()
}

fn unreadable(error: StoreError) -> Unreadable {
    match error {
        StoreError::Corrupt { what, id, cause } => Unreadable { what, id, cause },
        other => Unreadable { what: "row", id: String::new(), cause: other.to_string() },
    }
}

fn database(version: i64, created_at: i64, updated_at: i64) -> Source {
    Source::Database { version, created_at, updated_at }
}

pub(crate) fn provider(row: ProviderRow) -> Read<ProviderObject> {
    let mut faults = Vec::new();
    let closed = row.secrets.iter().filter_map(|(name, value)| match value {
        FieldValue::Unreadable(reason) => Some((name.clone(), reason.clone())),
        FieldValue::Plain(_) | FieldValue::Secret(_) => None,
    });
    let object = ProviderObject {
        unreadable: closed.collect(),
        source: database(row.version, row.created_at, row.updated_at),
        timeouts: timeouts(&row.timeouts, &mut faults),
        custom: row.custom.and_then(|value| custom(&value, &row.secrets, &mut faults)),
        credentials: row.credentials.into_iter().map(credential).collect(),
        id: row.id,
        name: row.name,
        kind: row.kind,
        base_url: row.base_url,
        allow_private_network: row.allow_private_network,
        max_in_flight: row.max_in_flight,
        enabled: row.enabled,
    };
    Read { object, faults }
}

/// The options of a custom endpoint, each secret in its place.
fn custom(value: &Value, secrets: &BTreeMap<String, FieldValue>, faults: &mut Vec<FieldFault>) -> Option<CustomOptions> {
    let mut value_of = |name: &str| match secrets.get(name)? {
        FieldValue::Plain(text) => Some(SecretString::from(text.as_str())),
        FieldValue::Secret(secret) => Some(secret.clone()),
        FieldValue::Unreadable(reason) => {
            let problem = format!("cannot be read ({reason})");
            faults.push(check::fault(
                check::option_path(name),
                problem,
                "enter it again, or start with the root secret that it was stored under",
            ));
            None
        }
    };
    match CustomOptions::read(value) {
        Ok(options) => Some(options.with_secrets(&mut value_of)),
        Err(wrong) => {
            faults.extend(wrong);
            None
        }
    }
}

fn credential(row: CredentialRow) -> CredentialObject {
    let fields = row.fields.into_iter().map(|(name, value)| (name, state(value)));
    CredentialObject { name: row.name, weight: u32::try_from(row.weight).unwrap_or(0), fields: fields.collect() }
}

fn state(value: FieldValue) -> FieldState {
    match value {
        FieldValue::Plain(text) => FieldState::Plain(text),
        FieldValue::Secret(secret) => FieldState::Secret(secret),
        FieldValue::Unreadable(reason) => FieldState::Unreadable(reason),
    }
}

fn timeouts(value: &Value, faults: &mut Vec<FieldFault>) -> TimeoutOverrides {
    let mut read = TimeoutOverrides::default();
    for (name, value) in object(value, "timeouts", faults) {
        let place = match name.as_str() {
            "connect" => &mut read.connect,
            "first_byte" => &mut read.first_byte,
            "idle" => &mut read.idle,
            "total" => &mut read.total,
            _ => {
                faults.push(check::fault(format!("timeouts.{name}"), "is not known to this version", "remove it"));
                continue;
            }
        };
        match period(&value) {
            Ok(period) => *place = period,
            Err(problem) => faults.push(check::sentence(format!("timeouts.{name}"), &problem)),
        }
    }
    read
}

fn period(value: &Value) -> Result<Option<Duration>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => duration::parse(text).map(Some),
        _ => Err("is no text: write a duration, like `5s`".to_owned()),
    }
}

fn object(value: &Value, field: &str, faults: &mut Vec<FieldFault>) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        _ => {
            faults.push(check::fault(field, "is no JSON object in its row", "set it anew"));
            Map::new()
        }
    }
}

pub(crate) fn mapping(row: MappingRow) -> Read<MappingObject> {
    let mut faults = Vec::new();
    let spec = row.spec;
    let object = MappingObject {
        id: row.id,
        source: database(row.version, row.created_at, row.updated_at),
        options: object(&spec.options, "options", &mut faults),
        parameters: object(&spec.parameters, "parameters", &mut faults),
        timeouts: timeouts(&spec.timeouts, &mut faults),
        virtual_model: spec.virtual_model,
        provider: spec.provider_id.clone(),
        provider_id: spec.provider_id,
        provider_model: spec.provider_model,
        priority: spec.priority,
        weight: spec.weight,
        strict: spec.strict,
        enabled: spec.enabled,
    };
    Read { object, faults }
}

pub(crate) fn key(row: VirtualKeyRow) -> KeyObject {
    let previous = row.previous.map(|old| PreviousSecret {
        hash: Hash(old.hash),
        tail: old.tail,
        until: old.until,
        used_at: old.used_at,
        uses: old.uses,
    });
    KeyObject {
        source: database(row.version, row.created_at, row.updated_at),
        models: row.spec.models,
        operations: row.spec.operations,
        concurrency: row.spec.concurrency,
        expires_at: row.spec.expires_at,
        enabled: row.spec.enabled,
        suspended: row.spec.suspended,
        prefix: row.prefix,
        tail: row.tail,
        previous,
        name: row.spec.name,
        id: row.id,
        hash: Hash(row.hash),
    }
}

/// Timeouts as a row keeps them.
pub(crate) fn timeouts_value(given: &TimeoutOverrides) -> Value {
    let members = [("connect", given.connect), ("first_byte", given.first_byte), ("idle", given.idle), ("total", given.total)];
    Value::Object(
        members.into_iter().filter_map(|(name, period)| Some((name.to_owned(), Value::from(duration::format(period?))))).collect(),
    )
}

impl Rows {
    pub(crate) fn set_provider(&mut self, id: &str, row: Option<ProviderRow>) {
        set(&mut self.providers, id, row.map(provider));
    }

    pub(crate) fn set_mapping(&mut self, id: &str, row: Option<MappingRow>) {
        set(&mut self.mappings, id, row.map(mapping));
    }

    pub(crate) fn set_key(&mut self, id: &str, row: Option<VirtualKeyRow>) {
        set(&mut self.keys, id, row.map(key));
    }
}

/// What was just written, where it cannot be read again.
impl Rows {
    pub(crate) fn written_provider(&mut self, object: ProviderObject) {
        // What was wrong with the row stays so until it is read again.
        let faults = self.providers.get(object.id.as_str()).map(|read| read.faults.clone()).unwrap_or_default();
        self.providers.insert(Arc::from(object.id.as_str()), Arc::new(Read { object, faults }));
    }

    pub(crate) fn written_mapping(&mut self, object: MappingObject) {
        self.mappings.insert(Arc::from(object.id.as_str()), Arc::new(Read { object, faults: Vec::new() }));
    }

    pub(crate) fn written_key(&mut self, object: KeyObject) {
        self.keys.insert(Arc::from(object.id.as_str()), Arc::new(object));
    }
}

fn set<T>(rows: &mut ById<T>, id: &str, object: Option<T>) {
    match object {
        Some(object) => drop(rows.insert(Arc::from(id), Arc::new(object))),
        None => drop(rows.remove(id)),
    }
}
