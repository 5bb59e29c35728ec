//! Everything that can go wrong with a request, in one type with orthogonal axes and one table of what follows from it.

use std::fmt;
use std::time::Duration;

/// A failure: what kind, whose, at which step, what the caller may read and what only the log may.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub kind: FaultKind,
    pub origin: Origin,
    pub step: Step,
    /// For the caller: names the field or the remedy, never holds a secret.
    pub message: String,
    /// The field of the request that is at fault.
    pub param: Option<String>,
    /// Overrides the table's code: a provider's own code on an error that is passed on.
    pub code: Option<String>,
    /// The provider's status, where one answered.
    pub provider_status: Option<u16>,
    pub retry_after: Option<Duration>,
    /// The provider's own word on whether asking again can help; it overrides the table.
    pub retry: Option<bool>,
    /// For the log alone; scrubbed all the same.
    pub cause: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Caller,
    Gateway,
    Provider,
}

/// The step of the journey at which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Receive,
    Authenticate,
    Admit,
    Resolve,
    Translate,
    Connect,
    Send,
    FirstByte,
    Relay,
    Account,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    InvalidRequest,
    UnsupportedParameter,
    UnsupportedOperation,
    NoSuchRoute,
    MethodNotAllowed,
    InvalidKey,
    ModelNotAllowed,
    OperationNotAllowed,
    IpNotAllowed,
    ModelNotFound,
    IdempotencyInProgress,
    IdempotencyMismatch,
    RequestTooLarge,
    RequestTimeout,
    RateLimited,
    BudgetExceeded,
    /// The provider's own 4xx about the request: passed on with its status and message.
    ProviderRejected,
    ProviderRateLimited,
    ProviderAuthFailed,
    ProviderModelNotFound,
    ProviderBadResponse,
    ProviderQuotaExceeded,
    ProviderUnavailable,
    ProviderTimeout,
    Overloaded,
    Draining,
    StorageUnavailable,
    Internal,
    /// The caller went away; nobody reads the answer.
    CallerGone,
}

/// What a fault says about the target it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthEffect {
    /// Nothing: the caller's or the gateway's own fault.
    None,
    /// Counts against the target.
    Failure,
    /// Counts against the credential.
    Credential,
    /// The target is well but asks to be left alone for a while.
    Cooling,
}

/// One row of the table: see docs/faults.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub kind: FaultKind,
    pub name: &'static str,
    /// HTTP status to the caller; [`FaultKind::ProviderRejected`] keeps the provider's.
    pub status: u16,
    /// `error.type` on OpenAI routes.
    pub openai_type: &'static str,
    /// `error.code` on OpenAI routes.
    pub code: Option<&'static str>,
    /// `error.type` on Anthropic routes.
    pub anthropic_type: &'static str,
    /// The same target with the same credential may be asked again.
    pub retry_same: bool,
    /// Another credential of the same provider may be asked.
    pub try_credential: bool,
    /// The next target may be asked.
    pub try_target: bool,
    /// A retry by the caller can help; where false the answer says `x-should-retry: false`.
    pub caller_may_retry: bool,
    pub health: HealthEffect,
    pub meaning: &'static str,
}

impl Fault {
    pub fn new(kind: FaultKind, origin: Origin, step: Step, message: impl Into<String>) -> Self {
        Self {
            kind,
            origin,
            step,
            message: message.into(),
            param: None,
            code: None,
            provider_status: None,
            retry_after: None,
            retry: None,
            cause: None,
        }
    }

    /// The caller sent something wrong; `param` is the field.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(FaultKind::InvalidRequest, Origin::Caller, Step::Receive, message).with_param(param)
    }

    /// The caller's request has a field that the target cannot carry.
    pub fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(FaultKind::UnsupportedParameter, Origin::Caller, Step::Translate, message).with_param(param)
    }

    /// The provider's answer is not what its protocol says.
    pub fn bad_response(step: Step, message: impl Into<String>) -> Self {
        Self::new(FaultKind::ProviderBadResponse, Origin::Provider, step, message)
    }

    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// Whether the same target may be asked again with the same credential.
    pub fn may_retry_same(&self) -> bool {
        self.rule().retry_same && self.retry != Some(false)
    }

    /// Whether a retry by the caller can help; where it cannot, the answer says `x-should-retry: false`.
    pub fn caller_may_retry(&self) -> bool {
        self.rule().caller_may_retry && self.retry != Some(false)
    }

    pub fn rule(&self) -> &'static Rule {
        self.kind.rule()
    }

    /// The HTTP status that the caller gets.
    pub fn status(&self) -> u16 {
        match (self.kind, self.provider_status) {
            (FaultKind::ProviderRejected, Some(status)) if (400..500).contains(&status) => status,
            _ => self.rule().status,
        }
    }

    /// `error.code` on OpenAI routes.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref().or(self.rule().code)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule().name, self.message)
    }
}

