//! A request to a provider of this dialect.
//!
//! Strict: what OpenAI's API does not have (cache markers, `top_k`, sealed thought, blocks of other dialects) is a [`Loss`]. A request whose
//! client speaks this dialect too usually goes through as bytes and never comes here.

mod foreign;
mod tools;
mod turns;

use super::types::{ME, write_extras, write_nested};
use crate::{Target, Written};
use chat::{Chat, Extras, Fault, FaultKind, Loss, Origin, Output, Step};
use wire::object::ObjectWriter;

/// Members of the request that share their object with canonical fields.
const NESTED: &[&str] = &["stream_options", "response_format"];

pub(super) fn write(chat: &Chat, target: &Target<'_>) -> Result<Written, Fault> {
    let mut losses = Vec::new();
    let (chat, names) = foreign::adapted(chat, target.facts, &mut losses);
    let chat = chat.as_ref();
    let body = ObjectWriter::build(|out| {
        out.member("model", target.model);
        turns::write(out, chat, &mut losses);
        tools::write(out, chat, &mut losses);
        write_output(out, chat, &mut losses);
        write_sampling(out, chat, &mut losses);
        write_limits(out, chat);
        write_reasoning(out, chat, &mut losses);
        write_stream(out, chat);
        out.optional("user", &chat.user).optional("service_tier", &chat.service_tier);
        write_rest(out, chat);
    });
    if chat.cache.is_some() {
        losses.push(Loss::dropped("cache_control", NO_MARKERS));
    }
    foreign(&chat.extras, "", &mut losses);
    let failed = |error: serde_json::Error| {
        Fault::new(FaultKind::Internal, Origin::Gateway, Step::Translate, "The request could not be written.").with_cause(error.to_string())
    };
    Ok(Written { body: body.map_err(failed)?, losses, names })
}

const NO_MARKERS: &str = "OpenAI chat caches by itself and takes no cache markers";
const FOREIGN: &str = "only the dialect that it came from knows this member";

/// Each member of another dialect is a loss.
fn foreign(extras: &Extras, path: &str, losses: &mut Vec<Loss>) {
    if extras.from().is_some_and(|from| from != ME) {
        for (name, _) in extras.iter() {
            losses.push(Loss::dropped(under(path, name), FOREIGN));
        }
    }
}

fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn write_sampling(out: &mut ObjectWriter<'_>, chat: &Chat, losses: &mut Vec<Loss>) {
    let sampling = &chat.sampling;
    out.optional("temperature", &sampling.temperature).optional("top_p", &sampling.top_p);
    out.optional("frequency_penalty", &sampling.frequency_penalty).optional("presence_penalty", &sampling.presence_penalty);
    out.optional("seed", &sampling.seed).optional("logit_bias", &sampling.logit_bias);
    match (sampling.stop.as_slice(), sampling.stop_listed) {
        ([], false) => {}
        ([one], false) => {
            out.member("stop", one);
        }
        (all, _) => {
            out.member("stop", all);
        }
    }
    if sampling.top_k.is_some() {
        losses.push(Loss::dropped("top_k", "OpenAI chat has no top_k"));
    }
}

fn write_limits(out: &mut ObjectWriter<'_>, chat: &Chat) {
    out.optional(if chat.max_tokens_legacy { "max_tokens" } else { "max_completion_tokens" }, &chat.max_tokens);
    out.optional("n", &chat.choices).optional("logprobs", &chat.logprobs).optional("top_logprobs", &chat.top_logprobs);
}

/// The objects that came from this dialect say it all; else there is only the effort.
fn write_reasoning(out: &mut ObjectWriter<'_>, chat: &Chat, losses: &mut Vec<Loss>) {
    let reasoning = &chat.reasoning;
    let own = reasoning.extras.of(ME);
    let said_inside = own.iter().any(|(_, raw)| raw.fields().is_ok_and(|fields| implies_effort(&fields)));
    if let Some(effort) = reasoning.effort.as_ref().filter(|_| !said_inside) {
        out.member("reasoning_effort", effort.word());
    }
    write_extras(out, &reasoning.extras, &[]);
    // What another dialect says of thinking was told when the effort was found (`foreign`).
    if chat.from.is_none() {
        if own.is_empty() && reasoning.budget.is_some() {
            losses.push(Loss::dropped("thinking.budget_tokens", "OpenAI chat takes an effort, not a number of tokens"));
        }
        foreign(&reasoning.extras, "", losses);
    }
}

fn implies_effort(fields: &wire::object::Fields<'_>) -> bool {
    let disabled = fields.peek("type").is_some_and(|kind| kind.text() == "\"disabled\"");
    disabled || fields.peek("effort").is_some() || fields.peek("enabled").is_some_and(|on| on.text() == "false")
}

fn write_stream(out: &mut ObjectWriter<'_>, chat: &Chat) {
    out.optional("stream", &chat.stream);
    let has_more = chat.extras.of(ME).iter().any(|(name, raw)| name == "stream_options" && raw.fields().is_ok());
    if chat.include_usage.is_some() || has_more {
        out.object("stream_options", |out| {
            out.optional("include_usage", &chat.include_usage);
            write_nested(out, &chat.extras, "stream_options");
        });
    }
}

fn write_output(out: &mut ObjectWriter<'_>, chat: &Chat, losses: &mut Vec<Loss>) {
    let Some(output) = &chat.output else { return };
    out.object("response_format", |out| {
        match output {
            Output::Text => {
                out.member("type", "text");
            }
            Output::JsonObject => {
                out.member("type", "json_object");
            }
            Output::JsonSchema { name, description, schema, strict, extras } => {
                out.member("type", "json_schema");
                out.object("json_schema", |out| {
                    // The name is required here and says nothing.
                    out.member("name", name.as_deref().unwrap_or("answer"));
                    out.optional("description", description).optional("schema", schema).optional("strict", strict);
                    write_extras(out, extras, &[]);
                });
                foreign(extras, "response_format.json_schema", losses);
            }
        }
        write_nested(out, &chat.extras, "response_format");
    });
}

/// Unknown members of the top level. Those that share an object with a canonical field are written there, or here where there is no such field.
fn write_rest(out: &mut ObjectWriter<'_>, chat: &Chat) {
    for (name, raw) in chat.extras.of(ME) {
        let written = match name.as_str() {
            "response_format" => chat.output.is_some(),
            // Both spellings of the limit may have come; the canonical one is written already.
            "max_tokens" => chat.max_tokens_legacy && chat.max_tokens.is_some(),
            "max_completion_tokens" => !chat.max_tokens_legacy && chat.max_tokens.is_some(),
            name => NESTED.contains(&name),
        };
        if !written {
            out.raw(name, raw);
        }
    }
}
