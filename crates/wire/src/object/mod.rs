//! Typed decoding and encoding of JSON objects whose unknown members must survive.
//!
//! serde's `flatten` cannot carry raw values, and a derived struct forgets what it has no field for. So a reader takes the members that it
//! knows, one by one, and the rest is a list of names and raw values; a writer appends members in order and the rest after them.

mod fields;
mod writer;

#[cfg(test)]
mod tests;

pub use fields::{FieldError, Fields};
pub use writer::{ArrayWriter, ObjectWriter};
