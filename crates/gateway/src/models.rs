//! `/v1/models`: the virtual models that the caller's key may use.

use crate::authenticate::Caller;
use crate::resolve::{self, model_not_found};
use crate::respond::{self, Answer};
use crate::service::Gateway;
use crate::snapshot::Group;
use chat::{Fault, FaultKind, Origin, Step};
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

pub(crate) fn list(gateway: &Gateway, caller: &Caller) -> Result<Response<Answer>, Fault> {
    let snapshot = gateway.parts.snapshot.load();
    let mut data: Vec<_> =
        snapshot.groups.iter().filter(|(id, _)| caller.key.allows(id)).map(|(id, group)| Model::new(id, group)).collect();
    data.sort_by(|left, right| left.id.cmp(right.id));
    written(&List { object: "list", data })
}

/// A model that the key may not use does not exist for it.
pub(crate) fn one(gateway: &Gateway, caller: &Caller, id: &str) -> Result<Response<Answer>, Fault> {
    let snapshot = gateway.parts.snapshot.load();
    match resolve::group(&snapshot, id)? {
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
