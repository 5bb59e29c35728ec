//! The form that the answer must have.

use super::draft::Draft;
use super::rest::Passed;
use super::schema::{self, Rewritten};
use crate::anthropic_messages::types::HERE;
use chat::{Extras, Fault, Output};
use serde_json::Value;
use wire::Raw;
use wire::json::Kind;

pub(super) enum Form {
    Free,
    /// `output_config.format` with this schema, as JSON.
    Bound(String),
    /// Words at the end of the system prompt: the provider has no such form for this model or mode.
    Instruction(String),
}

const ANY_OBJECT: &str = "Answer with one JSON object and nothing else: no text around it and no code fence.";
const FIELD: &str = "response_format";
const SCHEMA: &str = "response_format.json_schema.schema";

pub(super) fn form(draft: &mut Draft<'_>, passed: &Passed) -> Result<Form, Fault> {
    let wanted = match &draft.chat.output {
        None | Some(Output::Text) => return Ok(Form::Free),
        Some(wanted) => wanted,
    };
    if passed.configures("format") {
        draft.losses.dropped(FIELD, "`output_config.format` stands in its place");
        return Ok(Form::Free);
    }
    match wanted {
        Output::JsonSchema { name, description, schema: Some(schema), extras, .. } if !schema.is_null() => {
            bound(draft, name.as_deref(), description.as_deref(), schema, extras)
        }
        Output::JsonSchema { name, description, .. } => {
            draft.losses.approximated(FIELD, "without a schema the answer's form is asked for in words");
            let intent: Vec<&str> = [name.as_deref(), description.as_deref()].into_iter().flatten().collect();
            let about = if intent.is_empty() { String::new() } else { format!(" It is: {}.", intent.join(". ")) };
            Ok(Form::Instruction(format!("{ANY_OBJECT}{about}")))
        }
        _ => {
            draft.losses.approximated(FIELD, "the provider has no JSON mode: it is asked for in words");
            Ok(Form::Instruction(ANY_OBJECT.to_owned()))
        }
    }
}

fn bound(draft: &mut Draft<'_>, name: Option<&str>, description: Option<&str>, schema: &Raw, extras: &Extras) -> Result<Form, Fault> {
    if schema.by_ref().kind() != Kind::Object {
        return Err(Fault::invalid(SCHEMA, "The schema must be a JSON object."));
    }
    draft.losses.extras("response_format.json_schema", extras);
    let titled = titled(schema, name, description)?;
    if draft.target.facts.lacks_schema_output {
        draft.losses.approximated(FIELD, "the model cannot be bound to a schema: it is asked for in words");
        return Ok(in_words(&titled));
    }
    // A caller of this dialect knows which schemas the provider takes.
    if draft.chat.from == Some(HERE) {
        return Ok(Form::Bound(titled.text().to_owned()));
    }
    match schema::rewrite(&titled, SCHEMA, &mut draft.losses)? {
        Rewritten::Same => Ok(Form::Bound(titled.text().to_owned())),
        Rewritten::Changed(text) => Ok(Form::Bound(text)),
        Rewritten::Recursive => {
            draft.losses.approximated(FIELD, "the provider takes no recursive schema: it is asked for in words");
            Ok(in_words(&titled))
        }
    }
}

fn in_words(schema: &Raw) -> Form {
    Form::Instruction(format!("{ANY_OBJECT} It must conform to this JSON Schema:\n{}", schema.text()))
}

/// The name and the description of the format have no place of their own: they become title and description of the schema, or are put before
/// the description that it has.
fn titled(schema: &Raw, name: Option<&str>, description: Option<&str>) -> Result<Raw, Fault> {
    let wrong = |error: &dyn std::fmt::Display| Fault::invalid(SCHEMA, format!("The schema is malformed: {error}"));
    let fields = schema.fields().map_err(|error| wrong(&error))?;
    let text_of = |member: &str| fields.peek(member).and_then(|value| value.as_str().map(|text| text.into_owned()));
    let mut said: Vec<String> = Vec::new();
    let title = match (text_of("title"), name) {
        (Some(title), Some(name)) if title != name => {
            said.push(name.to_owned());
            None
        }
        (Some(_), _) | (None, None) => None,
        (None, Some(name)) => Some(name),
    };
    said.extend(description.map(str::to_owned));
    if title.is_none() && said.is_empty() {
        return Ok(schema.clone());
    }
    let mut value: Value = schema.read().map_err(|error| wrong(&error))?;
    if let Value::Object(members) = &mut value {
        if let Some(title) = title {
            members.insert("title".into(), title.into());
        }
        said.extend(text_of("description").filter(|own| !said.contains(own)));
        if !said.is_empty() {
            members.insert("description".into(), said.join(". ").into());
        }
    }
    Raw::of(&value).map_err(|error| wrong(&error))
}
