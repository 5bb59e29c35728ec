//! Reads the events of a streamed answer.

use serde::Deserialize;
use wire::sse::{DEFAULT_MAX_EVENT, Framer};

/// An answer as it grows.
pub(super) struct Answer {
    framer: Framer,
    begun: bool,
    complete: bool,
}

/// What the bytes brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Text to print, which may be none.
    Text(String),
    /// Text, and then an error.
    Failed { text: String, message: String },
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Error>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Error {
    message: String,
}

impl Default for Answer {
    fn default() -> Self {
        Self { framer: Framer::new(DEFAULT_MAX_EVENT), begun: false, complete: false }
    }
}

impl Answer {
    pub(super) fn take(&mut self, bytes: &[u8]) -> Progress {
        self.framer.push(bytes);
        let mut text = String::new();
        loop {
            let data = match self.framer.next() {
                Ok(None) => break,
                Ok(Some(frame)) => frame.data.map(str::to_owned),
                Err(error) => return Progress::Failed { text, message: format!("the stream cannot be read: {:?}", error.kind) },
            };
            match data.as_deref() {
                None => {}
                Some("[DONE]") => self.complete = true,
                Some(data) => match serde_json::from_str::<Event>(data) {
                    Ok(Event { error: Some(error), .. }) => return Progress::Failed { text, message: error.message },
                    Ok(event) => text.extend(event.choices.into_iter().filter_map(|choice| choice.delta).filter_map(said)),
                    Err(error) => return Progress::Failed { text, message: format!("an event of the stream cannot be read: {error}") },
                },
            }
        }
        self.begun |= !text.is_empty();
        Progress::Text(text)
    }

    /// Whether something has been printed.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }
}

fn said(delta: Delta) -> Option<String> {
    delta.content.or(delta.refusal)
}

/// The message in the body of a refusal.
pub(super) fn error_message(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Event>(body).ok()?.error.map(|error| error.message)
}
