//! Cache markers: at most four, and how many tokens stand before the last one.

use super::check::{self, Object};
use super::refusal::Refusal;

/// Counts input tokens and markers while the request is read in the order tools, system, messages.
#[derive(Debug, Default)]
pub(super) struct Markers {
    count: usize,
    /// Tokens so far.
    pub(super) tokens: u64,
    /// Tokens up to the last marker.
    pub(super) marked: u64,
    pub(super) one_hour: bool,
}

const MOST: usize = 4;
const KINDS: &[&str] = &["ephemeral"];

impl Markers {
    pub(super) fn pass(&mut self, tokens: u64) {
        self.tokens += tokens;
    }

    /// Reads the `cache_control` of a block whose tokens have passed.
    pub(super) fn read(&mut self, block: &Object, path: &str) -> Result<(), Refusal> {
        let Some(value) = check::given(block, "cache_control") else { return Ok(()) };
        let path = check::member(path, "cache_control");
        let control = check::object(value, &path)?;
        let kind = check::one_of(check::required(control, "type", &path)?, &format!("{path}.type"), KINDS)?;
        check::closed(control, &format!("{path}.{kind}"), &["type", "ttl"])?;
        if let Some(ttl) = check::given(control, "ttl") {
            self.one_hour = check::one_of(ttl, &format!("{path}.{kind}.ttl"), &["5m", "1h"])? == "1h";
        }
        self.count += 1;
        self.marked = self.tokens;
        if self.count > MOST {
            return Err(Refusal::invalid(&format!("A maximum of {MOST} blocks with cache_control may be provided. Found {}.", self.count)));
        }
        Ok(())
    }
}
