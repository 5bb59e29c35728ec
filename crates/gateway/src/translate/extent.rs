//! How much a body may hold that is written anew: each turn and block of it becomes many times its bytes in memory.

use chat::Fault;
use memchr::memchr2;
use wire::json::{Kind, Object};

/// Entries of one list, as Anthropic bounds its own messages; also the blocks in all entries of a list together.
const MOST_ENTRIES: usize = 100_000;
/// Members and items within the entries of one list.
const MOST_INSIDE: usize = 1_000_000;
/// A turn's content is a list in an object in a list; what a tool found is one level of both below that. Deeper is only text to Conduit.
const DEEPEST: usize = 5;

/// Refuses a body with a list too long, by the name of the list.
pub(super) fn check(body: &Object<'_>) -> Result<(), Fault> {
    // An entry and its comma are two bytes.
    if body.body().len() < 2 * MOST_ENTRIES {
        return Ok(());
    }
    for list in body.members().iter().filter(|member| member.kind == Kind::Array) {
        let extent = Extent::of(list.value.as_bytes());
        let (most, what) = match extent {
            Extent { entries, .. } if entries > MOST_ENTRIES => (MOST_ENTRIES, "entries"),
            Extent { blocks, .. } if blocks > MOST_ENTRIES => (MOST_ENTRIES, "blocks in its entries"),
            Extent { inside, .. } if inside > MOST_INSIDE => (MOST_INSIDE, "members in its entries"),
            _ => continue,
        };
        return Err(Fault::invalid(&*list.key, format!("`{}` has more than {most} {what}: send fewer", list.key)));
    }
    Ok(())
}

#[derive(Debug, Default, PartialEq)]
struct Extent {
    entries: usize,
    blocks: usize,
    inside: usize,
}

impl Extent {
    /// Of a list that is known to be valid JSON. An empty list counts as one with an entry.
    fn of(text: &[u8]) -> Self {
        let mut extent = Self::default();
        let mut lists = [false; DEEPEST + 1];
        let (mut depth, mut at) = (0_usize, 0_usize);
        while let Some(byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => at = after_string(text, at),
                b'[' | b'{' => {
                    depth += 1;
                    if let Some(is_list) = lists.get_mut(depth) {
                        *is_list = *byte == b'[';
                        extent.count(depth, *is_list);
                    }
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                b',' => {
                    if let Some(is_list) = lists.get(depth) {
                        extent.count(depth, *is_list);
                    }
                }
                _ => {}
            }
        }
        extent
    }

    fn count(&mut self, depth: usize, in_list: bool) {
        if depth == 1 {
            self.entries += 1;
            return;
        }
        self.inside += 1;
        if in_list && depth % 2 == 1 {
            self.blocks += 1;
        }
    }
}

/// Behind the string's closing quote; `at` is behind its opening one.
fn after_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Option<(Option<String>, String)> {
        check(&crate::admit::scan(body.as_bytes()).unwrap()).err().map(|fault| (fault.param, fault.message))
    }

    fn list(entry: &str, count: usize) -> String {
        format!("[{}]", vec![entry; count].join(","))
    }

    #[test]
    fn turns_blocks_and_tools_are_counted() {
        let turns = |count| format!(r#"{{"model":"m","messages":{}}}"#, list(r#"{"role":"user","content":"a, b, [c"}"#, count));
        assert_eq!(refusal(&turns(MOST_ENTRIES)), None);
        let (param, message) = refusal(&turns(MOST_ENTRIES + 1)).unwrap();
        assert_eq!((param.as_deref(), message.contains("100000 entries")), (Some("messages"), true), "{message}");
        let tools = format!(r#"{{"messages":[{{}}],"tools":{}}}"#, list("{}", MOST_ENTRIES + 1));
        assert_eq!(refusal(&tools).unwrap().0.as_deref(), Some("tools"));
        let blocks = list(r#"{"type":"text","text":"\"]\\"}"#, 50_001);
        let found = format!(r#"{{"type":"tool_result","content":{blocks}}}"#);
        assert_eq!(refusal(&format!(r#"{{"messages":[{{"content":{blocks}}}]}}"#)), None);
        let both = format!(r#"{{"messages":[{{"content":{blocks}}},{{"content":[{found}]}}]}}"#);
        assert!(refusal(&both).unwrap().1.contains("100000 blocks"), "those in a tool's result too");
        let members = (0..=MOST_INSIDE).map(|number| format!(r#""x{number}":1"#)).collect::<Vec<_>>().join(",");
        assert!(refusal(&format!(r#"{{"messages":[{{{members}}}]}}"#)).unwrap().1.contains("members"));
    }

    /// What a tool was called with is the caller's own and only text here.
    #[test]
    fn what_is_deep_inside_is_not_counted() {
        let rows = list(r#"{"a":1}"#, MOST_ENTRIES * 2);
        let body = format!(r#"{{"messages":[{{"content":[{{"type":"tool_use","input":{{"rows":{rows}}}}}]}}]}}"#);
        assert_eq!(refusal(&body), None);
    }
}
