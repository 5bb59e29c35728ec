//! `/admin/v1/model-mappings`: which virtual model is served by which provider and model.

use super::credential_shape::schema;
use super::page::page;
use super::times::Timeouts;
use super::{Standing, not_found};
use crate::api::Api;
use crate::problem::{FieldError, Outcome, Problem};
use crate::reply::Reply;
use crate::route::Call;
use inventory::object::MappingObject;
use inventory::view::Entry;
use inventory::{MappingChange, NewMapping};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

pub(crate) const PATH: &str = "/admin/v1/model-mappings";

/// A model mapping.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Mapping)]
pub(crate) struct MappingView {
    pub(crate) id: String,
    /// What callers ask for; may end in `*`. Several mappings of one virtual model are a group.
    pub(crate) virtual_model: String,
    /// The provider's name.
    pub(crate) provider: String,
    pub(crate) provider_id: String,
    /// The provider's own name of the model; `*` stands for what the `*` of the virtual model matched.
    pub(crate) provider_model: String,
    /// Lower is tried first.
    pub(crate) priority: i32,
    pub(crate) weight: i32,
    /// A request that would lose a field on its way is refused.
    pub(crate) strict: bool,
    #[schema(value_type = Object)]
    pub(crate) options: Map<String, Value>,
    /// Members of an OpenAI request that are sent where the caller set none.
    #[schema(value_type = Object)]
    pub(crate) parameters: Map<String, Value>,
    /// Those that differ from the provider's.
    pub(crate) timeouts: Timeouts,
    /// False: it is skipped.
    pub(crate) enabled: bool,
    #[serde(flatten)]
    pub(crate) standing: Standing,
}

/// A page of mappings.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MappingList {
    pub(crate) data: Vec<MappingView>,
    /// For `after` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingQuery {
    /// So many at most.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// `next` of the page before.
    #[schema(max_length = 600)]
    after: Option<String>,
    /// Only those of this virtual model.
    #[schema(max_length = 205)]
    virtual_model: Option<String>,
    /// Only those that point to the provider of this name or id.
    #[schema(max_length = 205)]
    provider: Option<String>,
}

/// A mapping to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMappingBody {
    /// What callers ask for; may end in `*`.
    #[schema(min_length = 1, max_length = 200, example = "my-gpt4")]
    virtual_model: String,
    /// The name or the id of a provider, of either source.
    #[schema(min_length = 1, max_length = 300, example = "openai-main")]
    provider: String,
    /// The provider's own name of the model; may hold one `*` where the virtual model does.
    #[schema(min_length = 1, max_length = 300, example = "gpt-4o")]
    provider_model: String,
    /// Lower is tried first.
    #[serde(default = "one")]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, default = 1)]
    priority: i32,
    /// Weights of mappings are not built in this version: only 1 is taken.
    #[serde(default = "one")]
    #[schema(minimum = 0, maximum = 1_000_000, default = 1)]
    weight: i32,
    /// Refuse a request that would lose a field on its way.
    #[serde(default)]
    strict: bool,
    /// By provider type; no type of this version has any.
    #[serde(default)]
    #[schema(schema_with = object_schema)]
    options: Map<String, Value>,
    /// Members of an OpenAI request that are sent where the caller set none.
    #[serde(default)]
    #[schema(schema_with = object_schema)]
    parameters: Map<String, Value>,
    #[serde(default)]
    timeouts: Timeouts,
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

/// What is to become different at a mapping. What is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingPatchBody {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    virtual_model: Option<String>,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 300, nullable = false)]
    provider: Option<String>,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 300, nullable = false)]
    provider_model: Option<String>,
    #[serde(default)]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    priority: Option<i32>,
    /// Weights of mappings are not built in this version: only 1 is taken.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000, nullable = false)]
    weight: Option<i32>,
    #[serde(default)]
    #[schema(nullable = false)]
    strict: Option<bool>,
    /// Replaces them all.
    #[serde(default)]
    #[schema(schema_with = object_schema)]
    options: Option<Map<String, Value>>,
    /// Replaces them all.
    #[serde(default)]
    #[schema(schema_with = object_schema)]
    parameters: Option<Map<String, Value>>,
    #[serde(default)]
    timeouts: Timeouts,
    #[serde(default)]
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// Many mappings at once: all of them are made, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBody {
    #[schema(min_items = 1, max_items = 1000)]
    mappings: Vec<NewMappingBody>,
    /// Check everything and make nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What an import has made, or would make.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ImportView {
    pub(crate) dry_run: bool,
    /// How many mappings are made by it.
    pub(crate) count: usize,
    /// The mappings; empty for a dry run.
    pub(crate) data: Vec<MappingView>,
}

