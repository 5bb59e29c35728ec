//! `/admin/v1/requests`: what callers asked, one row a request, newest first.

use super::{not_found, times};
use crate::api::Api;
use crate::problem::{FieldError, Outcome, Problem};
use crate::reply::Reply;
use crate::route::Call;
use chat::Operation;
use gateway::ports::OutcomeStatus;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use store::requests::{RequestFilter, RequestRow};
use store::usage::UsageRow;
use utoipa::ToSchema;

/// One request as its caller saw it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestRow)]
pub(crate) struct RequestView {
    pub(crate) id: String,
    /// The `x-request-id` of the answer.
    pub(crate) request_id: String,
    #[schema(format = "date-time")]
    pub(crate) time: String,
    /// The key's name, as it is now, or as it was when the key was removed.
    pub(crate) key: Option<String>,
    pub(crate) key_id: String,
    pub(crate) operation: String,
    /// The virtual model.
    pub(crate) model: String,
    /// The provider of the last attempt; null for a request that was refused before one was called.
    pub(crate) provider: Option<String>,
    pub(crate) provider_model: Option<String>,
    pub(crate) stream: bool,
    /// The HTTP status of the answer; null where none was begun.
    pub(crate) status: Option<u16>,
    pub(crate) outcome: RequestOutcome,
    /// The name of the fault: see docs/faults.md.
    pub(crate) fault: Option<String>,
    pub(crate) usage: Option<TokensView>,
    /// The usage was counted here, not told by the provider.
    pub(crate) usage_estimated: bool,
    /// Prices are not built in this version.
    pub(crate) cost_usd: Option<String>,
    /// How often a provider was called; 0 for a request that was refused before.
    pub(crate) attempts: u32,
    /// Fields that the provider did not get.
    pub(crate) losses: Vec<String>,
    pub(crate) latency_ms: f64,
    pub(crate) first_token_ms: Option<f64>,
    pub(crate) upstream_ms: f64,
}

/// How a request or an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestOutcome {
    Succeeded,
    Failed,
    /// The caller went away.
    Cancelled,
    /// The provider's stream ended too early.
    Truncated,
    /// Conduit stopped in the middle of it.
    Unknown,
}

/// Tokens by kind; null: not told.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensView {
    /// All input, cache reads and writes included.
    pub(crate) input: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    /// All output, reasoning included.
    pub(crate) output: Option<u64>,
    pub(crate) reasoning: Option<u64>,
    pub(crate) audio_input: Option<u64>,
    pub(crate) audio_output: Option<u64>,
    pub(crate) total: Option<u64>,
}

/// A request with each of its attempts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Request)]
pub(crate) struct RequestWithAttempts {
    #[serde(flatten)]
    pub(crate) request: RequestView,
    pub(crate) tried: Vec<AttemptView>,
}

/// One call of a provider.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    pub(crate) attempt: u32,
    #[schema(format = "date-time")]
    pub(crate) time: String,
    pub(crate) provider: Option<String>,
    pub(crate) provider_model: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: RequestOutcome,
    pub(crate) fault: Option<String>,
    pub(crate) usage: Option<TokensView>,
    pub(crate) losses: Vec<String>,
    pub(crate) upstream_ms: f64,
}

/// A page of requests.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestList {
    pub(crate) data: Vec<RequestView>,
    /// For `after` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestQuery {
    /// So many at most.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// `next` of the page before.
    #[schema(max_length = 64)]
    after: Option<String>,
    /// Only those that began at this moment or later.
    #[schema(format = "date-time", max_length = 64)]
    from: Option<String>,
    /// Only those that began before this moment.
    #[schema(format = "date-time", max_length = 64)]
    to: Option<String>,
    /// Only those of the key of this id or name.
    #[schema(max_length = 205)]
    key: Option<String>,
    /// Only those for this virtual model.
    #[schema(max_length = 205)]
    model: Option<String>,
    /// Only those whose last attempt was at the provider of this name.
    #[schema(max_length = 205)]
    provider: Option<String>,
    /// Only those that ended so.
    outcome: Option<RequestOutcome>,
    #[schema(schema_with = operation_schema)]
    operation: Option<String>,
    /// Only those that their caller knows under this `x-request-id`.
    #[schema(max_length = 200)]
    request_id: Option<String>,
    /// Everything that did not succeed.
    errors: Option<bool>,
}

