//! `/admin/v1/explain`: the dry run of a request. Nobody is called.

use crate::api::Api;
use crate::json::shown;
use crate::problem::{Kind, Outcome, Problem};
use crate::reply::Reply;
use crate::route::Call;
use bytes::Bytes;
use chat::{DialectId, Fault, FaultKind, Operation};
use gateway::ExplainRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The request that is to be explained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainBody {
    /// The virtual model.
    #[schema(min_length = 1, max_length = 300, example = "demo-chat")]
    model: String,
    /// The id or the name of the virtual key that would ask; without it one that may use everything.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 300)]
    key: Option<String>,
    /// Chat, if nothing else is said.
    #[serde(default)]
    #[schema(schema_with = super::requests::operation_schema)]
    operation: Option<String>,
    /// The dialect in which the caller would ask.
    #[serde(default)]
    dialect: CallerDialect,
    /// The request's body in that dialect; without it the smallest one that the operation has.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    body: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CallerDialect {
    #[default]
    OpenaiChat,
    AnthropicMessages,
}

/// What would happen.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ExplanationView {
    /// Every mapping of the model, first those that would be asked, in their order.
    pub(crate) candidates: Vec<CandidateView>,
    /// What the first of them would get; null where nobody would be asked.
    pub(crate) upstream_request: Option<UpstreamRequestView>,
    /// What that one would not get of the request.
    pub(crate) losses: Vec<LossView>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Candidate)]
pub(crate) struct CandidateView {
    /// The mapping's id.
    pub(crate) mapping: String,
    pub(crate) provider: String,
    pub(crate) provider_model: String,
    /// It would be asked first.
    pub(crate) chosen: bool,
    pub(crate) reason: String,
}

/// The request as it would go out, its secrets masked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = UpstreamRequest)]
pub(crate) struct UpstreamRequestView {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    #[schema(value_type = Object)]
    pub(crate) body: Value,
}

/// Something of the request that the provider would not get.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Loss)]
pub(crate) struct LossView {
    pub(crate) path: String,
    /// `dropped` or `approximated`.
    pub(crate) kind: String,
    pub(crate) reason: String,
}

pub(crate) async fn explain(api: Arc<Api>, mut call: Call) -> Outcome {
    let body: ExplainBody = call.body()?;
    let gateway = api.gateway.upgrade().ok_or_else(|| Problem::storage(&"the gateway is gone"))?;
    let key_id = match body.key {
        None => None,
        Some(key) => Some(key_id(&api, &key)?),
    };
    let inner = match body.body {
        None => None,
        Some(object) => Some(Bytes::from(serde_json::to_vec(&object).map_err(|error| Problem::internal(&error))?)),
    };
    let request = ExplainRequest {
        model: body.model,
        key_id,
        operation: body.operation.as_deref().and_then(Operation::from_name),
        dialect: match body.dialect {
            CallerDialect::OpenaiChat => DialectId::OpenaiChat,
            CallerDialect::AnthropicMessages => DialectId::AnthropicMessages,
        },
        body: inner,
    };
    match gateway.explain(request) {
        Ok(explanation) => Reply::ok(&explanation),
        Err(fault) => Err(refused(&fault)),
    }
}

fn key_id(api: &Api, key: &str) -> Result<String, Problem> {
    let view = api.inventory.view();
    if view.keys.contains_key(key) {
        return Ok(key.to_owned());
    }
    let named = view.keys.values().find(|entry| entry.object.name == key).map(|entry| entry.object.id.clone());
    named.ok_or_else(|| Problem::field("key", format!("no virtual key has the id or name `{}`", shown(key)), "name one that there is"))
}

/// What the gateway would refuse is refused here with the same words.
fn refused(fault: &Fault) -> Problem {
    match fault.kind {
        FaultKind::ModelNotFound => Problem::new(Kind::NotFound, fault.message.clone()),
        FaultKind::StorageUnavailable => Problem::storage(fault),
        _ if (400..500).contains(&fault.status()) => {
            let field = fault.param.as_deref().map_or_else(|| "body".to_owned(), |param| format!("body.{param}"));
            Problem::field(field, fault.message.clone(), "the gateway would refuse the request with these words")
        }
        _ => Problem::internal(fault),
    }
}
