//! Whether the model thinks, how hard, and what that does to `max_tokens` (`providers/anthropic.md`, "reasoning_effort / thinking").

use super::draft::Draft;
use super::object;
use super::rest::Passed;
use crate::anthropic_messages::types::HERE;
use crate::target::{OffSwitch, Thinking, ThinkingMode};
use chat::Effort;
use wire::Raw;

/// What is sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Thought {
    pub(super) max_tokens: u64,
    /// The `thinking` object, as JSON.
    pub(super) thinking: Option<String>,
    /// `output_config.effort`.
    pub(super) effort: Option<String>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Off,
    /// With a budget in tokens.
    Manual,
    Adaptive,
}

impl Thought {
    pub(super) fn on(&self) -> bool {
        self.state != State::Off
    }

    /// A budget is in force: no forced tools and no prefill then.
    pub(super) fn manual(&self) -> bool {
        self.state == State::Manual
    }
}

/// What the caller asks for.
#[derive(Debug)]
enum Wish {
    /// Nothing: as the model does by itself.
    Nothing,
    Off,
    On,
    /// The provider's own object, in a form that this model takes (or is not known to refuse).
    Own {
        json: String,
        state: State,
    },
}

/// The least budget.
const LEAST_BUDGET: u64 = 1024;
/// The words of effort, from the least to the most.
const SCALE: &[&str] = &["low", "medium", "high", "xhigh", "max"];
/// The most that a model takes whose thinking was switched off.
const MOST_WHEN_OFF: &str = "high";

pub(super) fn thought(draft: &mut Draft<'_>, passed: &mut Passed, lacks_thought: bool, max_tokens: u64) -> Thought {
    let mut asked = Asked::read(draft, passed.thinking.take());
    if passed.configures("effort") && draft.chat.reasoning.effort.as_ref().is_some_and(|effort| *effort != Effort::None) {
        draft.losses.dropped(effort_place(draft), "`output_config.effort` stands in its place");
    }
    if lacks_thought {
        asked.give_way_to_history(draft);
    }
    let mut thought = asked.answer(draft, max_tokens);
    if passed.configures("effort") {
        thought.effort = None;
    }
    thought
}

/// The caller's wish in all its spellings.
struct Asked {
    wish: Wish,
    budget: Option<u64>,
    facts: Thinking,
    /// The field to name in a loss.
    place: &'static str,
    /// Thinking was switched off because the history lacks a thought.
    gave_way: bool,
}

impl Asked {
    fn read(draft: &mut Draft<'_>, own: Option<Raw>) -> Self {
        let reasoning = &draft.chat.reasoning;
        let mut asked = Self {
            wish: Wish::Nothing,
            budget: reasoning.budget,
            facts: draft.target.facts.thinking,
            place: effort_place(draft),
            gave_way: false,
        };
        if let Some(own) = own {
            asked.place = "thinking";
            asked.read_own(draft, &own);
            return asked;
        }
        // To callers of this dialect effort says nothing of thinking: they have an object for it.
        let effort = reasoning.effort.as_ref().filter(|_| draft.chat.from != Some(HERE));
        asked.wish = match (effort, reasoning.budget) {
            (Some(Effort::None), _) => Wish::Off,
            (Some(_), _) | (None, Some(_)) => Wish::On,
            (None, None) => Wish::Nothing,
        };
        asked
    }

    /// The provider's own object goes on as it is where the model takes its form; else it becomes what the model does take.
    fn read_own(&mut self, draft: &mut Draft<'_>, own: &Raw) {
        let mut fields = own.fields().ok();
        let kind: Option<String> = fields.as_mut().and_then(|fields| fields.take_as("type").ok().flatten());
        let budget: Option<u64> = fields.as_mut().and_then(|fields| fields.take_as("budget_tokens").ok().flatten());
        let (mode, off) = (self.facts.mode, self.facts.off);
        let optional = mode != ThinkingMode::AdaptiveAlways;
        let (fits, state) = match kind.as_deref() {
            Some("enabled") => {
                (mode == ThinkingMode::Budget || (mode == ThinkingMode::AdaptiveOnRequest && off == OffSwitch::Omit), State::Manual)
            }
            Some("adaptive") => (matches!(mode, ThinkingMode::AdaptiveOnRequest | ThinkingMode::AdaptiveAlways), State::Adaptive),
            Some("disabled") => (optional || matches!(off, OffSwitch::Disabled | OffSwitch::DisabledUpToHigh), State::Off),
            Some("between_tools") => (off == OffSwitch::BetweenTools, State::Off),
            _ => (true, State::Off),
        };
        let unknown = mode == ThinkingMode::Unknown;
        let without_thought = mode == ThinkingMode::None && state == State::Off;
        if (fits || unknown) && mode != ThinkingMode::None {
            self.budget = budget;
            self.wish = Wish::Own { json: own.text().to_owned(), state };
        } else if !without_thought {
            self.budget = budget;
            self.wish = if state == State::Off { Wish::Off } else { Wish::On };
            if mode != ThinkingMode::None {
                draft.losses.approximated("thinking", "not a form that this model takes: the nearest one was sent");
            }
        }
    }

