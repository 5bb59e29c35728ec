//! Anthropic Messages (`providers/anthropic.md`), towards its provider and towards clients that speak it.
//!
//! # Beyond Anthropic's API
//! Clients of this dialect reach providers of others, so its answers may hold what Anthropic's do not:
//! - **Thought that nobody signed** is a `thinking` block with an empty signature. It goes back as plain thought to a provider that reads
//!   such, and is a loss towards Anthropic, which refuses it. A signature goes back to its maker alone.
//! - **Arguments that are no JSON object** stand as text in the member `input` of one.
//! - **Blocks of other dialects**: `provider_parts`, a list of `{"index","from","part"}`.

mod errors;
mod read_reply;
mod read_request;
mod read_stream;
mod types;
mod watch_stream;
mod write_reply;
mod write_request;
mod write_stream;

#[cfg(test)]
mod tests;

use crate::{Dialect, ErrorAnswer, Framing, Leniency, StreamOptions, StreamReader, StreamWatcher, StreamWriter, Target, Written};
use chat::{Chat, DialectId, Fault, Reply, Usage};

/// The codec.
#[derive(Clone, Copy, Debug)]
pub struct AnthropicMessages;

impl Dialect for AnthropicMessages {
    fn id(&self) -> DialectId {
        DialectId::AnthropicMessages
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn read_request(&self, body: &[u8]) -> Result<Chat, Fault> {
        read_request::read(body)
    }

    fn write_request(&self, chat: &Chat, target: &Target<'_>) -> Result<Written, Fault> {
        write_request::write(chat, target)
    }

    fn read_reply_leniently(&self, body: &[u8], _leniency: Leniency) -> Result<Reply, Fault> {
        read_reply::read(body)
    }

    fn write_reply(&self, reply: &Reply) -> Result<Vec<u8>, Fault> {
        write_reply::write(reply)
    }

    fn lenient_stream_reader(&self, _leniency: Leniency) -> Box<dyn StreamReader> {
        Box::<read_stream::Reader>::default()
    }

    fn stream_watcher(&self) -> Box<dyn StreamWatcher> {
        Box::<watch_stream::Watcher>::default()
    }

    fn stream_writer(&self, options: StreamOptions) -> Box<dyn StreamWriter> {
        Box::new(write_stream::Writer::new(options))
    }

    fn read_error(&self, answer: ErrorAnswer<'_>) -> Fault {
        errors::read(answer)
    }

    fn write_error(&self, fault: &Fault, request_id: &str) -> Vec<u8> {
        errors::write(fault, request_id)
    }

    fn write_stream_error(&self, fault: &Fault, request_id: &str) -> Vec<u8> {
        errors::write_frame(fault, request_id)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        read_reply::read_usage(body)
    }
}
