//! The callers of one worker and their requests, looked at now and then, and told when Conduit stops.
//!
//! hyper learns that a caller has closed when it reads. It does not read while bytes behind a request wait in its buffer (a pipelined
//! request, a stray line end), so a caller that goes away then would keep a provider at work until the end (R8).

use crate::pulse::{Pulse, Verdict};
use crate::respond::Answer;
use crate::service::{Gateway, Settings};
use crate::socket::Watch;
use crate::visit::{self, Visit};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How often callers are looked at; a provider hears of one that left within 500 ms.
const EVERY: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub(crate) struct Guests(Arc<House>);

struct House {
    gateway: Arc<Gateway>,
    guests: Mutex<Vec<Weak<Guest>>>,
    stays: Mutex<Vec<Weak<Stay>>>,
    closing: AtomicBool,
}

/// One connection.
pub(crate) struct Guest {
    watch: Watch,
    pulse: Arc<Pulse>,
    peer: IpAddr,
    word: AtomicU8,
    waker: AtomicWaker,
}

/// What a connection is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Word {
    Stay = 0,
    /// To end what is under way and take nothing new.
    Leave = 1,
    Go = 2,
}

impl Guests {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self(Arc::new(House { gateway, guests: Mutex::default(), stays: Mutex::default(), closing: AtomicBool::new(false) }))
    }

    pub(crate) fn enter(&self, watch: Watch, pulse: Arc<Pulse>, peer: IpAddr) -> Arc<Guest> {
        let word = if self.0.closing.load(Ordering::Acquire) { Word::Leave } else { Word::Stay };
        let guest = Arc::new(Guest { watch, pulse, peer, word: AtomicU8::new(word as u8), waker: AtomicWaker::new() });
        self.0.guests.lock().push(Arc::downgrade(&guest));
        guest
    }

    /// A request of the guest begins; it lasts as long as the value.
    pub(crate) fn stay(&self, guest: &Arc<Guest>, is_http2: bool) -> Arc<Stay> {
        guest.pulse.request_begins();
        let visit = Visit::new(self.0.gateway.metrics(), Some(guest.peer));
        let stay = Arc::new(Stay { guest: Arc::clone(guest), visit, is_http2, answer: Mutex::default() });
        self.0.stays.lock().push(Arc::downgrade(&stay));
        stay
    }

    /// Looks at all callers and their requests, for as long as the worker runs.
    pub(crate) async fn sweep(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            let settings = self.0.gateway.settings();
            let now = Instant::now();
            let mut guests = Round::of(&self.0.guests);
            while guests.look(|guest| self.judge(guest, &settings, now)) {
                tokio::task::yield_now().await;
            }
            let mut stays = Round::of(&self.0.stays);
            while stays.look(|stay| stay.look(&settings)) {
                tokio::task::yield_now().await;
            }
        }
    }

    fn judge(&self, guest: &Guest, settings: &Settings, now: Instant) {
        let reason = match guest.pulse.judge(settings, now, || guest.watch.is_closed()) {
            Verdict::Stay => return,
            Verdict::Leave(reason) => guest.hear(Word::Leave).then_some(reason),
            Verdict::Drop(reason) => guest.hear(Word::Go).then_some(reason),
        };
        if let Some(reason) = reason {
            self.0.gateway.metrics().closed(reason);
            tracing::debug!(reason, "a connection is closed");
        }
    }

    /// Nothing new is taken: idle connections close, the others after what is under way.
    pub(crate) fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        let mut guests = Round::of(&self.0.guests);
        while guests.look(|guest| {
            guest.hear(Word::Leave);
        }) {}
    }

    /// The grace is over: every request is answered with an error, or its stream ended with one.
    pub(crate) fn cut(&self) {
        let mut stays = Round::of(&self.0.stays);
        while stays.look(|stay| stay.visit.cut()) {}
    }
}

/// One way through a list, a few at a time: thousands of connections that do nothing must not hold up the one that does something.
struct Round<'a, T> {
    list: &'a Mutex<Vec<Weak<T>>>,
    next: usize,
}

/// How many are looked at in one go.
const FEW: usize = 128;

impl<'a, T> Round<'a, T> {
    fn of(list: &'a Mutex<Vec<Weak<T>>>) -> Self {
        Self { list, next: 0 }
    }

    /// Looks at the next few; whether there are more. Those that have gone are forgotten on the way.
    fn look(&mut self, look: impl Fn(&T)) -> bool {
        // The lock is free while they are looked at, and while the last hand on one is let go.
        self.few().iter().for_each(|present| look(present));
        self.next < self.list.lock().len()
    }

