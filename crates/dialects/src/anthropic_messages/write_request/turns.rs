//! Turns: leading system turns into `system`, the others into messages whose speakers alternate, the first of them the user.

use super::blocks;
use super::draft::{Block, BlockKind, Draft};
use super::places;
use crate::anthropic_messages::types::HERE;
use chat::{Fault, PartKind, Role, Turn};
use std::collections::HashSet;
use wire::Raw;

/// Stands where the provider wants words of the user and the caller has none.
const GO_ON: &str = "Continue.";

#[derive(Default)]
pub(super) struct Conversation {
    pub(super) system: Vec<Block>,
    pub(super) messages: Vec<Message>,
}

pub(super) struct Message {
    pub(super) speaker: Speaker,
    pub(super) blocks: Vec<Block>,
    pub(super) extras: Vec<(String, Raw)>,
    /// Names of those, where turns became one.
    members: HashSet<String>,
    /// It holds a call of a tool.
    calls: bool,
    /// Where its last turn stands in the caller's request.
    place: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
    System,
}

impl Speaker {
    pub(super) fn role(self) -> &'static str {
        match self {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
            Speaker::System => "system",
        }
    }

    fn of(role: Role) -> Self {
        match role {
            Role::System | Role::Developer => Speaker::System,
            Role::User | Role::Tool => Speaker::User,
            Role::Assistant => Speaker::Assistant,
        }
    }
}

impl Message {
    fn has(&self, kind: BlockKind) -> bool {
        self.blocks.iter().any(|block| block.kind == kind)
    }

    fn of_text(speaker: Speaker, text: &str) -> Result<Self, Fault> {
        Ok(Self {
            speaker,
            blocks: vec![Block::text(text)?],
            extras: Vec::new(),
            members: HashSet::new(),
            calls: false,
            place: String::new(),
        })
    }
}

pub(super) fn conversation(draft: &mut Draft<'_>) -> Result<Conversation, Fault> {
    let mut conversation = Conversation::default();
    let turns = &draft.chat.turns;
    let leading = turns.iter().take_while(|turn| Speaker::of(turn.role) == Speaker::System).count();
    for (n, turn) in turns.iter().enumerate() {
        let place = places::turn(n);
        let blocks = turn_blocks(draft, turn, &place)?;
        if n < leading {
            conversation.system.extend(blocks);
            lose_members(draft, turn, &place);
        } else if blocks.is_empty() {
            lose_members(draft, turn, &place);
            if !turn.parts.is_empty() {
                draft.losses.dropped(place, "a turn without content, which the provider refuses");
            }
        } else {
            conversation.add(draft, turn, blocks, place);
        }
    }
    conversation.begin_with_user(draft)?;
    conversation.results_first();
    Ok(conversation)
}

/// The blocks of one turn, thought first.
fn turn_blocks(draft: &mut Draft<'_>, turn: &Turn, place: &str) -> Result<Vec<Block>, Fault> {
    if turn.name.is_some() {
        draft.losses.dropped(format!("{place}.name"), "the provider has no names of participants");
    }
    draft.losses.extras(place, &turn.extras);
    let mut blocks = Vec::with_capacity(turn.parts.len());
    // The nearest part before, sources aside, is a text that is sent.
    let mut after_text = false;
    for (n, (part, part_place)) in turn.parts.iter().zip(places::of_parts(place, turn)).enumerate() {
        let citations: Vec<&Raw> = match own_citation(part) {
            Some(_) => Vec::new(),
            None => turn.parts.iter().skip(n + 1).map_while(own_citation).collect(),
        };
        if own_citation(part).is_none() {
            after_text = matches!(&part.kind, PartKind::Text { text } if !text.trim().is_empty());
        } else if !after_text {
            draft.losses.dropped(&part_place, "a source without the text that rests on it");
        }
        blocks.extend(blocks::block(draft, turn, part, &part_place, &citations)?);
    }
    if blocks.first().is_some_and(|first| first.kind != BlockKind::Thinking) {
        // Stable: thoughts keep their order, and so does the rest.
        blocks.sort_by_key(|block| block.kind != BlockKind::Thinking);
    }
    Ok(blocks)
}

/// Members of a message that there is no message for.
fn lose_members(draft: &mut Draft<'_>, turn: &Turn, place: &str) {
    for (name, _) in turn.extras.of(HERE) {
        draft.losses.dropped(format!("{place}.{name}"), "the turn is no message of its own at the provider");
    }
}

