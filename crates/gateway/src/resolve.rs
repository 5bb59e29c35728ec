//! Which targets may answer, in which order.

use crate::admit::Admitted;
use crate::service::Gateway;
use crate::snapshot::{Group, Mapping, Snapshot};
use crate::target::Target;
use chat::{DialectId, Fault, FaultKind, Operation, Origin, Step};
use policy::plan::{Candidate, Reason, Strategy};

/// The targets of one request, first to be tried first. Holds what it needs of the snapshot, so that a reload changes nothing under way.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) targets: Vec<Target>,
}

impl Gateway {
    pub(crate) fn resolve(&self, admitted: &Admitted) -> Result<Plan, Fault> {
        let snapshot = self.parts.snapshot.load();
        let (group, rest) = group(&snapshot, &admitted.model)?;
        let plan = decide(group, admitted.operation, admitted.dialect);
        let mappings = plan.targets().filter_map(|decision| group.mappings.get(decision.candidate));
        let targets: Vec<_> = mappings.map(|mapping| Target::new(mapping, rest)).collect();
        match targets.is_empty() {
            true => Err(nobody(group, &plan, &admitted.model, admitted.operation)),
            false => Ok(Plan { targets }),
        }
    }
}

/// A name that ends where the `*` of its virtual model begins stands for no model of a provider that is to get all the rest.
pub(crate) fn group<'a, 'm>(snapshot: &'a Snapshot, model: &'m str) -> Result<(&'a Group, Option<&'m str>), Fault> {
    let takes_all = |group: &Group| group.mappings.iter().any(|mapping| mapping.provider_model == "*");
    let found = snapshot.group(model).filter(|(group, rest)| *rest != Some("") || !takes_all(group));
    found.ok_or_else(|| model_not_found(model))
}

/// The plan over a group's mappings, with a reason for each.
pub(crate) fn decide(group: &Group, operation: Operation, caller: DialectId) -> policy::Plan {
    let candidate = |mapping: &std::sync::Arc<Mapping>| Candidate {
        priority: mapping.priority,
        supported: mapping.provider.endpoint(operation, caller).is_some(),
        enabled: true,
        usable: mapping.provider.spec.unusable.is_none(),
    };
    let candidates: Vec<_> = group.mappings.iter().map(candidate).collect();
    policy::plan::plan(Strategy::Priority, operation, &candidates)
}

/// Every mapping is skipped. Where one is only because its provider is not in order, that is the reason: its owner can mend it.
pub(crate) fn nobody(group: &Group, plan: &policy::Plan, model: &str, operation: Operation) -> Fault {
    let model = shortened(model);
    let unusable = plan.decisions().iter().filter(|decision| decision.reason == Reason::Unusable);
    let specs: Vec<_> =
        unusable.filter_map(|decision| group.mappings.get(decision.candidate)).map(|mapping| &mapping.provider.spec).collect();
    if specs.is_empty() {
        let message = format!("no provider of the model `{model}` has the operation {}", operation.name());
        return Fault::new(FaultKind::UnsupportedOperation, Origin::Caller, Step::Resolve, message).with_param("model");
    }
    let names: Vec<_> = specs.iter().map(|spec| format!("`{}`", spec.name)).collect();
    let causes: Vec<_> = specs.iter().map(|spec| format!("{}: {}", spec.name, spec.unusable.as_deref().unwrap_or_default())).collect();
    let message = format!(
        "the model `{model}` cannot be served: the provider {} is not in order; the person who runs Conduit sees why",
        names.join(", ")
    );
    Fault::new(FaultKind::ProviderUnavailable, Origin::Gateway, Step::Resolve, message).with_cause(causes.join("; "))
}

/// A longer name is cut in messages and records.
const LONGEST_NAME: usize = 256;

/// A name that a caller made up, fit for a message or a record.
pub(crate) fn shortened(model: &str) -> String {
    model.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).take(LONGEST_NAME).collect()
}

pub(crate) fn model_not_found(model: &str) -> Fault {
    let message = format!("the model `{}` does not exist: no model mapping has this virtual model name", shortened(model));
    Fault::new(FaultKind::ModelNotFound, Origin::Caller, Step::Resolve, message).with_param("model")
}
