//! A stream on its way: held back until its first event, then passed on event by event.

use super::other_form::{self, Form};
use super::pipe::{Pipe, Signal};
use super::{Finish, Head, Relayed};
use crate::account::Account;
use crate::ports::{OutcomeStatus, UpstreamBody};
use crate::send;
use crate::snapshot::Provider;
use bytes::Bytes;
use chat::{DialectId, Fault, Step};
use dialects::ErrorAnswer;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

pub(super) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

/// After the terminal marker the provider has this long to end its body, so that the connection can be used again.
const LAST_BYTES: Duration = Duration::from_millis(250);

/// Bytes that are handed on without looking for more.
const ENOUGH: usize = 16 << 10;
/// How often the provider's connection gets another chance before that. hyper's server polls a body twice before it lets other tasks run, so the
/// second one is the first that counts.
const CHANCES: u8 = 2;

/// A stream under way. Dropped by a caller that goes away, it closes the provider's connection and its account is settled as cancelled.
pub(crate) struct Relay {
    source: UpstreamBody,
    pipe: Pipe,
    /// `None` before the head is sent and after it was settled.
    account: Option<Account>,
    /// Bytes that wait to be sent.
    ready: Vec<u8>,
    state: State,
    /// Wakes when the pause could be over the limit; not moved at every chunk, since most pauses are short.
    alarm: Pin<Box<Sleep>>,
    longest_pause: Duration,
    /// Since when the provider is waited for without an event; `None` while it is not waited for, as when the caller is the slow one.
    waiting_since: Option<Instant>,
    /// How often the provider's connection was given another chance before the bytes at hand go out.
    chances: u8,
    max_event: usize,
    /// The caller's.
    dialect: DialectId,
    request_id: Arc<str>,
    provider: Arc<Provider>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flowing,
    /// The terminal marker is through; only the end of the provider's body is awaited.
    Ending,
    Done,
}

/// Waits for the first event. Until it returns, another target may still be asked.
pub(crate) async fn stream(
    relayed: Relayed<'_>,
    answer: Response<UpstreamBody>,
    account: &mut Account,
    mut deadline: Pin<Box<Sleep>>,
) -> Result<Finish, Fault> {
    let (head, mut source) = answer.into_parts();
    if !is_event_stream(&head.headers) {
        if !relayed.chosen.is_lenient() {
            return Err(not_a_stream(&relayed, &head.headers, source, deadline.as_mut()).await);
        }
        let (form, whole) = send::before(deadline.as_mut(), other_form::judge(source))
            .await
            .ok_or_else(|| send::too_slow(relayed.chosen.provider(), Step::FirstByte, "no event came in time"))??;
        source = whole;
        if form == Form::Whole {
            return other_form::whole_as_stream(&relayed, &head.headers, source, account, deadline).await;
        }
    }
    let optional = relayed.chosen.provider().spec.surface.end_marker_optional;
    let pipe = pipe(&relayed).with_optional_end_marker(optional);
    let mut relay = Relay::new(&relayed, source, pipe, deadline);
    match relay.first_event(account).await {
        Signal::Broken(fault) => Err(*fault),
        Signal::Complete => {
            account.first_byte();
            relay.state = State::Ending;
            Ok(Finish::Stream { head: Head::new(&relayed, EVENT_STREAM), relay })
        }
        Signal::Quiet | Signal::Content => {
            account.first_byte();
            Ok(Finish::Stream { head: Head::new(&relayed, EVENT_STREAM), relay })
        }
    }
}

fn is_event_stream(headers: &http::HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with("text/event-stream"))
}

/// A 200 that is no stream: an error in disguise, or not what was asked for.
async fn not_a_stream(relayed: &Relayed<'_>, headers: &http::HeaderMap, source: UpstreamBody, deadline: Pin<&mut Sleep>) -> Fault {
    let codec = dialects::codec(relayed.dialect());
    let body = send::before(deadline, send::collect(source, 1 << 20)).await;
    match body {
        Some(Ok(body)) if wire::json::scan(&body, &wire::json::Limits::default()).is_ok_and(|object| object.get("error").is_some()) => {
            codec.read_error(ErrorAnswer { status: 500, headers, body: &body })
        }
        _ => Fault::bad_response(Step::FirstByte, "the provider's answer is no event stream, though one was asked for"),
    }
}

