//! Translation: one folder per wire format, read into and written from the canonical form.
//!
//! Invariant: no clock, socket, randomness or log; a codec is a function of its input. Nothing is dropped in silence: what a writer cannot
//! carry it returns as a [`chat::Loss`].

pub mod anthropic_messages;
pub mod embeddings;
mod field_fault;
mod leniency;
mod names;
pub mod openai_chat;
pub mod openai_completions;
mod retry_after;
mod target;
mod terms;

pub use leniency::{Leniency, ThinkTags};
pub use names::NameMap;
pub use retry_after::{retry_after, should_retry};
pub use target::{ModelFacts, OffSwitch, Target, Thinking, ThinkingMode};
pub use terms::{tell_fault, tell_losses};

use chat::{Chat, DialectId, Event, Fault, Loss, Reply, Usage};

/// The codec of a dialect.
pub fn codec(dialect: DialectId) -> &'static dyn Dialect {
    match dialect {
        DialectId::OpenaiChat => &openai_chat::OpenaiChat,
        DialectId::AnthropicMessages => &anthropic_messages::AnthropicMessages,
        DialectId::OpenaiCompletions => &openai_completions::OpenaiCompletions,
    }
}

/// A body and what it could not carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub body: Vec<u8>,
    pub losses: Vec<Loss>,
    /// Names that stand differently in the body: to be restored in what comes back.
    pub names: NameMap,
}

/// How a stream is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
}

/// An error answer as it came.
#[derive(Clone, Copy, Debug)]
pub struct ErrorAnswer<'a> {
    pub status: u16,
    /// The value of `retry-after` (or the dialect's finer header), where sent.
    pub headers: &'a http::HeaderMap,
    pub body: &'a [u8],
}

/// One wire format in both directions. A direction that is not built returns a fault that says so by name.
pub trait Dialect: Send + Sync {
    fn id(&self) -> DialectId;
    fn framing(&self) -> Framing;

    /// A client's request.
    fn read_request(&self, body: &[u8]) -> Result<Chat, Fault>;
    /// A request to a provider: `target.model` goes into it, not `chat.model`.
    fn write_request(&self, chat: &Chat, target: &Target<'_>) -> Result<Written, Fault>;

    /// A provider's whole answer (status 2xx). A 200 that carries an error body is a fault.
    fn read_reply(&self, body: &[u8]) -> Result<Reply, Fault> {
        self.read_reply_leniently(body, Leniency::default())
    }
    /// The same of a provider for which leniency is declared.
    fn read_reply_leniently(&self, body: &[u8], leniency: Leniency) -> Result<Reply, Fault>;
    /// A whole answer to a client.
    fn write_reply(&self, reply: &Reply) -> Result<Vec<u8>, Fault>;

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        self.lenient_stream_reader(Leniency::default())
    }
    /// The same of a provider for which leniency is declared.
    fn lenient_stream_reader(&self, leniency: Leniency) -> Box<dyn StreamReader>;
    /// The light reader for streams whose bytes go through: they mean what they say, so there is no leniency to declare.
    fn stream_watcher(&self) -> Box<dyn StreamWatcher>;
    fn stream_writer(&self, options: StreamOptions) -> Box<dyn StreamWriter>;

    /// A provider's answer with status 4xx or 5xx.
    fn read_error(&self, answer: ErrorAnswer<'_>) -> Fault;
    /// The body of an error answer to a client.
    fn write_error(&self, fault: &Fault, request_id: &str) -> Vec<u8>;
    /// The same inside a stream whose head has gone out: the bytes of a frame.
    fn write_stream_error(&self, fault: &Fault, request_id: &str) -> Vec<u8>;

    /// Only the usage of a whole answer, without building the rest: for the path where the bytes go through.
    fn read_usage(&self, body: &[u8]) -> Option<Usage>;
}

/// What a frame was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Understood; its events are in the output list.
    Known,
    /// A kind that no table knows: skipped and counted.
    Unknown,
    /// Not what the dialect says a frame is; nothing was added.
    Malformed,
}

/// Whether the bytes that ended were a whole stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Complete,
    Truncated,
}

/// Reads frames into events. Pure: one driver, in the gateway, owns what happens on each verdict.
pub trait StreamReader: Send {
    /// One frame: the event name (empty where none was sent) and the data. Appends to `out`.
    fn read(&mut self, event: &str, data: &str, out: &mut Vec<Event>) -> Verdict;
    /// If the bytes ended here: was that a whole stream? Never invents a finish. May be asked after every frame.
    fn ending(&self) -> Ending;
    /// What is known of usage up to here.
    fn usage(&self) -> Option<Usage>;
}

/// What a frame means for a relay that passes its bytes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// Something that a caller sees as an answer.
    Content,
    /// Known, but nothing of an answer yet: a role, a ping.
    Meta,
    /// Carries usage and nothing else: kept back from a caller that did not ask for it.
    UsageOnly,
    /// The provider says that it failed.
    Error(Box<Fault>),
    /// The terminal marker.
    Terminal,
    /// Not what the dialect says a frame is.
    Malformed,
}

/// Looks at frames that are passed on as they are: finds usage, errors and the end, and builds nothing.
pub trait StreamWatcher: Send {
    fn see(&mut self, event: &str, data: &str) -> Sight;
    /// If the bytes ended here: was that a whole stream?
    fn ending(&self) -> Ending;
    /// What is known of usage up to here.
    fn usage(&self) -> Option<Usage>;
}

/// What the client asked of its stream.
#[derive(Clone, Debug, Default)]
pub struct StreamOptions {
    /// The client asked for the usage chunk.
    pub include_usage: bool,
    /// Seconds since 1970, for dialects that stamp chunks and providers that do not.
    pub created: i64,
    /// For dialects whose ids a provider does not send.
    pub fallback_id: String,
}

/// Writes events as the bytes of a client's stream, frame separators included.
pub trait StreamWriter: Send {
    /// Appends what this event is in the dialect; may be nothing.
    fn write(&mut self, event: &Event, out: &mut Vec<u8>);
    /// The end after [`Event::End`] was written, such as `[DONE]`; only for a complete stream.
    fn finish(&mut self, out: &mut Vec<u8>);
    /// Why the stream cannot go on, where what was to be written has no form that a client could use. To be asked after each call: the writer
    /// says nothing more, and the error is the caller's to write, since it alone knows the request.
    fn fault(&mut self) -> Option<Box<Fault>> {
        None
    }
}
