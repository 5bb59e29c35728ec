//! One target after the other, until one answers or none is left.

use crate::account::Account;
use crate::admit::Admitted;
use crate::arrival::{Arrival, unique_id, unix_micros};
use crate::ports::{Intent, UpstreamBody};
use crate::relay::{self, Relayed};
use crate::resolve::Plan;
use crate::respond::Answer;
use crate::send;
use crate::service::Gateway;
use crate::snapshot::Mapping;
use crate::translate::{self, Outbound};
use chat::{Fault, FaultKind, Step};
use dialects::ErrorAnswer;
use http::Response;
use std::pin::Pin;
use tokio::time::Sleep;
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
        admitted: &Admitted,
        body: &Object<'_>,
        plan: &Plan,
    ) -> Result<Response<Answer>, Failed> {
        let mut path = Path::default();
        let mut last = None;
        for (position, mapping) in plan.targets.iter().enumerate() {
            path.fallback = position > 0;
            let outbound = match translate::translate(admitted, body, mapping) {
                Ok(outbound) => outbound,
                // This target cannot carry the request: nobody was called, and the next one may be able to.
                Err(fault) => {
                    last.get_or_insert(fault);
                    continue;
                }
            };
            path.attempts += 1;
            let attempt = Attempt { gateway: self, arrival, admitted, mapping, path };
            match attempt.run(outbound).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => {
                    attempt.log(&fault);
                    let try_next = fault.rule().try_target;
                    last = Some(fault);
                    if !try_next {
                        break;
                    }
                }
            }
        }
        let fault = last.unwrap_or_else(|| crate::resolve::model_not_found(&admitted.model));
        Err(Failed { fault, path })
    }
}

/// Compressed although it was asked not to be: its bytes are no text.
fn is_plain(headers: &http::HeaderMap) -> bool {
    headers.get(http::header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity")
}

/// One call of one target.
struct Attempt<'a> {
    gateway: &'a Gateway,
    arrival: &'a Arrival,
    admitted: &'a Admitted,
    mapping: &'a Mapping,
    path: Path,
}

impl Attempt<'_> {
    async fn run(&self, outbound: Outbound) -> Result<Response<Answer>, Fault> {
        let provider = &self.mapping.provider;
        let losses = outbound.losses.iter().map(|loss| loss.path.clone()).collect();
        let request = send::request(provider, self.admitted.operation, self.admitted.stream, outbound.body)?;
        let mut account = Account::open(&self.gateway.opened()?.ledger, &self.intent(), self.arrival.at, losses)?;
        let mut deadline = Box::pin(tokio::time::sleep(self.patience()));
        let answer = match send::before(deadline.as_mut(), send::send(&*self.gateway.parts.upstream, provider, request)).await {
            Some(Ok(answer)) if answer.status().is_success() => answer,
            Some(Ok(answer)) => return Err(self.settle(account, self.refusal(answer, deadline.as_mut()).await)),
            Some(Err(fault)) => return Err(self.settle(account, fault)),
            None => return Err(self.settle(account, send::too_slow(provider, Step::FirstByte, "no answer in time"))),
        };
        let settings = self.gateway.settings();
        let relayed = Relayed {
            settings: &settings,
            admitted: self.admitted,
            mapping: self.mapping,
            losses: outbound.losses,
            names: outbound.names,
            path: self.path,
            request_id: &self.arrival.request_id,
        };
        let relayed = match self.admitted.stream {
            true => relay::stream(relayed, answer, &mut account, deadline).await,
            false => relay::whole(relayed, answer, &mut account, deadline).await,
        };
        match relayed {
            Ok(finish) => Ok(finish.complete(account)),
            Err(fault) => Err(self.settle(account, fault)),
        }
    }

    fn settle(&self, account: Account, mut fault: Fault) -> Fault {
        self.mapping.provider.scrub(&mut fault);
        account.failed(&fault);
        fault
    }

    /// How long the caller's kind of request may take until it is answered: to the first event, or to the end.
    fn patience(&self) -> std::time::Duration {
        let timeouts = &self.mapping.timeouts;
        if self.admitted.stream { timeouts.first_byte } else { timeouts.total }
    }

    fn intent(&self) -> Intent {
        let started_at = unix_micros();
        let attempt_id = unique_id(started_at);
        Intent {
            attempt_id,
            request: attempt_id,
            request_id: self.arrival.request_id.clone(),
            attempt: self.path.attempts,
            started_at,
            key_id: self.admitted.caller.key.id.clone(),
            operation: self.admitted.operation,
            virtual_model: self.admitted.model.clone(),
            provider: self.mapping.provider.spec.name.clone(),
            provider_model: self.mapping.provider_model.clone(),
            stream: self.admitted.stream,
        }
    }

    /// The provider answered with an error status.
    async fn refusal(&self, answer: Response<UpstreamBody>, deadline: Pin<&mut Sleep>) -> Fault {
        let (head, body) = answer.into_parts();
        let status = head.status.as_u16();
        if !(400..600).contains(&status) {
            // Redirects are not followed: a provider that sends one is not where it was said to be.
            return Fault::bad_response(Step::FirstByte, format!("the provider answered with status {status}"));
        }
        let patience = self.gateway.settings().error_body;
        let body = match tokio::time::timeout(patience, send::before(deadline, send::collect(body, LONGEST_ERROR))).await {
            Ok(Some(Ok(body))) if is_plain(&head.headers) => body,
            // The status alone says enough.
            _ => bytes::Bytes::new(),
        };
        let dialect = self.mapping.endpoint(self.admitted.operation).and_then(|endpoint| endpoint.dialect);
        let codec = dialects::codec(dialect.unwrap_or(translate::CALLER));
        codec.read_error(ErrorAnswer { status, headers: &head.headers, body: &body })
    }

    fn log(&self, fault: &Fault) {
        if fault.kind == FaultKind::ProviderRejected {
            return;
        }
        tracing::info!(
            request_id = %self.arrival.request_id,
            provider = %self.mapping.provider.spec.name,
            provider_model = %self.mapping.provider_model,
            fault = fault.rule().name,
            status = fault.provider_status,
            cause = fault.cause.as_deref(),
            "an attempt failed: {}", fault.message
        );
    }
}
