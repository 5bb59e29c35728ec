//! The whole journey in memory, with providers that follow a script.

mod answers;
mod targets;
mod translated;
