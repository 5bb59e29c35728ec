//! Nothing of a client's request disappears: each text of a generated request is in the body that is written, in whatever dialect, or its
//! place in the client's own body is at or under a loss.

use super::*;
use crate::openai_chat::OpenaiChat;
use crate::{tell_fault, tell_losses};
use proptest::prelude::*;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use testkit::recorded::{Leaf, leaves, matches};

/// Small choices, and marks that occur nowhere else.
struct Dice<'d> {
    rolls: std::slice::Iter<'d, u8>,
    marks: u32,
}

impl Dice<'_> {
    fn roll(&mut self, sides: u8) -> u8 {
        self.rolls.next().copied().unwrap_or(0) % sides
    }

    fn coin(&mut self) -> bool {
        self.roll(2) == 1
    }

    fn mark(&mut self) -> String {
        self.marks += 1;
        format!("mark{}end", self.marks)
    }

    fn put(&mut self, object: &mut Value, name: &str, value: Value) {
        object.as_object_mut().unwrap_or(&mut Map::new()).insert(name.to_owned(), value);
    }

    /// A marker, an unknown member, both or none.
    fn adorned(&mut self, mut object: Value) -> Value {
        if self.roll(3) == 0 {
            let ttl = self.mark();
            self.put(&mut object, "cache_control", json!({"type": "ephemeral", "ttl": ttl}));
        }
        if self.roll(3) == 0 {
            let odd = self.mark();
            self.put(&mut object, "odd", json!({"in": [odd]}));
        }
        object
    }

    fn source(&mut self) -> Value {
        match self.roll(4) {
            0 => json!({"type": "url", "url": format!("https://x.test/{}", self.mark())}),
            1 => json!({"type": "base64", "media_type": "image/png", "data": self.mark()}),
            2 => json!({"type": "file", "file_id": self.mark()}),
            _ => json!({"type": self.mark(), "odd": self.mark()}),
        }
    }

    fn text(&mut self) -> Value {
        let mut block = json!({"type": "text", "text": self.mark()});
        if self.roll(4) == 0 {
            let (one, two) = (self.mark(), self.mark());
            self.put(&mut block, "citations", json!([{"type": "char_location", "cited_text": one}, {"cited_text": two}]));
        }
        block
    }

    fn adorned_text(&mut self) -> Value {
        let text = self.text();
        self.adorned(text)
    }

    fn document(&mut self) -> Value {
        let source = match self.coin() {
            true => json!({"type": "text", "media_type": "text/plain", "data": self.mark()}),
            false => self.source(),
        };
        let mut block = json!({"type": "document", "source": source});
        if self.coin() {
            let title = self.mark();
            self.put(&mut block, "title", json!(title));
        }
        block
    }

    fn user_block(&mut self) -> Value {
        let block = match self.roll(5) {
            0 => json!({"type": "image", "source": self.source()}),
            1 => self.document(),
            2 => json!({"type": "search_result", "source": self.mark()}),
            3 => {
                let mut block = json!({"type": "tool_result", "tool_use_id": self.mark(), "is_error": self.coin()});
                let content = match self.roll(3) {
                    0 => json!(self.mark()),
                    1 => json!([]),
                    _ => json!([self.text(), json!({"type": "image", "source": self.source()}), self.document()]),
                };
                self.put(&mut block, "content", content);
                block
            }
            _ => self.text(),
        };
        self.adorned(block)
    }

    fn assistant_block(&mut self) -> Value {
        let block = match self.roll(5) {
            0 => json!({"type": "thinking", "thinking": self.mark(), "signature": if self.coin() { self.mark() } else { String::new() }}),
            1 => json!({"type": "redacted_thinking", "data": self.mark()}),
            2 => json!({"type": "tool_use", "id": self.mark(), "name": self.mark(), "input": {"a": self.mark()}}),
            3 => json!({"type": "server_tool_use", "id": self.mark(), "name": self.mark(), "input": {}}),
            _ => self.text(),
        };
        self.adorned(block)
    }

    fn message(&mut self) -> Value {
        let role = ["user", "assistant", "system"][usize::from(self.roll(3))];
        let count = self.roll(4);
        let content = match (role, self.roll(4)) {
            (_, 0) => json!(self.mark()),
            ("assistant", _) => (0..count).map(|_| self.assistant_block()).collect(),
            ("user", _) => (0..count).map(|_| self.user_block()).collect(),
            _ => (0..count).map(|_| self.adorned_text()).collect(),
        };
        let mut message = json!({"role": role, "content": content});
        if self.roll(4) == 0 {
            let odd = self.mark();
            self.put(&mut message, "odd", json!(odd));
        }
        message
    }

    fn tool(&mut self) -> Value {
        let tool = match self.roll(3) {
            0 => json!({"type": "web_search_20250305", "name": self.mark()}),
            _ => {
                let schema = json!({"type": "object", "properties": {self.mark(): {"type": "string", "pattern": self.mark()}}});
                json!({"name": self.mark(), "description": self.mark(), "strict": self.coin(), "input_schema": schema})
            }
        };
        self.adorned(tool)
    }

    fn request(&mut self) -> Value {
        let messages: Vec<Value> = (0..=self.roll(5)).map(|_| self.message()).collect();
        let mut body = json!({"model": "m", "max_tokens": 9000, "messages": messages});
        let tools: Vec<Value> = (0..self.roll(3)).map(|_| self.tool()).collect();
        let choice = tools.first().map(|tool| tool["name"].clone());
        self.put(&mut body, "tools", json!(tools));
        if let Some(name) = choice.filter(|_| self.coin()) {
            self.put(&mut body, "tool_choice", json!({"type": "tool", "name": name}));
        }
        let system = match self.roll(3) {
            0 => json!(self.mark()),
            1 => Value::Array(vec![self.text(), self.adorned_text()]),
            _ => Value::Null,
        };
        self.put(&mut body, "system", system);
        let members: [(&str, Value); 7] = [
            ("container", json!(self.mark())),
            ("metadata", json!({"user_id": self.mark(), "team": self.mark()})),
            ("stop_sequences", json!([self.mark()])),
            ("thinking", json!({"type": "adaptive", "odd": self.mark()})),
            (
                "output_config",
                json!({"odd": self.mark(), "format": {"type": "json_schema", "schema": {"type": "object", "title": self.mark()}}}),
            ),
            ("context_management", json!({"edits": [self.mark()]})),
            ("service_tier", json!("auto")),
        ];
        for (name, value) in members {
            if self.coin() {
                self.put(&mut body, name, value);
            }
        }
        self.adorned(body)
    }
}

