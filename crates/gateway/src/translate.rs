//! From the caller's body to the body that a provider gets: spliced where both speak one dialect, written anew where they do not.

use crate::admit::Admitted;
use crate::snapshot::Mapping;
use bytes::Bytes;
use chat::{DialectId, Fault, FaultKind, Loss, Operation, Origin, Step};
use dialects::{NameMap, Target};
use wire::json::{Edits, Kind, Limits, Object};

/// What goes to a provider, and what is known of how its answer comes back.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) body: Bytes,
    pub(crate) losses: Vec<Loss>,
    /// Tool names that the provider's dialect could not take as they were.
    pub(crate) names: NameMap,
}

/// The dialect that the data plane's callers speak on this operation.
pub(crate) const CALLER: DialectId = DialectId::OpenaiChat;

/// The body for one target. Fails when this target cannot carry the request; the next one may.
pub(crate) fn translate(admitted: &Admitted, body: &Object<'_>, mapping: &Mapping) -> Result<Outbound, Fault> {
    let surface = &mapping.provider.spec.surface;
    let endpoint = mapping.endpoint(admitted.operation).ok_or_else(|| unsupported(admitted.operation))?;
    match endpoint.dialect {
        Some(dialect) if dialect != CALLER => write(admitted, body, mapping, dialect),
        Some(dialect) if providers::quirks::needs_typed(surface, admitted.operation, &mapping.provider_model, body) => {
            write(admitted, body, mapping, dialect)
        }
        _ => splice(admitted, body, mapping),
    }
}

fn unsupported(operation: Operation) -> Fault {
    let message = format!("the provider has no operation {}", operation.name());
    Fault::new(FaultKind::UnsupportedOperation, Origin::Caller, Step::Translate, message)
}

/// The bytes go through; only the members that policy changes are edited.
fn splice(admitted: &Admitted, body: &Object<'_>, mapping: &Mapping) -> Result<Outbound, Fault> {
    let mut edits = Edits::new(body);
    if admitted.model != mapping.provider_model {
        edits.set("model", wire::json::json_string(&mapping.provider_model));
    }
    if admitted.stream && !admitted.include_usage {
        edits.set("stream_options", with_usage(body)?);
    }
    let losses =
        providers::quirks::on_splice(&mapping.provider.spec.surface, admitted.operation, &mapping.provider_model, body, &mut edits);
    Ok(Outbound { body: Bytes::from(edits.apply()), losses, names: NameMap::default() })
}

/// The caller's stream options, with usage asked for: metering needs it, and the caller never sees what it did not ask for (R16).
fn with_usage(body: &Object<'_>) -> Result<String, Fault> {
    const ASKED: &str = r#"{"include_usage":true}"#;
    let Some(member) = body.get("stream_options").filter(|member| member.kind == Kind::Object) else { return Ok(ASKED.to_owned()) };
    let options = wire::json::scan(member.value.as_bytes(), &Limits::default())
        .map_err(|error| Fault::invalid("stream_options", format!("`stream_options` is malformed: {error}")))?;
    let mut edits = Edits::new(&options);
    edits.set("include_usage", "true".to_owned());
    String::from_utf8(edits.apply()).map_err(|_| Fault::invalid("stream_options", "`stream_options` is not UTF-8"))
}

/// The body is read into the canonical form and written in the provider's dialect.
fn write(admitted: &Admitted, body: &Object<'_>, mapping: &Mapping, dialect: DialectId) -> Result<Outbound, Fault> {
    let spec = &mapping.provider.spec;
    let mut chat = dialects::codec(CALLER).read_request(body.body())?;
    if admitted.stream {
        chat.include_usage = Some(true);
    }
    let mut losses = providers::quirks::on_typed(&spec.surface, admitted.operation, &mapping.provider_model, &mut chat);
    let facts = providers::facts(spec.surface.declaration, &mapping.provider_model);
    let target = Target {
        model: &mapping.provider_model,
        facts: &facts,
        version: spec.credentials.first().and_then(|credential| credential.version.as_deref()),
    };
    let written = dialects::codec(dialect).write_request(&chat, &target)?;
    losses.extend(written.losses);
    Ok(Outbound { body: Bytes::from(written.body), losses, names: written.names })
}