    /// The model goes on from a round of tool calls whose thought the caller did not return; with thinking on that is refused. So it is switched
    /// off for this request, where the model can.
    fn give_way_to_history(&mut self, draft: &mut Draft<'_>) {
        let on = match (&self.wish, self.facts.mode) {
            (Wish::On, _) => true,
            (Wish::Own { state, .. }, _) => *state != State::Off,
            (Wish::Nothing, mode) => mode == ThinkingMode::AdaptiveAlways,
            (Wish::Off, _) => false,
        };
        let possible = match self.facts.mode {
            ThinkingMode::Budget | ThinkingMode::AdaptiveOnRequest => true,
            ThinkingMode::AdaptiveAlways => self.facts.off != OffSwitch::Never,
            ThinkingMode::Unknown | ThinkingMode::None => false,
        };
        if on && possible {
            if !matches!(self.wish, Wish::Nothing) {
                draft.losses.approximated(self.place, "thinking is off: the last tool calls came back without their `thinking_blocks`");
            }
            self.wish = Wish::Off;
            self.gave_way = true;
        }
    }

    fn answer(self, draft: &mut Draft<'_>, max_tokens: u64) -> Thought {
        let effort = self.effort_word(draft);
        let bare = Thought { max_tokens, effort, ..Thought::default() };
        match (&self.wish, self.facts.mode) {
            (Wish::Nothing, mode) => {
                Thought { state: if mode == ThinkingMode::AdaptiveAlways { State::Adaptive } else { State::Off }, ..bare }
            }
            (Wish::Own { json, state }, _) => {
                let mut thought = Thought { thinking: Some(json.clone()), state: *state, ..bare };
                if let (State::Manual, Some(budget)) = (state, self.budget) {
                    thought.max_tokens = self.room(draft, budget, max_tokens).0;
                }
                self.capped(draft, thought)
            }
            (Wish::Off, _) => self.off(draft, bare),
            (Wish::On, ThinkingMode::None) => {
                draft.losses.dropped(self.place, "the model cannot think before it answers");
                bare
            }
            (Wish::On, ThinkingMode::Budget) => self.with_budget(draft, bare),
            (Wish::On, _) => self.adaptive(draft, bare),
        }
    }

    fn off(&self, draft: &mut Draft<'_>, mut thought: Thought) -> Thought {
        let switch = match (self.facts.mode, self.facts.off) {
            (ThinkingMode::Unknown, _) => Some("disabled"),
            (_, OffSwitch::Disabled | OffSwitch::DisabledUpToHigh) => Some("disabled"),
            (_, OffSwitch::BetweenTools) => Some("between_tools"),
            (_, OffSwitch::Omit) => None,
            (_, OffSwitch::Never) => {
                draft.losses.approximated(self.place, "the model always thinks: the least effort was asked for");
                thought.effort = Some("low".to_owned());
                thought.state = State::Adaptive;
                None
            }
        };
        thought.thinking = switch.and_then(|kind| simple(kind, None));
        self.capped(draft, thought)
    }

    /// Some models take the off switch only up to an effort.
    fn capped(&self, draft: &mut Draft<'_>, mut thought: Thought) -> Thought {
        let bound = matches!(self.facts.off, OffSwitch::DisabledUpToHigh | OffSwitch::BetweenTools) && !thought.on();
        if bound && thought.effort.as_deref().is_some_and(|word| matches!(word, "xhigh" | "max")) {
            draft.losses.approximated(effort_place(draft), "without thinking the model takes an effort of `high` at most");
            thought.effort = Some(MOST_WHEN_OFF.to_owned());
        }
        thought
    }

    fn adaptive(&self, draft: &mut Draft<'_>, mut thought: Thought) -> Thought {
        if let Some(budget) = self.budget {
            if draft.chat.reasoning.effort.is_none() && !self.facts.efforts.is_empty() {
                thought.effort = Some(nearest(self.facts.efforts, effort_of(budget)).0.to_owned());
            }
            if self.place != "thinking" {
                draft.losses.approximated(self.place, "the model takes a word of effort, not a budget in tokens");
            }
        }
        let display = match draft.chat.reasoning.visible {
            Some(false) => Some("omitted"),
            _ if self.facts.text_on_request => Some("summarized"),
            _ => None,
        };
        thought.thinking = simple("adaptive", display);
        thought.state = State::Adaptive;
        thought
    }

