//! Quirks as a configuration writes them: a name, or an object with one of the names of [`QUIRK_OBJECTS`].

use super::presets::rival;
use super::reading::{Reading, meant, within};
use crate::{JsonForm, Models, Names, OtherWord, Quirk, Sourced, Text, Word};
use chat::Operation;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Quirks that a name says all about.
pub const QUIRK_NAMES: &[&str] = &[
    "developer_as_system",
    "drop_cache_markers",
    "drop_null_members",
    "drop_nulls",
    "drop_reasoning",
    "drop_turn_names",
    "empty_content_for_null",
    "flatten_text_parts",
    "function_tools_only",
    "json_object_as_schema",
    "json_object_as_text",
    "json_object_as_value",
    "merge_same_role",
    "no_stream_options",
    "refusal_as_text",
    "stream_options_with_stream_only",
    "system_first",
    "tool_choice_as_word",
];

/// Quirks that need more than their name: `{"drop": "user"}`.
pub const QUIRK_OBJECTS: &[&str] = &[
    "as_list",
    "clamp",
    "default",
    "drop",
    "drop_empty",
    "drop_message_members",
    "drop_when",
    "reasoning_member",
    "rename",
    "without",
    "words",
];

/// Members beside the name of a quirk: the models (by their beginnings) and the operation that it holds for.
const BESIDE: &[&str] = &["models", "for"];

/// What the caller is told where a configured quirk loses something.
const REASON: &str = "the provider is declared not to take it as it was sent";
const SOURCE: &str = "configured";
const STREAM_OPTIONS: &str = "stream_options";

/// What makes a request one: no quirk may touch them.
const UNTOUCHABLE: &[&str] = &["model", "messages", "prompt", "input", "stream"];

/// The preset's quirks with the owner's among them: one of the owner's about the same thing takes the place of the preset's, `without` takes
/// one of the preset's away.
pub(super) fn merged(preset: Vec<Sourced>, configured: &[Value], reading: &mut Reading) -> Vec<Sourced> {
    let mut all = preset;
    let mut own = Vec::new();
    for (at, value) in configured.iter().enumerate() {
        let path = format!("quirks[{at}]");
        for (read, without) in read(&path, value, reading) {
            let before = all.len();
            all.retain(|other| !rival(other, &read));
            if !without {
                own.push(read);
            } else if all.len() == before {
                reading.fault(&path, "takes away a quirk that is not there", "remove it, or choose the preset that has it");
            }
        }
    }
    all.extend(own);
    // Nulls are looked for in what the others leave.
    all.sort_by_key(|sourced| matches!(sourced.quirk, Quirk::DropNullMembers));
    all
}

/// The quirks of one entry, and whether they are to be taken away.
fn read(path: &str, value: &Value, reading: &mut Reading) -> Vec<(Sourced, bool)> {
    if let Some(name) = value.as_str() {
        let quirk = named(path, name, reading);
        return quirk.into_iter().map(|quirk| (configured(Operation::Chat, Models::All, quirk), false)).collect();
    }
    let Some(object) = reading.object(path, value) else { return Vec::new() };
    let names: Vec<&String> = object.keys().filter(|name| !BESIDE.contains(&name.as_str())).collect();
    let &[name] = names.as_slice() else {
        reading.fault(path, "does not name exactly one quirk", "write it as {\"drop\": \"user\"}, each quirk in an entry of its own");
        return Vec::new();
    };
    let Some(value) = object.get(name) else { return Vec::new() };
    if name == "without" {
        return read(&format!("{path}.without"), value, reading).into_iter().map(|(sourced, _)| (sourced, true)).collect();
    }
    let models = models(path, object, reading);
    let operation = operation(path, object, reading);
    let quirks = quirks(path, name, value, reading);
    let mut made = Vec::new();
    for quirk in quirks {
        if quirk.is_nested() && operation != Operation::Chat {
            reading.fault(format!("{path}.for"), "is an operation without messages", "this quirk is one of chat");
        } else {
            made.push((configured(operation, models.clone(), quirk), false));
        }
    }
    made
}

fn configured(operation: Operation, models: Models, quirk: Quirk) -> Sourced {
    Sourced { quirk, operation, models, source: Cow::Borrowed(SOURCE) }
}

fn models(path: &str, object: &Map<String, Value>, reading: &mut Reading) -> Models {
    let Some(value) = object.get("models") else { return Models::All };
    Models::Starting(Names::Configured(texts(&format!("{path}.models"), value, reading)))
}

