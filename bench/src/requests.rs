//! What is asked. A candidate gets the same body but for the model's name: the simulator takes its orders from it, Conduit maps a name of its own to it.

use crate::candidate::Candidate;

/// The virtual key, and what the simulator takes for a provider's key: both candidates and the simulator see the same header.
pub(crate) const KEY: &str = "sim-bench-key-7Qm2Xv9TzL4cRw81";

const QUESTION: &str = "Explain in two sentences why a proxy that copies bytes is cheaper than one that reads them, for a reader who has never written one, \
and name one case where the difference does not matter at all because the work behind the proxy takes a thousand times longer.";
const LARGE: usize = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One question, one short answer.
    Plain,
    /// The same as a stream of 100 events, sent as fast as the simulator can.
    Stream,
    /// The same with 10 ms between the events, as a model writes.
    Paced,
    /// A question of 1 MB.
    Large,
    /// `Plain`, answered by the simulated Anthropic through Conduit.
    Translated,
    /// `Stream`, answered by the simulated Anthropic through Conduit.
    TranslatedStream,
}

impl Kind {
    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Stream | Self::Paced | Self::TranslatedStream)
    }

    /// The request as bytes; `None` where a candidate has no part. A proxy that can't translate is asked for the same without translation.
    pub(crate) fn request(self, candidate: Candidate) -> Option<Vec<u8>> {
        match (self, candidate) {
            (Self::Translated | Self::TranslatedStream, Candidate::Direct) => None,
            (Self::Translated, Candidate::Nginx) => Self::Plain.request(candidate),
            (Self::TranslatedStream, Candidate::Nginx) => Self::Stream.request(candidate),
            _ => Some(self.build(candidate)),
        }
    }

    fn build(self, candidate: Candidate) -> Vec<u8> {
        let (path, model) = match candidate {
            Candidate::Conduit => ("/v1/chat/completions", self.virtual_model()),
            Candidate::Nginx => ("/v1/chat/completions", self.simulated_model()),
            Candidate::Direct => ("/openai/v1/chat/completions", self.simulated_model()),
        };
        let stream = if self.is_stream() { r#","stream":true,"stream_options":{"include_usage":true}"# } else { "" };
        let content = match self {
            Self::Large => QUESTION.chars().cycle().take(LARGE).collect(),
            _ => QUESTION.to_owned(),
        };
        let body = format!(
            r#"{{"model":"{model}","messages":[{{"role":"system","content":"You are a helpful assistant."}},{{"role":"user","content":"{content}"}}],"temperature":0.7,"max_tokens":1024{stream}}}"#
        );
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench.test\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\naccept: application/json\r\n\
             user-agent: conduit-bench\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body.into_bytes()].concat()
    }

    fn virtual_model(self) -> &'static str {
        match self {
            Self::Plain | Self::Large => "plain",
            Self::Stream => "stream",
            Self::Paced => "paced",
            Self::Translated => "translated",
            Self::TranslatedStream => "translated-stream",
        }
    }

    /// As in conduit.yaml.
    fn simulated_model(self) -> &'static str {
        match self {
            Self::Stream => "gpt-4o-mini;events=100",
            Self::Paced => "gpt-4o-mini;events=100;event-delay=10ms",
            _ => "gpt-4o-mini",
        }
    }
}
