//! `messages`.

use super::{NO_MARKERS, foreign};
use crate::openai_chat::types::{ME, write_extras, write_nested};
use crate::openai_chat::write_reply::{is_call, write_audio_reference, write_tool_calls};
use chat::{Chat, Loss, Part, PartKind, Role, Source, ToolResult, Turn};
use wire::object::{ArrayWriter, ObjectWriter};

pub(super) fn write(out: &mut ObjectWriter<'_>, chat: &Chat, losses: &mut Vec<Loss>) {
    let own = chat.from.is_none();
    out.array("messages", |out| {
        let mut moved = Vec::new();
        for (at, turn) in chat.turns.iter().enumerate() {
            let path = format!("messages[{at}]");
            foreign(&turn.extras, &path, losses);
            match turn.role {
                Role::Tool => write_results(out, turn, own, &path, &mut moved, losses),
                _ => {
                    write_moved(out, &mut moved, losses);
                    out.object(|out| write_message(out, turn, own, &path, losses));
                }
            }
        }
        write_moved(out, &mut moved, losses);
    });
}

/// A part of a result that stands in a message of the user instead, and its place.
type Moved<'t> = Vec<(&'t Part, String)>;

/// One message for each result.
fn write_results<'t>(out: &mut ArrayWriter<'_>, turn: &'t Turn, own: bool, path: &str, moved: &mut Moved<'t>, losses: &mut Vec<Loss>) {
    // Of another dialect's caller a member may stand on the message and on the result in it.
    let inner = if own { path.to_owned() } else { format!("{path}.result") };
    let path = inner.as_str();
    for (n, part) in turn.parts.iter().enumerate() {
        if part.cache.is_some() {
            losses.push(Loss::dropped(format!("{path}.cache_control"), NO_MARKERS));
        }
        match &part.kind {
            PartKind::ToolResult(result) => {
                out.object(|out| {
                    out.member("role", "tool").member("tool_call_id", &result.call_id);
                    out.optional("name", &turn.name);
                    write_result_content(out, result, own, path, moved, losses);
                    if n == 0 {
                        write_extras(out, &turn.extras, &[]);
                    }
                });
            }
            PartKind::Native { raw, from } if *from == ME => {
                out.raw(raw);
            }
            _ => losses.push(Loss::dropped(path, "a tool message of OpenAI chat holds one result and nothing else")),
        }
        foreign(&part.extras, path, losses);
    }
}

fn write_result_content<'t>(
    out: &mut ObjectWriter<'_>,
    result: &'t ToolResult,
    own: bool,
    path: &str,
    moved: &mut Moved<'t>,
    losses: &mut Vec<Loss>,
) {
    if result.is_error == Some(true) {
        losses.push(Loss::dropped(format!("{path}.is_error"), "OpenAI chat has no mark for a failed tool; the text of the result says it"));
    }
    if own {
        return write_content(out, &result.parts.iter().collect::<Vec<_>>(), Shape { listed: result.listed, empty: "null" }, path, losses);
    }
    let (media, kept): (Vec<_>, Vec<_>) = placed(&result.parts, path).into_iter().partition(|(part, _)| is_media(part));
    moved.extend(media);
    write_adapted(out, &kept, "\"\"", losses);
}

/// What a tool message cannot hold: it takes text alone.
fn is_media(part: &Part) -> bool {
    match &part.kind {
        PartKind::Image { .. } | PartKind::Audio { .. } => true,
        PartKind::File { source, .. } => !matches!(source, Source::Text { .. }),
        _ => false,
    }
}

/// Images and files of results, in a message of the user after the last of them: between results none may stand.
fn write_moved(out: &mut ArrayWriter<'_>, moved: &mut Moved<'_>, losses: &mut Vec<Loss>) {
    if moved.is_empty() {
        return;
    }
    let mut content = Vec::new();
    let mut parts = ArrayWriter::new(&mut content);
    for (part, path) in moved.drain(..) {
        losses.push(Loss::approximated(&path, "a tool message of OpenAI chat takes text alone: sent in a message of the user after it"));
        write_part(&mut parts, part, &path, losses);
    }
    let any = !parts.is_empty();
    if parts.finish().is_ok() && any {
        out.object(|out| {
            out.member("role", "user").json("content", &String::from_utf8_lossy(&content));
        });
    }
}

