//! What is configured: the providers, mappings and keys of the file and of the database as one, and the only place that changes them.
//!
//! Invariant: what the gateway resolves against (the snapshot and the key ring) is always made from here, as a whole; a change is checked
//! before it is written, and holds for the next request after it was.
