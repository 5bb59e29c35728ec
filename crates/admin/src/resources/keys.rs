//! `/admin/v1/virtual-keys`: the keys of callers. A secret is shown once, by the answer that made it.

use super::credential_shape::schema;
use super::page::page;
use super::{Standing, given, not_found, times};
use crate::api::Api;
use crate::problem::{FieldError, Outcome, Problem};
use crate::reply::Reply;
use crate::route::Call;
use chat::Operation;
use inventory::object::{KeyObject, PreviousSecret};
use inventory::view::Entry;
use inventory::{KeyChange, NewKey, WithSecret, duration};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

pub(crate) const PATH: &str = "/admin/v1/virtual-keys";
/// A key that expires later is one that does not expire.
const LONGEST_LIFE: Duration = Duration::from_secs(100 * 366 * 24 * 3_600);

/// A virtual key, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = VirtualKey)]
pub(crate) struct KeyView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// How the key looks: its beginning and its last four characters.
    pub(crate) key: KeyLook,
    /// Virtual models that it may use: exact names or `prefix*`. Null: all; an empty list: none.
    pub(crate) models: Option<Vec<String>>,
    /// Operations that it may use; null: all.
    pub(crate) operations: Option<Vec<String>>,
    pub(crate) limits: KeyLimits,
    #[schema(format = "date-time")]
    pub(crate) expires_at: Option<String>,
    /// False: suspended by its owner.
    pub(crate) enabled: bool,
    /// Switched off by Conduit itself.
    pub(crate) suspended: bool,
    pub(crate) state: KeyState,
    /// The secret before the last roll.
    pub(crate) previous: Option<PreviousView>,
    #[serde(flatten)]
    pub(crate) standing: Standing,
}

/// Whether a key works now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    Active,
    Suspended,
    Expired,
}

/// What is shown of a stored secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct KeyLook {
    /// `condt_` for a key that Conduit made.
    pub(crate) prefix: String,
    /// The last four characters; nothing of a key too short to spare them.
    pub(crate) tail: String,
}

/// What a key may use at a time.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeyLimits {
    /// Requests at once; null: no limit of its own.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub(crate) concurrency: Option<u32>,
}

/// The secret that a roll has replaced.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PreviousView {
    /// Its last four characters.
    pub(crate) tail: String,
    /// When it stops working.
    #[schema(format = "date-time")]
    pub(crate) until: String,
    /// When it was used last: somebody has not changed to the new one yet.
    #[schema(format = "date-time")]
    pub(crate) used_at: Option<String>,
    /// How often it was used since the roll.
    pub(crate) uses: u64,
}

/// A key just made or rolled. This is the only time that its secret is shown.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct KeyWithSecret {
    /// What callers send; null where it was brought along, since whoever brought it knows it.
    pub(crate) secret: Option<String>,
    #[serde(flatten)]
    pub(crate) view: KeyView,
}

/// A page of keys.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = VirtualKeyList)]
pub(crate) struct KeyList {
    pub(crate) data: Vec<KeyView>,
    /// For `after` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyQuery {
    /// So many at most.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// `next` of the page before.
    #[schema(max_length = 600)]
    after: Option<String>,
    /// Only the one of this name.
    #[schema(max_length = 200)]
    name: Option<String>,
}

/// A virtual key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyBody {
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$", example = "ci")]
    name: String,
    /// A key that is brought along, of 20 characters or more; without it Conduit makes one.
    #[serde(default)]
    #[schema(min_length = 20, max_length = 200)]
    key: Option<String>,
    /// Virtual models that it may use: exact names or `prefix*`. Without it: all; an empty list: none.
    #[serde(default)]
    #[schema(schema_with = models_schema)]
    models: Option<Vec<String>>,
    /// Operations that it may use; without it: all.
    #[serde(default)]
    #[schema(schema_with = operations_schema)]
    operations: Option<Vec<String>>,
    #[serde(default)]
    limits: KeyLimits,
    /// When it stops working.
    #[serde(default)]
    #[schema(format = "date-time", max_length = 64)]
    expires_at: Option<String>,
    /// How long it works, as `5m` or `720h`; instead of `expires_at`.
    #[serde(default)]
    #[schema(max_length = 24, pattern = "^[0-9]+ ?(ms|s|m|h)$", example = "720h")]
    expires_in: Option<String>,
    /// False: it is made suspended.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

