//! A client's request that is not as its dialect says.

use chat::{Fault, FaultKind, Origin, Step};
use wire::object::FieldError;

/// The caller's fault; the field is named.
pub(crate) fn invalid(error: FieldError) -> Fault {
    let message = error.to_string();
    if error.field.is_empty() {
        return Fault::new(FaultKind::InvalidRequest, Origin::Caller, Step::Receive, message);
    }
    Fault::invalid(error.field, message)
}
