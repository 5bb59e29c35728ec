//! `tools`, `tool_choice`, `parallel_tool_calls`.

use super::{NO_MARKERS, foreign};
use crate::openai_chat::types::{ME, write_extras};
use chat::{Chat, Loss, Tool, ToolChoice, ToolKind};
use wire::object::{ArrayWriter, ObjectWriter};

const FOREIGN_TOOL: &str = "a tool of the caller's own API, which this provider does not have";

pub(super) fn write(out: &mut ObjectWriter<'_>, chat: &Chat, losses: &mut Vec<Loss>) {
    let foreign_tool = |tool: &Tool| matches!(tool.kind, ToolKind::Native { from, .. } if from != ME);
    if !chat.tools.is_empty() && chat.tools.iter().all(foreign_tool) {
        return without_tools(chat, losses);
    }
    if !chat.tools.is_empty() {
        out.array("tools", |out| {
            for (at, tool) in chat.tools.iter().enumerate() {
                write_tool(out, tool, &format!("tools[{at}]"), losses);
            }
        });
    }
    if let Some(choice) = &chat.tool_choice {
        write_choice(out, choice, losses);
    }
    out.optional("parallel_tool_calls", &chat.parallel_tools);
}

/// No tool can be sent, and a choice among none is refused.
fn without_tools(chat: &Chat, losses: &mut Vec<Loss>) {
    losses.extend((0..chat.tools.len()).map(|at| Loss::dropped(format!("tools[{at}]"), FOREIGN_TOOL)));
    if !matches!(chat.tool_choice, None | Some(ToolChoice::Auto | ToolChoice::None)) {
        losses.push(Loss::dropped("tool_choice", "there is no tool to choose"));
    }
}

fn write_tool(out: &mut ArrayWriter<'_>, tool: &Tool, path: &str, losses: &mut Vec<Loss>) {
    if tool.cache.is_some() {
        losses.push(Loss::dropped(format!("{path}.cache_control"), NO_MARKERS));
    }
    foreign(&tool.extras, path, losses);
    match &tool.kind {
        ToolKind::Native { raw, from } if *from == ME => {
            out.raw(raw);
        }
        ToolKind::Native { .. } => losses.push(Loss::dropped(path, FOREIGN_TOOL)),
        ToolKind::Function => {
            foreign(&tool.inner_extras, &format!("{path}.function"), losses);
            out.object(|out| {
                out.member("type", "function");
                out.object("function", |out| {
                    out.member("name", &tool.name).optional("description", &tool.description);
                    out.optional("parameters", &tool.parameters).optional("strict", &tool.strict);
                    write_extras(out, &tool.inner_extras, &[]);
                });
                write_extras(out, &tool.extras, &[]);
            });
        }
        ToolKind::Custom { format } => {
            foreign(&tool.inner_extras, &format!("{path}.custom"), losses);
            out.object(|out| {
                out.member("type", "custom");
                out.object("custom", |out| {
                    out.member("name", &tool.name).optional("description", &tool.description).optional("format", format);
                    write_extras(out, &tool.inner_extras, &[]);
                });
                write_extras(out, &tool.extras, &[]);
            });
        }
    }
}

fn write_choice(out: &mut ObjectWriter<'_>, choice: &ToolChoice, losses: &mut Vec<Loss>) {
    let named = |out: &mut ObjectWriter<'_>, kind: &str, name: &str| {
        out.object("tool_choice", |out| {
            out.member("type", kind).object(kind, |out| {
                out.member("name", name);
            });
        });
    };
    match choice {
        ToolChoice::Auto => {
            out.member("tool_choice", "auto");
        }
        ToolChoice::None => {
            out.member("tool_choice", "none");
        }
        ToolChoice::Required => {
            out.member("tool_choice", "required");
        }
        ToolChoice::Function { name } => named(out, "function", name),
        ToolChoice::Custom { name } => named(out, "custom", name),
        ToolChoice::Native { from, raw } if *from == ME => {
            out.raw("tool_choice", raw);
        }
        ToolChoice::Native { .. } => losses.push(Loss::dropped("tool_choice", "this form of tool choice exists in one dialect only")),
    }
}