/// Content that another dialect's caller sent, in the plainest form: a text alone is a string, and an empty list is never sent.
fn write_adapted(out: &mut ObjectWriter<'_>, parts: &[(&Part, String)], empty: &'static str, losses: &mut Vec<Loss>) {
    if let [(part @ Part { kind: PartKind::Text { .. }, .. }, path)] = parts {
        return write_content(out, &[*part], Shape { listed: false, empty }, path, losses);
    }
    let mut content = Vec::new();
    let mut list = ArrayWriter::new(&mut content);
    for (part, path) in parts {
        write_part(&mut list, part, path, losses);
    }
    let any = !list.is_empty();
    match list.finish() {
        Ok(()) if any => out.json("content", &String::from_utf8_lossy(&content)),
        _ => out.json("content", empty),
    };
}

/// Each part of a content with its place in it.
fn placed<'t>(content: impl IntoIterator<Item = &'t Part>, path: &str) -> Vec<(&'t Part, String)> {
    content.into_iter().enumerate().map(|(at, part)| (part, format!("{path}.content[{at}]"))).collect()
}

fn write_message(out: &mut ObjectWriter<'_>, turn: &Turn, own: bool, path: &str, losses: &mut Vec<Loss>) {
    let role = match turn.role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    };
    out.member("role", role).optional("name", &turn.name);
    if turn.role == Role::Assistant {
        write_assistant(out, turn, own, path, losses);
    } else if !own {
        lose_sources(turn, path, losses);
        write_adapted(out, &placed(turn.parts.iter().filter(|part| !is_source(part)), path), "\"\"", losses);
    } else {
        write_content(out, &turn.parts.iter().collect::<Vec<_>>(), Shape { listed: turn.listed, empty: "null" }, path, losses);
    }
    write_extras(out, &turn.extras, &[]);
}

/// The parts of an assistant turn, each where the dialect has it.
fn write_assistant(out: &mut ObjectWriter<'_>, turn: &Turn, own: bool, path: &str, losses: &mut Vec<Loss>) {
    let in_content = |part: &Part| match &part.kind {
        PartKind::Refusal { .. } => turn.listed,
        PartKind::Reasoning(_) => false,
        PartKind::Audio { source: Source::FileId { .. }, .. } => false,
        _ => !is_call(part) && !is_source(part),
    };
    lose_sources(turn, path, losses);
    let content: Vec<&Part> = turn.parts.iter().filter(|part| in_content(part)).collect();
    match own {
        true => write_content(out, &content, Shape { listed: turn.listed, empty: "null" }, path, losses),
        // Without calls a message must say something.
        false => write_adapted(out, &placed(content, path), if turn.parts.iter().any(is_call) { "null" } else { "\"\"" }, losses),
    }
    let mut refusals = turn.parts.iter().filter_map(|part| if let PartKind::Refusal { text } = &part.kind { Some(text) } else { None });
    if let Some(text) = refusals.next().filter(|_| !turn.listed) {
        out.member("refusal", text);
    }
    for part in &turn.parts {
        if let PartKind::Audio { source: Source::FileId { id }, .. } = &part.kind {
            write_audio_reference(out, id, part);
        }
    }
    write_thought(out, turn, own, path, losses);
    write_tool_calls(out, &turn.parts);
    for (at, part) in turn.parts.iter().filter(|part| is_call(part)).enumerate() {
        let path = format!("{path}.tool_calls[{at}]");
        foreign(&part.extras, &path, losses);
        if part.cache.is_some() {
            losses.push(Loss::dropped(format!("{path}.cache_control"), NO_MARKERS));
        }
    }
}

fn is_source(part: &Part) -> bool {
    matches!(part.kind, PartKind::Citation { .. })
}

/// The sources that a text rests on have no place in a request.
fn lose_sources(turn: &Turn, path: &str, losses: &mut Vec<Loss>) {
    let count = turn.parts.iter().filter(|part| is_source(part)).count();
    losses.extend((0..count).map(|at| Loss::dropped(format!("{path}.annotations[{at}]"), "OpenAI chat takes no sources of a text")));
}

/// Thought that this dialect's servers said goes back under the name that most of them read; sealed thought belongs to its maker.
fn write_thought(out: &mut ObjectWriter<'_>, turn: &Turn, own: bool, path: &str, losses: &mut Vec<Loss>) {
    const SEALED: &str = "a sealed thought goes back only to the provider that made it";
    let mut text = String::new();
    let mut sealed = false;
    let thoughts =
        turn.parts.iter().filter_map(|part| if let PartKind::Reasoning(thought) = &part.kind { Some((part, thought)) } else { None });
    for (at, (part, thought)) in thoughts.enumerate() {
        let place = format!("{path}.reasoning[{at}]");
        if thought.from == ME && thought.encrypted.is_none() {
            text.push_str(&thought.text);
            foreign(&part.extras, &place, losses);
            if part.cache.is_some() {
                losses.push(Loss::dropped(format!("{place}.cache_control"), NO_MARKERS));
            }
        } else if own {
            sealed = true;
        } else {
            losses.push(Loss::dropped(place, SEALED));
        }
    }
    let named_by_quirk = turn.extras.of(ME).iter().any(|(name, _)| name == "reasoning_content");
    if !text.is_empty() && !named_by_quirk {
        out.member("reasoning_content", &text);
    }
    if sealed {
        losses.push(Loss::dropped(format!("{path}.thinking_blocks"), SEALED));
        losses.push(Loss::dropped(format!("{path}.reasoning_content"), SEALED));
    }
}

