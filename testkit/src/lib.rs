//! What tests need and no product code may have: recorded traffic and its accounting, upstreams that misbehave.

pub mod figure;
pub mod postgres;
pub mod recorded;
pub mod scripted;
