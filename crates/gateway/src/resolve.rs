//! Which targets may answer, in which order.

use crate::admit::Admitted;
use crate::service::Gateway;
use crate::snapshot::Mapping;
use chat::{Fault, FaultKind, Operation, Origin, Step};
use policy::plan::{Candidate, Strategy};
use std::sync::Arc;

/// The targets of one request, first to be tried first. Holds what it needs of the snapshot, so that a reload changes nothing under way.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) targets: Vec<Arc<Mapping>>,
}

impl Gateway {
    pub(crate) fn resolve(&self, admitted: &Admitted) -> Result<Plan, Fault> {
        let snapshot = self.parts.snapshot.load();
        let Some((group, _rest)) = snapshot.group(&admitted.model) else {
            return Err(model_not_found(&admitted.model));
        };
        let candidates: Vec<_> = group.mappings.iter().map(|mapping| candidate(mapping, admitted.operation)).collect();
        let plan = policy::plan::plan(Strategy::Priority, admitted.operation, &candidates);
        let targets: Vec<_> = plan.targets().filter_map(|decision| group.mappings.get(decision.candidate)).map(Arc::clone).collect();
        if targets.is_empty() {
            let message = format!("no provider of the model `{}` has the operation {}", admitted.model, admitted.operation.name());
            return Err(Fault::new(FaultKind::UnsupportedOperation, Origin::Caller, Step::Resolve, message).with_param("model"));
        }
        Ok(Plan { targets })
    }
}

fn candidate(mapping: &Mapping, operation: Operation) -> Candidate {
    Candidate { priority: mapping.priority, supported: mapping.supports(operation), enabled: true, usable: mapping.provider.spec.unusable.is_none() }
}

/// A longer name is cut in messages.
const LONGEST_NAME: usize = 256;

pub(crate) fn model_not_found(model: &str) -> Fault {
    let model: String = model.chars().take(LONGEST_NAME).collect();
    let message = format!("the model `{model}` does not exist: no model mapping has this virtual model name");
    Fault::new(FaultKind::ModelNotFound, Origin::Caller, Step::Resolve, message).with_param("model")
}