fn pipe(relayed: &Relayed<'_>) -> Pipe {
    let codec = dialects::codec(relayed.dialect());
    let max_event = relayed.settings.max_event;
    if relayed.passes_through() {
        return Pipe::through(codec, max_event, !relayed.admitted.include_usage);
    }
    let writer = dialects::codec(relayed.caller()).stream_writer(relayed.stream_options());
    Pipe::translated(codec.lenient_stream_reader(relayed.chosen.leniency()), max_event, relayed.names.clone(), writer)
}

impl Relay {
    fn new(relayed: &Relayed<'_>, source: UpstreamBody, pipe: Pipe, alarm: Pin<Box<Sleep>>) -> Box<Self> {
        Box::new(Self {
            source,
            pipe,
            account: None,
            ready: Vec::new(),
            state: State::Flowing,
            alarm,
            longest_pause: relayed.chosen.target.mapping.timeouts.idle,
            waiting_since: None,
            chances: 0,
            max_event: relayed.settings.max_event,
            dialect: relayed.caller(),
            request_id: Arc::clone(relayed.request_id),
            provider: Arc::clone(relayed.chosen.provider()),
        })
    }

    /// From here on the stream settles its account itself.
    pub(super) fn take_account(&mut self, account: Account) {
        self.account = Some(account);
        if self.state == State::Ending {
            // The whole stream came at once: its outcome goes to the journal before its first byte leaves.
            self.settle_complete();
        }
        let wake = Instant::now() + self.pause_limit();
        self.alarm.as_mut().reset(wake);
    }

