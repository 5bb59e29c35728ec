//! OpenAI chat completions (`providers/openai.md`), the dialect of most clients and of many providers.
//!
//! Reading from providers is lenient, because many imitate this dialect (`providers/custom.md` §3 to §5); writing to clients is strict.
//!
//! # Beyond OpenAI's API
//! Clients of this dialect reach providers of others, so it carries more than OpenAI has:
//! - **Thought.** An answer has `message.reasoning_content` (text) and, where a thought is signed or encrypted, `message.thinking_blocks`: a
//!   list of `{"type":"thinking","thinking","signature"}` and `{"type":"redacted_thinking","data"}`. A stream has `delta.reasoning_content`
//!   piece by piece and each sealed block once, whole, when it ends. Clients send both back on the assistant message. Reading knows
//!   `reasoning` too.
//! - **Cache markers.** `cache_control` on messages, parts and tools.
//! - **How hard to think.** `reasoning_effort`, and the objects `thinking` and `reasoning`.
//! - **Blocks of other dialects** in an answer: `provider_parts`, a list of `{"index","from","part"}`.
//!
//! Towards a *provider* of this dialect the request is OpenAI's: cache markers, sealed thought and `top_k` are losses there. What came from a
//! client of this dialect and has no canonical name goes back out as it came.

mod errors;
mod read_reply;
mod read_request;
mod read_stream;
mod think;
mod types;
mod watch;
mod write_reply;
mod write_request;
mod write_stream;

#[cfg(test)]
mod tests;

pub(crate) use read_reply::usage_of;

use crate::{Dialect, ErrorAnswer, Framing, Leniency, StreamOptions, StreamReader, StreamWatcher, StreamWriter, Target, Written};
use chat::{Chat, DialectId, Fault, Reply, Usage};

/// The light reader for answers whose choices hold `text` in place of a delta (text completions).
pub(crate) fn text_watcher() -> Box<dyn StreamWatcher> {
    Box::new(watch::Watcher::of_text())
}

/// The codec.
#[derive(Clone, Copy, Debug)]
pub struct OpenaiChat;

impl Dialect for OpenaiChat {
    fn id(&self) -> DialectId {
        DialectId::OpenaiChat
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

    fn read_reply_leniently(&self, body: &[u8], leniency: Leniency) -> Result<Reply, Fault> {
        read_reply::read(body, leniency)
    }

    fn write_reply(&self, reply: &Reply) -> Result<Vec<u8>, Fault> {
        write_reply::write(reply)
    }

    fn lenient_stream_reader(&self, leniency: Leniency) -> Box<dyn StreamReader> {
        Box::new(read_stream::Reader::new(leniency))
    }

    fn stream_watcher(&self) -> Box<dyn StreamWatcher> {
        Box::<watch::Watcher>::default()
    }

    fn stream_writer(&self, options: StreamOptions) -> Box<dyn StreamWriter> {
        Box::new(write_stream::Writer::new(options))
    }

    fn read_error(&self, answer: ErrorAnswer<'_>) -> Fault {
        errors::read(answer)
    }

    fn write_error(&self, fault: &Fault, _request_id: &str) -> Vec<u8> {
        errors::write(fault)
    }

    fn write_stream_error(&self, fault: &Fault, _request_id: &str) -> Vec<u8> {
        errors::write_frame(fault)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        read_reply::usage_of(body)
    }
}