/// What is to become different at a key. What is not named stays; its secret changes by a roll.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyPatchBody {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$", nullable = false)]
    name: Option<String>,
    /// Null: all; an empty list: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = models_schema)]
    models: Option<Option<Vec<String>>>,
    /// Null: all.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = operations_schema)]
    operations: Option<Option<Vec<String>>>,
    #[serde(default)]
    limits: KeyLimitsPatch,
    /// Null: never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "date-time", max_length = 64)]
    expires_at: Option<Option<String>>,
    /// False suspends it, true lets it work again; both for the next request.
    #[serde(default)]
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// Limits to be changed; null takes one away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeyLimitsPatch {
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    concurrency: Option<Option<u32>>,
}

/// How a key is rolled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollBody {
    /// How long the old secret still works, as `24h`; `0s`: not at all.
    #[serde(default)]
    #[schema(max_length = 24, pattern = "^[0-9]+ ?(ms|s|m|h)$", default = "24h")]
    grace: Option<String>,
}

fn yes() -> bool {
    true
}

fn models_schema() -> RefOr<Schema> {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 200, "example": "my-*" });
    schema(json!({ "type": ["array", "null"], "items": name, "maxItems": 1000 }))
}

fn operations_schema() -> RefOr<Schema> {
    let names: Vec<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    schema(json!({ "type": ["array", "null"], "items": { "type": "string", "enum": names }, "maxItems": names.len() }))
}

impl KeyView {
    fn of(entry: &Entry<KeyObject>) -> Self {
        let object = &*entry.object;
        let previous = object.previous.as_ref();
        Self {
            id: object.id.clone(),
            name: object.name.clone(),
            key: KeyLook { prefix: object.prefix.clone(), tail: object.tail.clone() },
            models: object.models.clone(),
            operations: object.operations.as_ref().map(|all| all.iter().map(|operation| operation.name().to_owned()).collect()),
            limits: KeyLimits { concurrency: object.concurrency },
            expires_at: object.expires_at.map(times::shown),
            enabled: object.enabled,
            suspended: object.suspended,
            state: state(object),
            previous: previous.map(PreviousView::of),
            standing: Standing::of(&object.source, entry.problem.as_deref()),
        }
    }
}

impl PreviousView {
    fn of(old: &PreviousSecret) -> Self {
        Self { tail: old.tail.clone(), until: times::shown(old.until), used_at: old.used_at.map(times::shown), uses: old.uses }
    }
}

impl KeyWithSecret {
    fn of(made: &WithSecret) -> Self {
        Self { secret: Some(made.secret.expose_secret().to_owned()), view: KeyView::of(&made.entry) }
    }
}

fn state(object: &KeyObject) -> KeyState {
    if !object.enabled || object.suspended {
        return KeyState::Suspended;
    }
    match object.expires_at {
        Some(end) if end <= store::now_us() => KeyState::Expired,
        _ => KeyState::Active,
    }
}

impl NewKeyBody {
    fn wish(self) -> Result<NewKey, Problem> {
        let mut errors = Vec::new();
        let expires_at = match (&self.expires_at, &self.expires_in) {
            (Some(_), Some(_)) => {
                errors.push(FieldError::new("expires_in", "stands beside expires_at", "send one of them"));
                None
            }
            (Some(at), None) => times::read("expires_at", at).map_err(|error| errors.push(error)).ok(),
            (None, Some(text)) => after(text).map_err(|error| errors.push(error)).ok(),
            (None, None) => None,
        };
        let operations = self.operations.as_deref().map(operations);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        Ok(NewKey {
            models: self.models,
            operations,
            concurrency: self.limits.concurrency,
            expires_at,
            enabled: self.enabled,
            secret: self.key.map(SecretString::from),
            ..NewKey::new(self.name)
        })
    }
}

