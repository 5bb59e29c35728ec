//! What each family of Claude models accepts.
//!
//! Behaviour from `providers/anthropic.md` (request mapping, tools, response_format, thinking), verified 2026-11-22. Context and largest output
//! from the model table of the LiteLLM project, release 1.109.1, as of 2026-11-22; of models before 4.5, which that table no longer has, from
//! Anthropic's own overview of its models. That temperature and top_p exclude each other from 4.1 to 4.6 is the provider's own 400.

use dialects::{ModelFacts, OffSwitch, Thinking, ThinkingMode};

/// Facts of one family: the models whose name is the prefix, or goes on with a date or a word.
struct Family {
    prefix: &'static str,
    context: u64,
    max_output: u64,
    thinking: Thinking,
    ways: &'static [Way],
}

/// What sets a family apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    RefusesSampling,
    OneOfTemperatureTopP,
    RefusesForcedTools,
    RefusesPrefill,
    TakesSystemTurns,
    LacksSchemaOutput,
}

use OffSwitch as Off;
use ThinkingMode as Mode;
use Way::*;

const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const EFFORTS_OF_4_6: &[&str] = &["low", "medium", "high", "max"];

const ALWAYS: Thinking = thinking(Mode::AdaptiveAlways, Off::Never, EFFORTS, true);
const ON_UP_TO_HIGH: Thinking = thinking(Mode::AdaptiveAlways, Off::DisabledUpToHigh, EFFORTS, true);
const ON_BETWEEN_TOOLS: Thinking = thinking(Mode::AdaptiveAlways, Off::BetweenTools, EFFORTS, true);
const ON: Thinking = thinking(Mode::AdaptiveAlways, Off::Disabled, EFFORTS, true);
const ON_REQUEST: Thinking = thinking(Mode::AdaptiveOnRequest, Off::Disabled, EFFORTS, true);
const ON_REQUEST_4_6: Thinking = thinking(Mode::AdaptiveOnRequest, Off::Omit, EFFORTS_OF_4_6, false);
const BUDGET: Thinking = thinking(Mode::Budget, Off::Omit, &[], false);
const NEVER: Thinking = thinking(Mode::None, Off::Omit, &[], false);

const K200: u64 = 200_000;
const M1: u64 = 1_000_000;

#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    family("claude-fable-5",      M1, 128_000, ALWAYS, &[RefusesSampling, RefusesPrefill, TakesSystemTurns]),
    family("claude-fable-5-1",    M1, 128_000, ALWAYS, &[RefusesSampling, RefusesPrefill, TakesSystemTurns, RefusesForcedTools]),
    family("claude-mythos",       M1, 128_000, ALWAYS, &[RefusesSampling, RefusesPrefill]),
    family("claude-mythos-5",     M1, 128_000, ALWAYS, &[RefusesSampling, RefusesPrefill]),
    family("claude-mythos-5-1",   M1, 128_000, ALWAYS, &[RefusesSampling, RefusesPrefill, RefusesForcedTools]),
    family("claude-opus-5-5",     M1, 128_000, ALWAYS, &[RefusesSampling, RefusesPrefill, TakesSystemTurns, RefusesForcedTools]),
    family("claude-opus-5",       M1, 128_000, ON_UP_TO_HIGH, &[RefusesSampling, RefusesPrefill, TakesSystemTurns]),
    family("claude-opus-4-8",     M1, 128_000, ON_REQUEST, &[RefusesSampling, RefusesPrefill, TakesSystemTurns]),
    family("claude-opus-4-7",     M1, 128_000, ON_REQUEST, &[RefusesSampling, RefusesPrefill]),
    family("claude-opus-4-6",     M1, 128_000, ON_REQUEST_4_6, &[OneOfTemperatureTopP, RefusesPrefill]),
    family("claude-opus-4-5",     K200, 64_000, BUDGET, &[OneOfTemperatureTopP]),
    family("claude-opus-4-1",     K200, 32_000, BUDGET, &[OneOfTemperatureTopP, LacksSchemaOutput]),
    family("claude-opus-4-0",     K200, 32_000, BUDGET, &[LacksSchemaOutput]),
    family("claude-opus-4",       K200, 32_000, BUDGET, &[LacksSchemaOutput]),
    family("claude-sonnet-5-5",   M1, 128_000, ON_BETWEEN_TOOLS, &[RefusesSampling, RefusesPrefill, TakesSystemTurns, RefusesForcedTools]),
    family("claude-sonnet-5",     M1, 128_000, ON, &[RefusesSampling, RefusesPrefill]),
    family("claude-sonnet-4-6",   M1, 128_000, ON_REQUEST_4_6, &[OneOfTemperatureTopP, RefusesPrefill]),
    family("claude-sonnet-4-5",   K200, 64_000, BUDGET, &[OneOfTemperatureTopP]),
    family("claude-sonnet-4-0",   K200, 64_000, BUDGET, &[LacksSchemaOutput]),
    family("claude-sonnet-4",     K200, 64_000, BUDGET, &[LacksSchemaOutput]),
    family("claude-haiku-5-5",    M1, 128_000, ON_UP_TO_HIGH, &[RefusesSampling, RefusesPrefill]),
    family("claude-haiku-4-5",    K200, 64_000, BUDGET, &[OneOfTemperatureTopP]),
    family("claude-3-7-sonnet",   K200, 64_000, BUDGET, &[LacksSchemaOutput]),
    family("claude-3-5-sonnet",   K200, 8_192, NEVER, &[LacksSchemaOutput]),
    family("claude-3-5-haiku",    K200, 8_192, NEVER, &[LacksSchemaOutput]),
    family("claude-3-opus",       K200, 4_096, NEVER, &[LacksSchemaOutput]),
    family("claude-3-sonnet",     K200, 4_096, NEVER, &[LacksSchemaOutput]),
    family("claude-3-haiku",      K200, 4_096, NEVER, &[LacksSchemaOutput]),
];

/// What is known of a model; the default where its family is not listed.
pub(super) fn facts(model: &str) -> ModelFacts {
    let fitting = FAMILIES.iter().filter(|family| family.includes(model)).max_by_key(|family| family.prefix.len());
    fitting.map(Family::facts).unwrap_or_default()
}

impl Family {
    /// A date (`-20250929`) or a word (`-latest`) is of the family; a short number (`-7`) is a later version, of which nothing is known.
    fn includes(&self, model: &str) -> bool {
        let Some(rest) = model.strip_prefix(self.prefix) else { return false };
        let Some(word) = rest.strip_prefix(['-', '@', ':']) else { return rest.is_empty() };
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        digits == 0 || digits == 8
    }

    fn facts(&self) -> ModelFacts {
        let has = |way| self.ways.contains(&way);
        ModelFacts {
            max_output: Some(self.max_output),
            context: Some(self.context),
            thinking: self.thinking,
            refuses_sampling: has(RefusesSampling),
            one_of_temperature_top_p: has(OneOfTemperatureTopP),
            refuses_forced_tools: has(RefusesForcedTools),
            refuses_prefill: has(RefusesPrefill),
            takes_system_turns: has(TakesSystemTurns),
            lacks_schema_output: has(LacksSchemaOutput),
        }
    }
}

const fn family(prefix: &'static str, context: u64, max_output: u64, thinking: Thinking, ways: &'static [Way]) -> Family {
    Family { prefix, context, max_output, thinking, ways }
}

const fn thinking(mode: Mode, off: Off, efforts: &'static [&'static str], text_on_request: bool) -> Thinking {
    Thinking { mode, off, efforts, text_on_request }
}
