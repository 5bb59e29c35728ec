//! Declared edits: what a provider wants different from the dialect that it speaks.

use chat::Operation;

/// A quirk with the place that says so.
#[derive(Debug)]
pub struct Sourced {
    pub quirk: Quirk,
    pub operation: Operation,
    /// The models that it holds for.
    pub models: Models,
    /// Document and section, as `providers/groq.md §2`.
    pub source: &'static str,
}

/// Model families by the beginning of the provider's name for the model. A fine-tuned model (`ft:gpt-4o-...`) belongs to its base's family.
#[derive(Debug)]
pub enum Models {
    All,
    Starting(&'static [&'static str]),
    /// Every model but those that begin so: for rules where an unknown, newer family is to be taken as the newest known.
    NotStarting(&'static [&'static str]),
}

/// The closed list of edits.
///
/// The first group touches top-level fields: one decision for both paths (`quirks`), applied to the spliced bytes or to the typed request.
/// The second group reaches into messages and exists on the typed path alone; `quirks::needs_typed` sends a request there.
#[derive(Debug)]
pub enum Quirk {
    /// The field is not sent: a loss.
    Drop { field: &'static str, reason: &'static str },
    /// The field has another name there. Where the caller set both names, both are sent and the provider judges.
    Rename { from: &'static str, to: &'static str },
    /// A number outside the range is sent as the bound that it passed: a loss.
    Clamp { field: &'static str, min: f64, max: f64, reason: &'static str },
    /// Sent where the caller set neither it nor any of `unless`; `value` is JSON text.
    Default { field: &'static str, value: &'static str, unless: &'static [&'static str] },
    /// A text whose words differ there; a word that the table lacks goes as `other` says.
    Words { field: &'static str, words: &'static [Word], other: OtherWord, reason: &'static str },

    /// Messages have no participant name there: a loss where one was given.
    DropTurnNames,
    /// Members with the value null are refused in assistant messages. Null says "not given", so that nothing is lost. To be declared last.
    DropNullMembers,
    /// Members of messages that are refused there: a loss where one held something.
    DropMessageMembers { members: &'static [&'static str], reason: &'static str },
    /// The role `developer` does not exist there; `system` means the same.
    DeveloperAsSystem,
    /// The thought of an earlier assistant turn stands under this name there.
    ReasoningMember { name: &'static str },
    /// The thought of earlier assistant turns is refused there: a loss where there was one.
    DropReasoning { reason: &'static str },
    /// A refusal of an earlier assistant turn goes as plain text: a loss.
    RefusalAsText { reason: &'static str },
    /// Cache markers on parts and tools are refused there: a loss.
    DropCacheMarkers { reason: &'static str },
}

/// One word of the caller's and what it is there.
#[derive(Debug)]
pub struct Word {
    pub from: &'static str,
    pub to: &'static str,
    /// True where both mean the same; else the change is a loss.
    pub exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherWord {
    /// Sent as it is: the provider judges.
    Keep,
    /// Not sent: a loss.
    Drop,
}

impl Word {
    /// A word that is the same there.
    pub const fn same(word: &'static str) -> Self {
        Self { from: word, to: word, exact: true }
    }

    /// Another spelling of the same thing.
    pub const fn spelt(from: &'static str, to: &'static str) -> Self {
        Self { from, to, exact: true }
    }

    /// The nearest that there is.
    pub const fn near(from: &'static str, to: &'static str) -> Self {
        Self { from, to, exact: false }
    }
}

impl Models {
    pub fn include(&self, model: &str) -> bool {
        let base = model.strip_prefix("ft:").unwrap_or(model);
        let starts_with_any = |prefixes: &[&str]| prefixes.iter().any(|prefix| base.starts_with(prefix));
        match self {
            Models::All => true,
            Models::Starting(prefixes) => starts_with_any(prefixes),
            Models::NotStarting(prefixes) => !starts_with_any(prefixes),
        }
    }
}

impl Quirk {
    /// Whether it reaches below the top level of the body.
    pub fn is_nested(&self) -> bool {
        match self {
            Quirk::Drop { .. } | Quirk::Rename { .. } | Quirk::Clamp { .. } | Quirk::Default { .. } | Quirk::Words { .. } => false,
            Quirk::DropTurnNames
            | Quirk::DropNullMembers
            | Quirk::DropMessageMembers { .. }
            | Quirk::DeveloperAsSystem
            | Quirk::ReasoningMember { .. }
            | Quirk::DropReasoning { .. }
            | Quirk::RefusalAsText { .. }
            | Quirk::DropCacheMarkers { .. } => true,
        }
    }
}
