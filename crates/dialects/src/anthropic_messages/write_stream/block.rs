//! One block: what it has said already, and what waits to be said.

use super::frames;
use crate::anthropic_messages::types::HERE;
use crate::anthropic_messages::write_reply::wrapped;
use chat::{Delta, PartOpen};
use wire::Raw;

pub(super) struct Block {
    part: u32,
    kind: Kind,
    /// Its index in the stream, once it has begun there.
    index: Option<u32>,
    /// Members of the block itself, for its start.
    members: Vec<(String, Raw)>,
    waiting: Vec<Piece>,
    /// Bytes of it that are kept beyond the event that brought them.
    held: usize,
    over: bool,
}

enum Kind {
    Text,
    Thinking,
    /// The arguments up to here: they are judged at the end.
    ToolUse {
        id: String,
        name: String,
        arguments: String,
    },
    Native(Raw),
    /// Of another dialect: told at the end of the stream.
    Nothing,
}

enum Piece {
    Text(String),
    Signature(String),
    Encrypted(String),
    Arguments(String),
    Citation(Raw),
    Native(Raw),
}

impl Piece {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Signature(text) | Self::Encrypted(text) => text.len(),
            // Once to be said, once to be judged.
            Self::Arguments(text) => text.len() * 2,
            Self::Citation(raw) | Self::Native(raw) => raw.text().len(),
        }
    }
}

impl Block {
    pub(super) fn new(part: u32, open: &PartOpen) -> Self {
        let kind = match open {
            PartOpen::Text | PartOpen::Refusal | PartOpen::Audio => Kind::Text,
            PartOpen::Reasoning => Kind::Thinking,
            PartOpen::ToolCall { id, name, .. } => Kind::ToolUse { id: id.clone(), name: name.clone(), arguments: String::new() },
            PartOpen::Native { raw, from } if *from == HERE => Kind::Native(raw.clone()),
            PartOpen::Native { .. } => Kind::Nothing,
        };
        Self { part, kind, index: None, members: Vec::new(), waiting: Vec::new(), held: 0, over: false }
    }

