//! What a writer must know of the model that it writes to.

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The provider's name of the model (or deployment).
    pub model: &'a str,
    pub facts: &'a ModelFacts,
    /// The API version in force at the provider, where its dialect has versions.
    pub version: Option<&'a str>,
}

/// What a model accepts, from the catalogue; the default is "nothing special known": then what the caller asks for is sent as it is, and the
/// provider judges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Largest output in tokens.
    pub max_output: Option<u64>,
    /// Largest input in tokens.
    pub context: Option<u64>,
    pub thinking: Thinking,
    /// `temperature`, `top_p` and `top_k` are refused.
    pub refuses_sampling: bool,
    /// `temperature` and `top_p` are refused together; one alone is fine.
    pub one_of_temperature_top_p: bool,
    /// A tool choice that forces a call is refused.
    pub refuses_forced_tools: bool,
    /// A conversation that ends with the assistant is refused.
    pub refuses_prefill: bool,
    /// System turns may stand between the other turns.
    pub takes_system_turns: bool,
    /// No answer that is bound to a JSON schema, and no strict tools.
    pub lacks_schema_output: bool,
}

/// How a model is told to think before it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thinking {
    pub mode: ThinkingMode,
    pub off: OffSwitch,
    /// The words of effort that it takes, from the least to the most; empty where it takes none.
    pub efforts: &'static [&'static str],
    /// It leaves out the text of its thought unless asked for it.
    pub text_on_request: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThinkingMode {
    /// Not known: a request is sent the way that the newest models take.
    #[default]
    Unknown,
    /// It cannot.
    None,
    /// With a budget in tokens, set by the request; off unless asked.
    Budget,
    /// As much as the model finds right, steered by a word of effort; off unless asked.
    AdaptiveOnRequest,
    /// The same; on unless switched off, if it can be.
    AdaptiveAlways,
}

/// How thinking is switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OffSwitch {
    /// By not asking for it.
    #[default]
    Omit,
    /// `{"type":"disabled"}`.
    Disabled,
    /// The same, refused with an effort above `high`.
    DisabledUpToHigh,
    /// `{"type":"between_tools"}` alone, refused with an effort above `high`.
    BetweenTools,
    /// Not at all.
    Never,
}
