//! The top-level fields of OpenAI chat where the canonical form keeps them.

use super::shape;
use super::top::Fields;
use chat::{Chat, DialectId, Effort};
use serde::Serialize;
use serde_json::Number;
use std::borrow::Cow;
use wire::Raw;

pub(super) struct Typed<'c> {
    chat: &'c mut Chat,
}

impl<'c> Typed<'c> {
    pub(super) fn new(chat: &'c mut Chat) -> Self {
        Self { chat }
    }
}

/// Two names for one value; which of them the caller used is a flag beside it.
const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

impl Fields for Typed<'_> {
    fn get(&self, field: &str) -> Option<Cow<'_, str>> {
        let chat = &*self.chat;
        let sampling = &chat.sampling;
        let known = match field {
            MAX_TOKENS => json(chat.max_tokens.filter(|_| chat.max_tokens_legacy)),
            MAX_COMPLETION_TOKENS => json(chat.max_tokens.filter(|_| !chat.max_tokens_legacy)),
            "temperature" => json(sampling.temperature.as_ref()),
            "top_p" => json(sampling.top_p.as_ref()),
            "frequency_penalty" => json(sampling.frequency_penalty.as_ref()),
            "presence_penalty" => json(sampling.presence_penalty.as_ref()),
            "seed" => json(sampling.seed.as_ref()),
            "logit_bias" => json(sampling.logit_bias.as_ref()),
            "n" => json(chat.choices),
            "logprobs" => json(chat.logprobs),
            "top_logprobs" => json(chat.top_logprobs),
            "parallel_tool_calls" => json(chat.parallel_tools),
            "user" => json(chat.user.as_ref()),
            "service_tier" => json(chat.service_tier.as_ref()),
            "stop" => shape::stop(sampling),
            "stream" => json(chat.stream),
            "stream_options" => shape::stream_options(chat),
            "tools" => (!chat.tools.is_empty()).then(|| "[{}]".to_owned()),
            "tool_choice" => chat.tool_choice.as_ref().and_then(shape::tool_choice),
            "response_format" => shape::response_format(chat),
            "thinking" | "reasoning" => own(&chat.reasoning.extras, field).map(|raw| raw.text().to_owned()),
            "reasoning_effort" => json(chat.reasoning.effort.as_ref().map(Effort::word)),
            "cache_control" => chat.cache.as_ref().map(|_| "{}".to_owned()),
            _ => None,
        };
        match known {
            Some(text) => Some(Cow::Owned(text)),
            None => chat.extras.get(field).map(|raw| Cow::Borrowed(raw.text())),
        }
    }

    fn nulls(&self) -> Vec<String> {
        self.chat.extras.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.to_owned()).collect()
    }

    fn set(&mut self, field: &str, value: String) {
        let Ok(raw) = Raw::parse(&value) else { return };
        self.remove(field);
        let chat = &mut *self.chat;
        let sampling = &mut chat.sampling;
        match field {
            MAX_TOKENS | MAX_COMPLETION_TOKENS => {
                chat.max_tokens = raw.read().ok();
                chat.max_tokens_legacy = field == MAX_TOKENS;
            }
            "temperature" => sampling.temperature = number(&raw),
            "top_p" => sampling.top_p = number(&raw),
            "frequency_penalty" => sampling.frequency_penalty = number(&raw),
            "presence_penalty" => sampling.presence_penalty = number(&raw),
            "seed" => sampling.seed = number(&raw),
            "logit_bias" => sampling.logit_bias = Some(raw),
            "n" => chat.choices = raw.read().ok(),
            "logprobs" => chat.logprobs = raw.read().ok(),
            "top_logprobs" => chat.top_logprobs = raw.read().ok(),
            "parallel_tool_calls" => chat.parallel_tools = raw.read().ok(),
            "user" => chat.user = raw.read().ok(),
            "service_tier" => chat.service_tier = raw.read().ok(),
            "stop" => shape::set_stop(sampling, &raw),
            "tool_choice" => chat.tool_choice = Some(shape::read_tool_choice(raw)),
            "reasoning_effort" => chat.reasoning.effort = raw.read::<String>().ok().map(|word| Effort::from_word(&word)),
            _ => chat.extras.push(DialectId::OpenaiChat, field, raw),
        }
    }

    fn remove(&mut self, field: &str) {
        let chat = &mut *self.chat;
        let sampling = &mut chat.sampling;
        chat.extras.remove(field);
        match field {
            MAX_TOKENS if chat.max_tokens_legacy => chat.max_tokens = None,
            MAX_COMPLETION_TOKENS if !chat.max_tokens_legacy => chat.max_tokens = None,
            "temperature" => sampling.temperature = None,
            "top_p" => sampling.top_p = None,
            "frequency_penalty" => sampling.frequency_penalty = None,
            "presence_penalty" => sampling.presence_penalty = None,
            "seed" => sampling.seed = None,
            "logit_bias" => sampling.logit_bias = None,
            "n" => chat.choices = None,
            "logprobs" => chat.logprobs = None,
            "top_logprobs" => chat.top_logprobs = None,
            "parallel_tool_calls" => chat.parallel_tools = None,
            "user" => chat.user = None,
            "service_tier" => chat.service_tier = None,
            "stop" => {
                sampling.stop.clear();
                sampling.stop_listed = false;
            }
            "stream_options" => chat.include_usage = None,
            "tools" => chat.tools.clear(),
            "tool_choice" => chat.tool_choice = None,
            "response_format" => chat.output = None,
            "thinking" | "reasoning" => {
                chat.reasoning.extras.remove(field);
            }
            "reasoning_effort" => chat.reasoning.effort = None,
            "cache_control" => chat.cache = None,
            _ => {}
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let Some(value) = self.get(from).map(Cow::into_owned) else { return };
        self.remove(from);
        self.set(to, value);
    }
}

/// A member that came in OpenAI's dialect.
fn own<'e>(extras: &'e chat::Extras, field: &str) -> Option<&'e Raw> {
    extras.of(DialectId::OpenaiChat).iter().find(|(name, _)| name == field).map(|(_, raw)| raw)
}

fn json<T: Serialize>(value: Option<T>) -> Option<String> {
    serde_json::to_string(&value?).ok()
}

fn number(raw: &Raw) -> Option<Number> {
    raw.read().ok()
}
