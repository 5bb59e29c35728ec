//! The models of a provider.

use crate::ask::{Answer, Trouble, With, ask};
use chat::{Fault, FaultKind, Origin, Step};
use gateway::ports::{SendFaultKind, Upstream};
use gateway::snapshot::Provider;
use http::{HeaderMap, Method};
use providers::models::{self, ListedModel};

/// Anthropic's list comes in pages of a thousand from the second on.
const MOST_PAGES: usize = 20;
const MOST_MODELS: usize = 20_000;

/// The provider's models, with what the catalogue knows of them. Asks with one credential after the other until one is taken.
pub async fn list_models(upstream: &dyn Upstream, provider: &Provider) -> Result<Vec<ListedModel>, Fault> {
    if let Some(reason) = &provider.spec.unusable {
        return Err(unavailable(provider, &format!("it can't be used: {reason}")));
    }
    let mut refused = None;
    for credential in &provider.spec.credentials {
        match pages(upstream, provider, With::Headers(&credential.headers)).await {
            Ok(listed) => return Ok(models::with_facts(&provider.spec.surface, listed)),
            Err(Failed::Answer(answer)) => {
                let fault = refused_by(provider, &answer);
                if !fault.rule().try_credential {
                    return Err(fault);
                }
                refused = Some(fault);
            }
            Err(Failed::List(_, fault)) => return Err(fault),
            Err(Failed::Trouble(trouble)) => return Err(troubled(provider, &trouble)),
        }
    }
    Err(refused.unwrap_or_else(|| unavailable(provider, "it has no credential")))
}

/// Why there is no list.
pub(crate) enum Failed {
    Trouble(Trouble),
    /// A status other than 200.
    Answer(Answer),
    /// Status 200, and no list in it.
    List(Answer, Fault),
}

/// Every page of the list.
pub(crate) async fn pages(upstream: &dyn Upstream, provider: &Provider, with: With<'_>) -> Result<Vec<ListedModel>, Failed> {
    let surface = &provider.spec.surface;
    let mut all: Vec<ListedModel> = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let url = models::url(surface, provider.spec.base_url.trim_end_matches('/'), after.as_deref());
        let answer = ask(upstream, provider, Method::GET, &url, with).await.map_err(Failed::Trouble)?;
        if !answer.status.is_success() {
            return Err(Failed::Answer(answer));
        }
        let page = match models::read(surface, &answer.body) {
            Ok(page) => page,
            Err(fault) => return Err(Failed::List(answer, fault)),
        };
        let nothing_new = page.models.is_empty() || page.after == after;
        all.extend(page.models);
        after = page.after.filter(|_| !nothing_new && all.len() < MOST_MODELS);
        if after.is_none() {
            break;
        }
    }
    all.truncate(MOST_MODELS);
    Ok(all)
}

fn refused_by(provider: &Provider, answer: &Answer) -> Fault {
    let status = answer.status;
    if status.is_redirection() {
        return Fault::bad_response(Step::FirstByte, format!("the provider `{}` redirects, which is not followed", provider.spec.name));
    }
    let mut fault = providers::models::refusal(&provider.spec.surface, status, &HeaderMap::new(), &answer.body);
    provider.scrub(&mut fault);
    fault.message = format!("the provider `{}` gives no list of models: {}", provider.spec.name, chat::scrub(&fault.message));
    fault
}

fn unavailable(provider: &Provider, what: &str) -> Fault {
    let message = format!("the provider `{}` gives no list of models: {what}", provider.spec.name);
    Fault::new(FaultKind::ProviderUnavailable, Origin::Provider, Step::Connect, message)
}

fn troubled(provider: &Provider, trouble: &Trouble) -> Fault {
    match trouble {
        Trouble::TooSlow => Fault { kind: FaultKind::ProviderTimeout, ..unavailable(provider, "it is too slow") },
        Trouble::TooLarge => Fault { kind: FaultKind::ProviderBadResponse, ..unavailable(provider, "its answer is too large") },
        Trouble::Broken(cause) => {
            Fault { kind: FaultKind::ProviderBadResponse, ..unavailable(provider, "its answer broke off") }.with_cause(cause)
        }
        Trouble::Address(cause) => unavailable(provider, "its base URL is no address").with_cause(cause),
        Trouble::Send(fault) => {
            let what = match fault.kind {
                SendFaultKind::Resolve => "its name does not resolve",
                SendFaultKind::Forbidden => "its address is not one that it may be reached at (allow_private_network)",
                SendFaultKind::Connect | SendFaultKind::ConnectTimeout => "it does not accept connections",
                SendFaultKind::Tls => "the TLS handshake failed",
                SendFaultKind::Broken | SendFaultKind::Protocol => "it gives no HTTP answer",
            };
            unavailable(provider, what).with_cause(fault.cause.clone())
        }
    }
}