/// The part of a query that says which requests are meant; `usage` takes it too.
pub(super) struct Meant<'q> {
    pub(super) from: Option<&'q str>,
    pub(super) to: Option<&'q str>,
    pub(super) key: Option<&'q str>,
    pub(super) model: Option<&'q str>,
    pub(super) provider: Option<&'q str>,
}

impl Meant<'_> {
    pub(super) fn filter(&self, api: &Api) -> Result<RequestFilter, Problem> {
        let mut errors: Vec<FieldError> = Vec::new();
        let mut moment =
            |name: &str, text: Option<&str>| text.and_then(|text| times::read(name, text).map_err(|error| errors.push(error)).ok());
        let (from, to) = (moment("from", self.from), moment("to", self.to));
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let view = api.inventory.view();
        let by_name = |name: &str| view.keys.values().find(|entry| entry.object.name == name).map(|entry| entry.object.id.clone());
        Ok(RequestFilter {
            from,
            to,
            key_id: self
                .key
                .map(|key| if view.keys.contains_key(key) { key.to_owned() } else { by_name(key).unwrap_or_else(|| key.to_owned()) }),
            virtual_model: self.model.map(str::to_owned),
            provider: self.provider.map(str::to_owned),
            ..RequestFilter::default()
        })
    }
}

pub(super) fn operation_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let names: Vec<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    super::credential_shape::schema(serde_json::json!({ "type": "string", "enum": names }))
}

/// Names of keys by their ids, as they are now, or as they were last.
pub(super) async fn names<'i>(api: &Api, ids: impl Iterator<Item = &'i str>) -> Result<HashMap<String, String>, Problem> {
    let view = api.inventory.view();
    let (mut names, mut gone) = (HashMap::new(), BTreeSet::new());
    for id in ids {
        // An id of the file is made of the name.
        let now = view.keys.get(id).map(|entry| entry.object.name.as_str()).or_else(|| id.strip_prefix("file:"));
        match now {
            Some(name) => drop(names.insert(id.to_owned(), name.to_owned())),
            None => drop(gone.insert(id)),
        }
    }
    names.extend(api.store.virtual_keys().removed_names(gone).await?);
    Ok(names)
}

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Outcome {
    let query: RequestQuery = call.query()?;
    let meant = Meant {
        from: query.from.as_deref(),
        to: query.to.as_deref(),
        key: query.key.as_deref(),
        model: query.model.as_deref(),
        provider: query.provider.as_deref(),
    };
    let filter = RequestFilter {
        status: query.outcome.map(RequestOutcome::status),
        operation: query.operation.as_deref().and_then(Operation::from_name),
        request_id: query.request_id,
        only_errors: query.errors.unwrap_or(false),
        ..meant.filter(&api)?
    };
    let after = match query.after.as_deref() {
        None => None,
        Some(text) => Some(id(text).ok_or_else(super::page::no_end)?),
    };
    let limit = u64::from(query.limit.unwrap_or(super::page::USUAL_LIMIT));
    let page = api.store.requests().page(&filter, after, limit).await?;
    let names = names(&api, page.rows.iter().map(|row| row.last.intent.key_id.as_str())).await?;
    let data = page.rows.iter().map(|row| RequestView::of(row, &names)).collect();
    Reply::ok(&RequestList { data, next: page.next.map(shown) })
}