fn one() -> i32 {
    1
}

fn yes() -> bool {
    true
}

/// JSON of the owner's: what may stand in it is checked by the inventory.
fn object_schema() -> RefOr<Schema> {
    schema(json!({ "type": "object", "maxProperties": 100, "additionalProperties": true }))
}

impl MappingView {
    fn of(entry: &Entry<MappingObject>) -> Self {
        let object = &*entry.object;
        Self {
            id: object.id.clone(),
            virtual_model: object.virtual_model.clone(),
            provider: object.provider.clone(),
            provider_id: object.provider_id.clone(),
            provider_model: object.provider_model.clone(),
            priority: object.priority,
            weight: object.weight,
            strict: object.strict,
            options: object.options.clone(),
            parameters: object.parameters.clone(),
            timeouts: Timeouts::shown(&object.timeouts),
            enabled: object.enabled,
            standing: Standing::of(&object.source, entry.problem.as_deref()),
        }
    }
}

impl NewMappingBody {
    /// `place` stands before the fields' names in errors: `mappings[3].` in an import.
    fn wish(self, place: &str, errors: &mut Vec<FieldError>) -> NewMapping {
        let before = errors.len();
        let timeouts = self.timeouts.overrides(errors);
        for error in errors.iter_mut().skip(before) {
            error.field.insert_str(0, place);
        }
        NewMapping {
            priority: self.priority,
            weight: self.weight,
            strict: self.strict,
            options: self.options,
            parameters: self.parameters,
            timeouts,
            enabled: self.enabled,
            ..NewMapping::new(self.virtual_model, self.provider, self.provider_model)
        }
    }
}

impl MappingPatchBody {
    fn wish(self) -> Result<MappingChange, Problem> {
        let mut errors = Vec::new();
        let timeouts = self.timeouts.change(&mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        Ok(MappingChange {
            virtual_model: self.virtual_model,
            provider: self.provider,
            provider_model: self.provider_model,
            priority: self.priority,
            weight: self.weight,
            strict: self.strict,
            options: self.options,
            parameters: self.parameters,
            timeouts,
            enabled: self.enabled,
        })
    }
}

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Outcome {
    let query: MappingQuery = call.query()?;
    let wanted = |object: &MappingObject| {
        query.virtual_model.as_ref().is_none_or(|name| *name == object.virtual_model)
            && query.provider.as_ref().is_none_or(|name| *name == object.provider || *name == object.provider_id)
    };
    let view = api.inventory.view();
    let (entries, next) = page(&view.mappings, query.after.as_deref(), query.limit, wanted)?;
    Reply::ok(&MappingList { data: entries.iter().map(|(_, entry)| MappingView::of(entry)).collect(), next })
}

pub(crate) async fn get(api: Arc<Api>, call: Call) -> Outcome {
    let view = api.inventory.view();
    shown(view.mappings.get(call.id.as_str()).ok_or_else(|| not_found("mapping", &call.id))?)
}

pub(crate) async fn create(api: Arc<Api>, mut call: Call) -> Outcome {
    let mut errors = Vec::new();
    let wish = call.body::<NewMappingBody>()?.wish("", &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let made = MappingView::of(&api.inventory.create_mapping(wish).await?);
    let version = made.standing.version;
    Ok(Reply::created(&made, format!("{PATH}/{}", made.id))?.version(version))
}

pub(crate) async fn change(api: Arc<Api>, mut call: Call) -> Outcome {
    let wish = call.body::<MappingPatchBody>()?.wish()?;
    shown(&api.inventory.update_mapping(&call.id, call.if_match, wish).await?)
}

pub(crate) async fn delete(api: Arc<Api>, call: Call) -> Outcome {
    api.inventory.delete_mapping(&call.id, call.if_match).await?;
    Ok(Reply::gone())
}

pub(crate) async fn import(api: Arc<Api>, mut call: Call) -> Outcome {
    let body: ImportBody = call.body()?;
    let mut errors = Vec::new();
    let (dry_run, count) = (body.dry_run, body.mappings.len());
    let each = body.mappings.into_iter().enumerate();
    let wishes: Vec<NewMapping> = each.map(|(at, body)| body.wish(&format!("mappings[{at}]."), &mut errors)).collect();
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let made = api.inventory.import_mappings(wishes, dry_run).await?;
    let data = if dry_run { Vec::new() } else { made.iter().map(MappingView::of).collect() };
    Reply::ok(&ImportView { dry_run, count, data })
}

fn shown(entry: &Entry<MappingObject>) -> Outcome {
    Ok(Reply::ok(&MappingView::of(entry))?.version(entry.object.source.version()))
}
