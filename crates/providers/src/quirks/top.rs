//! What a top-level quirk does, over any carrier of named JSON values.

use crate::{OtherWord, Quirk, Word};
use chat::Loss;
use std::borrow::Cow;
use wire::json::json_string;

/// Named values at the top of a request, as JSON text.
pub(super) trait Fields {
    fn get(&self, field: &str) -> Option<Cow<'_, str>>;
    fn set(&mut self, field: &'static str, value: String);
    fn remove(&mut self, field: &'static str);
    /// Only called where there is a `from` and no `to`.
    fn rename(&mut self, from: &'static str, to: &'static str);
}

pub(super) fn apply(quirk: &'static Quirk, fields: &mut dyn Fields, losses: &mut Vec<Loss>) {
    match quirk {
        Quirk::Drop { field, reason } => drop_field(field, reason, fields, losses),
        Quirk::Rename { from, to } => {
            if is_set(fields, from) && fields.get(to).is_none() {
                fields.rename(from, to);
            }
        }
        Quirk::Clamp { field, min, max, reason } => {
            if let Some(bound) = passed_bound(fields, field, *min, *max) {
                fields.set(field, number_text(bound));
                losses.push(Loss::approximated(*field, reason));
            }
        }
        Quirk::Default { field, value, unless } => {
            if fields.get(field).is_none() && !unless.iter().any(|other| is_set(fields, other)) {
                fields.set(field, (*value).to_owned());
            }
        }
        Quirk::Words { field, words, other, reason } => {
            let word = fields.get(field).and_then(|value| serde_json::from_str::<String>(&value).ok());
            match word.map(|word| change_of(&word, words, *other)) {
                None | Some(WordChange::Nothing) => {}
                Some(WordChange::To(entry)) => {
                    fields.set(field, json_string(entry.to));
                    if !entry.exact {
                        losses.push(Loss::approximated(*field, reason));
                    }
                }
                Some(WordChange::Away) => drop_field(field, reason, fields, losses),
            }
        }
        Quirk::DropTurnNames
        | Quirk::DropNullMembers
        | Quirk::DropMessageMembers { .. }
        | Quirk::DeveloperAsSystem
        | Quirk::ReasoningMember { .. }
        | Quirk::DropReasoning { .. }
        | Quirk::RefusalAsText { .. }
        | Quirk::DropCacheMarkers { .. } => {}
    }
}

/// Null says "not given".
fn is_set(fields: &dyn Fields, field: &str) -> bool {
    fields.get(field).is_some_and(|value| value != "null")
}

fn drop_field(field: &'static str, reason: &'static str, fields: &mut dyn Fields, losses: &mut Vec<Loss>) {
    if is_set(fields, field) {
        losses.push(Loss::dropped(field, reason));
    }
    if fields.get(field).is_some() {
        fields.remove(field);
    }
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

enum WordChange {
    Nothing,
    To(&'static Word),
    Away,
}

fn change_of(word: &str, words: &'static [Word], other: OtherWord) -> WordChange {
    match words.iter().find(|entry| entry.from == word) {
        Some(entry) if entry.from == entry.to => WordChange::Nothing,
        Some(entry) => WordChange::To(entry),
        None if other == OtherWord::Drop => WordChange::Away,
        None => WordChange::Nothing,
    }
}
