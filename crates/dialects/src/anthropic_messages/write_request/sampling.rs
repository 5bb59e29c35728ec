//! Sampling and stop sequences.

use super::draft::Draft;
use super::rest::Passed;
use crate::anthropic_messages::types::VERSION_WITHOUT_SAMPLING;
use serde_json::Number;

/// What is sent.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) temperature: Option<Number>,
    pub(super) top_p: Option<Number>,
    pub(super) top_k: Option<Number>,
    pub(super) stop: Vec<String>,
}

/// The least `top_p` that goes with thinking.
const LEAST_TOP_P: f64 = 0.95;

pub(super) fn sampling(draft: &mut Draft<'_>, passed: &mut Passed, thinks: bool) -> Taken {
    let asked = &draft.chat.sampling;
    let given = Taken {
        temperature: asked.temperature.clone(),
        top_p: asked.top_p.clone(),
        top_k: asked.top_k.clone().or(passed.top_k.take()),
        stop: stop(draft),
    };
    note_absent(draft);
    let version_refuses = draft.target.version.is_some_and(|version| version >= VERSION_WITHOUT_SAMPLING);
    if draft.target.facts.refuses_sampling || version_refuses {
        return without_sampling(draft, given);
    }
    let mut taken = given;
    if thinks {
        let changed = taken.temperature.take_if(|value| value.as_f64() != Some(1.0));
        note(draft, "temperature", changed.as_ref(), "the model takes no temperature while it thinks");
        let low = taken.top_p.take_if(|value| value.as_f64().is_some_and(|value| value < LEAST_TOP_P));
        note(draft, "top_p", low.as_ref(), "the model takes no top_p under 0.95 while it thinks");
        let top_k = taken.top_k.take();
        note(draft, "top_k", top_k.as_ref(), "the model takes no top_k while it thinks");
    }
    if draft.target.facts.one_of_temperature_top_p && taken.temperature.is_some() {
        let second = taken.top_p.take();
        note(draft, "top_p", second.as_ref(), "the model takes temperature or top_p, not both");
    }
    if taken.temperature.as_ref().and_then(Number::as_f64).is_some_and(|value| value > 1.0) {
        draft.losses.approximated("temperature", "the provider's scale ends at 1");
        taken.temperature = Some(Number::from(1));
    }
    taken
}

fn without_sampling(draft: &mut Draft<'_>, given: Taken) -> Taken {
    const REASON: &str = "this model or API version takes no sampling parameters";
    note(draft, "temperature", given.temperature.as_ref(), REASON);
    note(draft, "top_p", given.top_p.as_ref(), REASON);
    note(draft, "top_k", given.top_k.as_ref(), REASON);
    Taken { stop: given.stop, ..Taken::default() }
}

fn note(draft: &mut Draft<'_>, field: &'static str, value: Option<&Number>, reason: &'static str) {
    if value.is_some() {
        draft.losses.dropped(field, reason);
    }
}

/// Parameters that the provider does not have. A penalty of 0 asks for nothing.
fn note_absent(draft: &mut Draft<'_>) {
    const REASON: &str = "the provider has no such parameter";
    let sampling = &draft.chat.sampling;
    let asks = |value: &Option<Number>| value.as_ref().is_some_and(|value| value.as_f64() != Some(0.0));
    let absent = [
        ("frequency_penalty", asks(&sampling.frequency_penalty)),
        ("presence_penalty", asks(&sampling.presence_penalty)),
        ("seed", sampling.seed.is_some()),
        ("logit_bias", sampling.logit_bias.as_ref().is_some_and(|bias| bias.text() != "{}")),
    ];
    for (field, _) in absent.into_iter().filter(|(_, asked)| *asked) {
        draft.losses.dropped(field, REASON);
    }
}

/// Sequences of whitespace alone are refused.
fn stop(draft: &mut Draft<'_>) -> Vec<String> {
    let sampling = &draft.chat.sampling;
    let mut kept = Vec::with_capacity(sampling.stop.len());
    for (n, sequence) in sampling.stop.iter().enumerate() {
        if sequence.trim().is_empty() {
            let place = if sampling.stop_listed { format!("stop[{n}]") } else { "stop".to_owned() };
            draft.losses.dropped(place, "the provider refuses a stop sequence of whitespace alone");
        } else {
            kept.push(sequence.clone());
        }
    }
    kept
}