pub(crate) async fn get(api: Arc<Api>, call: Call) -> Outcome {
    let requests = api.store.requests();
    // The id of the row, or what the caller saw as `x-request-id`.
    let request = match id(&call.id) {
        Some(request) => Some(request),
        None => requests.find(&call.id).await?,
    };
    let attempts = match request {
        Some(request) => requests.get(request).await?,
        None => Vec::new(),
    };
    let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else { return Err(not_found("request", &call.id)) };
    let row =
        RequestRow { request: last.intent.request, started_at: first.intent.started_at, attempts: last.intent.attempt, last: last.clone() };
    let tried = attempts.iter().filter(|row| row.intent.attempt > 0).map(AttemptView::of).collect();
    let names = names(&api, std::iter::once(last.intent.key_id.as_str())).await?;
    Reply::ok(&RequestWithAttempts { request: RequestView::of(&row, &names), tried })
}

/// Ids are written as 32 hexadecimal digits.
fn shown(id: u128) -> String {
    format!("{id:032x}")
}

fn id(text: &str) -> Option<u128> {
    (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl RequestView {
    fn of(row: &RequestRow, names: &HashMap<String, String>) -> Self {
        let UsageRow { intent, outcome } = &row.last;
        Self {
            id: shown(row.request),
            request_id: intent.request_id.clone(),
            time: times::shown(row.started_at),
            key: names.get(&intent.key_id).cloned(),
            key_id: intent.key_id.clone(),
            operation: intent.operation.name().to_owned(),
            model: intent.virtual_model.clone(),
            provider: filled(&intent.provider),
            provider_model: filled(&intent.provider_model),
            stream: intent.stream,
            status: (outcome.http_status != 0).then_some(outcome.http_status),
            outcome: RequestOutcome::of(outcome.status),
            fault: outcome.fault.clone(),
            usage: outcome.usage.as_ref().map(TokensView::of),
            usage_estimated: outcome.usage_estimated,
            cost_usd: None,
            attempts: row.attempts,
            losses: outcome.losses.clone(),
            latency_ms: millis(outcome.latency),
            first_token_ms: outcome.first_token.map(millis),
            upstream_ms: millis(outcome.upstream),
        }
    }
}

impl AttemptView {
    fn of(row: &UsageRow) -> Self {
        let UsageRow { intent, outcome } = row;
        Self {
            attempt: intent.attempt,
            time: times::shown(intent.started_at),
            provider: filled(&intent.provider),
            provider_model: filled(&intent.provider_model),
            status: (outcome.http_status != 0).then_some(outcome.http_status),
            outcome: RequestOutcome::of(outcome.status),
            fault: outcome.fault.clone(),
            usage: outcome.usage.as_ref().map(TokensView::of),
            losses: outcome.losses.clone(),
            upstream_ms: millis(outcome.upstream),
        }
    }
}

impl RequestOutcome {
    fn of(status: OutcomeStatus) -> Self {
        match status {
            OutcomeStatus::Succeeded => Self::Succeeded,
            OutcomeStatus::Failed => Self::Failed,
            OutcomeStatus::Cancelled => Self::Cancelled,
            OutcomeStatus::Truncated => Self::Truncated,
            OutcomeStatus::Unknown => Self::Unknown,
        }
    }

    fn status(self) -> OutcomeStatus {
        match self {
            Self::Succeeded => OutcomeStatus::Succeeded,
            Self::Failed => OutcomeStatus::Failed,
            Self::Cancelled => OutcomeStatus::Cancelled,
            Self::Truncated => OutcomeStatus::Truncated,
            Self::Unknown => OutcomeStatus::Unknown,
        }
    }
}

impl TokensView {
    pub(super) fn of(usage: &chat::Usage) -> Self {
        Self {
            input: usage.input,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            output: usage.output,
            reasoning: usage.reasoning,
            audio_input: usage.audio_input,
            audio_output: usage.audio_output,
            total: usage.total,
        }
    }
}
