//! From the caller's body to the body that a provider gets: spliced where both speak one dialect, written anew where they do not.

mod aside;
mod extent;

pub(crate) use aside::translate_aside;

use crate::admit::Admitted;
use crate::parameters;
use crate::target::Chosen;
use bytes::Bytes;
use chat::{DialectId, Fault, Loss, Operation};
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

/// The body for one target. Fails when this target cannot carry the request; the next one may.
pub(crate) fn translate(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>) -> Result<Outbound, Fault> {
    if admitted.routing_members {
        refuse_routing(body, chosen)?;
    }
    let parameters = parameters_of(admitted, chosen);
    let mut outbound = match admitted.dialect {
        DialectId::OpenaiChat | DialectId::OpenaiCompletions if !parameters.is_empty() => match parameters::merged(body, parameters) {
            Some(merged) => carry(admitted, &crate::admit::scan(&merged)?, chosen, &[])?,
            None => carry(admitted, body, chosen, &[])?,
        },
        _ => carry(admitted, body, chosen, parameters)?,
    };
    if chosen.target.mapping.strict {
        refuse_losses(&outbound.losses, chosen)?;
    }
    if let Some(headers) = admitted.headers.as_deref().filter(|_| chosen.dialect(admitted.dialect) != admitted.dialect) {
        outbound.losses.extend(headers.losses());
    }
    Ok(outbound)
}

/// Counting counts what the caller sent: parameters are for answers.
fn parameters_of<'a>(admitted: &Admitted, chosen: Chosen<'a>) -> &'a [(String, String)] {
    if admitted.operation == Operation::CountTokens { &[] } else { &chosen.target.mapping.parameters }
}

/// Members that steer routing are Conduit's own, unless the provider's owner said that the provider takes them.
fn refuse_routing(body: &Object<'_>, chosen: Chosen<'_>) -> Result<(), Fault> {
    let surface = &chosen.provider().spec.surface;
    match crate::admit::ROUTING.iter().find(|name| body.get(name).is_some() && !surface.keeps(name)) {
        Some(name) => Err(Fault::unsupported(*name, format!("`{name}` is not built in this version of Conduit: remove it"))),
        None => Ok(()),
    }
}

/// A strict mapping sends everything or nothing.
fn refuse_losses(losses: &[Loss], chosen: Chosen<'_>) -> Result<(), Fault> {
    let Some(first) = losses.first() else { return Ok(()) };
    let provider = &chosen.provider().spec.name;
    let message = match losses.len() {
        1 => format!("`{}` cannot be carried to the provider `{provider}`, and the mapping is strict: {}", first.path, first.reason),
        more => {
            let others = more - 1;
            format!(
                "`{}` and {others} more cannot be carried to the provider `{provider}`, and the mapping is strict: {}",
                first.path, first.reason
            )
        }
    };
    Err(Fault::unsupported(&first.path, message))
}

/// Whether the body is read into the canonical form for this target; where parameters are merged, it may be.
fn writes_anew(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>) -> bool {
    !parameters_of(admitted, chosen).is_empty() || changes_form(admitted, body, chosen)
}

fn changes_form(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>) -> bool {
    let surface = &chosen.provider().spec.surface;
    chosen.dialect(admitted.dialect) != admitted.dialect || providers::quirks::needs_typed(surface, chosen.endpoint, chosen.model(), body)
}

fn carry(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>, parameters: &[(String, String)]) -> Result<Outbound, Fault> {
    match !parameters.is_empty() || changes_form(admitted, body, chosen) {
        true => write(admitted, body, chosen, parameters),
        false => splice(admitted, body, chosen),
    }
}

/// What becomes of `stream_options`.
enum StreamUsage {
    /// Nothing is to be done.
    AsItIs,
    /// Usage is asked for: metering needs it, and the caller never sees what it did not ask for (R16).
    Ask,
    /// The server refuses the member.
    LeaveOut,
}

