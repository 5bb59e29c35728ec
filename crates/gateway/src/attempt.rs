//! One target after the other, until one answers, none is left or the time is up.

use crate::account::{Account, Lost};
use crate::admit::Admitted;
use crate::arrival::{Arrival, unique_id, unix_micros};
use crate::journey;
use crate::load::Slot;
use crate::ports::{Intent, UpstreamBody};
use crate::relay::{self, Relayed};
use crate::resolve::Plan;
use crate::respond::Answer;
use crate::send;
use crate::service::{Gateway, Settings};
use crate::target::{Chosen, Target, Tried};
use crate::translate::{self, Outbound};
use crate::visit::Report;
use bytes::Bytes;
use chat::{Fault, FaultKind, Loss, Step};
use dialects::{ErrorAnswer, NameMap};
use futures_util::FutureExt;
use http::{HeaderValue, Response};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use tokio::time::{Instant, Sleep};
use wire::json::Object;

/// Error bodies are read to this length; no provider's is longer.
const LONGEST_ERROR: usize = 1 << 20;

/// What the caller is told of the way that its request went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Path {
    /// How often a provider was called.
    pub(crate) attempts: u32,
    /// The answer came from another target than the first.
    pub(crate) fallback: bool,
}

/// A fault and the way that led to it.
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) path: Path,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self { fault, path: Path::default() }
    }
}

impl Gateway {
    pub(crate) async fn attempt(
        &self,
        arrival: &Arrival,
        settings: Arc<Settings>,
        admitted: &Admitted,
        (bytes, body): (&Bytes, &Object<'_>),
        plan: &Plan,
    ) -> Result<Response<Answer>, Failed> {
        let deadline = Instant::now() + settings.request_deadline;
        let mut journey = Attempts { gateway: self, arrival, admitted, bytes, body, settings, deadline, path: Path::default(), last: None };
        // Caught here, where it is known whether a call is on the books.
        match AssertUnwindSafe(journey.ask_all(&plan.targets)).catch_unwind().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(_panic) => return Err(Failed { fault: journey::panicked(&arrival.request_id), path: journey.path }),
        }
        let fault = journey.last.unwrap_or_else(|| crate::resolve::model_not_found(&admitted.model));
        Err(Failed { fault, path: journey.path })
    }
}

/// Compressed although it was asked not to be: its bytes are no text.
fn is_plain(headers: &http::HeaderMap) -> bool {
    headers.get(http::header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity")
}

/// The calls that one request leads to.
struct Attempts<'a> {
    gateway: &'a Gateway,
    arrival: &'a Arrival,
    admitted: &'a Admitted,
    bytes: &'a Bytes,
    /// The same, read.
    body: &'a Object<'a>,
    settings: Arc<Settings>,
    /// Until then the request is answered or refused, however many targets there are (R10).
    deadline: Instant,
    path: Path,
    last: Option<Fault>,
}