fn operation(path: &str, object: &Map<String, Value>, reading: &mut Reading) -> Operation {
    const WORDS: &[(&str, Operation)] =
        &[("chat", Operation::Chat), ("completions", Operation::Completions), ("embeddings", Operation::Embeddings)];
    let Some(value) = object.get("for") else { return Operation::Chat };
    reading.one_of(&format!("{path}.for"), value, WORDS).unwrap_or(Operation::Chat)
}

/// A quirk by its name alone; `reasoning_member:reasoning` is short for the object.
fn named(path: &str, name: &str, reading: &mut Reading) -> Option<Quirk> {
    let reason = || Cow::Borrowed(REASON);
    Some(match name {
        "developer_as_system" => Quirk::DeveloperAsSystem,
        "drop_cache_markers" => Quirk::DropCacheMarkers { reason: reason() },
        "drop_null_members" => Quirk::DropNullMembers,
        "drop_nulls" => Quirk::DropNulls,
        "drop_reasoning" => Quirk::DropReasoning { reason: reason() },
        "drop_turn_names" => Quirk::DropTurnNames,
        "empty_content_for_null" => Quirk::EmptyContentForNull,
        "flatten_text_parts" => Quirk::FlattenTextParts,
        "function_tools_only" => Quirk::FunctionToolsOnly { reason: reason() },
        "json_object_as_schema" => Quirk::JsonObjectAs { form: JsonForm::Schema, reason: reason() },
        "json_object_as_text" => Quirk::JsonObjectAs { form: JsonForm::Text, reason: reason() },
        "json_object_as_value" => Quirk::JsonObjectAs { form: JsonForm::Value, reason: reason() },
        "merge_same_role" => Quirk::MergeSameRole,
        "no_stream_options" => Quirk::drop(STREAM_OPTIONS, REASON),
        "refusal_as_text" => Quirk::RefusalAsText { reason: reason() },
        "stream_options_with_stream_only" => Quirk::StreamOptionsWithStreamOnly,
        "system_first" => Quirk::SystemFirst { reason: reason() },
        "tool_choice_as_word" => Quirk::ToolChoiceAsWord { reason: reason() },
        other => {
            if let Some(("reasoning_member", member)) = other.split_once(':') {
                return Some(Quirk::ReasoningMember { name: owned(member) });
            }
            let remedy = if QUIRK_OBJECTS.contains(&other) {
                format!("write it as an object: {{\"{other}\": ...}}")
            } else {
                meant(other, QUIRK_NAMES.iter().chain(QUIRK_OBJECTS).copied())
            };
            return reading.none(path, "is not a known quirk", remedy);
        }
    })
}

/// The quirks of an object's member: some names stand for several fields at once.
fn quirks(path: &str, name: &str, value: &Value, reading: &mut Reading) -> Vec<Quirk> {
    let path = format!("{path}.{}", if QUIRK_OBJECTS.contains(&name) { name } else { "" });
    let path = path.trim_end_matches('.');
    let mut each = |make: fn(Text) -> Quirk| fields(path, value, reading).into_iter().map(|field| make(owned(&field))).collect();
    match name {
        "drop" => each(|field| Quirk::Drop { field, reason: Cow::Borrowed(REASON) }),
        "drop_empty" => each(|field| Quirk::DropEmpty { field }),
        "as_list" => each(|field| Quirk::AsList { field }),
        "reasoning_member" => reading.text(path, value).map(|name| Quirk::ReasoningMember { name: owned(name) }).into_iter().collect(),
        "drop_message_members" => {
            let members = Names::Configured(texts(path, value, reading));
            vec![Quirk::DropMessageMembers { members, reason: Cow::Borrowed(REASON) }]
        }
        "drop_when" => drop_when(path, value, reading).into_iter().collect(),
        "rename" => rename(path, value, reading).into_iter().collect(),
        "clamp" => clamp(path, value, reading).into_iter().collect(),
        "default" => default(path, value, reading).into_iter().collect(),
        "words" => words(path, value, reading).into_iter().collect(),
        // A name that needs nothing more, written with models or an operation beside it.
        other if value == &Value::Bool(true) => named(path, other, reading).into_iter().collect(),
        other if QUIRK_NAMES.contains(&other) => {
            reading.none(path, format!("has a value for '{other}'"), "write true").into_iter().collect()
        }
        other => named(path, other, reading).into_iter().collect(),
    }
}

fn drop_when(path: &str, value: &Value, reading: &mut Reading) -> Option<Quirk> {
    let object = members(path, value, &["field", "equals", "exact"], reading)?;
    let field = field(path, object, "field", reading)?;
    let Some(equals) = object.get("equals") else {
        return reading.none(&format!("{path}.equals"), "is missing", "say which value is not sent");
    };
    let exact = object.get("exact").and_then(|value| reading.flag(&format!("{path}.exact"), value)).unwrap_or(false);
    Some(Quirk::DropWhen { field, equals: Cow::Owned(equals.to_string()), exact, reason: Cow::Borrowed(REASON) })
}

