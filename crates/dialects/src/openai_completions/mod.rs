//! OpenAI's older text completions (`providers/openai.md`): a prompt in, text out. The bytes go through; nothing is translated into or out of it.

use crate::openai_chat::OpenaiChat;
use crate::{Dialect, ErrorAnswer, Framing, StreamOptions, StreamReader, StreamWatcher, StreamWriter, Target, Written};
use chat::{Chat, DialectId, Fault, FaultKind, Origin, Reply, Step, Usage};

/// The codec. Errors, usage and the frames of a stream are those of OpenAI chat.
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

    fn write_request(&self, _chat: &Chat, _target: &Target<'_>) -> Result<Written, Fault> {
        Err(untranslated())
    }

    fn read_reply(&self, _body: &[u8]) -> Result<Reply, Fault> {
        Err(untranslated())
    }

    fn write_reply(&self, _reply: &Reply) -> Result<Vec<u8>, Fault> {
        Err(untranslated())
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        OpenaiChat.stream_reader()
    }

    fn stream_watcher(&self) -> Box<dyn StreamWatcher> {
        OpenaiChat.stream_watcher()
    }

    fn stream_writer(&self, options: StreamOptions) -> Box<dyn StreamWriter> {
        OpenaiChat.stream_writer(options)
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
    let message = "text completions are not translated into or out of another dialect; use /v1/chat/completions";
    Fault::new(FaultKind::UnsupportedOperation, Origin::Gateway, Step::Translate, message)
}
