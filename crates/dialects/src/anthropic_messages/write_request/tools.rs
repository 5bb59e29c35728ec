//! Tools, their names, and the choice among them.

use super::draft::{Block, BlockKind, Draft, allowed};
use super::schema::{self, Rewritten};
use super::turns::Conversation;
use super::{object, rest};
use crate::anthropic_messages::types::{HERE, type_of};
use crate::names::{NameMap, Unique};
use chat::{Fault, Tool, ToolChoice, ToolKind};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use wire::Raw;
use wire::json::Kind;
use wire::object::ObjectWriter;

/// Members of a tool that the provider itself knows: a caller of another dialect may send them.
const TOOL_MEMBERS: &[&str] = &["allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"];
/// The longest name.
const LONGEST_NAME: usize = 128;

/// What is sent.
pub(super) struct Tools {
    pub(super) list: Vec<Block>,
    /// The `tool_choice` object, as JSON.
    pub(super) choice: Option<String>,
}

/// Names as the provider allows them: `^[a-zA-Z0-9_-]{1,128}$`.
#[derive(Default)]
pub(super) struct ToolNames {
    sent: HashMap<String, String>,
    used: Unique,
}

impl ToolNames {
    /// The tools of the request name themselves first: those that need no other name keep theirs.
    pub(super) fn register(&mut self, tools: &[Tool]) {
        let (fine, others): (Vec<&Tool>, Vec<&Tool>) = tools.iter().partition(|tool| allowed(&tool.name, LONGEST_NAME) == tool.name);
        for tool in fine.into_iter().chain(others) {
            self.sent(&tool.name);
        }
    }

    pub(super) fn sent(&mut self, own: &str) -> String {
        if let Some(sent) = self.sent.get(own) {
            return sent.clone();
        }
        let sent = self.used.take(allowed(own, LONGEST_NAME), LONGEST_NAME);
        self.sent.insert(own.to_owned(), sent.clone());
        sent
    }

    pub(super) fn into_map(self) -> NameMap {
        let mut changed: Vec<(String, String)> = self.sent.into_iter().filter(|(own, sent)| own != sent).collect();
        changed.sort();
        let mut map = NameMap::default();
        changed.into_iter().for_each(|(own, sent)| map.note(sent, own));
        map
    }

    /// Every name that the request uses, as it is sent.
    fn all(&self) -> BTreeSet<&str> {
        self.sent.values().map(String::as_str).collect()
    }
}

pub(super) fn tools(draft: &mut Draft<'_>, conversation: &Conversation, manual_thinking: bool) -> Result<Tools, Fault> {
    let chat = draft.chat;
    let chosen = Chosen::of(draft)?;
    let mut list = Vec::with_capacity(chat.tools.len());
    for (n, tool) in chat.tools.iter().enumerate().filter(|(_, tool)| chosen.includes(&tool.name)) {
        list.extend(block(draft, tool, &format!("tools[{n}]"))?);
    }
    if list.is_empty() {
        return without_tools(draft, conversation, chosen);
    }
    let choice = choice(draft, chosen, manual_thinking)?;
    Ok(Tools { list, choice })
}

