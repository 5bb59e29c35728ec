//! All connections, by rule and authority, apart for each thread.
//!
//! A connection made for a provider that may use private networks is never found by one that may not: the rules are part of the key. Each thread has its
//! own connections, because a worker of the gateway is a single-threaded runtime (docs/adr/0010).

use crate::connector::{Connector, Policy};
use crate::fault::ConnectFault;
use crate::host::Host;
use crate::options::Options;
use http::Uri;
use http::uri::Authority;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use thread_local::ThreadLocal;

pub(crate) struct Hosts {
    by_thread: ThreadLocal<Arc<OfThread>>,
    build: Box<dyn Fn(Policy) -> Connector + Send + Sync>,
    options: Arc<Options>,
}

#[derive(Default)]
struct OfThread {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hosts: HashMap<Key, Arc<Host>>,
    swept: bool,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    policy: Policy,
    secure: bool,
    authority: Authority,
}

impl Hosts {
    pub(crate) fn new(options: Options, build: impl Fn(Policy) -> Connector + Send + Sync + 'static) -> Self {
        Self { by_thread: ThreadLocal::new(), build: Box::new(build), options: Arc::new(options) }
    }

    pub(crate) fn host(&self, policy: Policy, target: &Uri, authority: &Authority) -> Result<Arc<Host>, ConnectFault> {
        let here = self.by_thread.get_or_default();
        let key = Key { policy, secure: target.scheme_str() == Some("https"), authority: authority.clone() };
        let mut state = here.state.lock();
        if let Some(known) = state.hosts.get(&key) {
            return Ok(Arc::clone(known));
        }
        let host = Arc::new(Host::new(target, (self.build)(policy), Arc::clone(&self.options))?);
        state.hosts.insert(key, Arc::clone(&host));
        if !std::mem::replace(&mut state.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(here), self.options.pool_idle_timeout / 2));
        }
        Ok(host)
    }

    /// How many hosts this thread knows.
    #[cfg(test)]
    pub(crate) fn known(&self) -> usize {
        self.by_thread.get_or_default().state.lock().hosts.len()
    }
}

/// Closes idle connections and forgets hosts without any, until there is none.
async fn sweep(here: Weak<OfThread>, pause: Duration) {
    loop {
        tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
        let Some(here) = here.upgrade() else { return };
        let mut state = here.state.lock();
        // A host that somebody holds is in use, even without a connection.
        state.hosts.retain(|_, host| !host.sweep() || Arc::strong_count(host) > 1);
        if state.hosts.is_empty() {
            state.swept = false;
            return;
        }
    }
}
