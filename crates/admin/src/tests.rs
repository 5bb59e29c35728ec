//! The admin API through its port: a real inventory on an SQLite database, no sockets.

mod bench;
mod bodies;
mod idempotency;
mod matrix;
mod objects;
mod requests;
mod secrets;
