//! Whether a body could hold what a nested quirk is about: a search in its text, so that most requests need not be read.

use super::nested::REASONING_MEMBERS;
use crate::Quirk;
use memchr::memmem;
use wire::RawRef;
use wire::json::Object;

/// Where Conduit's own clients keep thought that is signed or encrypted.
const SEALED_MEMBER: &str = "thinking_blocks";
const CACHE_MEMBER: &str = "cache_control";

/// Words that a quirk looks for in quotes in the messages, so that one pass over the text serves all quirks of a provider.
#[derive(Default)]
struct Words<'q> {
    in_messages: Vec<&'q str>,
    nulls: bool,
    cache_markers: bool,
    other_tools: bool,
    /// A quirk is about the order of the messages, which no word tells.
    order: bool,
}

impl<'q> Words<'q> {
    fn add(&mut self, quirk: &'q Quirk) {
        match quirk {
            Quirk::DropTurnNames => self.in_messages.push("name"),
            Quirk::DropNullMembers => self.nulls = true,
            Quirk::DropMessageMembers { members, .. } => self.in_messages.extend(members.iter()),
            Quirk::DeveloperAsSystem => self.in_messages.push("developer"),
            Quirk::RefusalAsText { .. } => self.in_messages.push("refusal"),
            Quirk::ReasoningMember { name } => {
                let others = REASONING_MEMBERS.iter().chain(&[SEALED_MEMBER]).copied().filter(|member| member != name);
                self.in_messages.extend(others);
            }
            Quirk::DropReasoning { .. } => self.in_messages.extend(REASONING_MEMBERS.iter().chain(&[SEALED_MEMBER])),
            Quirk::DropCacheMarkers { .. } => {
                self.in_messages.push(CACHE_MEMBER);
                self.cache_markers = true;
            }
            Quirk::FlattenTextParts => self.in_messages.push("text"),
            Quirk::EmptyContentForNull => self.in_messages.push("tool_calls"),
            Quirk::SystemFirst { .. } | Quirk::MergeSameRole => self.order = true,
            Quirk::FunctionToolsOnly { .. } => self.other_tools = true,
            // Of the top level; `top_k` goes through there as it came.
            _ => {}
        }
    }
}

/// Whether the text of the body could hold what one of the quirks is about. A name in an unusual spelling (`"n\u0061me"`) is not found: it goes
/// through as it came, and the provider judges.
pub(super) fn may_touch<'q>(quirks: impl Iterator<Item = &'q Quirk>, body: &Object<'_>) -> bool {
    let mut words = Words::default();
    quirks.for_each(|quirk| words.add(quirk));
    let text = |member: &str| body.get(member).map_or("", |found| found.value);
    words.order
        || has_quoted(text("messages"), &words.in_messages)
        || (words.nulls && memmem::find(text("messages").as_bytes(), b"null").is_some())
        || (words.cache_markers && has_quoted(text("tools"), &[CACHE_MEMBER]))
        || (words.other_tools && has_other_tools(text("tools")))
}

/// Whether one of the words stands in quotes somewhere. Goes from quote to quote, because the long stretches of a body (an image, a document) are
/// single texts without one.
fn has_quoted(text: &str, words: &[&str]) -> bool {
    if words.is_empty() {
        return false;
    }
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'"', bytes).any(|quote| {
        let rest = bytes.get(quote + 1..).unwrap_or_default();
        words.iter().any(|word| rest.strip_prefix(word.as_bytes()).is_some_and(|after| after.first() == Some(&b'"')))
    })
}

/// Whether a tool is of another type than `function`.
fn has_other_tools(tools: &str) -> bool {
    let is_other = |tool: &RawRef<'_>| {
        let kind = tool.fields().ok().and_then(|fields| fields.peek("type").and_then(RawRef::as_str));
        kind.is_some_and(|kind| kind != "function")
    };
    RawRef::parse(tools).and_then(RawRef::items).is_ok_and(|items| items.iter().any(is_other))
}
