//! Declared edits: what a provider wants different from the dialect that it speaks.

use chat::Operation;
use std::borrow::Cow;

/// A text of a declaration, or of a configuration.
pub type Text = Cow<'static, str>;

/// Some names: of a declaration, or of a configuration.
#[derive(Clone, Debug)]
pub enum Names {
    Declared(&'static [&'static str]),
    Configured(Vec<String>),
}

impl Names {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (declared, configured): (&[&str], &[String]) = match self {
            Names::Declared(names) => (names, &[]),
            Names::Configured(names) => (&[], names),
        };
        declared.iter().copied().chain(configured.iter().map(String::as_str))
    }

    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|other| other == name)
    }
}

/// A quirk with the place that says so.
#[derive(Clone, Debug)]
pub struct Sourced {
    pub quirk: Quirk,
    pub operation: Operation,
    /// The models that it holds for.
    pub models: Models,
    /// Document and section, as `providers/groq.md §2`.
    pub source: Text,
}

/// Model families by the beginning of the provider's name for the model. A fine-tuned model (`ft:gpt-4o-...`) belongs to its base's family.
#[derive(Clone, Debug)]
pub enum Models {
    All,
    Starting(Names),
    /// Every model but those that begin so: for rules where an unknown, newer family is to be taken as the newest known.
    NotStarting(Names),
}

/// The closed list of edits.
///
/// The first group touches top-level fields: one decision for both paths (`quirks`), applied to the spliced bytes or to the typed request.
/// The second group reaches into messages and tools and exists on the typed path alone; `quirks::needs_typed` sends a request there.
#[derive(Clone, Debug)]
pub enum Quirk {
    /// The field is not sent: a loss.
    Drop { field: Text, reason: Text },
    /// The field is not sent where it has this value (JSON text); a loss, unless leaving it out means the same there (`exact`).
    DropWhen { field: Text, equals: Text, exact: bool, reason: Text },
    /// An empty list or object is refused there. It says nothing, so that nothing is lost.
    DropEmpty { field: Text },
    /// Null is refused there in any field. It says "not given", so that nothing is lost.
    DropNulls,
    /// `stream_options` is refused there in a request that is no stream, for which it says nothing.
    StreamOptionsWithStreamOnly,
    /// The field has another name there. Where the caller set both names, both are sent and the provider judges.
    Rename { from: Text, to: Text },
    /// A number outside the range is sent as the bound that it passed: a loss.
    Clamp { field: Text, min: f64, max: f64, reason: Text },
    /// Sent where the caller set neither it nor any of `unless`; `value` is JSON text.
    Default { field: Text, value: Text, unless: Names },
    /// A text whose words differ there; a word that the table lacks goes as `other` says.
    Words { field: Text, words: Cow<'static, [Word]>, other: OtherWord, reason: Text },
    /// A single text is sent as a list of one, which means the same.
    AsList { field: Text },
    /// A choice of one tool goes as `required`: a loss.
    ToolChoiceAsWord { reason: Text },
    /// `response_format` of type `json_object` does not exist there.
    JsonObjectAs { form: JsonForm, reason: Text },

    /// Messages have no participant name there: a loss where one was given.
    DropTurnNames,
    /// Members with the value null are refused in assistant messages. Null says "not given", so that nothing is lost. To be declared last.
    DropNullMembers,
    /// Members of messages that are refused there: a loss where one held something.
    DropMessageMembers { members: Names, reason: Text },
    /// The role `developer` does not exist there; `system` means the same.
    DeveloperAsSystem,
    /// The thought of an earlier assistant turn stands under this name there.
    ReasoningMember { name: Text },
    /// The thought of earlier assistant turns is refused there: a loss where there was one.
    DropReasoning { reason: Text },
    /// A refusal of an earlier assistant turn goes as plain text: a loss.
    RefusalAsText { reason: Text },
    /// Cache markers on parts and tools are refused there: a loss.
    DropCacheMarkers { reason: Text },
    /// Content that is a list of texts goes as one text, a line each.
    FlattenTextParts,
    /// An assistant message without content has an empty text there, not null.
    EmptyContentForNull,
    /// One system message, and it stands first: one from further back is a loss.
    SystemFirst { reason: Text },
    /// Messages of one role that follow each other go as one.
    MergeSameRole,
    /// Only tools of type `function` exist there: others are a loss.
    FunctionToolsOnly { reason: Text },
    /// `top_k` exists there although OpenAI has none: carried for callers of every dialect.
    TakesTopK,
}

/// What takes the place of a `response_format` of type `json_object`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonForm {
    /// Free text: a loss.
    Text,
    /// A schema that every object fits.
    Schema,
    /// Text Generation Inference's own form, `{"type":"json_object","value":<schema>}`, which takes the place of `json_schema` too.
    Value,
}

