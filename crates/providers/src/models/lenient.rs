//! Model lists of servers that imitate OpenAI's (`providers/custom.md §1`).

use super::{ListedModel, Page};
use chat::{Fault, Step};
use serde_json::{Map, Value};

pub(super) fn read(body: &[u8]) -> Result<Page, Fault> {
    let bad = |what: &str| Fault::bad_response(Step::Relay, format!("the server's model list {what}"));
    let text = String::from_utf8_lossy(body);
    let answer: Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| bad("is not JSON").with_cause(error.to_string()))?;
    let entries = match &answer {
        Value::Array(entries) => entries,
        Value::Object(object) if object.get("error").is_some_and(|error| !error.is_null()) => return Err(bad("is an error")),
        Value::Object(object) => match ["data", "models"].iter().find_map(|name| object.get(*name)).map(Value::as_array) {
            Some(Some(entries)) => entries,
            None if object.get("id").is_some_and(Value::is_string) => std::slice::from_ref(&answer),
            _ => return Err(bad("has neither `data` nor `models`")),
        },
        _ => return Err(bad("is no list")),
    };
    let models: Option<Vec<_>> = entries.iter().map(model).collect();
    let next = |name: &str| answer.get(name);
    let after = next("last_id").and_then(Value::as_str).filter(|_| next("has_more").and_then(Value::as_bool) == Some(true));
    let models = models.ok_or_else(|| bad("has an entry without a name"))?;
    Ok(Page { models, after: after.map(str::to_owned) })
}

fn model(entry: &Value) -> Option<ListedModel> {
    if let Some(id) = entry.as_str().filter(|id| !id.is_empty()) {
        return Some(ListedModel { id: id.to_owned(), active: true, ..ListedModel::default() });
    }
    let object = entry.as_object()?;
    let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text("id").or_else(|| text("model")).or_else(|| text("name"))?;
    let within = |outer: &str, name: &str| object.get(outer).and_then(|inner| inner.get(name)).and_then(number);
    let any = |names: &[&str]| names.iter().find_map(|name| object.get(*name).and_then(number));
    Some(ListedModel {
        display_name: text("display_name").or_else(|| text("name")).filter(|name| *name != id),
        created: created(object),
        owned_by: text("owned_by"),
        context: any(&["max_model_len", "context_length", "context_window", "max_input_tokens", "max_context_length"])
            .or_else(|| within("meta", "n_ctx_train")),
        max_output: any(&["max_completion_tokens", "max_output_tokens", "max_tokens"])
            .or_else(|| within("top_provider", "max_completion_tokens")),
        active: object.get("active").and_then(Value::as_bool).unwrap_or(true),
        id,
    })
}

fn created(object: &Map<String, Value>) -> Option<i64> {
    let value = object.get("created").or_else(|| object.get("created_at"))?;
    let stamp = |text: &str| text.parse::<i64>().ok().or_else(|| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second));
    value.as_i64().or_else(|| number(value).and_then(|seconds| i64::try_from(seconds).ok())).or_else(|| value.as_str().and_then(stamp))
}

/// A count, whatever its spelling; 0 and less say nothing.
fn number(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|number| (1.0..9e15).contains(number));
    // Within the range of exact whole numbers.
    let count = value.as_u64().or_else(|| float().map(|number| number as u64));
    count.filter(|count| *count > 0)
}