impl std::error::Error for Fault {}

impl FaultKind {
    /// The row of this kind. The table has one for each: a test counts them.
    pub fn rule(self) -> &'static Rule {
        TABLE.iter().find(|rule| rule.kind == self).unwrap_or(&INTERNAL)
    }
}

const INTERNAL: Rule = row(
    FaultKind::Internal,
    "internal",
    500,
    "server_error",
    Some("internal_error"),
    "api_error",
    "Conduit failed; the log has the cause.",
);

#[expect(clippy::too_many_arguments, reason = "the columns of the table, in its order")]
const fn row(
    kind: FaultKind,
    name: &'static str,
    status: u16,
    openai_type: &'static str,
    code: Option<&'static str>,
    anthropic_type: &'static str,
    meaning: &'static str,
) -> Rule {
    Rule {
        kind,
        name,
        status,
        openai_type,
        code,
        anthropic_type,
        retry_same: false,
        try_credential: false,
        try_target: false,
        caller_may_retry: status >= 500 || status == 429 || status == 409 || status == 408,
        health: HealthEffect::None,
        meaning,
    }
}

impl Rule {
    /// The target failed: ask the next one.
    const fn failing(mut self, retry_same: bool, health: HealthEffect) -> Self {
        self.retry_same = retry_same;
        self.try_target = true;
        self.health = health;
        self
    }

    const fn other_credential(mut self) -> Self {
        self.try_credential = true;
        self
    }

    const fn no_caller_retry(mut self) -> Self {
        self.caller_may_retry = false;
        self
    }
}

use FaultKind as K;
use HealthEffect as H;