impl Attempts<'_> {
    async fn ask_all(&mut self, targets: &[Target]) -> Option<Response<Answer>> {
        for (position, target) in targets.iter().enumerate() {
            self.path.fallback = position > 0;
            match self.ask(target).await {
                ControlFlow::Break(answer) => return answer,
                ControlFlow::Continue(()) => {}
            }
        }
        None
    }

    /// Asks one target, with one credential after the other where the fault lies with the credential. Breaks with an answer, or without one
    /// where no other target may be asked.
    async fn ask(&mut self, target: &Target) -> ControlFlow<Option<Response<Answer>>> {
        let provider = target.provider();
        let Some(endpoint) = provider.endpoint(self.admitted.operation, self.admitted.dialect) else { return ControlFlow::Continue(()) };
        let mut tried = Tried::default();
        while let Some(credential) = tried.next(provider) {
            let chosen = Chosen::new(target, endpoint, credential);
            let fault = match self.call(chosen).await {
                Ok(answer) => return ControlFlow::Break(Some(answer)),
                Err(Refused::Untranslated(fault)) => {
                    // This target cannot carry the request: nobody was called, and the next one may be able to.
                    self.last.get_or_insert(fault);
                    return ControlFlow::Continue(());
                }
                Err(Refused::Uncalled(fault) | Refused::Failed(fault)) => fault,
            };
            let rule = fault.rule();
            self.last = Some(fault);
            if !rule.try_target || self.is_late() {
                return ControlFlow::Break(None);
            }
            if !rule.try_credential {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    /// One call, and a second one where a server only minds being asked for usage.
    async fn call(&mut self, chosen: Chosen<'_>) -> Result<Response<Answer>, Refused> {
        let fault = match self.call_once(chosen).await {
            Err(Refused::Failed(fault)) => fault,
            other => return other,
        };
        if !minds_stream_options(self.admitted, self.body, chosen, &fault) {
            return Err(Refused::Failed(fault));
        }
        let answered = self.call_once(Chosen { without_stream_options: true, ..chosen }).await;
        if answered.is_ok() {
            // Only now is it known that this was the reason.
            chosen.provider().note_refused_stream_options();
        }
        answered
    }

    async fn call_once(&mut self, chosen: Chosen<'_>) -> Result<Response<Answer>, Refused> {
        let body = (self.bytes, self.body);
        let outbound = translate::translate_aside(&self.gateway.load, self.admitted, body, chosen, self.deadline).await;
        let outbound = outbound.map_err(Refused::Untranslated)?;
        let attempt = Attempt {
            gateway: self.gateway,
            arrival: self.arrival,
            admitted: self.admitted,
            settings: &self.settings,
            chosen,
            deadline: self.deadline,
            path: Path { attempts: self.path.attempts + 1, ..self.path },
            their_id: OnceLock::new(),
        };
        let intent = attempt.intent();
        let call = attempt.open(outbound, &intent).map_err(Refused::Uncalled)?;
        self.path = attempt.path;
        attempt.run(call).await.map_err(|fault| {
            attempt.log(&fault);
            Refused::Failed(fault)
        })
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

/// Why a call has no answer for the caller.
enum Refused {
    /// The target cannot carry the request.
    Untranslated(Fault),
    /// There is no room at the provider, or none for the record.
    Uncalled(Fault),
    /// The provider was called.
    Failed(Fault),
}

/// A few servers know the chat of OpenAI and not its `stream_options` (`providers/custom.md` §4). One that refuses what a caller made up says
/// nothing about what metering asks of it.
fn minds_stream_options(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>, fault: &Fault) -> bool {
    let told = |text: &str| text.contains("stream_options") || text.contains("include_usage");
    admitted.stream
        && chosen.is_lenient()
        && !chosen.without_stream_options
        && translate::asks_only_for_usage(body)
        && fault.kind == FaultKind::ProviderRejected
        && (told(&fault.message) || fault.param.as_deref().is_some_and(told))
}

/// A provider's id as it may stand in a log.
fn shown(id: &HeaderValue) -> String {
    const LONGEST: usize = 128;
    id.as_bytes().iter().filter(|byte| byte.is_ascii_graphic()).take(LONGEST).map(|byte| char::from(*byte)).collect()
}

/// Whether a provider's message points to a place by its number: `messages[3]`, `messages.3.content`.
fn counts_places(text: &str) -> bool {
    text.as_bytes().windows(3).any(|at| matches!(at, [_, b'[', b'0'..=b'9'] | [b'a'..=b'z', b'.', b'0'..=b'9']))
}

/// One call of one target.
struct Attempt<'a> {
    gateway: &'a Gateway,
    arrival: &'a Arrival,
    admitted: &'a Admitted,
    settings: &'a Settings,
    chosen: Chosen<'a>,
    deadline: Instant,
    path: Path,
    /// What the provider calls the request, once it answered.
    their_id: OnceLock<HeaderValue>,
}

/// A call that may be made: there is room for it, and it is in the journal.
struct Opened {
    request: http::Request<bytes::Bytes>,
    losses: Vec<Loss>,
    names: NameMap,
    account: Account,
    slot: Slot,
}

impl Attempt<'_> {
    fn open(&self, outbound: Outbound, intent: &Intent) -> Result<Opened, Fault> {
        let provider = self.chosen.provider();
        let Outbound { body, losses, names } = outbound;
        let lost = Lost::of(&losses);
        let slot = self.gateway.load.call(provider, self.settings)?;
        let request = send::request(self.admitted, self.chosen, body)?;
        let mut account = Account::open(&self.gateway.opened()?.ledger, intent, self.arrival.at, lost)?;
        let mapping = &self.chosen.target.mapping;
        account.reports_to(Report::new(&self.arrival.visit, self.admitted.operation, mapping));
        Ok(Opened { request, losses, names, account, slot })
    }

    async fn run(&self, call: Opened) -> Result<Response<Answer>, Fault> {
        let Opened { request, losses, names, mut account, slot } = call;
        let provider = self.chosen.provider();
        let mut deadline = Box::pin(tokio::time::sleep_until(self.patience()));
        let answer = match send::before(deadline.as_mut(), send::send(&*self.gateway.parts.upstream, provider, request)).await {
            Some(Ok(answer)) if answer.status().is_success() => {
                self.note_their_id(answer.headers());
                answer
            }
            Some(Ok(answer)) => return Err(self.settle(account, self.refusal(answer, deadline.as_mut()).await)),
            Some(Err(fault)) => return Err(self.settle(account, fault)),
            None => return Err(self.settle(account, send::too_slow(provider, Step::FirstByte, "no answer in time"))),
        };
        let relayed = Relayed {
            settings: self.settings,
            admitted: self.admitted,
            chosen: self.chosen,
            losses,
            names,
            path: self.path,
            request_id: &self.arrival.request_id,
        };
        let relayed = match self.admitted.stream {
            true => relay::stream(relayed, answer, &mut account, deadline).await,
            false => relay::whole(relayed, answer, &mut account, deadline).await,
        };
        match relayed {
            Ok(finish) => {
                // A whole answer is read already: who is slow to take it keeps nobody from the provider.
                if finish.is_stream() {
                    self.arrival.visit.is_served_by(slot);
                }
                Ok(finish.complete(account))
            }
            Err(fault) => Err(self.settle(account, fault)),
        }
    }

    /// What the provider calls the request: its support asks for it.
    fn note_their_id(&self, headers: &http::HeaderMap) {
        if let Some(id) = headers.get(self.chosen.provider().spec.surface.declaration.request_id_header) {
            let _ = self.their_id.set(id.clone());
        }
    }

    fn settle(&self, account: Account, mut fault: Fault) -> Fault {
        self.chosen.provider().scrub(&mut fault);
        account.failed(&fault);
        fault
    }

    /// When the caller's kind of request must be answered: to the first event, or to the end; never later than the request's own deadline.
    fn patience(&self) -> Instant {
        let timeouts = &self.chosen.target.mapping.timeouts;
        let patience = if self.admitted.stream { timeouts.first_byte } else { timeouts.total };
        (Instant::now() + patience).min(self.deadline)
    }

    /// The first attempt has the id of its request.
    fn intent(&self) -> Intent {
        let started_at = unix_micros();
        let request = self.arrival.id;
        Intent {
            attempt_id: if self.path.attempts == 1 { request } else { unique_id(started_at) },
            request,
            request_id: self.arrival.request_id.to_string(),
            attempt: self.path.attempts,
            started_at,
            key_id: self.admitted.caller.key.id.clone(),
            operation: self.admitted.operation,
            virtual_model: self.admitted.model.clone(),
            provider: self.chosen.provider().spec.name.clone(),
            provider_model: self.chosen.model().to_owned(),
            stream: self.admitted.stream,
        }
    }

    /// The provider answered with an error status.
    async fn refusal(&self, answer: Response<UpstreamBody>, deadline: Pin<&mut Sleep>) -> Fault {
        let (head, body) = answer.into_parts();
        self.note_their_id(&head.headers);
        let status = head.status.as_u16();
        if !(400..600).contains(&status) {
            // Redirects are not followed: a provider that sends one is not where it was said to be.
            return Fault::bad_response(Step::FirstByte, format!("the provider answered with status {status}"));
        }
        let patience = self.settings.error_body;
        let body = match tokio::time::timeout(patience, send::before(deadline, send::collect(body, LONGEST_ERROR))).await {
            Ok(Some(Ok(body))) if is_plain(&head.headers) => body,
            // The status alone says enough.
            _ => bytes::Bytes::new(),
        };
        let dialect = self.chosen.dialect(self.admitted.dialect);
        let mut fault = dialects::codec(dialect).read_error(ErrorAnswer { status, headers: &head.headers, body: &body });
        if fault.kind == FaultKind::ProviderRejected && dialect != self.admitted.dialect && counts_places(&fault.message) {
            // The turns and blocks of the caller's own request may have other numbers.
            fault.message.push_str(" (of the request as sent to the provider)");
        }
        fault
    }

    fn log(&self, fault: &Fault) {
        if fault.kind == FaultKind::ProviderRejected {
            return;
        }
        tracing::info!(
            request_id = %self.arrival.request_id,
            provider = %self.chosen.provider().spec.name,
            provider_model = %self.chosen.model(),
            fault = fault.rule().name,
            status = fault.provider_status,
            provider_request_id = self.their_id.get().map(|id| self.chosen.provider().scrubbed(shown(id))),
            cause = fault.cause.as_deref(),
            "an attempt failed: {}", fault.message
        );
    }
}

#[cfg(test)]
mod tests;