    fn with_budget(&self, draft: &mut Draft<'_>, mut thought: Thought) -> Thought {
        let asked = self.budget.or_else(|| draft.chat.reasoning.effort.as_ref().map_or(Some(2048), budget_of));
        let Some(asked) = asked else {
            draft.losses.dropped(self.place, "no word of effort that is known");
            return thought;
        };
        if asked < LEAST_BUDGET {
            draft.losses.approximated(self.place, "the least budget is 1024 tokens");
        }
        let (max_tokens, budget) = self.room(draft, asked.max(LEAST_BUDGET), thought.max_tokens);
        if draft.chat.reasoning.visible == Some(false) {
            draft.losses.dropped("reasoning.exclude", "the model sends its thought whenever it thinks");
        }
        thought.max_tokens = max_tokens;
        let written = object(|thinking| {
            thinking.member("type", "enabled").member("budget_tokens", &budget);
        });
        thought.thinking = written.ok();
        thought.state = State::Manual;
        thought
    }

    /// `max_tokens` counts thought and answer: where the budget would leave no room for the answer, it is raised by the budget.
    fn room(&self, draft: &mut Draft<'_>, budget: u64, max_tokens: u64) -> (u64, u64) {
        if max_tokens > budget {
            return (max_tokens, budget);
        }
        if draft.chat.max_tokens.is_some() {
            let field = if draft.chat.max_tokens_legacy { "max_tokens" } else { "max_completion_tokens" };
            draft.losses.approximated(field, "raised above the budget of thought, which counts against it");
        }
        let most = draft.target.facts.max_output.unwrap_or(u64::MAX);
        let raised = budget.saturating_add(max_tokens.max(LEAST_BUDGET)).min(most.max(LEAST_BUDGET + 1));
        (raised, budget.min(raised - 1))
    }

    /// The word of `output_config.effort`; models with a budget take none.
    fn effort_word(&self, draft: &mut Draft<'_>) -> Option<String> {
        let effort = draft.chat.reasoning.effort.as_ref()?;
        let unknown = self.facts.mode == ThinkingMode::Unknown;
        if matches!(effort, Effort::None) || (self.facts.efforts.is_empty() && !unknown) {
            return None;
        }
        let word = match effort {
            Effort::Minimal => {
                draft.losses.approximated(effort_place(draft), "the least effort of the provider is `low`");
                "low"
            }
            other => name(other),
        };
        if unknown {
            return Some(word.to_owned());
        }
        if !SCALE.contains(&word) {
            draft.losses.dropped(effort_place(draft), "no word of effort that the model knows");
            return None;
        }
        let (nearest, exact) = nearest(self.facts.efforts, word);
        if !exact {
            draft.losses.approximated(effort_place(draft), "the model does not take this effort: the nearest below was sent");
        }
        Some(nearest.to_owned())
    }
}

/// Where the caller asked: a parameter of its own, or the object that other APIs have.
fn effort_place(draft: &Draft<'_>) -> &'static str {
    if draft.chat.reasoning.extras.get("reasoning").is_some() { "reasoning" } else { "reasoning_effort" }
}

/// The word itself, or the next lower that the model takes, or its lowest; true where it is the word itself.
fn nearest(efforts: &'static [&'static str], word: &str) -> (&'static str, bool) {
    if let Some(same) = efforts.iter().find(|have| **have == word) {
        return (same, true);
    }
    let rank = |word: &str| SCALE.iter().position(|have| *have == word);
    let lower = efforts.iter().rev().find(|have| rank(have) < rank(word));
    (lower.or(efforts.first()).copied().unwrap_or("low"), false)
}

fn name(effort: &Effort) -> &str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh => "xhigh",
        Effort::Max => "max",
        Effort::Other(word) => word,
    }
}

/// Budgets for words, on models that take no words.
fn budget_of(effort: &Effort) -> Option<u64> {
    match effort {
        Effort::None | Effort::Other(_) => None,
        Effort::Minimal | Effort::Low => Some(1024),
        Effort::Medium => Some(2048),
        Effort::High => Some(4096),
        Effort::XHigh => Some(8192),
        Effort::Max => Some(16384),
    }
}

/// And back, on models that take no budgets.
fn effort_of(budget: u64) -> &'static str {
    match budget {
        0..2048 => "low",
        2048..4096 => "medium",
        4096..8192 => "high",
        8192..16384 => "xhigh",
        _ => "max",
    }
}

/// A `thinking` object of a type, and of a display.
fn simple(kind: &str, display: Option<&str>) -> Option<String> {
    let written = object(|thinking| {
        thinking.member("type", kind).optional("display", &display);
    });
    written.ok()
}
