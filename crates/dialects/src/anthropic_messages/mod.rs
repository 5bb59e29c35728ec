//! Anthropic Messages (`providers/anthropic.md`), towards the provider.
//!
//! The half that serves clients of this dialect (reading their requests, writing their replies) is not built: those methods refuse by name.

mod errors;
mod read_reply;
mod read_stream;
mod types;
mod watch_stream;
mod write_request;

#[cfg(test)]
mod tests;

use crate::{Dialect, ErrorAnswer, Framing, Leniency, StreamOptions, StreamReader, StreamWatcher, StreamWriter, Target, Written};
use chat::{Chat, DialectId, Event, Fault, FaultKind, Origin, Reply, Step, Usage};

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

    fn read_request(&self, _body: &[u8]) -> Result<Chat, Fault> {
        Err(unserved())
    }

    fn write_request(&self, chat: &Chat, target: &Target<'_>) -> Result<Written, Fault> {
        write_request::write(chat, target)
    }

    fn read_reply_leniently(&self, body: &[u8], _leniency: Leniency) -> Result<Reply, Fault> {
        read_reply::read(body)
    }

    fn write_reply(&self, _reply: &Reply) -> Result<Vec<u8>, Fault> {
        Err(unserved())
    }

    fn lenient_stream_reader(&self, _leniency: Leniency) -> Box<dyn StreamReader> {
        Box::<read_stream::Reader>::default()
    }

    fn stream_watcher(&self) -> Box<dyn StreamWatcher> {
        Box::<watch_stream::Watcher>::default()
    }

    fn stream_writer(&self, _options: StreamOptions) -> Box<dyn StreamWriter> {
        Box::new(Unserved { told: false })
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

fn unserved() -> Fault {
    let message = "Clients that speak the Anthropic Messages dialect are not served yet; use /v1/chat/completions.";
    Fault::new(FaultKind::UnsupportedOperation, Origin::Gateway, Step::Translate, message)
}

/// Stands in for the writer that is not built: says so once, in the dialect, and never ends the stream as if it were complete.
struct Unserved {
    told: bool,
}

impl StreamWriter for Unserved {
    fn write(&mut self, _event: &Event, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.told, true) {
            out.extend_from_slice(&errors::write_frame(&unserved(), ""));
        }
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}