/// Marks that are neither in the body nor told, or `None` where the request is refused, naming a field that the client sent.
fn lost(body: &Value, writer: &dyn Dialect) -> Option<Vec<String>> {
    let chat = inbound::read(body);
    let facts = ModelFacts::default();
    let sent = leaves(&body.to_string());
    let mut written = match writer.write_request(&chat, &Target { model: "target", facts: &facts, version: None }) {
        Ok(written) => written,
        Err(fault) => {
            let field = tell_fault(&chat, fault).param.expect("a field");
            assert!(is_sent(&sent, &field), "{field}: {body}");
            return None;
        }
    };
    tell_losses(&chat, &mut written.losses);
    let text = String::from_utf8(written.body).unwrap();
    for loss in &written.losses {
        assert!(is_sent(&sent, &loss.path), "{} is nothing that the client sent: {body}", loss.path);
    }
    let marks = sent.iter().filter(|leaf| leaf.value.contains("mark") && !text.contains(leaf.value.trim_matches('"')));
    let told = |path: &str| written.losses.iter().any(|loss| matches(&loss.path, path));
    Some(marks.filter(|leaf| !told(&leaf.path)).map(|leaf| leaf.path.clone()).collect())
}

/// The client sent something there, or what it left out belongs to something that it sent.
fn is_sent(sent: &[Leaf], path: &str) -> bool {
    let around = path.rsplit_once('.').map_or(path, |(around, _)| around);
    sent.iter().any(|leaf| matches(path, &leaf.path) || matches(around, &leaf.path))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn every_text_is_written_or_told(rolls in proptest::collection::vec(any::<u8>(), 0..160)) {
        let body = Dice { rolls: rolls.iter(), marks: 0 }.request();
        for writer in [&OpenaiChat as &dyn Dialect, &AnthropicMessages] {
            if let Some(lost) = lost(&body, writer) {
                prop_assert!(lost.is_empty(), "{:?} to {}: {}", lost, writer.id().name(), body);
            }
        }
    }
}

/// Most of the generated requests are carried: the property above is not an empty one.
#[test]
fn most_requests_are_carried() {
    let mut counts: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for seed in 0..200_u32 {
        let rolls: Vec<u8> =
            (0..160_u32).map(|n| (seed.wrapping_mul(2_654_435_761).wrapping_add(n.wrapping_mul(40_503)) >> 7) as u8).collect();
        let body = Dice { rolls: rolls.iter(), marks: 0 }.request();
        for writer in [&OpenaiChat as &dyn Dialect, &AnthropicMessages] {
            *counts.entry((writer.id().name(), lost(&body, writer).is_some())).or_default() += 1;
        }
    }
    println!("{counts:?}");
    assert!(counts.iter().filter(|((_, carried), _)| *carried).all(|(_, count)| *count > 100), "{counts:?}");
}
