//! The models of the simulated OpenAI, and what each takes.

use super::{CREATED, Flavour, refusal::Refusal};
use crate::answer::Answer;
use serde_json::{Value, json};

/// A model as the checks need it.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// What a reply says in `model`: the dated snapshot of an alias.
    pub(crate) snapshot: String,
    pub(crate) thinking: Thinking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// Not a reasoning model.
    Never,
    /// o-series: takes no sampling parameters.
    Always,
    /// GPT-5 and later; sampling parameters only where the effort resolves to `none`. With the effort that holds when none is sent.
    ByEffort { efforts: &'static [&'static str], default: &'static str },
    /// A simulated model: takes everything.
    AsAsked,
}

const O_EFFORTS: &[&str] = &["low", "medium", "high"];
const GPT_5: Thinking = Thinking::ByEffort { efforts: &["minimal", "low", "medium", "high"], default: "medium" };
const GPT_5_1: Thinking = Thinking::ByEffort { efforts: &["none", "low", "medium", "high"], default: "none" };
const GPT_5_2: Thinking = Thinking::ByEffort { efforts: &["none", "low", "medium", "high", "xhigh"], default: "none" };
const GPT_5_5: Thinking = Thinking::ByEffort { efforts: &["none", "low", "medium", "high", "xhigh"], default: "medium" };
const GPT_6: Thinking = Thinking::ByEffort { efforts: &["none", "low", "medium", "high", "xhigh", "max"], default: "medium" };

/// Alias, date of its snapshot, kind. A name is known when it is an alias, or an alias with a date.
const CHAT: &[(&str, &str, Thinking)] = &[
    ("gpt-3.5-turbo", "0125", Thinking::Never),
    ("gpt-4", "0613", Thinking::Never),
    ("gpt-4-turbo", "2024-04-09", Thinking::Never),
    ("gpt-4.1", "2025-04-14", Thinking::Never),
    ("gpt-4.1-mini", "2025-04-14", Thinking::Never),
    ("gpt-4.1-nano", "2025-04-14", Thinking::Never),
    ("gpt-4o", "2024-08-06", Thinking::Never),
    ("gpt-4o-mini", "2024-07-18", Thinking::Never),
    ("gpt-5", "2025-08-07", GPT_5),
    ("gpt-5-chat-latest", "2025-08-07", Thinking::Never),
    ("gpt-5-mini", "2025-08-07", GPT_5),
    ("gpt-5-nano", "2025-08-07", GPT_5),
    ("gpt-5.1", "2025-11-13", GPT_5_1),
    ("gpt-5.2", "2025-12-11", GPT_5_2),
    ("gpt-5.4", "2026-03-05", GPT_5_2),
    ("gpt-5.5", "2026-05-14", GPT_5_5),
    ("gpt-5.6", "2026-07-30", GPT_6),
    ("gpt-6", "2026-10-15", GPT_6),
    ("o1", "2024-12-17", Thinking::Always),
    ("o3", "2025-04-16", Thinking::Always),
    ("o3-mini", "2025-01-31", Thinking::Always),
    ("o4-mini", "2025-04-16", Thinking::Always),
];
/// Name and number of dimensions.
const EMBEDDING: &[(&str, usize)] = &[("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072), ("text-embedding-ada-002", 1536)];
/// The provider type `simulated` lists these; it takes any other name, except those that begin with [`UNKNOWN`].
const SIMULATED: &[&str] = &["sim-chat", "sim-embed"];
const UNKNOWN: &str = "no-such-model";

impl Model {
    pub(crate) fn efforts(&self) -> &'static [&'static str] {
        match self.thinking {
            Thinking::Never => &[],
            Thinking::Always => O_EFFORTS,
            Thinking::ByEffort { efforts, .. } => efforts,
            Thinking::AsAsked => &["none", "minimal", "low", "medium", "high", "xhigh", "max"],
        }
    }
}

pub(crate) fn find(name: &str, flavour: Flavour) -> Option<Model> {
    if flavour == Flavour::Simulated {
        return (!name.starts_with(UNKNOWN)).then(|| Model { snapshot: name.to_owned(), thinking: Thinking::AsAsked });
    }
    let plain = name.strip_prefix("ft:").and_then(|tuned| tuned.split(':').next()).unwrap_or(name);
    let (alias, date, thinking) = CHAT.iter().find(|(alias, ..)| plain == *alias || is_snapshot(plain, alias))?;
    let snapshot = if name == *alias && !alias.ends_with("-latest") { format!("{alias}-{date}") } else { name.to_owned() };
    Some(Model { snapshot, thinking: *thinking })
}

/// How many dimensions an embedding model has.
pub(crate) fn dimensions(name: &str, flavour: Flavour) -> Option<usize> {
    let known = EMBEDDING.iter().find(|(known, _)| *known == name).map(|(_, dimensions)| *dimensions);
    match flavour {
        Flavour::OpenAi => known,
        Flavour::Simulated => known.or((!name.starts_with(UNKNOWN)).then_some(1536)),
    }
}

fn is_snapshot(name: &str, alias: &str) -> bool {
    let date = name.strip_prefix(alias).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    date.len() >= 4 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

fn names(flavour: Flavour) -> Vec<String> {
    match flavour {
        Flavour::Simulated => SIMULATED.iter().map(|name| (*name).to_owned()).collect(),
        Flavour::OpenAi => {
            let chat = CHAT.iter().flat_map(|(alias, date, _)| [(*alias).to_owned(), format!("{alias}-{date}")]);
            chat.chain(EMBEDDING.iter().map(|(name, _)| (*name).to_owned())).collect()
        }
    }
}

fn describe(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": CREATED, "owned_by": "system", "shutdown_date": null })
}

pub(crate) fn list(flavour: Flavour) -> Answer {
    let data: Vec<Value> = names(flavour).iter().map(|name| describe(name)).collect();
    Answer::json(200, &json!({ "object": "list", "data": data }))
}

/// `id` as it stands in the path, percent-encoded or not.
pub(crate) fn retrieve(id: &str, flavour: Flavour) -> Result<Answer, Refusal> {
    let id = id.replace("%2F", "/").replace("%2f", "/").replace("%3A", ":").replace("%3a", ":");
    let known = find(&id, flavour).is_some() || dimensions(&id, flavour).is_some();
    if known {
        Ok(Answer::json(200, &describe(&id)))
    } else {
        Err(Refusal::new(404, format!("The model '{id}' does not exist")).param("model").code("model_not_found"))
    }
}
