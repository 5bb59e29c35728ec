//! The dry run: which targets would be asked and why, and the exact request that would go out. Nobody is called.

use crate::admit::{self, Admitted};
use crate::authenticate::Caller;
use crate::keys::VirtualKey;
use crate::resolve;
use crate::route;
use crate::send;
use crate::service::Gateway;
use crate::snapshot::{Group, Mapping, ProviderCredential};
use crate::target::{Chosen, Target};
use crate::translate::{self, Outbound};
use bytes::Bytes;
use chat::{DialectId, Fault, FaultKind, LossKind, Operation, Origin, Step};
use http::{HeaderMap, Request, Uri};
use serde::Serialize;
use std::sync::Arc;
use wire::json::{Edits, Object, json_string};

/// What is asked of the dry run.
#[derive(Clone, Debug)]
pub struct ExplainRequest {
    /// The virtual model.
    pub model: String,
    /// The id of the virtual key that would ask; `None`: one that may use everything.
    pub key_id: Option<String>,
    /// `None`: chat.
    pub operation: Option<Operation>,
    /// The dialect of the caller; one that the operation has no route for stands for the operation's own.
    pub dialect: DialectId,
    /// The request's body; `None`: the smallest one that the operation has. Its `model` is replaced.
    pub body: Option<Bytes>,
}

/// What would happen.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Every mapping of the model, first those that would be asked, in their order.
    pub candidates: Vec<ExplainedCandidate>,
    /// What the first of them would get; `None` where nobody would be asked.
    pub upstream_request: Option<UpstreamRequest>,
    /// What that one would not get of the request.
    pub losses: Vec<ExplainedLoss>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedCandidate {
    /// The mapping's id.
    pub mapping: String,
    pub provider: String,
    pub provider_model: String,
    /// It would be asked first.
    pub chosen: bool,
    pub reason: String,
}

