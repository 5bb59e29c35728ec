//! Meaning: the canonical conversation that every dialect is read into and written from.
//!
//! Invariant: this crate knows no wire format and does no input or output. What a dialect carries and this model has no name for travels in
//! [`Extras`], tagged with its dialect: written back to the same dialect, reported as a [`Loss`] when written to another.

mod collect;
mod dialect;
mod event;
mod extras;
pub mod fault;
mod finish;
pub mod law;
mod loss;
mod operation;
mod reply;
mod request;
mod scrub;
mod tool;
mod turn;
mod usage;

pub use collect::{Collector, replay};
pub use dialect::DialectId;
pub use event::{Delta, Event, PartOpen};
pub use extras::Extras;
pub use fault::{Fault, FaultKind, Origin, Step};
pub use finish::{Finish, FinishKind};
pub use loss::{Loss, LossKind};
pub use operation::Operation;
pub use reply::{Choice, Reply};
pub use request::{Chat, Effort, Output, Place, Reasoning, Sampling};
pub use scrub::scrub;
pub use tool::{Tool, ToolChoice, ToolKind};
pub use turn::{CacheMarker, Part, PartKind, ReasoningPart, Role, Source, ToolCall, ToolResult, Turn};
pub use usage::Usage;