/// How content is written: as a list even where text would do, and what stands for none.
#[derive(Clone, Copy)]
struct Shape {
    listed: bool,
    empty: &'static str,
}

fn write_content(out: &mut ObjectWriter<'_>, parts: &[&Part], shape: Shape, path: &str, losses: &mut Vec<Loss>) {
    match parts {
        [] if !shape.listed => {
            out.json("content", shape.empty);
        }
        [Part { kind: PartKind::Text { text }, cache, extras }] if !shape.listed => {
            out.member("content", text);
            if cache.is_some() {
                losses.push(Loss::dropped(format!("{path}.cache_control"), NO_MARKERS));
            }
            foreign(extras, path, losses);
        }
        parts => {
            out.array("content", |out| {
                for (at, part) in parts.iter().enumerate() {
                    write_part(out, part, &format!("{path}.content[{at}]"), losses);
                }
            });
        }
    }
}

fn write_part(out: &mut ArrayWriter<'_>, part: &Part, path: &str, losses: &mut Vec<Loss>) {
    if part.cache.is_some() {
        losses.push(Loss::dropped(format!("{path}.cache_control"), NO_MARKERS));
    }
    foreign(&part.extras, path, losses);
    match &part.kind {
        PartKind::Text { text } => write_text(out, "text", text, part),
        PartKind::Refusal { text } => write_text(out, "refusal", text, part),
        PartKind::Image { source: Source::Url { url }, detail } => write_image(out, url, detail, part),
        PartKind::Image { source: Source::Base64 { media_type, data }, detail } => {
            write_image(out, &format!("data:{};base64,{data}", media_type.as_deref().unwrap_or_default()), detail, part);
        }
        PartKind::Audio { source: Source::Base64 { data, .. }, format, .. } => {
            out.object(|out| {
                out.member("type", "input_audio").object("input_audio", |out| {
                    out.member("data", data).optional("format", format);
                    write_nested(out, &part.extras, "input_audio");
                });
                write_extras(out, &part.extras, &["input_audio"]);
            });
        }
        PartKind::File { source, filename } => write_file(out, source, filename, part, path, losses),
        PartKind::Native { raw, from } if *from == ME => {
            out.raw(raw);
        }
        PartKind::Image { .. } => losses.push(Loss::dropped(path, "OpenAI chat takes images by URL or inline only")),
        PartKind::Audio { .. } => losses.push(Loss::dropped(path, "OpenAI chat takes sound inline only")),
        _ => losses.push(Loss::dropped(path, "OpenAI chat has no such part here")),
    }
}

fn write_text(out: &mut ArrayWriter<'_>, kind: &str, text: &str, part: &Part) {
    out.object(|out| {
        out.member("type", kind).member(kind, text);
        write_extras(out, &part.extras, &[]);
    });
}

fn write_image(out: &mut ArrayWriter<'_>, url: &str, detail: &Option<String>, part: &Part) {
    out.object(|out| {
        out.member("type", "image_url").object("image_url", |out| {
            out.member("url", url).optional("detail", detail);
            write_nested(out, &part.extras, "image_url");
        });
        write_extras(out, &part.extras, &["image_url"]);
    });
}

fn write_file(out: &mut ArrayWriter<'_>, source: &Source, filename: &Option<String>, part: &Part, path: &str, losses: &mut Vec<Loss>) {
    let (member, value) = match source {
        Source::FileId { id } => ("file_id", id.clone()),
        Source::Base64 { media_type: Some(kind), data } => ("file_data", format!("data:{kind};base64,{data}")),
        Source::Base64 { media_type: None, data } => ("file_data", data.clone()),
        Source::Text { text, .. } => {
            losses.push(Loss::approximated(path, "OpenAI chat has no documents of plain text: it is sent as text"));
            return write_text(out, "text", text, part);
        }
        Source::Url { .. } => return losses.push(Loss::dropped(path, "OpenAI chat takes no file by URL")),
    };
    out.object(|out| {
        out.member("type", "file").object("file", |out| {
            out.member(member, &value).optional("filename", filename);
            write_nested(out, &part.extras, "file");
        });
        write_extras(out, &part.extras, &["file"]);
    });
}