/// No tool to call. A history with calls needs their tools all the same: they are named, and calling them is forbidden.
fn without_tools(draft: &mut Draft<'_>, conversation: &Conversation, chosen: Chosen) -> Result<Tools, Fault> {
    if !matches!(chosen.kind, Choose::Unsaid | Choose::Auto | Choose::None) {
        draft.losses.dropped("tool_choice", "there is no tool to choose");
    }
    let calls = conversation.messages.iter().flat_map(|message| &message.blocks);
    let has_calls = calls.clone().any(|block| matches!(block.kind, BlockKind::ToolUse | BlockKind::ToolResult));
    if !has_calls {
        return Ok(Tools { list: Vec::new(), choice: None });
    }
    let mut list = Vec::new();
    for name in draft.tools.all() {
        let json = object(|tool| {
            tool.member("name", name).json("input_schema", r#"{"type":"object","properties":{}}"#);
        })?;
        list.push(Block::new(BlockKind::Other, json, ""));
    }
    let choice = if list.is_empty() { None } else { Some(r#"{"type":"none"}"#.to_owned()) };
    Ok(Tools { list, choice })
}

fn block(draft: &mut Draft<'_>, tool: &Tool, place: &str) -> Result<Option<Block>, Fault> {
    let json = match &tool.kind {
        ToolKind::Function => function(draft, tool, place)?,
        ToolKind::Custom { .. } => {
            return Err(Fault::unsupported(
                place,
                "The provider has no free-text tools: declare it as a function with one string parameter.",
            ));
        }
        ToolKind::Native { raw, from } if *from == HERE || is_own_tool(raw) => raw.text().trim().to_owned(),
        ToolKind::Native { .. } => {
            draft.losses.dropped(place, "a tool that this provider does not have");
            return Ok(None);
        }
    };
    Ok(Some(Block::new(BlockKind::Other, json, place).marked(tool.cache.as_ref())))
}

/// The provider's own tools carry the day of their version (`web_search_20250305`); one has none.
fn is_own_tool(raw: &Raw) -> bool {
    type_of(raw.by_ref()).is_some_and(|kind| {
        let dated = kind.rsplit_once('_').is_some_and(|(_, day)| day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()));
        dated || kind == "mcp_toolset"
    })
}

fn function(draft: &mut Draft<'_>, tool: &Tool, place: &str) -> Result<String, Fault> {
    let inner = format!("{place}.function");
    let name = draft.tools.sent(&tool.name);
    let (schema, strict) = parameters(draft, tool, &inner)?;
    let mut members = rest::known_members(draft, place, &tool.extras, TOOL_MEMBERS);
    members.extend(rest::known_members(draft, &inner, &tool.inner_extras, TOOL_MEMBERS));
    object(|object| {
        object.member("name", &name).optional("description", &tool.description).json("input_schema", &schema);
        if strict {
            object.member("strict", &true);
        }
        object.extend(&members);
    })
}

/// The schema of the arguments, and whether the model is bound to it.
fn parameters(draft: &mut Draft<'_>, tool: &Tool, inner: &str) -> Result<(String, bool), Fault> {
    let place = format!("{inner}.parameters");
    let Some(given) = tool.parameters.as_ref().filter(|given| !given.is_null()) else {
        return Ok((r#"{"type":"object","properties":{}}"#.to_owned(), false));
    };
    // A caller of this dialect knows which schemas the provider takes.
    if draft.chat.from == Some(HERE) {
        return Ok((given.text().to_owned(), tool.strict == Some(true)));
    }
    let schema = as_object_schema(given, &place)?;
    if tool.strict != Some(true) {
        return Ok((schema.text().to_owned(), false));
    }
    if draft.target.facts.lacks_schema_output {
        draft.losses.dropped(format!("{inner}.strict"), "the model cannot be bound to a schema");
        return Ok((schema.text().to_owned(), false));
    }
    match schema::rewrite(&schema, &place, &mut draft.losses)? {
        Rewritten::Same => Ok((schema.text().to_owned(), true)),
        Rewritten::Changed(text) => Ok((text, true)),
        Rewritten::Recursive => {
            draft.losses.dropped(format!("{inner}.strict"), "the model cannot be bound to a recursive schema");
            Ok((schema.text().to_owned(), false))
        }
    }
}

/// Arguments are an object there: said where the caller left it out.
fn as_object_schema(given: &Raw, place: &str) -> Result<Raw, Fault> {
    if given.by_ref().kind() != Kind::Object {
        return Err(Fault::invalid(place, "The parameters must be a JSON Schema object."));
    }
    let wrong = |error: &dyn std::fmt::Display| Fault::invalid(place, format!("The schema is malformed: {error}"));
    let mut fields = given.fields().map_err(|error| wrong(&error))?;
    match fields.peek("type") {
        Some(kind) if kind.as_str().is_some_and(|kind| kind != "object") => Err(Fault::invalid(
            format!("{place}.type"),
            "The parameters of a function are an object: its schema must say `\"type\":\"object\"`.",
        )),
        Some(kind) if !kind.is_null() => Ok(given.clone()),
        _ => {
            fields.take_ref("type");
            let members = fields.rest();
            let text = object(|schema: &mut ObjectWriter<'_>| {
                schema.member("type", "object").extend(&members);
            })?;
            Raw::parse(&text).map_err(|error| wrong(&error))
        }
    }
}

/// What the caller chose.
struct Chosen {
    kind: Choose,
    /// The tools that may be called, where not all may.
    among: Option<HashSet<String>>,
}

enum Choose {
    Unsaid,
    Auto,
    None,
    Any,
    One(String),
    /// The provider's own form.
    Own(String),
}

impl Chosen {
    fn of(draft: &mut Draft<'_>) -> Result<Self, Fault> {
        let kind = match &draft.chat.tool_choice {
            None => Choose::Unsaid,
            Some(ToolChoice::Auto) => Choose::Auto,
            Some(ToolChoice::None) => Choose::None,
            Some(ToolChoice::Required) => Choose::Any,
            Some(ToolChoice::Function { name }) => Choose::One(name.clone()),
            Some(ToolChoice::Custom { .. }) => {
                return Err(Fault::unsupported("tool_choice", "The provider has no free-text tools: choose a function."));
            }
            Some(ToolChoice::Native { from, raw }) if *from == HERE => Choose::Own(raw.text().to_owned()),
            Some(ToolChoice::Native { raw, .. }) => return Ok(Self::foreign(draft, raw)),
        };
        Ok(Self { kind, among: None })
    }

    /// `allowed_tools`: the others are not sent, which comes to the same for this request.
    fn foreign(draft: &mut Draft<'_>, raw: &Raw) -> Self {
        let value: Value = raw.read().unwrap_or_default();
        let inner = value.get("allowed_tools").unwrap_or(&value);
        let listed = inner.get("tools").and_then(Value::as_array);
        let Some(listed) = listed.filter(|_| value.get("type").and_then(Value::as_str) == Some("allowed_tools")) else {
            draft.losses.dropped("tool_choice", "a choice that the provider does not know");
            return Self { kind: Choose::Unsaid, among: None };
        };
        let name = |tool: &Value| tool.pointer("/function/name").or_else(|| tool.get("name")).and_then(Value::as_str).map(str::to_owned);
        draft.losses.approximated("tool_choice", "the tools that are not allowed are left out of `tools`");
        let required = inner.get("mode").and_then(Value::as_str) == Some("required");
        Self { kind: if required { Choose::Any } else { Choose::Auto }, among: Some(listed.iter().filter_map(name).collect()) }
    }

    fn includes(&self, name: &str) -> bool {
        self.among.as_ref().is_none_or(|among| among.contains(name))
    }
}

fn choice(draft: &mut Draft<'_>, chosen: Chosen, manual_thinking: bool) -> Result<Option<String>, Fault> {
    let one_call = draft.chat.parallel_tools == Some(false);
    let forced = matches!(chosen.kind, Choose::Any | Choose::One(_));
    let refused = draft.target.facts.refuses_forced_tools || manual_thinking;
    let (kind, name) = match chosen.kind {
        Choose::Own(json) => return Ok(Some(json)),
        Choose::Unsaid if one_call => ("auto", None),
        Choose::Unsaid => return Ok(None),
        Choose::None => ("none", None),
        Choose::Any | Choose::One(_) if refused => ("auto", None),
        Choose::Auto => ("auto", None),
        Choose::Any => ("any", None),
        Choose::One(name) => ("tool", Some(draft.tools.sent(&name))),
    };
    if forced && refused {
        let reason = if manual_thinking {
            "no call can be forced while the model thinks: the choice is its own"
        } else {
            "no call can be forced on this model: the choice is its own"
        };
        draft.losses.approximated("tool_choice", reason);
    }
    let json = object(|choice| {
        choice.member("type", kind).optional("name", &name);
        if one_call && kind != "none" {
            choice.member("disable_parallel_tool_use", &true);
        }
    })?;
    Ok(Some(json))
}
