//! Where a part stands in the caller's own request: losses and faults are told in those terms.

use chat::{Part, PartKind, Turn};

/// The places of a turn's parts, one for each. Turns stand one to one for the caller's messages; a part of the content is a list element, or
/// the whole content where it came as a text.
pub(super) fn of_parts(turn_place: &str, turn: &Turn) -> Vec<String> {
    in_list(turn_place, &turn.parts, turn.listed)
}

/// The places inside the content of a tool's result.
pub(super) fn of_result(turn_place: &str, parts: &[Part], listed: bool) -> Vec<String> {
    in_list(turn_place, parts, listed)
}

fn in_list(outer: &str, parts: &[Part], listed: bool) -> Vec<String> {
    let (mut contents, mut calls, mut thoughts, mut sources, mut unsigned) = (0, 0, 0, 0, 0);
    let mut all_thoughts = 0;
    let next = |counter: &mut usize| std::mem::replace(counter, *counter + 1);
    let place = |part: &Part| match &part.kind {
        PartKind::ToolCall(_) => format!("{outer}.tool_calls[{}]", next(&mut calls)),
        PartKind::Reasoning(thought) if thought.signature.is_none() && thought.encrypted.is_none() => {
            let at = next(&mut all_thoughts);
            // A caller of OpenAI chat has one; of several, each has its number among all thoughts.
            if next(&mut unsigned) == 0 { format!("{outer}.reasoning_content") } else { format!("{outer}.reasoning[{at}]") }
        }
        PartKind::Reasoning(_) => {
            next(&mut all_thoughts);
            format!("{outer}.thinking_blocks[{}]", next(&mut thoughts))
        }
        PartKind::Citation { .. } => format!("{outer}.annotations[{}]", next(&mut sources)),
        PartKind::ToolResult(_) => outer.to_owned(),
        // A whole message that nothing else stands for.
        PartKind::Native { .. } if !listed => outer.to_owned(),
        PartKind::Audio { .. } if !listed => format!("{outer}.audio"),
        PartKind::Refusal { .. } if !listed => format!("{outer}.refusal"),
        _ if listed => format!("{outer}.content[{}]", next(&mut contents)),
        _ => format!("{outer}.content"),
    };
    parts.iter().map(place).collect()
}

pub(super) fn turn(n: usize) -> String {
    format!("messages[{n}]")
}
