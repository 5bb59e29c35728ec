//! The pools. Connections are shared only between requests under the same rules, and spread over lanes so that HTTP/2 does not queue.
//!
//! hyper-util's pool knows a connection by scheme and authority alone, so each [`Policy`] has pools of its own: a connection made for a
//! provider that may use private networks is never found by one that may not. Within a policy there are lanes, because the pool keeps
//! one HTTP/2 connection per authority and a provider's limit of concurrent streams (100 is common) would hold back the next request.

use crate::connector::{Connector, Policy};
use crate::options::Options;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use thread_local::ThreadLocal;

pub(crate) type Pool = legacy::Client<Connector, Full<Bytes>>;

const LANES: usize = 16;
/// Requests in one lane before the next one is used: well below the stream limits of the large providers' front ends.
const LANE_ROOM: usize = 64;
/// Rules differ by connect timeout too, which an administrator may change again and again: the oldest are let go.
const MAX_POLICIES: usize = 32;

/// All pools of the client.
///
/// Each thread has its own: a worker of the gateway is a single-threaded runtime, and a connection that stays on the thread of its request
/// wakes no other thread at every event.
pub(crate) struct Lanes {
    by_thread: ThreadLocal<RefCell<Vec<Arc<PolicyLanes>>>>,
    build: Box<dyn Fn(Policy) -> Pool + Send + Sync>,
}

struct PolicyLanes {
    policy: Policy,
    lanes: Vec<Lane>,
}

struct Lane {
    pool: Pool,
    in_flight: AtomicUsize,
}

impl Lanes {
    pub(crate) fn new(options: Options, connector: impl Fn(Policy) -> Connector + Send + Sync + 'static) -> Self {
        Self { by_thread: ThreadLocal::new(), build: Box::new(move |policy| pool(&options, connector(policy))) }
    }

    /// A place for one request under these rules.
    pub(crate) fn place(&self, policy: Policy) -> Place {
        let mut policies = self.by_thread.get_or_default().borrow_mut();
        if let Some(known) = policies.iter().find(|lanes| lanes.policy == policy) {
            return Place::take(Arc::clone(known));
        }
        let lanes = (0..LANES).map(|_| Lane { pool: (self.build)(policy), in_flight: AtomicUsize::new(0) }).collect();
        let fresh = Arc::new(PolicyLanes { policy, lanes });
        if policies.len() >= MAX_POLICIES {
            policies.remove(0);
        }
        policies.push(Arc::clone(&fresh));
        Place::take(fresh)
    }

    /// How many policies this thread has pools for.
    #[cfg(test)]
    pub(crate) fn policies(&self) -> usize {
        self.by_thread.get_or_default().borrow().len()
    }
}

/// One request's place in a lane; given back when dropped.
pub(crate) struct Place {
    lanes: Arc<PolicyLanes>,
    index: usize,
}

impl Place {
    /// The first lane with room, so that light load stays on few connections; beyond that the one with the least load.
    fn take(lanes: Arc<PolicyLanes>) -> Self {
        let load = |lane: &Lane| lane.in_flight.load(Ordering::Relaxed);
        let index = lanes.lanes.iter().position(|lane| load(lane) < LANE_ROOM).unwrap_or_else(|| {
            let least = lanes.lanes.iter().enumerate().min_by_key(|(_, lane)| load(lane));
            least.map_or(0, |(index, _)| index)
        });
        if let Some(lane) = lanes.lanes.get(index) {
            lane.in_flight.fetch_add(1, Ordering::Relaxed);
        }
        Self { lanes, index }
    }

    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.lanes.lanes.get(self.index).map(|lane| &lane.pool)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(lane) = self.lanes.lanes.get(self.index) {
            lane.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn pool(options: &Options, connector: Connector) -> Pool {
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(options.pool_idle_timeout)
        .pool_max_idle_per_host(options.pool_max_idle_per_host)
        .http1_max_buf_size(options.max_response_head.max(8192))
        .http1_max_headers(options.max_response_headers)
        .http2_max_header_list_size(u32::try_from(options.max_response_head).unwrap_or(u32::MAX))
        // A dead path under a silent stream is noticed before the provider's idle timeout; never sent on an idle connection.
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        // Only a request of which no byte was written is sent again: see docs/adr/0041.
        .retry_canceled_requests(true)
        .build(connector)
}