fn stream_usage(admitted: &Admitted, chosen: Chosen<'_>) -> StreamUsage {
    let known = matches!(chosen.dialect(admitted.dialect), DialectId::OpenaiChat | DialectId::OpenaiCompletions);
    match admitted.stream && known {
        false => StreamUsage::AsItIs,
        true if chosen.without_stream_options => StreamUsage::LeaveOut,
        // A quirk takes out what the caller sent of it.
        true if !chosen.provider().spec.surface.takes_stream_options(admitted.operation, chosen.model()) => StreamUsage::AsItIs,
        true => StreamUsage::Ask,
    }
}

const NO_STREAM_OPTIONS: &str = "the server refuses it";

/// Whether the caller sent no `stream_options`, or none but `include_usage`.
pub(crate) fn asks_only_for_usage(body: &Object<'_>) -> bool {
    let Some(member) = body.get("stream_options").filter(|member| member.kind != Kind::Null) else { return true };
    wire::json::scan(member.value.as_bytes(), &Limits::default())
        .is_ok_and(|options| options.members().iter().all(|option| option.key == "include_usage"))
}

/// The loss of `stream_options`, where the caller wanted something by it.
fn loss_of_stream_options(admitted: &Admitted, body: &Object<'_>) -> Option<Loss> {
    body.get("stream_options").filter(|member| member.kind != Kind::Null)?;
    (admitted.include_usage || !asks_only_for_usage(body)).then(|| Loss::dropped("stream_options", NO_STREAM_OPTIONS))
}

/// The bytes go through; only the members that policy changes are edited.
fn splice(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>) -> Result<Outbound, Fault> {
    let mut edits = Edits::new(body);
    if admitted.model != chosen.model() {
        edits.set("model", wire::json::json_string(chosen.model()));
    }
    let mut refused = None;
    match stream_usage(admitted, chosen) {
        StreamUsage::Ask if !admitted.include_usage => {
            edits.set("stream_options", with_usage(body)?);
        }
        StreamUsage::LeaveOut => {
            edits.remove("stream_options");
            refused = loss_of_stream_options(admitted, body);
        }
        StreamUsage::Ask | StreamUsage::AsItIs => {}
    }
    let surface = &chosen.provider().spec.surface;
    let mut losses = providers::quirks::on_splice(surface, chosen.endpoint, chosen.model(), body, &mut edits);
    losses.extend(refused);
    Ok(Outbound { body: Bytes::from(edits.apply()), losses, names: NameMap::default() })
}

/// The caller's stream options, with usage asked for.
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
fn write(admitted: &Admitted, body: &Object<'_>, chosen: Chosen<'_>, parameters: &[(String, String)]) -> Result<Outbound, Fault> {
    extent::check(body)?;
    let spec = &chosen.provider().spec;
    let dialect = chosen.dialect(admitted.dialect);
    let mut chat = dialects::codec(admitted.dialect).read_request(body.body())?;
    let mut losses = match parameters.is_empty() {
        true => Vec::new(),
        false => parameters::fill(&mut chat, parameters, dialect)?,
    };
    match stream_usage(admitted, chosen) {
        StreamUsage::Ask => chat.include_usage = Some(true),
        StreamUsage::LeaveOut => {
            chat.include_usage = None;
            chat.extras.remove("stream_options");
            losses.extend(loss_of_stream_options(admitted, body));
        }
        StreamUsage::AsItIs => {}
    }
    losses.extend(providers::quirks::on_typed(&spec.surface, chosen.endpoint, chosen.model(), &mut chat));
    let facts = providers::facts(spec.surface.declaration, chosen.model());
    let of_caller = admitted.headers.as_deref().filter(|_| dialect == admitted.dialect).and_then(|headers| headers.version());
    let of_credential = chosen.credential.and_then(|credential| credential.version.as_deref());
    let target = Target { model: chosen.model(), facts: &facts, version: of_caller.or(of_credential) };
    let written = dialects::codec(dialect).write_request(&chat, &target).map_err(|fault| dialects::tell_fault(&chat, fault))?;
    losses.extend(written.losses);
    dialects::tell_losses(&chat, &mut losses);
    Ok(Outbound { body: Bytes::from(written.body), losses, names: written.names })
}

#[cfg(test)]
mod tests;
