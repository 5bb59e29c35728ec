//! The admin API: who may administer, what is asked for, and the words of every refusal. What changes, `inventory` changes.
//!
//! Invariant: what reaches this crate is refused unless a route of the table is public or its caller has shown the master key; no answer
//! holds a stored secret; what the OpenAPI document says about a body is what is enforced.

mod access;
mod api;
mod body;
mod docs;
mod gate;
mod idempotency;
mod json;
mod lockout;
mod openapi;
mod problem;
mod query;
mod reply;
mod resources;
mod route;
mod shape;
mod suggest;
mod table;

pub use api::{AdminApi, Parts};

#[cfg(test)]
mod tests;

/// The OpenAPI document of this version: the admin API, the routes of the gateway and its operations.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(openapi::document()).unwrap_or_default();
    text.push('\n');
    text
}
