//! The commands that ask a running gateway: one module a group, all over the admin API.

pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod healthcheck;
pub(crate) mod key;
pub(crate) mod mapping;
pub(crate) mod provider;
pub(crate) mod rotate_root;

pub(crate) mod client;
mod secret_input;
mod table;
mod target;

pub(crate) use target::{DEFAULT_URL, Target, Where, given_url};