/// One word of the caller's and what it is there.
#[derive(Clone, Debug)]
pub struct Word {
    pub from: Text,
    pub to: Text,
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
        Self { from: Cow::Borrowed(word), to: Cow::Borrowed(word), exact: true }
    }

    /// Another spelling of the same thing.
    pub const fn spelt(from: &'static str, to: &'static str) -> Self {
        Self { from: Cow::Borrowed(from), to: Cow::Borrowed(to), exact: true }
    }

    /// The nearest that there is.
    pub const fn near(from: &'static str, to: &'static str) -> Self {
        Self { from: Cow::Borrowed(from), to: Cow::Borrowed(to), exact: false }
    }
}

impl Models {
    pub fn include(&self, model: &str) -> bool {
        let base = model.strip_prefix("ft:").unwrap_or(model);
        let starts_with_any = |prefixes: &Names| prefixes.iter().any(|prefix| base.starts_with(prefix));
        match self {
            Models::All => true,
            Models::Starting(prefixes) => starts_with_any(prefixes),
            Models::NotStarting(prefixes) => !starts_with_any(prefixes),
        }
    }
}

/// For the tables of declarations.
impl Quirk {
    pub const fn drop(field: &'static str, reason: &'static str) -> Self {
        Quirk::Drop { field: Cow::Borrowed(field), reason: Cow::Borrowed(reason) }
    }

    pub const fn rename(from: &'static str, to: &'static str) -> Self {
        Quirk::Rename { from: Cow::Borrowed(from), to: Cow::Borrowed(to) }
    }

    pub const fn clamp(field: &'static str, min: f64, max: f64, reason: &'static str) -> Self {
        Quirk::Clamp { field: Cow::Borrowed(field), min, max, reason: Cow::Borrowed(reason) }
    }

    pub const fn default(field: &'static str, value: &'static str, unless: &'static [&'static str]) -> Self {
        Quirk::Default { field: Cow::Borrowed(field), value: Cow::Borrowed(value), unless: Names::Declared(unless) }
    }

    pub const fn words(field: &'static str, words: &'static [Word], other: OtherWord, reason: &'static str) -> Self {
        Quirk::Words { field: Cow::Borrowed(field), words: Cow::Borrowed(words), other, reason: Cow::Borrowed(reason) }
    }

    pub const fn drop_message_members(members: &'static [&'static str], reason: &'static str) -> Self {
        Quirk::DropMessageMembers { members: Names::Declared(members), reason: Cow::Borrowed(reason) }
    }

    pub const fn reasoning_member(name: &'static str) -> Self {
        Quirk::ReasoningMember { name: Cow::Borrowed(name) }
    }

    pub const fn drop_reasoning(reason: &'static str) -> Self {
        Quirk::DropReasoning { reason: Cow::Borrowed(reason) }
    }

    pub const fn refusal_as_text(reason: &'static str) -> Self {
        Quirk::RefusalAsText { reason: Cow::Borrowed(reason) }
    }

    pub const fn drop_cache_markers(reason: &'static str) -> Self {
        Quirk::DropCacheMarkers { reason: Cow::Borrowed(reason) }
    }
}

impl Quirk {
    /// Whether it reaches below the top level of the body.
    pub fn is_nested(&self) -> bool {
        match self {
            Quirk::Drop { .. }
            | Quirk::DropWhen { .. }
            | Quirk::DropEmpty { .. }
            | Quirk::DropNulls
            | Quirk::StreamOptionsWithStreamOnly
            | Quirk::Rename { .. }
            | Quirk::Clamp { .. }
            | Quirk::Default { .. }
            | Quirk::Words { .. }
            | Quirk::AsList { .. }
            | Quirk::ToolChoiceAsWord { .. }
            | Quirk::JsonObjectAs { .. } => false,
            Quirk::DropTurnNames
            | Quirk::DropNullMembers
            | Quirk::DropMessageMembers { .. }
            | Quirk::DeveloperAsSystem
            | Quirk::ReasoningMember { .. }
            | Quirk::DropReasoning { .. }
            | Quirk::RefusalAsText { .. }
            | Quirk::DropCacheMarkers { .. }
            | Quirk::FlattenTextParts
            | Quirk::EmptyContentForNull
            | Quirk::SystemFirst { .. }
            | Quirk::MergeSameRole
            | Quirk::FunctionToolsOnly { .. }
            | Quirk::TakesTopK => true,
        }
    }
}

/// For the tables of declarations.
impl Models {
    pub const fn starting(prefixes: &'static [&'static str]) -> Self {
        Models::Starting(Names::Declared(prefixes))
    }

    pub const fn not_starting(prefixes: &'static [&'static str]) -> Self {
        Models::NotStarting(Names::Declared(prefixes))
    }
}

impl Sourced {
    /// A quirk of a declaration that holds for chat with every model.
    pub const fn chat(quirk: Quirk, source: &'static str) -> Self {
        Self::chat_of(Models::All, quirk, source)
    }

    /// A quirk of a declaration that holds for chat with some models.
    pub const fn chat_of(models: Models, quirk: Quirk, source: &'static str) -> Self {
        Self { quirk, operation: Operation::Chat, models, source: Cow::Borrowed(source) }
    }
}
