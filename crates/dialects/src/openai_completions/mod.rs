//! OpenAI text completions (`providers/openai.md`): a prompt in, text out. Its bytes pass through; nothing is translated into or out of it.
//!
//! What the gateway must know of an answer (usage, errors, the end of a stream) has the form that chat completions have.

mod request;

#[cfg(test)]
mod tests;

pub use request::check_request;

use crate::openai_chat::{OpenaiChat, text_watcher};
use crate::{Dialect, Ending, ErrorAnswer, Framing, Leniency, StreamOptions, StreamReader, StreamWatcher, StreamWriter, Target, Verdict};
use chat::{Chat, DialectId, Event, Fault, FaultKind, Origin, Reply, Step, Usage};

/// The codec.
#[derive(Clone, Copy, Debug)]
pub struct OpenaiCompletions;

impl Dialect for OpenaiCompletions {
    fn id(&self) -> DialectId {
        DialectId::OpenaiCompletions
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn read_request(&self, _body: &[u8]) -> Result<Chat, Fault> {
        Err(untranslated())
    }

    fn write_request(&self, _chat: &Chat, _target: &Target<'_>) -> Result<crate::Written, Fault> {
        Err(untranslated())
    }

    fn read_reply_leniently(&self, _body: &[u8], _leniency: Leniency) -> Result<Reply, Fault> {
        Err(untranslated())
    }

    fn write_reply(&self, _reply: &Reply) -> Result<Vec<u8>, Fault> {
        Err(untranslated())
    }

    fn lenient_stream_reader(&self, _leniency: Leniency) -> Box<dyn StreamReader> {
        Box::new(Untranslated { told: false })
    }

    fn stream_watcher(&self) -> Box<dyn StreamWatcher> {
        text_watcher()
    }

    fn stream_writer(&self, _options: StreamOptions) -> Box<dyn StreamWriter> {
        Box::new(Untranslated { told: false })
    }

    fn read_error(&self, answer: ErrorAnswer<'_>) -> Fault {
        OpenaiChat.read_error(answer)
    }

    fn write_error(&self, fault: &Fault, request_id: &str) -> Vec<u8> {
        OpenaiChat.write_error(fault, request_id)
    }

    fn write_stream_error(&self, fault: &Fault, request_id: &str) -> Vec<u8> {
        OpenaiChat.write_stream_error(fault, request_id)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        OpenaiChat.read_usage(body)
    }
}

fn untranslated() -> Fault {
    let message =
        "Text completions are not translated: map this model to a provider that has /v1/completions, or use /v1/chat/completions.";
    Fault::new(FaultKind::UnsupportedOperation, Origin::Gateway, Step::Translate, message)
}

/// Stands in for reader and writer: no frame is understood, and what is asked of the writer is refused once, in the dialect.
struct Untranslated {
    told: bool,
}

impl StreamReader for Untranslated {
    fn read(&mut self, _event: &str, _data: &str, _out: &mut Vec<Event>) -> Verdict {
        Verdict::Malformed
    }

    fn ending(&self) -> Ending {
        Ending::Truncated
    }

    fn usage(&self) -> Option<Usage> {
        None
    }
}

impl StreamWriter for Untranslated {
    fn write(&mut self, _event: &Event, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.told, true) {
            out.extend_from_slice(&OpenaiCompletions.write_stream_error(&untranslated(), ""));
        }
    }

    /// The end of a stream whose own bytes went through without one.
    fn finish(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.told, true) {
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
    }
}
