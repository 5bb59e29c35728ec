//! A request to the provider.
//!
//! The conversation is drafted as messages of ready JSON blocks first, because merging, ordering and the cap on cache markers need all of it;
//! then the body is written in one pass.

mod blocks;
mod cache;
mod draft;
mod media;
mod output;
mod places;
mod rest;
mod sampling;
mod schema;
mod thinking;
mod tools;
mod turns;

use crate::{Target, Written};
use chat::{Chat, Fault, Origin, Step};
use draft::{Block, Draft};
use output::Form;
use rest::Passed;
use thinking::Thought;
use tools::Tools;
use turns::Conversation;
use wire::object::{ArrayWriter, ObjectWriter};

/// Where a model's largest output is not known. Thought counts against it, so a small figure would cut answers short; a larger one than this
/// is refused by old models.
const USUAL_MAX_TOKENS: u64 = 8192;

pub(super) fn write(chat: &Chat, target: &Target<'_>) -> Result<Written, Fault> {
    let mut draft = Draft::new(chat, target);
    refuse(chat)?;
    let mut passed = rest::passed(&mut draft);
    draft.tools.register(&chat.tools);
    let mut conversation = turns::conversation(&mut draft)?;
    let form = output::form(&mut draft, &passed)?;
    if let Form::Instruction(text) = &form {
        conversation.system.push(Block::text(text)?);
    }
    let wanted = chat.max_tokens.or(target.facts.max_output).unwrap_or(USUAL_MAX_TOKENS);
    let thought = thinking::thought(&mut draft, &mut passed, conversation.lacks_thought(), wanted);
    conversation.end_with_user(&mut draft, thought.manual())?;
    let mut tools = tools::tools(&mut draft, &conversation, thought.manual())?;
    cache::cap(&mut draft, &mut tools.list, &mut conversation);
    let sampling = sampling::sampling(&mut draft, &mut passed, thought.on());
    let parts = Parts { conversation, tools, thought, form, sampling, passed };
    let body = body(&mut draft, &parts)?;
    Ok(Written { body, losses: draft.losses.into_list(), names: draft.tools.into_map() })
}

/// What no losing of a field could mend.
fn refuse(chat: &Chat) -> Result<(), Fault> {
    if chat.choices.is_some_and(|n| n > 1) {
        return Err(Fault::unsupported("n", "The provider gives one answer a request: send `n` as 1 or leave it out."));
    }
    let sound = chat
        .extras
        .get("modalities")
        .is_some_and(|modalities| modalities.read::<Vec<String>>().is_ok_and(|list| list.iter().any(|m| m == "audio")));
    if sound {
        return Err(Fault::unsupported("modalities", "The provider does not answer in audio: leave `audio` out of `modalities`."));
    }
    Ok(())
}

/// Everything that was decided.
struct Parts {
    conversation: Conversation,
    tools: Tools,
    thought: Thought,
    form: Form,
    sampling: sampling::Taken,
    passed: Passed,
}

fn body(draft: &mut Draft<'_>, parts: &Parts) -> Result<Vec<u8>, Fault> {
    let chat = draft.chat;
    let mut out = Vec::with_capacity(parts.conversation.size() + 1024);
    let mut body = ObjectWriter::new(&mut out);
    body.member("model", draft.target.model).member("max_tokens", &parts.thought.max_tokens);
    if !parts.conversation.system.is_empty() {
        body.array("system", |list| push_blocks(list, &parts.conversation.system));
    }
    body.array("messages", |list| {
        for message in &parts.conversation.messages {
            list.object(|object| {
                object.member("role", message.speaker.role());
                object.array("content", |content| push_blocks(content, &message.blocks)).extend(&message.extras);
            });
        }
    });
    if !parts.tools.list.is_empty() {
        body.array("tools", |list| push_blocks(list, &parts.tools.list));
    }
    if let Some(choice) = &parts.tools.choice {
        body.json("tool_choice", choice);
    }
    if let Some(thinking) = &parts.thought.thinking {
        body.json("thinking", thinking);
    }
    write_output_config(&mut body, parts);
    let sampling = &parts.sampling;
    body.optional("temperature", &sampling.temperature).optional("top_p", &sampling.top_p).optional("top_k", &sampling.top_k);
    if !sampling.stop.is_empty() {
        body.member("stop_sequences", &sampling.stop);
    }
    if let Some(metadata) = &parts.passed.metadata {
        body.json("metadata", metadata);
    }
    body.optional("service_tier", &parts.passed.service_tier);
    if let Some(marker) = &chat.cache {
        body.json("cache_control", &cache::control(marker));
    }
    body.optional("stream", &chat.stream);
    body.extend(&parts.passed.members);
    body.finish().map_err(|error| unwritable(&error))?;
    Ok(out)
}

fn write_output_config(body: &mut ObjectWriter<'_>, parts: &Parts) {
    let given = &parts.passed.output_config;
    let format = match &parts.form {
        Form::Bound(schema) => Some(schema),
        Form::Free | Form::Instruction(_) => None,
    };
    if given.is_empty() && format.is_none() && parts.thought.effort.is_none() {
        return;
    }
    body.object("output_config", |config| {
        config.optional("effort", &parts.thought.effort);
        if let Some(schema) = format {
            config.object("format", |format| {
                format.member("type", "json_schema").json("schema", schema);
            });
        }
        config.extend(given);
    });
}

fn push_blocks(list: &mut ArrayWriter<'_>, blocks: &[Block]) {
    for block in blocks {
        list.json(&block.with_marker());
    }
}

/// A JSON object as text.
fn object(fill: impl FnOnce(&mut ObjectWriter<'_>)) -> Result<String, Fault> {
    let bytes = ObjectWriter::build(fill).map_err(|error| unwritable(&error))?;
    String::from_utf8(bytes).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(chat::FaultKind::Internal, Origin::Gateway, Step::Translate, "The request could not be written for the provider.")
        .with_cause(error.to_string())
}