    pub(super) fn part(&self) -> u32 {
        self.part
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn end(&mut self) {
        self.over = true;
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// It has not begun in the stream.
    pub(super) fn takes_members(&self) -> bool {
        self.index.is_none() && !matches!(self.kind, Kind::Native(_) | Kind::Nothing)
    }

    pub(super) fn add_members(&mut self, members: &[(String, Raw)]) {
        self.members.extend_from_slice(members);
    }

    /// An empty piece says nothing. What is said at once is not held, but arguments are: they are judged at the end.
    pub(super) fn add(&mut self, delta: &Delta, live: bool) {
        if let Delta::Text(piece) | Delta::Arguments(piece) | Delta::Signature(piece) = delta
            && piece.is_empty()
        {
            return;
        }
        let piece = match (&mut self.kind, delta) {
            (Kind::Text | Kind::Thinking, Delta::Text(text)) => Piece::Text(text.clone()),
            (Kind::Text, Delta::Audio { transcript: Some(text), .. }) if !text.is_empty() => Piece::Text(text.clone()),
            (Kind::Text, Delta::Citation { raw, .. }) => Piece::Citation(raw.clone()),
            (Kind::Thinking, Delta::Signature(text)) => Piece::Signature(text.clone()),
            (Kind::Thinking, Delta::Encrypted(data)) => Piece::Encrypted(data.clone()),
            (Kind::ToolUse { arguments, .. }, Delta::Arguments(text)) => {
                arguments.push_str(text);
                Piece::Arguments(text.clone())
            }
            (Kind::Native(_), Delta::Native { raw, .. }) => Piece::Native(raw.clone()),
            _ => return,
        };
        if !live || matches!(piece, Piece::Arguments(_)) {
            self.held += piece.size() + super::OVERHEAD;
        }
        self.waiting.push(piece);
    }

    /// Says what waits. The block begins with its first piece.
    pub(super) fn write(&mut self, next: &mut u32, out: &mut Vec<u8>) {
        if let Kind::ToolUse { arguments, .. } = &self.kind
            && !arguments.trim_start().starts_with('{')
            && !self.over
        {
            // No object so far: what it is shows at its end.
            return;
        }
        self.settle();
        let begins = match &self.kind {
            Kind::ToolUse { .. } | Kind::Native(_) => self.over || !self.waiting.is_empty(),
            Kind::Text | Kind::Thinking => !self.waiting.is_empty(),
            Kind::Nothing => false,
        };
        if self.index.is_none() && begins {
            self.index = Some(*next);
            self.begin(*next, out);
            *next += 1;
        }
        if let Some(index) = self.index {
            self.waiting.drain(..).for_each(|piece| say(index, &piece, matches!(self.kind, Kind::Thinking), out));
        }
    }

    /// Arguments that are no object at all, at their end: the text of them inside one.
    fn settle(&mut self) {
        let Kind::ToolUse { arguments, .. } = &mut self.kind else { return };
        if self.over && self.index.is_none() && !arguments.trim().is_empty() && !arguments.trim_start().starts_with('{') {
            *arguments = wrapped(arguments);
            self.waiting = vec![Piece::Arguments(arguments.clone())];
        }
    }

    fn begin(&mut self, index: u32, out: &mut Vec<u8>) {
        let members = std::mem::take(&mut self.members);
        match &self.kind {
            Kind::Native(raw) => frames::raw_block_start(out, index, raw),
            Kind::Text => frames::block_start(out, index, |block| {
                block.member("type", "text").member("text", "").extend(&members);
            }),
            Kind::ToolUse { id, name, .. } => frames::block_start(out, index, |block| {
                block.member("type", "tool_use").member("id", id).member("name", name).json("input", "{}").extend(&members);
            }),
            Kind::Thinking => self.begin_thought(index, &members, out),
            Kind::Nothing => {}
        }
    }

    /// An encrypted thought comes whole, in the start of its block.
    fn begin_thought(&self, index: u32, members: &[(String, Raw)], out: &mut Vec<u8>) {
        let encrypted = self.waiting.iter().find_map(|piece| if let Piece::Encrypted(data) = piece { Some(data) } else { None });
        frames::block_start(out, index, |block| {
            match encrypted {
                Some(data) => block.member("type", "redacted_thinking").member("data", data),
                None => block.member("type", "thinking").member("thinking", "").member("signature", ""),
            };
            block.extend(members);
        });
    }

    /// Ends the block in the stream; false where what it said cannot be read. (Arguments that break off may be: an answer cut at its largest
    /// length has them.)
    pub(super) fn close(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(index) = self.index else { return true };
        if let Kind::ToolUse { arguments, .. } = &self.kind
            && !is_object_or_its_beginning(arguments)
        {
            return false;
        }
        frames::block_stop(out, index);
        true
    }
}

fn is_object_or_its_beginning(arguments: &str) -> bool {
    match serde_json::from_str::<serde::de::IgnoredAny>(arguments) {
        Ok(_) => true,
        Err(error) => error.is_eof(),
    }
}

fn say(index: u32, piece: &Piece, thought: bool, out: &mut Vec<u8>) {
    match piece {
        Piece::Text(text) if thought => frames::delta(out, index, "thinking_delta", "thinking", text),
        Piece::Text(text) => frames::delta(out, index, "text_delta", "text", text),
        Piece::Signature(text) => frames::delta(out, index, "signature_delta", "signature", text),
        Piece::Arguments(text) => frames::delta(out, index, "input_json_delta", "partial_json", text),
        Piece::Citation(raw) => frames::citation(out, index, raw),
        Piece::Native(raw) => frames::raw_delta(out, index, raw),
        // It stands in the start of the block.
        Piece::Encrypted(_) => {}
    }
}
