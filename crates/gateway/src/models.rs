//! `/v1/models`: the virtual models that the caller's key may use.

use crate::authenticate::Caller;
use crate::resolve::{self, model_not_found};
use crate::respond::{self, Answer};
use crate::service::Gateway;
use crate::snapshot::Group;
use chat::{DialectId, Fault, FaultKind, Origin, Step};
use http::{Response, StatusCode};
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

/// The shape that OpenAI clients read.
#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    /// The providers behind the name, first to be tried first.
    owned_by: String,
}

/// The list that Anthropic's clients read (`providers/anthropic.md` §1): all on one page.
#[derive(Serialize)]
struct Page<'a> {
    data: Vec<Entry<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: String,
}

impl<'a> From<&Model<'a>> for Entry<'a> {
    fn from(model: &Model<'a>) -> Self {
        let created = jiff::Timestamp::from_second(model.created).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self { kind: "model", id: model.id, display_name: model.id, created_at: created.to_string() }
    }
}

impl<'a> Model<'a> {
    fn new(id: &'a str, group: &Group) -> Self {
        let mut providers: Vec<&str> = Vec::new();
        for mapping in &group.mappings {
            let name = mapping.provider.spec.name.as_str();
            if !providers.contains(&name) {
                providers.push(name);
            }
        }
        Self { id, object: "model", created: group.created, owned_by: providers.join(",") }
    }
}

pub(crate) fn list(gateway: &Gateway, caller: &Caller, dialect: DialectId) -> Result<Response<Answer>, Fault> {
    let snapshot = gateway.parts.snapshot.load();
    let mut data: Vec<_> =
        snapshot.groups.iter().filter(|(id, _)| caller.key.allows(id)).map(|(id, group)| Model::new(id, group)).collect();
    data.sort_by(|left, right| left.id.cmp(right.id));
    if dialect == DialectId::AnthropicMessages {
        let (first_id, last_id) = (data.first().map(|model| model.id), data.last().map(|model| model.id));
        return written(&Page { data: data.iter().map(Entry::from).collect(), has_more: false, first_id, last_id });
    }
    written(&List { object: "list", data })
}

/// A model that the key may not use does not exist for it.
pub(crate) fn one(gateway: &Gateway, caller: &Caller, id: &str, dialect: DialectId) -> Result<Response<Answer>, Fault> {
    let snapshot = gateway.parts.snapshot.load();
    match resolve::group(&snapshot, id)? {
        (group, _rest) if caller.key.allows(id) && dialect == DialectId::AnthropicMessages => written(&Entry::from(&Model::new(id, group))),
        (group, _rest) if caller.key.allows(id) => written(&Model::new(id, group)),
        _ => Err(model_not_found(id)),
    }
}

fn written(value: &impl Serialize) -> Result<Response<Answer>, Fault> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(respond::json(StatusCode::OK, body)),
        Err(error) => {
            let fault = Fault::new(FaultKind::Internal, Origin::Gateway, Step::Resolve, "the list of models cannot be written");
            Err(fault.with_cause(error.to_string()))
        }
    }
}
