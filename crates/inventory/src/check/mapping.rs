//! Model mappings.

use super::{MAX_NUMBER, fault, sentence, timeouts};
use crate::object::MappingObject;
use policy::mapping::{check_pair, check_provider_model, check_virtual_model};
use providers::FieldFault;
use serde_json::{Map, Value};

/// Members of a request that are never a default: what is asked for, how it is answered, and Conduit's own routing options.
const NEVER_DEFAULT: [&str; 4] = ["model", "messages", "stream", "routing"];
/// Routing options too, but for a provider that takes them itself: a custom endpoint says so in `keep`.
const ROUTING_OR_ITS_OWN: [&str; 2] = ["models", "provider"];
/// Larger defaults are a mistake: they would be sent with every request.
const MOST_PARAMETERS: usize = 64 << 10;

/// Everything about a mapping but whether its provider exists. `kind` is the provider's type, where it is known.
pub fn mapping(object: &MappingObject, kind: Option<&str>) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let named = check_virtual_model(&object.virtual_model).map_err(|wrong| sentence("virtual_model", &wrong.to_string()));
    let mapped = check_provider_model(&object.provider_model).map_err(|wrong| sentence("provider_model", &wrong.to_string()));
    match (named, mapped) {
        (Ok(()), Ok(())) => {
            let pair = check_pair(&object.virtual_model, &object.provider_model);
            faults.extend(pair.err().map(|wrong| sentence("provider_model", &wrong.to_string())));
        }
        (named, mapped) => faults.extend(named.err().into_iter().chain(mapped.err())),
    }
    faults.extend(number("priority", object.priority));
    faults.extend(weight(object.weight));
    faults.extend(object.options.keys().map(|name| no_option(name, kind)));
    faults.extend(parameters(&object.parameters, kind));
    faults.extend(timeouts(&object.timeouts));
    faults
}

fn number(field: &str, given: i32) -> Option<FieldFault> {
    (!(0..=MAX_NUMBER).contains(&given))
        .then(|| fault(field, format!("is {given}, which is out of range"), format!("choose 0 to {MAX_NUMBER}")))
}

/// A weight that is kept and not followed would mislead.
fn weight(given: i32) -> Option<FieldFault> {
    (given != 1).then(|| fault("weight", format!("is {given}, and weights of mappings are not built yet"), "leave it at 1"))
}

/// No type that is built has options.
fn no_option(name: &str, kind: Option<&str>) -> FieldFault {
    let problem = match kind {
        Some(kind) => format!("is not an option of type '{kind}', which has none"),
        None => "is not an option of the provider's type".to_owned(),
    };
    fault(format!("options.{name}"), problem, "remove it")
}

fn parameters(given: &Map<String, Value>, kind: Option<&str>) -> Vec<FieldFault> {
    let mut faults: Vec<FieldFault> = given.keys().filter_map(|name| parameter(name, kind)).collect();
    let size: usize = given.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if size > MOST_PARAMETERS {
        faults.push(fault("parameters", format!("has {size} bytes"), "keep it below 64 KiB: it is sent with every request"));
    }
    faults
}

fn parameter(name: &str, kind: Option<&str>) -> Option<FieldFault> {
    let path = format!("parameters.{name}");
    let is_routing = kind != Some("custom") && ROUTING_OR_ITS_OWN.contains(&name);
    if is_routing || NEVER_DEFAULT.contains(&name) {
        return Some(fault(path, "cannot be a default: it belongs to the caller's request", "remove it"));
    }
    let sound = !name.is_empty() && name.len() <= 100 && !name.chars().any(char::is_control);
    (!sound)
        .then(|| fault("parameters", "has a member whose name is empty, too long or has a control character in it", "rename or remove it"))
}