/// The sources that follow a text belong to its block.
fn own_citation(part: &chat::Part) -> Option<&Raw> {
    match &part.kind {
        PartKind::Citation { raw, from } if *from == HERE => Some(raw),
        _ => None,
    }
}

impl Conversation {
    fn add(&mut self, draft: &mut Draft<'_>, turn: &Turn, blocks: Vec<Block>, place: String) {
        let speaker = Speaker::of(turn.role);
        if speaker == Speaker::System && (!draft.target.facts.takes_system_turns || self.awaits_results()) {
            lose_members(draft, turn, &place);
            draft.losses.approximated(place, "moved to the front: the provider takes no system turn here");
            self.system.extend(blocks);
            return;
        }
        let calls = blocks.iter().any(|block| block.kind == BlockKind::ToolUse);
        match self.messages.last_mut().filter(|last| last.speaker == speaker) {
            Some(last) => {
                last.calls |= calls;
                last.blocks.extend(blocks);
                if !turn.extras.of(HERE).is_empty() && last.members.is_empty() {
                    last.members = last.extras.iter().map(|(name, _)| name.clone()).collect();
                }
                for (name, value) in turn.extras.of(HERE) {
                    match last.members.insert(name.clone()) {
                        false => draft.losses.dropped(format!("{place}.{name}"), "this turn is one with the turn before, which has it too"),
                        true => last.extras.push((name.clone(), value.clone())),
                    }
                }
                last.place = place;
            }
            None => {
                let extras = turn.extras.of(HERE).to_vec();
                self.messages.push(Message { speaker, blocks, extras, members: HashSet::new(), calls, place });
            }
        }
    }

    /// The assistant called tools and nobody answered yet: only results may come next.
    fn awaits_results(&self) -> bool {
        self.messages.last().is_some_and(|last| last.speaker == Speaker::Assistant && last.calls)
    }

    fn begin_with_user(&mut self, draft: &mut Draft<'_>) -> Result<(), Fault> {
        if self.messages.first().is_some_and(|first| first.speaker == Speaker::User) {
            return Ok(());
        }
        let place = self.messages.first().map_or_else(|| places::turn(0), |first| first.place.clone());
        draft.losses.approximated(place, "the provider's conversations begin with the user: a short user turn was put first");
        self.messages.insert(0, Message::of_text(Speaker::User, GO_ON)?);
        Ok(())
    }

    fn results_first(&mut self) {
        for message in self.messages.iter_mut().filter(|message| message.speaker == Speaker::User) {
            message.blocks.sort_by_key(|block| block.kind != BlockKind::ToolResult);
        }
    }

    /// The round of tool calls that the model goes on from has no thought of its own in it: with thinking on the provider refuses that.
    pub(super) fn lacks_thought(&self) -> bool {
        let last = self.messages.iter().rev().find(|message| message.speaker == Speaker::Assistant);
        last.is_some_and(|last| last.has(BlockKind::ToolUse) && !last.has(BlockKind::Thinking))
    }

    /// A conversation that ends with the assistant asks to go on from its words. Where that is refused the user asks in words; elsewhere the
    /// last text loses the whitespace at its end, which is refused too.
    pub(super) fn end_with_user(&mut self, draft: &mut Draft<'_>, manual_thinking: bool) -> Result<(), Fault> {
        let bound = draft.chat.output.as_ref().is_some_and(|output| *output != chat::Output::Text);
        let refused = draft.target.facts.refuses_prefill || manual_thinking || bound;
        let Some(last) = self.messages.last_mut().filter(|last| last.speaker == Speaker::Assistant && !last.has(BlockKind::ToolUse)) else {
            return Ok(());
        };
        if refused {
            draft
                .losses
                .approximated(last.place.clone(), "the provider does not go on from the assistant's words: a short user turn was put last");
            self.messages.push(Message::of_text(Speaker::User, GO_ON)?);
        } else if let Some(block) = last.blocks.last_mut().filter(|block| block.kind == BlockKind::Text)
            && let Some(trimmed) = blocks::trimmed(block)?
        {
            draft
                .losses
                .approximated(block.place.clone(), "whitespace at the end of the last assistant turn was cut, which the provider refuses");
            *block = trimmed;
        }
        Ok(())
    }

    /// Bytes of all blocks: how large the body will be, nearly.
    pub(super) fn size(&self) -> usize {
        let in_messages = self.messages.iter().flat_map(|message| &message.blocks);
        self.system.iter().chain(in_messages).map(|block| block.size() + 16).sum()
    }
}