/// The request as it would go out, its secrets masked.
#[derive(Clone, Debug, Serialize)]
pub struct UpstreamRequest {
    pub method: String,
    pub url: String,
    /// By name; in the order of the request.
    #[serde(serialize_with = "as_map")]
    pub headers: Vec<(String, String)>,
    pub body: wire::Raw,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedLoss {
    pub path: String,
    /// `dropped` or `approximated`.
    pub kind: &'static str,
    pub reason: String,
}

/// Stands in the place of a secret.
const MASK: &str = "[set]";

fn as_map<S: serde::Serializer>(headers: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

impl Gateway {
    /// Explains a request that is not made. A body that would be refused is refused here with the same fault.
    pub fn explain(&self, request: ExplainRequest) -> Result<Explanation, Fault> {
        let operation = request.operation.unwrap_or(Operation::Chat);
        let call = route::call_of(operation, request.dialect).ok_or_else(|| {
            Fault::new(
                FaultKind::UnsupportedOperation,
                Origin::Caller,
                Step::Admit,
                format!("{} is no operation that a key can ask for", operation.name()),
            )
            .with_param("operation")
        })?;
        let key = request.key_id.as_deref().map(|id| self.key_of(id)).transpose()?;
        let body = request.body.unwrap_or_else(|| Bytes::from_static(smallest(call).as_bytes()));
        let body = with_model(&admit::scan(&body)?, &request.model);
        let object = admit::scan(&body)?;
        let anyone = Caller { key: Arc::new(VirtualKey { enabled: true, ..VirtualKey::default() }) };
        let admitted = admit::admit(anyone, call, None, &object)?;
        let snapshot = self.parts.snapshot.load();
        let (group, rest) = resolve::group(&snapshot, &admitted.model)?;
        match key.and_then(|key| refusal(&key, &admitted)) {
            Some(reason) => Ok(refused(group, rest, &reason)),
            None => Ok(explained(group, rest, &admitted, &object)),
        }
    }

    fn key_of(&self, id: &str) -> Result<Arc<VirtualKey>, Fault> {
        self.parts.keys.by_id(id).ok_or_else(|| Fault::invalid("key", format!("no virtual key has the id `{}`", resolve::shortened(id))))
    }
}

const fn smallest(call: route::Call) -> &'static str {
    match (call.operation, call.dialect) {
        (Operation::Chat, DialectId::AnthropicMessages) => r#"{"model":"","max_tokens":16,"messages":[{"role":"user","content":"Hello"}]}"#,
        (Operation::Chat | Operation::CountTokens | Operation::Models, _) => {
            r#"{"model":"","messages":[{"role":"user","content":"Hello"}]}"#
        }
        (Operation::Completions, _) => r#"{"model":"","prompt":"Hello"}"#,
        (Operation::Embeddings, _) => r#"{"model":"","input":"Hello"}"#,
    }
}

fn with_model(body: &Object<'_>, model: &str) -> Vec<u8> {
    let mut edits = Edits::new(body);
    edits.set("model", json_string(model));
    edits.apply()
}

/// Why the key would not be served at all.
fn refusal(key: &VirtualKey, admitted: &Admitted) -> Option<String> {
    let name = &key.name;
    let now = crate::arrival::unix_micros() / 1_000_000;
    if !key.is_usable(now) {
        Some(format!("skipped: the key `{name}` is switched off or expired"))
    } else if !key.allows_operation(admitted.operation) {
        Some(format!("skipped: the key `{name}` may not use the operation {}", admitted.operation.name()))
    } else if !key.allows(&admitted.model) {
        Some(format!("skipped: the key `{name}` may not use this model"))
    } else {
        None
    }
}

fn refused(group: &Group, rest: Option<&str>, reason: &str) -> Explanation {
    let candidates = group.mappings.iter().map(|mapping| candidate(&Target::new(mapping, rest), false, reason.to_owned())).collect();
    Explanation { candidates, upstream_request: None, losses: Vec::new() }
}

fn explained(group: &Group, rest: Option<&str>, admitted: &Admitted, body: &Object<'_>) -> Explanation {
    let plan = resolve::decide(group, admitted.operation, admitted.dialect);
    let mut said = Explanation { candidates: Vec::new(), upstream_request: None, losses: Vec::new() };
    let mut before = 0_usize;
    for decision in plan.decisions() {
        let Some(mapping) = group.mappings.get(decision.candidate) else { continue };
        let target = Target::new(mapping, rest);
        if decision.reason.is_skipped() {
            said.candidates.push(candidate(&target, false, skipped(mapping, decision.reason)));
            continue;
        }
        let (chosen, reason) = match prepared(&target, admitted, body) {
            Err(fault) => (false, format!("{}, skipped: {}", decision.reason, fault.message)),
            Ok(_) if before > 0 => (false, format!("{}, asked if {before} before it fail", decision.reason)),
            Ok((request, outbound, credential)) => {
                said.upstream_request = Some(request);
                said.losses = outbound.losses.iter().map(loss).collect();
                (true, format!("{}, asked first{credential}", decision.reason))
            }
        };
        before += usize::from(chosen || !reason.contains(", skipped: "));
        said.candidates.push(candidate(&target, chosen, reason));
    }
    said
}

fn candidate(target: &Target, chosen: bool, reason: String) -> ExplainedCandidate {
    ExplainedCandidate {
        mapping: target.mapping.id.clone(),
        provider: target.provider().spec.name.clone(),
        provider_model: target.model().to_owned(),
        chosen,
        reason,
    }
}

fn skipped(mapping: &Mapping, reason: policy::Reason) -> String {
    match (&mapping.provider.spec.unusable, reason) {
        (Some(why), policy::Reason::Unusable) => format!("{reason}: {why}"),
        _ => reason.to_string(),
    }
}

/// The request that the target would get, and how its credential was chosen.
fn prepared(target: &Target, admitted: &Admitted, body: &Object<'_>) -> Result<(UpstreamRequest, Outbound, String), Fault> {
    let provider = target.provider();
    let none =
        || Fault::new(FaultKind::UnsupportedOperation, Origin::Gateway, Step::Translate, "the provider has no endpoint for the operation");
    let endpoint = provider.endpoint(admitted.operation, admitted.dialect).ok_or_else(none)?;
    let (credential, how) = heaviest(&provider.spec.credentials);
    let chosen = Chosen::new(target, endpoint, credential);
    let outbound = translate::translate(admitted, body, chosen)?;
    let request = send::request(admitted, chosen, outbound.body.clone())?;
    Ok((shown(&request)?, outbound, how))
}

/// The credential that is taken most often.
fn heaviest(credentials: &[ProviderCredential]) -> (Option<&ProviderCredential>, String) {
    let sum: u64 = credentials.iter().map(|credential| u64::from(credential.weight)).sum();
    // Of equals the first.
    let heaviest = credentials.iter().rev().max_by_key(|credential| credential.weight);
    let how = match heaviest {
        Some(credential) if credentials.len() > 1 => {
            format!(" with the credential `{}` (taken {} times of {sum}, by weight)", credential.name, credential.weight)
        }
        _ => String::new(),
    };
    (heaviest, how)
}

fn shown(request: &Request<Bytes>) -> Result<UpstreamRequest, Fault> {
    let unreadable =
        |cause: String| Fault::new(FaultKind::Internal, Origin::Gateway, Step::Translate, "the request cannot be shown").with_cause(cause);
    let text = std::str::from_utf8(request.body()).map_err(|error| unreadable(error.to_string()))?;
    Ok(UpstreamRequest {
        method: request.method().to_string(),
        url: url(request.uri()),
        headers: headers(request.headers()),
        body: wire::Raw::parse(text).map_err(|error| unreadable(error.to_string()))?,
    })
}

/// The address with every value of its query masked: which of them is a secret only the provider's owner knows.
fn url(uri: &Uri) -> String {
    let address =
        format!("{}://{}{}", uri.scheme_str().unwrap_or("http"), uri.authority().map_or("", |authority| authority.as_str()), uri.path());
    let Some(query) = uri.query() else { return address };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    });
    format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |value: &http::HeaderValue| match (value.is_sensitive(), value.to_str()) {
        (false, Ok(text)) => text.to_owned(),
        _ => MASK.to_owned(),
    };
    headers.iter().map(|(name, of)| (name.to_string(), value(of))).collect()
}

fn loss(loss: &chat::Loss) -> ExplainedLoss {
    let kind = match loss.kind {
        LossKind::Dropped => "dropped",
        LossKind::Approximated => "approximated",
    };
    ExplainedLoss { path: loss.path.clone(), kind, reason: loss.reason.to_string() }
}

#[cfg(test)]
mod tests;
