//! What every step of the writing adds to: losses, names, ids; and the blocks that it makes.

use super::cache;
use super::object;
use super::tools::ToolNames;
use crate::Target;
use crate::anthropic_messages::types::HERE;
use crate::names::Unique;
use crate::terms;
use chat::{CacheMarker, Chat, Extras, Fault, Loss};
use std::borrow::Cow;
use std::collections::HashMap;

pub(super) struct Draft<'c> {
    pub(super) chat: &'c Chat,
    pub(super) target: &'c Target<'c>,
    pub(super) losses: Losses,
    pub(super) tools: ToolNames,
    pub(super) ids: CallIds,
}

impl<'c> Draft<'c> {
    pub(super) fn new(chat: &'c Chat, target: &'c Target<'c>) -> Self {
        Self { chat, target, losses: Losses::default(), tools: ToolNames::default(), ids: CallIds::default() }
    }
}

/// What could not be carried.
#[derive(Default)]
pub(super) struct Losses(Vec<Loss>);

impl Losses {
    pub(super) fn dropped(&mut self, place: impl Into<String>, reason: &'static str) {
        self.0.push(Loss::dropped(place, reason));
    }

    pub(super) fn approximated(&mut self, place: impl Into<String>, reason: &'static str) {
        self.0.push(Loss::approximated(place, reason));
    }

    /// Members of another dialect that nothing here knows. Null says nothing, so nothing is lost with it.
    pub(super) fn extras(&mut self, place: &str, extras: &Extras) {
        if extras.from() != Some(HERE) {
            for (name, _) in extras.iter().filter(|(_, value)| !value.is_null()) {
                let dot = if place.is_empty() { "" } else { "." };
                self.dropped(format!("{place}{dot}{name}"), "the provider has no such field");
            }
        }
    }

    pub(super) fn into_list(mut self) -> Vec<Loss> {
        terms::tell_once(&mut self.0);
        self.0
    }
}

/// One content block, system block or tool, as JSON without its cache marker.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    json: String,
    pub(super) cache: Option<CacheMarker>,
    /// Where it stands in the caller's request.
    pub(super) place: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    ToolResult,
    Thinking,
    ToolUse,
    Text,
    Other,
}

impl Block {
    pub(super) fn new(kind: BlockKind, json: String, place: impl Into<String>) -> Self {
        Self { kind, json, cache: None, place: place.into() }
    }

    /// Text that no caller wrote.
    pub(super) fn text(text: &str) -> Result<Self, Fault> {
        let json = object(|block| {
            block.member("type", "text").member("text", text);
        })?;
        Ok(Self::new(BlockKind::Text, json, ""))
    }

    pub(super) fn marked(mut self, cache: Option<&CacheMarker>) -> Self {
        self.cache = cache.cloned();
        self
    }

    /// The block without its marker.
    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn size(&self) -> usize {
        self.json.len()
    }

    /// The block with its marker as the last member; every block has members before it.
    pub(super) fn with_marker(&self) -> Cow<'_, str> {
        match (&self.cache, self.json.strip_suffix('}')) {
            (Some(marker), Some(open)) => Cow::Owned(format!("{open},\"cache_control\":{}}}", cache::control(marker))),
            _ => Cow::Borrowed(&self.json),
        }
    }
}

/// Ids of tool calls as the provider allows them: `^[a-zA-Z0-9_-]+$`. Call and result get the same one.
#[derive(Default)]
pub(super) struct CallIds {
    sent: HashMap<String, String>,
    used: Unique,
}

impl CallIds {
    pub(super) fn sent(&mut self, own: &str) -> String {
        if let Some(sent) = self.sent.get(own) {
            return sent.clone();
        }
        let sent = self.used.take(allowed(own, usize::MAX), usize::MAX);
        self.sent.insert(own.to_owned(), sent.clone());
        sent
    }
}

/// The name with every character that is not allowed replaced, cut to the longest length.
pub(super) fn allowed(name: &str, longest: usize) -> String {
    let cleaned: String =
        name.chars().take(longest).map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect();
    if cleaned.is_empty() { "_".to_owned() } else { cleaned }
}