/// The one table of faults.
#[rustfmt::skip]
pub static TABLE: &[Rule] = &[
    row(K::InvalidRequest, "invalid_request", 400, "invalid_request_error", None, "invalid_request_error", "The body or a header is malformed; `param` names the field."),
    row(K::UnsupportedParameter, "unsupported_parameter", 400, "invalid_request_error", Some("unsupported_parameter"), "invalid_request_error", "A field that no target can carry."),
    row(K::UnsupportedOperation, "unsupported_operation", 400, "invalid_request_error", Some("unsupported_operation"), "invalid_request_error", "An operation that no target of the model has."),
    row(K::NoSuchRoute, "no_such_route", 404, "invalid_request_error", Some("unknown_url"), "not_found_error", "No route has this path."),
    row(K::MethodNotAllowed, "method_not_allowed", 405, "invalid_request_error", Some("method_not_allowed"), "invalid_request_error", "The route exists, not with this method."),
    row(K::InvalidKey, "invalid_key", 401, "authentication_error", Some("invalid_api_key"), "authentication_error", "No virtual key, or one that is unknown, revoked or expired."),
    row(K::ModelNotAllowed, "model_not_allowed", 403, "permission_error", Some("model_not_allowed"), "permission_error", "The key may not use this model."),
    row(K::OperationNotAllowed, "operation_not_allowed", 403, "permission_error", Some("operation_not_allowed"), "permission_error", "The key may not use this operation."),
    row(K::IpNotAllowed, "ip_not_allowed", 403, "permission_error", Some("ip_not_allowed"), "permission_error", "The key may not be used from this address."),
    row(K::ModelNotFound, "model_not_found", 404, "invalid_request_error", Some("model_not_found"), "not_found_error", "No mapping has this virtual model name."),
    row(K::IdempotencyInProgress, "idempotency_in_progress", 409, "invalid_request_error", Some("idempotency_conflict"), "invalid_request_error", "A request with this idempotency key is under way."),
    row(K::IdempotencyMismatch, "idempotency_mismatch", 422, "invalid_request_error", Some("idempotency_conflict"), "invalid_request_error", "This idempotency key was used with another body."),
    row(K::RequestTooLarge, "request_too_large", 413, "invalid_request_error", Some("request_too_large"), "request_too_large", "The body is over the limit."),
    row(K::RequestTimeout, "request_timeout", 408, "invalid_request_error", Some("request_timeout"), "timeout_error", "The caller did not send its request in time."),
    row(K::RateLimited, "rate_limited", 429, "rate_limit_error", Some("rate_limit_exceeded"), "rate_limit_error", "The key is over its rate or concurrency limit."),
    row(K::BudgetExceeded, "budget_exceeded", 429, "insufficient_quota", Some("budget_exceeded"), "rate_limit_error", "The key's budget is spent.").no_caller_retry(),
    row(K::ProviderRejected, "provider_rejected", 400, "invalid_request_error", None, "invalid_request_error", "The provider refuses the request itself; its status and message are passed on."),
    row(K::ProviderRateLimited, "provider_rate_limited", 429, "rate_limit_error", Some("provider_rate_limited"), "rate_limit_error", "The provider limits our rate and no target is left.").failing(true, H::Cooling).other_credential(),
    row(K::ProviderAuthFailed, "provider_auth_failed", 502, "upstream_error", Some("provider_auth_failed"), "api_error", "The provider rejects the configured credential.").failing(false, H::Credential).other_credential(),
    row(K::ProviderModelNotFound, "provider_model_not_found", 502, "upstream_error", Some("provider_model_not_found"), "api_error", "The provider does not know the mapped model.").failing(false, H::Failure),
    row(K::ProviderBadResponse, "provider_bad_response", 502, "upstream_error", Some("provider_bad_response"), "api_error", "The provider's answer is malformed or cut short.").failing(true, H::Failure),
    row(K::ProviderQuotaExceeded, "provider_quota_exceeded", 503, "upstream_error", Some("provider_quota_exceeded"), "api_error", "The provider's account is out of quota or credit.").failing(false, H::Credential).other_credential().no_caller_retry(),
    row(K::ProviderUnavailable, "provider_unavailable", 503, "upstream_error", Some("provider_unavailable"), "overloaded_error", "The provider is overloaded or down.").failing(true, H::Failure),
    row(K::ProviderTimeout, "provider_timeout", 504, "upstream_error", Some("provider_timeout"), "timeout_error", "The provider is too slow; the message names the stage.").failing(true, H::Failure),
    row(K::Overloaded, "overloaded", 503, "server_error", Some("overloaded"), "overloaded_error", "Conduit has more requests than it can take."),
    row(K::Draining, "draining", 503, "server_error", Some("draining"), "overloaded_error", "Conduit is shutting down."),
    row(K::StorageUnavailable, "storage_unavailable", 503, "server_error", Some("storage_unavailable"), "api_error", "Conduit's own storage fails."),
    INTERNAL,
    row(K::CallerGone, "caller_gone", 499, "invalid_request_error", Some("caller_gone"), "invalid_request_error", "The caller closed the connection; in the record only."),
];

/// The table as a document: docs/faults.md is this text.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Faults\n\nGenerated from `chat::fault::TABLE`; do not edit.\n\n\
         Each row is one kind of failure: what the caller gets, and what the gateway may do about it. A provider's own code replaces the code\n\
         of the row where an error is passed on.\n\n\
         | fault | status | OpenAI type | code | Anthropic type | same target again | other credential | next target | caller may retry | health | meaning |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for rule in TABLE {
        let yes = |set: bool| if set { "yes" } else { "no" };
        let code = rule.code.map_or_else(|| "-".to_owned(), |code| format!("`{code}`"));
        let health = match rule.health {
            HealthEffect::None => "none",
            HealthEffect::Failure => "failure",
            HealthEffect::Credential => "credential",
            HealthEffect::Cooling => "cooling",
        };
        page.push_str(&format!(
            "| `{}` | {} | `{}` | {code} | `{}` | {} | {} | {} | {} | {health} | {} |\n",
            rule.name,
            rule.status,
            rule.openai_type,
            rule.anthropic_type,
            yes(rule.retry_same),
            yes(rule.try_credential),
            yes(rule.try_target),
            yes(rule.caller_may_retry),
            rule.meaning,
        ));
    }
    page
}

#[cfg(test)]
mod tests;