impl KeyPatchBody {
    fn wish(self) -> Result<KeyChange, Problem> {
        let expires_at = match self.expires_at {
            Some(Some(at)) => Some(Some(times::read("expires_at", &at).map_err(|error| Problem::invalid(vec![error]))?)),
            Some(None) => Some(None),
            None => None,
        };
        Ok(KeyChange {
            name: self.name,
            models: self.models,
            operations: self.operations.map(|names| names.as_deref().map(operations)),
            concurrency: self.limits.concurrency,
            expires_at,
            enabled: self.enabled,
        })
    }
}

/// Names that the schema has checked.
fn operations(names: &[String]) -> Vec<Operation> {
    names.iter().filter_map(|name| Operation::ALL.iter().find(|operation| operation.name() == name).copied()).collect()
}

/// The end of a life that begins now.
fn after(text: &str) -> Result<i64, FieldError> {
    let life = duration::parse(text).map_err(|_| times::duration_error("expires_in"))?;
    if life.is_zero() || life > LONGEST_LIFE {
        return Err(FieldError::new("expires_in", "is out of range", "write more than 0s and at most 100 years"));
    }
    Ok(store::now_us().saturating_add(i64::try_from(life.as_micros()).unwrap_or(i64::MAX)))
}

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Outcome {
    let query: KeyQuery = call.query()?;
    let wanted = |object: &KeyObject| query.name.as_ref().is_none_or(|name| *name == object.name);
    let view = api.inventory.view();
    let (entries, next) = page(&view.keys, query.after.as_deref(), query.limit, wanted)?;
    Reply::ok(&KeyList { data: entries.iter().map(|(_, entry)| KeyView::of(entry)).collect(), next })
}

pub(crate) async fn get(api: Arc<Api>, call: Call) -> Outcome {
    let view = api.inventory.view();
    shown(view.keys.get(call.id.as_str()).ok_or_else(|| not_found("virtual key", &call.id))?)
}

pub(crate) async fn create(api: Arc<Api>, mut call: Call) -> Outcome {
    let wish = call.body::<NewKeyBody>()?.wish()?;
    let is_brought_along = wish.secret.is_some();
    let mut made = KeyWithSecret::of(&api.inventory.create_key(wish).await?);
    if is_brought_along {
        // Whoever brought it knows it.
        made.secret = None;
    }
    let version = made.view.standing.version;
    Ok(Reply::created(&made, format!("{PATH}/{}", made.view.id))?.version(version))
}

pub(crate) async fn change(api: Arc<Api>, mut call: Call) -> Outcome {
    let wish = call.body::<KeyPatchBody>()?.wish()?;
    shown(&api.inventory.update_key(&call.id, call.if_match, wish).await?)
}

pub(crate) async fn roll(api: Arc<Api>, mut call: Call) -> Outcome {
    let body: RollBody = call.body()?;
    let grace = match &body.grace {
        None => inventory::DEFAULT_GRACE,
        Some(text) => duration::parse(text).map_err(|_| Problem::invalid(vec![times::duration_error("grace")]))?,
    };
    let rolled = KeyWithSecret::of(&api.inventory.roll_key(&call.id, call.if_match, grace).await?);
    let version = rolled.view.standing.version;
    Ok(Reply::ok(&rolled)?.version(version))
}

pub(crate) async fn delete(api: Arc<Api>, call: Call) -> Outcome {
    api.inventory.delete_key(&call.id, call.if_match).await?;
    Ok(Reply::gone())
}

fn shown(entry: &Entry<KeyObject>) -> Outcome {
    Ok(Reply::ok(&KeyView::of(entry))?.version(entry.object.source.version()))
}
