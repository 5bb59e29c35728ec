//! The laws of event order: what every reader keeps and every writer may rely on.
//!
//! 1. `Start` comes first, once; only `Error` may come without it.
//! 2. The parts of a choice are numbered 0, 1, 2, ... in the order in which they open. A delta goes to a part that is open and is of its kind.
//! 3. A part closes once. When its choice finishes, and at the end, every part of the choice is closed.
//! 4. A choice finishes at most once. (Parts may follow: some providers send them so.)
//! 5. `End` and `Error` are the last event.

use crate::{Delta, Event, PartOpen};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Checks events one by one. Cheap enough for debug builds of the relay; used by every test of a reader.
#[derive(Clone, Debug, Default)]
pub struct Law {
    started: bool,
    ended: bool,
    choices: BTreeMap<u32, ChoiceState>,
}

#[derive(Clone, Debug, Default)]
struct ChoiceState {
    next: u32,
    open: BTreeMap<u32, OpenKind>,
    closed: BTreeSet<u32>,
    finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenKind {
    Text,
    Reasoning,
    Refusal,
    ToolCall,
    Audio,
    Native,
}

/// The law that an event breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    NotStarted,
    StartedTwice,
    AfterTheEnd,
    PartOutOfOrder { choice: u32, part: u32, expected: u32 },
    PartNotOpen { choice: u32, part: u32 },
    WrongDelta { choice: u32, part: u32 },
    PartLeftOpen { choice: u32, part: u32 },
    FinishedTwice { choice: u32 },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breach::NotStarted => f.write_str("an event came before the start"),
            Breach::StartedTwice => f.write_str("the stream started twice"),
            Breach::AfterTheEnd => f.write_str("an event came after the end or an error"),
            Breach::PartOutOfOrder { choice, part, expected } => write!(f, "choice {choice} opened part {part}, expected {expected}"),
            Breach::PartNotOpen { choice, part } => write!(f, "part {part} of choice {choice} is not open"),
            Breach::WrongDelta { choice, part } => write!(f, "part {part} of choice {choice} got a delta of another kind"),
            Breach::PartLeftOpen { choice, part } => write!(f, "part {part} of choice {choice} was left open"),
            Breach::FinishedTwice { choice } => write!(f, "choice {choice} finished twice"),
        }
    }
}

impl std::error::Error for Breach {}

impl Law {
    /// Takes the next event.
    pub fn check(&mut self, event: &Event) -> Result<(), Breach> {
        if self.ended {
            return Err(Breach::AfterTheEnd);
        }
        match event {
            Event::Start { .. } if self.started => return Err(Breach::StartedTwice),
            Event::Start { .. } => self.started = true,
            Event::Error(_) => self.ended = true,
            _ if !self.started => return Err(Breach::NotStarted),
            Event::PartStart { choice, part, open } => self.choice(*choice).open(*choice, *part, open)?,
            Event::PartDelta { choice, part, delta } => self.choice(*choice).grow(*choice, *part, delta)?,
            Event::PartEnd { choice, part } => self.choice(*choice).close(*choice, *part)?,
            Event::Finish { choice, .. } => self.choice(*choice).finish(*choice)?,
            Event::End => {
                self.ended = true;
                for (choice, state) in &self.choices {
                    state.all_closed(*choice)?;
                }
            }
            Event::Logprobs { .. } | Event::Usage { .. } | Event::Extras { .. } | Event::MessageExtras { .. } => {}
        }
        Ok(())
    }

    /// Takes several events.
    pub fn check_all<'e>(&mut self, events: impl IntoIterator<Item = &'e Event>) -> Result<(), Breach> {
        events.into_iter().try_for_each(|event| self.check(event))
    }

    fn choice(&mut self, choice: u32) -> &mut ChoiceState {
        self.choices.entry(choice).or_default()
    }
}

impl ChoiceState {
    fn open(&mut self, choice: u32, part: u32, open: &PartOpen) -> Result<(), Breach> {
        if part != self.next {
            return Err(Breach::PartOutOfOrder { choice, part, expected: self.next });
        }
        self.next += 1;
        self.open.insert(part, OpenKind::of(open));
        Ok(())
    }

    fn grow(&mut self, choice: u32, part: u32, delta: &Delta) -> Result<(), Breach> {
        let kind = self.open.get(&part).ok_or(Breach::PartNotOpen { choice, part })?;
        if kind.takes(delta) { Ok(()) } else { Err(Breach::WrongDelta { choice, part }) }
    }

    fn close(&mut self, choice: u32, part: u32) -> Result<(), Breach> {
        self.open.remove(&part).ok_or(Breach::PartNotOpen { choice, part })?;
        self.closed.insert(part);
        Ok(())
    }

    fn finish(&mut self, choice: u32) -> Result<(), Breach> {
        if std::mem::replace(&mut self.finished, true) {
            return Err(Breach::FinishedTwice { choice });
        }
        self.all_closed(choice)
    }

    fn all_closed(&self, choice: u32) -> Result<(), Breach> {
        match self.open.keys().next() {
            Some(part) => Err(Breach::PartLeftOpen { choice, part: *part }),
            None => Ok(()),
        }
    }
}

impl OpenKind {
    fn of(open: &PartOpen) -> Self {
        match open {
            PartOpen::Text => Self::Text,
            PartOpen::Reasoning => Self::Reasoning,
            PartOpen::Refusal => Self::Refusal,
            PartOpen::ToolCall { .. } => Self::ToolCall,
            PartOpen::Audio => Self::Audio,
            PartOpen::Native { .. } => Self::Native,
        }
    }

    fn takes(self, delta: &Delta) -> bool {
        match delta {
            Delta::Text(_) => matches!(self, Self::Text | Self::Reasoning | Self::Refusal),
            Delta::Arguments(_) => self == Self::ToolCall,
            Delta::Signature(_) | Delta::Encrypted(_) => self == Self::Reasoning,
            Delta::Citation { .. } => self == Self::Text,
            Delta::Audio { .. } => self == Self::Audio,
            Delta::Native { .. } => self == Self::Native,
        }
    }
}

#[cfg(test)]
mod tests;
