//! Thought that stands in the text, between tags: only where the owner of the provider declared it (providers/custom.md §3).
//!
//! An answer has at most one such thought, at its beginning; a tag further on is text. Where the server's prompt has opened the tag already,
//! the answer begins inside the thought.

use super::types::ME;
use crate::ThinkTags;
use chat::{Part, PartKind, ReasoningPart};

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Takes the thought out of the first text of a whole answer, unless the server told it apart itself.
pub(super) fn split(parts: &mut Vec<Part>, tags: ThinkTags) {
    if tags == ThinkTags::Text || parts.iter().any(|part| matches!(part.kind, PartKind::Reasoning(_))) {
        return;
    }
    let Some((at, text)) = parts.iter().enumerate().find_map(|(at, part)| match &part.kind {
        PartKind::Text { text } => Some((at, text)),
        _ => None,
    }) else {
        return;
    };
    // Without an end, a thought that began unseen is an answer; one that began with a tag was cut short, and the answer with it.
    if tags == ThinkTags::Opened && !text.contains(CLOSE) {
        return;
    }
    let (mut splitter, mut pieces) = (Splitter::new(tags), Vec::new());
    splitter.push(text, &mut pieces);
    splitter.finish(&mut pieces);
    let (mut thought, mut answer) = (String::new(), String::new());
    for piece in pieces {
        match piece {
            Piece::Thought(said) => thought.push_str(&said),
            Piece::Text(said) => answer.push_str(&said),
        }
    }
    let Some(part) = parts.get_mut(at) else { return };
    let thought =
        Some(thought).filter(|text| !text.is_empty()).map(|text| ReasoningPart { text, signature: None, encrypted: None, from: ME });
    let empty = answer.is_empty();
    part.kind = PartKind::Text { text: answer };
    if empty {
        parts.remove(at);
    }
    if let Some(thought) = thought {
        parts.insert(at, Part::new(PartKind::Reasoning(thought)));
    }
}

/// Tells thought and text apart piece by piece.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    state: State,
    /// Text that may be the beginning of a tag, or whitespace before one.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but whitespace and perhaps the beginning of a tag.
    Before,
    /// Inside the thought, before its first visible character.
    Entering,
    Inside,
    /// After the thought: whitespace is left out until the answer begins.
    Leaving,
    #[default]
    Answer,
}

/// A piece of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Thought(String),
    Text(String),
}

impl Splitter {
    pub(super) fn new(tags: ThinkTags) -> Self {
        let state = match tags {
            ThinkTags::Text => State::Answer,
            ThinkTags::Tagged => State::Before,
            // Begins inside the thought; an opening tag that comes all the same is skipped.
            ThinkTags::Opened => State::Entering,
        };
        Self { state, held: String::new() }
    }

    /// Nothing to tell apart any more: text is text.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Answer
    }

    /// The server tells its thought apart itself: tags are text then.
    pub(super) fn stand_down(&mut self) {
        if matches!(self.state, State::Before | State::Entering) && self.held.is_empty() {
            self.state = State::Answer;
        }
    }

    pub(super) fn push(&mut self, text: &str, out: &mut Vec<Piece>) {
        self.held.push_str(text);
        while self.step(out) {}
    }

    /// What was held back, at the end: it was no tag.
    pub(super) fn finish(&mut self, out: &mut Vec<Piece>) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Before | State::Answer if !held.is_empty() => out.push(Piece::Text(held)),
            State::Inside if !held.trim_end().is_empty() => out.push(Piece::Thought(held.trim_end().to_owned())),
            _ => {}
        }
        self.state = State::Answer;
    }

    /// Takes one step over what is held; false where more must come first.
    fn step(&mut self, out: &mut Vec<Piece>) -> bool {
        match self.state {
            State::Before => self.begin(out),
            State::Entering => self.enter(),
            State::Inside => self.inside(out),
            State::Leaving => self.leave(),
            State::Answer => {
                if !self.held.is_empty() {
                    out.push(Piece::Text(std::mem::take(&mut self.held)));
                }
                false
            }
        }
    }

    fn begin(&mut self, out: &mut Vec<Piece>) -> bool {
        let begun = self.held.trim_start();
        if let Some(inside) = begun.strip_prefix(OPEN) {
            self.held = inside.to_owned();
            self.state = State::Entering;
            return true;
        }
        if OPEN.starts_with(begun) {
            return false;
        }
        out.push(Piece::Text(std::mem::take(&mut self.held)));
        self.state = State::Answer;
        false
    }

    fn enter(&mut self) -> bool {
        let begun = self.held.trim_start();
        if begun.is_empty() || (begun.len() < OPEN.len() && OPEN.starts_with(begun)) {
            return false;
        }
        self.held = begun.strip_prefix(OPEN).unwrap_or(begun).to_owned();
        self.state = State::Inside;
        true
    }

    fn inside(&mut self, out: &mut Vec<Piece>) -> bool {
        if let Some((thought, answer)) = self.held.split_once(CLOSE) {
            let thought = thought.trim_end();
            if !thought.is_empty() {
                out.push(Piece::Thought(thought.to_owned()));
            }
            self.held = answer.to_owned();
            self.state = State::Leaving;
            return true;
        }
        let kept = unsure(&self.held);
        let at = self.held.len() - kept;
        let rest = self.held.split_off(at);
        let said = std::mem::replace(&mut self.held, rest);
        if !said.is_empty() {
            out.push(Piece::Thought(said));
        }
        false
    }

    fn leave(&mut self) -> bool {
        let begun = self.held.trim_start();
        if begun.is_empty() {
            self.held.clear();
            return false;
        }
        self.held = begun.to_owned();
        self.state = State::Answer;
        true
    }
}

/// How many bytes at the end may still become the closing tag, with the whitespace before it.
fn unsure(text: &str) -> usize {
    let tag = (1..CLOSE.len()).rev().find(|n| text.ends_with(CLOSE.get(..*n).unwrap_or(CLOSE))).unwrap_or(0);
    let before = text.get(..text.len() - tag).unwrap_or_default();
    tag + before.len() - before.trim_end().len()
}
