//! The callers of one worker, looked at now and then: has one gone whose connection hyper does not read at the moment?
//!
//! hyper learns that a caller has closed when it reads. It does not read while bytes behind a request wait in its buffer (a pipelined
//! request, a stray line end), so a caller that goes away then would keep a provider at work until the end (R8).

use crate::respond::Answer;
use crate::socket::Watch;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;

/// How often callers are looked at; a provider hears of one that left within 500 ms.
const EVERY: Duration = Duration::from_millis(200);

#[derive(Clone, Default)]
pub(crate) struct Guests(Arc<Mutex<Vec<Weak<Guest>>>>);

/// One connection.
pub(crate) struct Guest {
    watch: Watch,
    /// Requests under way.
    busy: AtomicUsize,
    gone: Notify,
}

impl Guests {
    pub(crate) fn enter(&self, watch: Watch) -> Arc<Guest> {
        let guest = Arc::new(Guest { watch, busy: AtomicUsize::new(0), gone: Notify::new() });
        self.0.lock().push(Arc::downgrade(&guest));
        guest
    }

    /// Looks at all callers with a request under way, for as long as the worker runs.
    pub(crate) async fn sweep(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.0.lock().retain(|guest| match guest.upgrade() {
                Some(guest) => {
                    guest.look();
                    true
                }
                None => false,
            });
        }
    }
}

impl Guest {
    fn look(&self) {
        if self.busy.load(Ordering::Relaxed) > 0 && self.watch.is_closed() {
            self.gone.notify_one();
        }
    }

    /// Resolves when the caller has gone.
    pub(crate) async fn gone(&self) {
        self.gone.notified().await;
    }

    /// A request begins.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

/// A request under way, up to the last byte of its answer.
pub(crate) struct Busy(Arc<Guest>);

impl Busy {
    pub(crate) fn with(self, answer: Answer) -> Served {
        Served { answer, _busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer that keeps its connection busy until it is sent.
pub(crate) struct Served {
    answer: Answer,
    _busy: Busy,
}

impl Body for Served {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.answer).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.answer.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer.size_hint()
    }
}
