//! The light reader for streams whose bytes go through: usage, errors and the end, and nothing built.

use super::errors;
use super::types::{Counts, billed};
use crate::{Ending, Sight, StreamWatcher};
use chat::Usage;
use wire::RawRef;
use wire::object::Fields;

#[derive(Debug, Default)]
pub(super) struct Watcher {
    counts: Counts,
    counted: bool,
    complete: bool,
}

impl StreamWatcher for Watcher {
    fn see(&mut self, event: &str, data: &str) -> Sight {
        let Ok(mut fields) = Fields::parse(data) else { return Sight::Malformed };
        let named = fields.take_ref("type").and_then(RawRef::as_str);
        match named.as_deref().unwrap_or(event) {
            "content_block_start" | "content_block_delta" | "content_block_stop" => Sight::Content,
            "message_start" => match fields.take_fields("message") {
                Ok(Some(message)) => self.count(message, Sight::Meta),
                _ => Sight::Malformed,
            },
            "message_delta" => self.count(fields, Sight::Content),
            "message_stop" => {
                self.complete = true;
                Sight::Terminal
            }
            "error" => Sight::Error(Box::new(errors::in_stream(data))),
            _ => Sight::Meta,
        }
    }

    fn ending(&self) -> Ending {
        if self.complete { Ending::Complete } else { Ending::Truncated }
    }

    fn usage(&self) -> Option<Usage> {
        self.counted.then(|| self.counts.usage())
    }
}

impl Watcher {
    fn count(&mut self, mut holder: Fields<'_>, sight: Sight) -> Sight {
        match holder.take_fields("usage") {
            Ok(None) => sight,
            Ok(Some(usage)) => match billed(usage) {
                Ok(usage) => {
                    self.counts.overwrite(usage.counts);
                    self.counted = true;
                    sight
                }
                Err(_) => Sight::Malformed,
            },
            Err(_) => Sight::Malformed,
        }
    }
}