fn rename(path: &str, value: &Value, reading: &mut Reading) -> Option<Quirk> {
    let object = members(path, value, &["from", "to"], reading)?;
    let (from, to) = (field(path, object, "from", reading), field(path, object, "to", reading));
    Some(Quirk::Rename { from: from?, to: to? })
}

fn clamp(path: &str, value: &Value, reading: &mut Reading) -> Option<Quirk> {
    let object = members(path, value, &["field", "min", "max"], reading)?;
    let field = field(path, object, "field", reading)?;
    let mut bound = |name: &str, without: f64| match object.get(name) {
        None => Some(without),
        Some(value) => value.as_f64().or_else(|| reading.none(&format!("{path}.{name}"), "is not a number", "write a number")),
    };
    let (min, max) = (bound("min", f64::NEG_INFINITY)?, bound("max", f64::INFINITY)?);
    if min > max || (min.is_infinite() && max.is_infinite()) {
        return reading.none(path, "has no range", "give min, max or both, min not above max");
    }
    Some(Quirk::Clamp { field, min, max, reason: Cow::Borrowed(REASON) })
}

fn default(path: &str, value: &Value, reading: &mut Reading) -> Option<Quirk> {
    let object = members(path, value, &["field", "value", "unless"], reading)?;
    let field = field(path, object, "field", reading)?;
    let Some(sent) = object.get("value") else { return reading.none(&format!("{path}.value"), "is missing", "say what is sent") };
    let unless = object.get("unless").map(|value| texts(&format!("{path}.unless"), value, reading)).unwrap_or_default();
    Some(Quirk::Default { field, value: Cow::Owned(sent.to_string()), unless: Names::Configured(unless) })
}

fn words(path: &str, value: &Value, reading: &mut Reading) -> Option<Quirk> {
    let object = members(path, value, &["field", "words", "other"], reading)?;
    let field = field(path, object, "field", reading)?;
    let at = format!("{path}.words");
    let table = match object.get("words") {
        Some(table) => reading.object(&at, table)?,
        None => return reading.none(&at, "is missing", "write it as {\"the caller's word\": \"the server's word\"}"),
    };
    let mut words = Vec::new();
    for (from, to) in table {
        let to = reading.text(&within(&at, from), to)?;
        words.push(Word { from: owned(from), to: owned(to), exact: from == to });
    }
    let other = object
        .get("other")
        .and_then(|value| reading.one_of(&format!("{path}.other"), value, &[("keep", OtherWord::Keep), ("drop", OtherWord::Drop)]));
    let other = other.unwrap_or(OtherWord::Keep);
    Some(Quirk::Words { field, words: Cow::Owned(words), other, reason: Cow::Borrowed(REASON) })
}

fn members<'v>(path: &str, value: &'v Value, names: &[&'static str], reading: &mut Reading) -> Option<&'v Map<String, Value>> {
    let object = reading.object(path, value)?;
    reading.known(object, path, names);
    Some(object)
}

/// The name of a top-level field that a quirk may touch.
fn field(path: &str, object: &Map<String, Value>, name: &str, reading: &mut Reading) -> Option<Text> {
    let path = format!("{path}.{name}");
    match object.get(name) {
        Some(value) => reading.text(&path, value).and_then(|text| touchable(&path, text, reading)).map(|text| owned(&text)),
        None => reading.none(&path, "is missing", "name a field of the request"),
    }
}

/// One field, or a list of them.
fn fields(path: &str, value: &Value, reading: &mut Reading) -> Vec<String> {
    let all =
        if value.is_array() { texts(path, value, reading) } else { reading.text(path, value).map(str::to_owned).into_iter().collect() };
    all.into_iter().filter_map(|field| touchable(path, &field, reading)).collect()
}

fn touchable(path: &str, field: &str, reading: &mut Reading) -> Option<String> {
    if UNTOUCHABLE.contains(&field) {
        return reading.none(path, format!("names the field '{field}', which no quirk may touch"), "remove it");
    }
    if field.is_empty() {
        return reading.none(path, "is empty", "name a field of the request");
    }
    Some(field.to_owned())
}

fn texts(path: &str, value: &Value, reading: &mut Reading) -> Vec<String> {
    let Some(items) = reading.list(path, value) else { return Vec::new() };
    items.iter().enumerate().filter_map(|(at, item)| reading.text(&format!("{path}[{at}]"), item).map(str::to_owned)).collect()
}

fn owned(text: &str) -> Text {
    Cow::Owned(text.to_owned())
}
