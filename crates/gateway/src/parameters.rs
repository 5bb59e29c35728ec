//! A mapping's own parameters: members of an OpenAI request, sent where the caller set none.

use chat::{Chat, DialectId, Fault, FaultKind, Loss, Origin, Step};
use wire::json::{Edits, Object, json_string};

/// Two spellings of one limit: a caller who sent one has set both.
const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// The body of an OpenAI request with the parameters in it; `None` where the caller set them all. Null says "not set".
pub(crate) fn merged(body: &Object<'_>, parameters: &[(String, String)]) -> Option<Vec<u8>> {
    let is_set = |name: &str| body.get(name).is_some_and(|member| member.value != "null");
    let mut edits = Edits::new(body);
    for (name, value) in parameters {
        let set = if LIMITS.contains(&name.as_str()) { LIMITS.iter().any(|limit| is_set(limit)) } else { is_set(name) };
        if !set {
            edits.set(name, value.as_str());
        }
    }
    (!edits.is_empty()).then(|| edits.apply())
}

/// The same for a caller of another dialect, on the canonical form. `to` is the provider's dialect; the losses are the members that the one set
/// of foreign members which a request can have has no room for.
pub(crate) fn fill(chat: &mut Chat, parameters: &[(String, String)], to: DialectId) -> Result<Vec<Loss>, Fault> {
    let defaults = read(parameters)?;
    let Chat { tools, tool_choice, parallel_tools, output, sampling, reasoning, max_tokens, max_tokens_legacy, .. } = defaults;
    if chat.tools.is_empty() {
        chat.tools = tools;
    }
    or(&mut chat.tool_choice, tool_choice);
    or(&mut chat.parallel_tools, parallel_tools);
    or(&mut chat.output, output);
    fill_sampling(&mut chat.sampling, sampling);
    let own = &chat.reasoning;
    if own.effort.is_none() && own.budget.is_none() && own.extras.is_empty() {
        chat.reasoning = chat::Reasoning { visible: own.visible.or(reasoning.visible), ..reasoning };
    }
    if chat.max_tokens.is_none() {
        chat.max_tokens = max_tokens;
        chat.max_tokens_legacy = max_tokens_legacy;
    }
    or(&mut chat.choices, defaults.choices);
    or(&mut chat.logprobs, defaults.logprobs);
    or(&mut chat.top_logprobs, defaults.top_logprobs);
    or(&mut chat.user, defaults.user);
    or(&mut chat.service_tier, defaults.service_tier);
    or(&mut chat.cache, defaults.cache);
    Ok(fill_extras(&mut chat.extras, defaults.extras, to))
}

fn or<T>(own: &mut Option<T>, default: Option<T>) {
    if own.is_none() {
        *own = default;
    }
}

fn fill_sampling(own: &mut chat::Sampling, defaults: chat::Sampling) {
    or(&mut own.temperature, defaults.temperature);
    or(&mut own.top_p, defaults.top_p);
    or(&mut own.top_k, defaults.top_k);
    or(&mut own.frequency_penalty, defaults.frequency_penalty);
    or(&mut own.presence_penalty, defaults.presence_penalty);
    or(&mut own.seed, defaults.seed);
    or(&mut own.logit_bias, defaults.logit_bias);
    if own.stop.is_empty() && !own.stop_listed {
        own.stop = defaults.stop;
        own.stop_listed = defaults.stop_listed;
    }
}

/// A request carries the foreign members of one dialect: those that its provider understands.
fn fill_extras(own: &mut chat::Extras, defaults: chat::Extras, to: DialectId) -> Vec<Loss> {
    if defaults.is_empty() {
        return Vec::new();
    }
    if own.is_empty() {
        *own = defaults;
        return Vec::new();
    }
    let lost = if to == DialectId::OpenaiChat { std::mem::replace(own, defaults) } else { defaults };
    lost.iter().map(|(name, _)| Loss::dropped(name, "only the dialect that it came from knows this member")).collect()
}

/// The parameters as a request of their own.
fn read(parameters: &[(String, String)]) -> Result<Chat, Fault> {
    let mut body = String::from(r#"{"model":"","messages":[{"role":"user","content":""}]"#);
    for (name, value) in parameters {
        body.push(',');
        body.push_str(&json_string(name));
        body.push(':');
        body.push_str(value);
    }
    body.push('}');
    dialects::codec(DialectId::OpenaiChat).read_request(body.as_bytes()).map_err(|fault| {
        let message = "the parameters of the model's mapping are not those of a chat request; the person who runs Conduit sees which";
        Fault::new(FaultKind::Internal, Origin::Gateway, Step::Translate, message).with_cause(fault.message)
    })
}

#[cfg(test)]
mod tests;