    /// Reads until there is something that a caller would see as an answer. The deadline of the first event is the alarm as it was set.
    async fn first_event(&mut self, account: &mut Account) -> Signal {
        loop {
            let Some(chunk) = send::before(self.alarm.as_mut(), self.source.frame()).await else {
                return Signal::Broken(Box::new(self.too_slow("no event came in time")));
            };
            let signal = match chunk {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => self.pipe.feed(&chunk, &mut self.ready),
                    Err(_) => Signal::Quiet,
                },
                Some(Err(error)) => broke_off(&error),
                None => self.pipe.end(&mut self.ready),
            };
            // A caller that leaves now leaves what was told so far: some providers tell the input's tokens first of all.
            account.set_usage(self.pipe.usage());
            if signal != Signal::Quiet {
                return signal;
            }
            if self.ready.len() > self.max_event {
                return Signal::Broken(Box::new(Fault::bad_response(Step::FirstByte, "the provider's stream is long and says nothing")));
            }
        }
    }

    /// One chunk of the provider, or its end.
    fn advance(&mut self, chunk: Option<Result<Frame<Bytes>, crate::ports::BodyError>>) {
        if self.state == State::Ending {
            if !matches!(chunk, Some(Ok(_))) {
                self.state = State::Done;
            }
            return;
        }
        let signal = match chunk {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(chunk) => self.pipe.feed(&chunk, &mut self.ready),
                Err(_) => Signal::Quiet,
            },
            Some(Err(error)) => broke_off(&error),
            None => {
                let signal = self.pipe.end(&mut self.ready);
                if signal == Signal::Complete {
                    self.settle_complete();
                    self.state = State::Done;
                    return;
                }
                signal
            }
        };
        match signal {
            Signal::Quiet | Signal::Content => {}
            Signal::Complete => {
                self.settle_complete();
                self.state = State::Ending;
            }
            Signal::Broken(fault) => self.break_off(*fault),
        }
    }

    fn settle_complete(&mut self) {
        if let Some(mut account) = self.account.take() {
            account.set_usage(self.pipe.usage());
            account.succeeded(200);
        }
    }

    /// An error in the caller's dialect, and nothing after it.
    fn break_off(&mut self, mut fault: Fault) {
        self.provider.scrub(&mut fault);
        let fault = &fault;
        if let Some(mut account) = self.account.take() {
            account.set_usage(self.pipe.usage());
            let cut = fault.kind == chat::FaultKind::ProviderBadResponse;
            let status = if cut { OutcomeStatus::Truncated } else { OutcomeStatus::Failed };
            account.broken(status, fault);
        }
        tracing::info!(
            request_id = %self.request_id, provider = %self.provider.spec.name, fault = fault.rule().name, cause = fault.cause.as_deref(),
            "a stream broke: {}", fault.message
        );
        self.ready.extend_from_slice(&dialects::codec(self.dialect).write_stream_error(fault, &self.request_id));
        self.state = State::Done;
    }

    /// Ends the stream from outside. One whose terminal marker is through is complete and stays so.
    pub(crate) fn cut(&mut self, fault: Fault) {
        match self.state {
            State::Flowing => self.break_off(fault),
            State::Ending => self.state = State::Done,
            State::Done => {}
        }
    }

    fn pause_limit(&self) -> Duration {
        if self.state == State::Ending { LAST_BYTES.min(self.longest_pause) } else { self.longest_pause }
    }

    fn too_slow(&self, what: &str) -> Fault {
        send::too_slow(&self.provider, Step::Relay, what)
    }

    /// Whether the provider has been waited for too long. The alarm is not moved at every event, since most pauses are short.
    fn paused_too_long(&mut self, context: &mut Context<'_>) -> bool {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let due = since + self.pause_limit();
        while self.alarm.as_mut().poll(context).is_ready() {
            if due <= Instant::now() {
                return true;
            }
            self.alarm.as_mut().reset(due);
        }
        false
    }

    /// Takes a chunk and stops the clock if it brought an event or a piece of one; comments alone do not.
    fn take(&mut self, chunk: Option<Result<Frame<Bytes>, crate::ports::BodyError>>) {
        let (frames, state) = (self.pipe.frames(), self.state);
        self.advance(chunk);
        if self.pipe.frames() > frames || self.pipe.is_within_frame() {
            self.waiting_since = None;
        }
        if self.state == State::Ending && state != State::Ending {
            // From here on the clock runs once: a provider that goes on sending after its end is not listened to for long.
            self.waiting_since = Some(Instant::now());
            self.alarm.as_mut().reset(Instant::now() + LAST_BYTES);
        }
    }

    fn hand_on(&mut self) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        self.chances = 0;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(std::mem::take(&mut self.ready))))))
    }
}

/// Dropped under way, it leaves what usage it saw with its account, which settles itself as cancelled.
impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(account) = &mut self.account {
            account.set_usage(self.pipe.usage());
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        loop {
            if this.state == State::Done {
                return if this.ready.is_empty() { Poll::Ready(None) } else { this.hand_on() };
            }
            if this.ready.len() >= ENOUGH {
                return this.hand_on();
            }
            match Pin::new(&mut this.source).poll_frame(context) {
                Poll::Ready(chunk) => {
                    this.chances = 0;
                    this.take(chunk);
                }
                Poll::Pending if !this.ready.is_empty() => {
                    // One read of the provider's connection often holds many events, and hyper hands them over one by one. A chance for the
                    // connection to bring the next one costs no waiting, and saves the caller's connection a write for each.
                    if this.chances >= CHANCES {
                        return this.hand_on();
                    }
                    this.chances += 1;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending if !this.paused_too_long(context) => return Poll::Pending,
                Poll::Pending if this.state == State::Ending => this.state = State::Done,
                Poll::Pending => {
                    let fault = this.too_slow("too long a pause between two events");
                    this.break_off(fault);
                }
            }
        }
    }
}

fn broke_off(error: &crate::ports::BodyError) -> Signal {
    Signal::Broken(Box::new(Fault::bad_response(Step::Relay, "the provider's stream broke off").with_cause(error.to_string())))
}