    fn few(&mut self) -> Vec<Arc<T>> {
        let mut list = self.list.lock();
        let mut present = Vec::with_capacity(FEW);
        for _ in 0..FEW {
            match list.get(self.next).map(Weak::upgrade) {
                Some(Some(one)) => {
                    present.push(one);
                    self.next += 1;
                }
                Some(None) => {
                    list.swap_remove(self.next);
                }
                None => break,
            }
        }
        present
    }
}

impl Guest {
    /// Whether this is new to it.
    fn hear(&self, word: Word) -> bool {
        let new = self.word.fetch_max(word as u8, Ordering::AcqRel) < word as u8;
        if new {
            self.waker.wake();
        }
        new
    }

    /// What it was told last; the task is woken when it is told more.
    pub(crate) fn listen(&self, context: &Context<'_>) -> Word {
        self.waker.register(context.waker());
        match self.word.load(Ordering::Acquire) {
            0 => Word::Stay,
            1 => Word::Leave,
            _ => Word::Go,
        }
    }
}

/// A request under way, up to the last byte of its answer.
pub(crate) struct Stay {
    guest: Arc<Guest>,
    pub(crate) visit: Arc<Visit>,
    is_http2: bool,
    /// Of HTTP/2, so that it can be dropped though nobody asks for its next piece.
    answer: Mutex<Option<Box<Answer>>>,
}

impl Stay {
    pub(crate) fn with(self: Arc<Self>, answer: Answer) -> Served {
        let mut own = Some(answer);
        if self.is_http2 {
            *self.answer.lock() = own.take().map(Box::new);
        }
        Served { stay: self, own, waker: None, is_cut: false }
    }

    /// A stream of HTTP/2 has a window of its own: that its caller takes nothing cannot be seen at the socket. What it holds is given back
    /// first, and the rest of the connection goes on; a caller that still does not let go of it loses the connection.
    fn look(&self, settings: &Settings) {
        if !self.is_http2 {
            return;
        }
        let Some(left) = self.visit.left_for().filter(|left| *left > settings.write_pause) else { return };
        let answer = self.answer.lock().take();
        if answer.is_some() {
            self.visit.gives_back();
            tracing::debug!("a caller took nothing of its stream for too long");
        } else if left > settings.write_pause * 2 && self.guest.hear(Word::Go) {
            tracing::debug!("a caller does not let go of a stream of which it takes nothing");
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.guest.pulse.request_ends();
    }
}

/// An answer that keeps its request under way until it is sent.
pub(crate) struct Served {
    stay: Arc<Stay>,
    /// The answer over HTTP/1: nobody else asks for it.
    own: Option<Answer>,
    /// The task that the visit wakes.
    waker: Option<Waker>,
    is_cut: bool,
}

/// What a body gives when it is asked: a frame, or its end.
type Piece = Option<Result<Frame<Bytes>, Infallible>>;

impl Served {
    /// The next piece; `None` where the answer was taken away.
    fn next(&mut self, context: &mut Context<'_>) -> Option<Poll<Piece>> {
        let cut = !self.is_cut && self.stay.visit.is_cut();
        self.is_cut |= cut;
        let mut shared;
        let answer = match &mut self.own {
            Some(own) => own,
            None => {
                shared = self.stay.answer.lock();
                shared.as_deref_mut()?
            }
        };
        if cut {
            answer.cut(visit::draining());
        }
        Some(Pin::new(answer).poll_frame(context))
    }

    /// Before the task is set aside; it is the same one again and again.
    fn sets_aside(&mut self, context: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            self.stay.visit.sets_aside(context);
        }
    }

    fn read<T>(&self, read: impl FnOnce(&Answer) -> T) -> Option<T> {
        match &self.own {
            Some(own) => Some(read(own)),
            None => self.stay.answer.lock().as_deref().map(read),
        }
    }
}

impl Body for Served {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        let Some(polled) = this.next(context) else {
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller took nothing for too long"))));
        };
        if polled.is_pending() {
            this.sets_aside(context);
        }
        if this.stay.is_http2 {
            this.stay.visit.hands_over(matches!(polled, Poll::Ready(Some(_))));
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
    }

    fn is_end_stream(&self) -> bool {
        self.read(Body::is_end_stream).unwrap_or(false)
    }

    fn size_hint(&self) -> SizeHint {
        self.read(Body::size_hint).unwrap_or_default()
    }
}
