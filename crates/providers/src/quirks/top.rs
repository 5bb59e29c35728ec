//! What a top-level quirk does, over any carrier of named JSON values.

use super::forms;
use crate::{OtherWord, Quirk, Text, Word};
use chat::Loss;
use serde_json::Value;
use std::borrow::Cow;
use wire::json::json_string;

/// Named values at the top of a request, as JSON text.
pub(super) trait Fields {
    fn get(&self, field: &str) -> Option<Cow<'_, str>>;
    /// The fields whose value is null.
    fn nulls(&self) -> Vec<String>;
    fn set(&mut self, field: &str, value: String);
    /// Does nothing where there is no such field.
    fn remove(&mut self, field: &str);
    /// Only called where there is a `from` and no `to`.
    fn rename(&mut self, from: &str, to: &str);
}

const STREAM_OPTIONS: &str = "stream_options";
const TOOL_CHOICE: &str = "tool_choice";

pub(super) fn apply(quirk: &Quirk, fields: &mut dyn Fields, losses: &mut Vec<Loss>) {
    match quirk {
        Quirk::Drop { field, reason } => drop_field(field, reason, fields, losses),
        Quirk::DropWhen { field, equals, exact, reason } if fields.get(field).is_some_and(|value| same_value(&value, equals)) => {
            fields.remove(field);
            if !exact {
                losses.push(Loss::dropped(&**field, reason.clone()));
            }
        }
        Quirk::DropEmpty { field } if fields.get(field).is_some_and(|value| is_empty(&value)) => fields.remove(field),
        Quirk::DropNulls => fields.nulls().iter().for_each(|field| fields.remove(field)),
        Quirk::StreamOptionsWithStreamOnly if fields.get("stream").as_deref() != Some("true") => fields.remove(STREAM_OPTIONS),
        Quirk::Rename { from, to } if is_set(fields, from) && fields.get(to).is_none() => fields.rename(from, to),
        Quirk::Clamp { field, min, max, reason } => {
            if let Some(bound) = passed_bound(fields, field, *min, *max) {
                fields.set(field, number_text(bound));
                losses.push(Loss::approximated(&**field, reason.clone()));
            }
        }
        Quirk::Default { field, value, unless } if fields.get(field).is_none() && !unless.iter().any(|other| is_set(fields, other)) => {
            fields.set(field, value.clone().into_owned());
        }
        Quirk::Words { field, words, other, reason } => change_word(field, words, *other, reason, fields, losses),
        Quirk::AsList { field } => {
            if let Some(text) = fields.get(field).filter(|value| value.starts_with('"')).map(Cow::into_owned) {
                fields.set(field, format!("[{text}]"));
            }
        }
        Quirk::ToolChoiceAsWord { reason } if fields.get(TOOL_CHOICE).is_some_and(|value| value.starts_with('{')) => {
            fields.set(TOOL_CHOICE, "\"required\"".to_owned());
            losses.push(Loss::approximated(TOOL_CHOICE, reason.clone()));
        }
        Quirk::JsonObjectAs { form, reason } => forms::json_object_as(*form, reason, fields, losses),
        // Nothing to do for it in this request; or nested: see there.
        _ => {}
    }
}

/// Null says "not given".
fn is_set(fields: &dyn Fields, field: &str) -> bool {
    fields.get(field).is_some_and(|value| value != "null")
}

fn drop_field(field: &str, reason: &Text, fields: &mut dyn Fields, losses: &mut Vec<Loss>) {
    let lost = match fields.get(field) {
        Some(value) => value != "null",
        // The caller set none, but the gateway may be about to, to learn the usage.
        None if field == STREAM_OPTIONS => false,
        None => return,
    };
    fields.remove(field);
    if lost {
        losses.push(Loss::dropped(field, reason.clone()));
    }
}

/// Equal as JSON; numbers by their value, however they are spelt.
fn same_value(left: &str, right: &str) -> bool {
    let (Ok(left), Ok(right)) = (serde_json::from_str::<Value>(left), serde_json::from_str::<Value>(right)) else { return false };
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// An empty list or object.
fn is_empty(value: &str) -> bool {
    let within = |open: char, close: char| value.strip_prefix(open)?.strip_suffix(close).map(|inside| inside.trim().is_empty());
    within('[', ']').or_else(|| within('{', '}')).unwrap_or(false)
}

/// The bound that a number lies beyond, if any.
fn passed_bound(fields: &dyn Fields, field: &str, min: f64, max: f64) -> Option<f64> {
    let value = fields.get(field)?.parse::<f64>().ok()?;
    if value < min {
        Some(min)
    } else if value > max {
        Some(max)
    } else {
        None
    }
}

/// A whole number without the point that JSON writers add.
fn number_text(number: f64) -> String {
    format!("{number}")
}

fn change_word(field: &str, words: &[Word], other: OtherWord, reason: &Text, fields: &mut dyn Fields, losses: &mut Vec<Loss>) {
    let Some(word) = fields.get(field).and_then(|value| serde_json::from_str::<String>(&value).ok()) else { return };
    match words.iter().find(|entry| entry.from == word) {
        Some(entry) if entry.from == entry.to => {}
        Some(entry) => {
            fields.set(field, json_string(&entry.to));
            if !entry.exact {
                losses.push(Loss::approximated(field, reason.clone()));
            }
        }
        None if other == OtherWord::Drop => drop_field(field, reason, fields, losses),
        None => {}
    }
}
