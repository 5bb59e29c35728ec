//! What the schema cannot say: names that must be unique, providers that must exist, addresses and keys that must be safe.

mod keys;
mod mappings;
mod providers;

pub(super) use keys::keys;
pub(super) use mappings::mappings;
pub(super) use providers::providers;

use super::model::Server;
use super::problem::Problems;
use super::scalars::Secret;
use super::strength;
use super::tree::{Node, Place};
use ::providers::FieldFault;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::time::Duration;

/// The limits of the listener. `None`: Conduit's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    pub max_body: usize,
    pub shutdown_grace: Duration,
    pub keepalive_after: Duration,
    pub request_deadline: Option<Duration>,
    pub drain_delay: Option<Duration>,
    pub head_timeout: Option<Duration>,
    pub idle_timeout: Option<Duration>,
    pub max_in_flight: Option<u32>,
    pub max_in_flight_per_provider: Option<u32>,
    pub queue_size: Option<u32>,
    pub queue_wait: Option<Duration>,
    pub max_connections: Option<u32>,
    pub max_connections_per_ip: Option<u32>,
}

pub(super) fn server(given: &Server) -> ServerEntry {
    ServerEntry {
        max_body: usize::try_from(given.max_body.0).unwrap_or(usize::MAX),
        shutdown_grace: given.shutdown_grace.0,
        keepalive_after: given.keepalive_after.0,
        request_deadline: given.request_deadline.map(|period| period.0),
        drain_delay: given.drain_delay.map(|period| period.0),
        head_timeout: given.head_timeout.map(|period| period.0),
        idle_timeout: given.idle_timeout.map(|period| period.0),
        max_in_flight: given.max_in_flight,
        max_in_flight_per_provider: given.max_in_flight_per_provider,
        queue_size: given.queue.size,
        queue_wait: given.queue.wait.map(|period| period.0),
        max_connections: given.max_connections,
        max_connections_per_ip: given.max_connections_per_ip,
    }
}

/// An entry of one of the file's lists, for places and paths of messages.
struct Spot<'a> {
    list: &'static str,
    at: usize,
    node: &'a Node,
}

impl<'a> Spot<'a> {
    fn all(root: &'a Node, list: &'static str) -> impl Iterator<Item = Spot<'a>> {
        root.get(list).map(Node::items).unwrap_or_default().iter().enumerate().map(move |(at, node)| Spot { list, at, node })
    }

    /// Entries without a mistake of their own, with their spots.
    fn sound<T>(root: &'a Node, list: &'static str, entries: &'a [Option<T>]) -> impl Iterator<Item = (Spot<'a>, &'a T)> {
        Self::all(root, list).zip(entries).filter_map(|(spot, entry)| entry.as_ref().map(|entry| (spot, entry)))
    }

    /// Where a field stands, or where the entry begins.
    fn place(&self, field: &str) -> &'a Place {
        self.node.get(field).map_or(&self.node.place, |node| &node.place)
    }

    fn path(&self, field: &str) -> String {
        format!("{}[{}].{field}", self.list, self.at)
    }

    /// Tells a fault at the line of its field; not where that field was found to be wrong before, with its own reason.
    fn tell(&self, wrong: &Wrong, problems: &mut Problems) {
        let path = self.path(&wrong.field);
        if !problems.mention(&path) {
            problems.add(&follow(self.node, &wrong.field).place, format!("{path}: {}", wrong.message));
        }
    }

    fn wrong(&self, field: &str, message: impl std::fmt::Display, problems: &mut Problems) {
        problems.add(self.place(field), format!("{}: {message}", self.path(field)));
    }
}

/// A fault of an object by the inventory's rules, which are those of the admin API too.
struct Wrong {
    /// As the file calls it: `credentials[1].api_key`.
    field: String,
    message: String,
}

impl Wrong {
    fn of(fault: FieldFault) -> Self {
        Self { message: format!("{}: {}", fault.problem, fault.remedy), field: fault.field }
    }

    /// The file has another name for it.
    fn renamed(mut self, field: &str, in_file: &str) -> Self {
        if self.field == field {
            in_file.clone_into(&mut self.field);
        }
        self
    }
}

/// The node that a path of fields and positions leads to, as far as it is written.
fn follow<'n>(mut node: &'n Node, path: &str) -> &'n Node {
    for step in path.split(['.', '[']) {
        let next = match step.strip_suffix(']') {
            Some(at) => at.parse().ok().and_then(|at: usize| node.items().get(at)),
            None => node.get(step),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

/// Each name may stand once; the second one is told where the first is. Entries with other mistakes count too.
fn unique_names(list: &'static str, root: &Node, problems: &mut Problems) {
    let mut first: HashMap<&str, &Place> = HashMap::new();
    for spot in Spot::all(root, list) {
        let Some(name) = spot.node.get("name").and_then(Node::text) else { continue };
        let place = spot.place("name");
        match first.get(name) {
            Some(other) => spot.wrong("name", format!("`{name}` is taken: it stands at {other} already"), problems),
            None => drop(first.insert(name, place)),
        }
    }
}

/// The master key must be strong wherever it comes from; that it is missing is a matter of the start.
pub(super) fn master_key(key: Option<&SecretString>, root: &Node, problems: &mut Problems) {
    let written = root.get("admin").and_then(|admin| admin.get("master_key"));
    let place = written.map_or_else(|| Place::Variable("CONDUIT_MASTER_KEY".to_owned()), |node| node.place.clone());
    if let Some(Err(message)) = key.map(|key| strength::master_key(key.expose_secret())) {
        problems.add(&place, message);
    }
}

/// `DATABASE_URL` comes before the file's. The URL may hold a password and is never shown.
pub(super) fn database_url(
    short: Option<SecretString>,
    configured: Option<&Secret>,
    root: &Node,
    problems: &mut Problems,
) -> Option<SecretString> {
    let written = root.get("storage").and_then(|storage| storage.get("url")).map(|node| (node.place.clone(), "storage.url: "));
    let (url, (place, path)) = match short {
        Some(url) => (url, (Place::Variable("DATABASE_URL".to_owned()), "")),
        None => (configured?.0.clone(), written?),
    };
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.expose_secret().starts_with(scheme));
    if !known {
        problems.add(&place, format!("{path}write `sqlite://path/to/conduit.db` or `postgres://user:password@host/database`"));
    }
    Some(url)
}
