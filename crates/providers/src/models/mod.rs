//! What a provider lists as its models.

mod lenient;

use crate::{Declaration, Surface};
use chat::{Fault, Step};
use serde::{Deserialize, Serialize};

/// One model of a provider's list, as far as the provider describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListedModel {
    pub id: String,
    pub display_name: Option<String>,
    /// Seconds since 1970.
    pub created: Option<i64>,
    pub owned_by: Option<String>,
    /// Largest input in tokens.
    pub context: Option<u64>,
    /// Largest output in tokens.
    pub max_output: Option<u64>,
    /// False where the provider says that it is no longer served.
    pub active: bool,
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub models: Vec<ListedModel>,
    /// Where the next page begins; `None` on the last.
    pub after: Option<String>,
}

/// The address of the list, or of its page after the given id; without the owner's query.
pub fn url(surface: &Surface, base_url: &str, after: Option<&str>) -> String {
    let list = format!("{base_url}{}", surface.models_path);
    match after {
        Some(id) => format!("{list}?limit=1000&after_id={}", query_value(id)),
        None => list,
    }
}

/// Reads a provider's list. Of a server that somebody set up, the shapes that such servers are known for are read too.
pub fn read(surface: &Surface, body: &[u8]) -> Result<Page, Fault> {
    if surface.lenient { lenient::read(body) } else { parse(surface.declaration, body) }
}

/// What an answer with an error status says, in the words of the provider's dialect.
pub fn refusal(surface: &Surface, status: http::StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Fault {
    let dialect = surface.endpoints.iter().find_map(|endpoint| endpoint.dialect).unwrap_or(chat::DialectId::OpenaiChat);
    dialects::codec(dialect).read_error(dialects::ErrorAnswer { status: status.as_u16(), headers, body })
}

/// The list with what the catalogue knows where the provider says nothing.
pub fn with_facts(surface: &Surface, mut models: Vec<ListedModel>) -> Vec<ListedModel> {
    for model in &mut models {
        let facts = crate::facts(surface.declaration, &model.id);
        model.context = model.context.or(facts.context);
        model.max_output = model.max_output.or(facts.max_output);
    }
    models
}

/// Reads a list, or one model: the shapes of OpenAI, of Groq (more members) and of Anthropic (pages) differ in names only.
fn parse(declaration: &Declaration, body: &[u8]) -> Result<Page, Fault> {
    let bad = |what: &str| Fault::bad_response(Step::Relay, format!("the model list of provider type '{}' {what}", declaration.kind));
    let answer: Answer = serde_json::from_slice(body).map_err(|error| bad("is not what its API says").with_cause(error.to_string()))?;
    match answer {
        Answer::List { data, has_more, last_id } => {
            let after =
                if has_more == Some(true) { Some(last_id.ok_or_else(|| bad("has more pages and does not say where"))?) } else { None };
            Ok(Page { models: data.into_iter().map(ListedModel::from).collect(), after })
        }
        Answer::One(model) => Ok(Page { models: vec![model.into()], after: None }),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    List { data: Vec<Entry>, has_more: Option<bool>, last_id: Option<String> },
    One(Entry),
}

/// The members of all shapes; no two shapes use one name for different things.
#[derive(Deserialize)]
struct Entry {
    id: String,
    display_name: Option<String>,
    name: Option<String>,
    created: Option<i64>,
    created_at: Option<String>,
    owned_by: Option<String>,
    context_window: Option<u64>,
    max_input_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    max_tokens: Option<u64>,
    active: Option<bool>,
    lifecycle: Option<String>,
}

impl From<Entry> for ListedModel {
    fn from(entry: Entry) -> Self {
        let stamped = || entry.created_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
        ListedModel {
            created: entry.created.or_else(stamped),
            display_name: entry.display_name.or(entry.name),
            owned_by: entry.owned_by,
            context: entry.context_window.or(entry.max_input_tokens),
            max_output: entry.max_completion_tokens.or(entry.max_tokens),
            active: entry.active.unwrap_or(true) && entry.lifecycle.as_deref() != Some("retired"),
            id: entry.id,
        }
    }
}

/// Everything but unreserved characters percent-encoded.
pub(crate) fn query_value(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        out
    })
}

#[cfg(test)]
mod tests;
