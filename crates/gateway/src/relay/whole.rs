//! A whole answer: read to its end, checked, metered and passed on.

use super::{Finish, Head, Relayed, other_form};
use crate::account::Account;
use crate::ports::UpstreamBody;
use crate::send;
use bytes::Bytes;
use chat::{DialectId, Fault, Operation, Reply, Step, Usage};
use dialects::ErrorAnswer;
use http::{HeaderMap, HeaderValue, Response};
use std::pin::Pin;
use tokio::time::Sleep;
use wire::json::{Kind, Object};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) async fn whole(
    relayed: Relayed<'_>,
    answer: Response<UpstreamBody>,
    account: &mut Account,
    deadline: Pin<Box<Sleep>>,
) -> Result<Finish, Fault> {
    let (head, body) = answer.into_parts();
    let mut body = collect(&relayed, body, deadline).await?;
    account.first_byte();
    if relayed.chosen.is_lenient() {
        body = body.slice_ref(other_form::without_blank(&body));
    }
    let (body, usage) = if relayed.chosen.is_lenient() && other_form::is_stream(&head.headers, &body) {
        other_form::stream_as_whole(&relayed, &body)?
    } else if relayed.passes_through() {
        checked(&relayed, &head.headers, body)?
    } else {
        translated(&relayed, &body)?
    };
    account.set_usage(usage);
    Ok(Finish::Whole { head: Head::new(&relayed, JSON), body, status: head.status })
}

/// The whole body, if it comes in time.
pub(super) async fn collect(relayed: &Relayed<'_>, body: UpstreamBody, mut deadline: Pin<Box<Sleep>>) -> Result<Bytes, Fault> {
    match send::before(deadline.as_mut(), send::collect(body, relayed.settings.max_reply)).await {
        Some(body) => body,
        None => Err(send::too_slow(relayed.chosen.provider(), Step::Relay, "the answer did not end in time")),
    }
}

/// Same dialect: the bytes stay; they must be a JSON object and no error in disguise.
fn checked(relayed: &Relayed<'_>, headers: &HeaderMap, body: Bytes) -> Result<(Bytes, Option<Usage>), Fault> {
    let object = answer(relayed, headers, &body)?;
    let (wanted, kind, what) = match (relayed.operation(), relayed.caller()) {
        (Operation::CountTokens, _) => ("input_tokens", Kind::Number, "number"),
        (Operation::Chat, DialectId::AnthropicMessages) => ("content", Kind::Array, "list"),
        (Operation::Chat | Operation::Completions, _) => ("choices", Kind::Array, "list"),
        (Operation::Embeddings | Operation::Models, _) => ("data", Kind::Array, "list"),
    };
    if object.get(wanted).is_none_or(|member| member.kind != kind) {
        return Err(Fault::bad_response(Step::Relay, format!("the provider's answer has no {what} `{wanted}`")));
    }
    let usage = match object.get("usage") {
        Some(member) if member.kind == Kind::Object => dialects::codec(relayed.caller()).read_usage(&body),
        _ => None,
    };
    Ok((body, usage))
}

/// The answer's members. 200 with an error inside is a fault: the provider's, whatever its status said.
pub(super) fn answer<'b>(relayed: &Relayed<'_>, headers: &HeaderMap, body: &'b [u8]) -> Result<Object<'b>, Fault> {
    let object = wire::json::scan(body, &wire::json::Limits::default())
        .map_err(|error| Fault::bad_response(Step::Relay, "the provider's answer is no JSON object").with_cause(error.to_string()))?;
    let is_error = object.get("error").is_some_and(|error| error.kind != Kind::Null)
        || object.get("object").is_some_and(|object| object.as_str().as_deref() == Some("error"))
        // As one family of servers writes it (`providers/custom.md` §5).
        || relayed.chosen.is_lenient() && object.get("detail").is_some();
    match is_error {
        true => Err(disguised(relayed, headers, body)),
        false => Ok(object),
    }
}

/// An error with status 200. A declared server may mean the caller's mistake by it, and says so inside; of any other it is the provider's own.
fn disguised(relayed: &Relayed<'_>, headers: &HeaderMap, body: &[u8]) -> Fault {
    let codec = dialects::codec(match relayed.dialect() {
        // Its errors are those of chat.
        DialectId::OpenaiCompletions => DialectId::OpenaiChat,
        dialect => dialect,
    });
    let told = relayed.chosen.is_lenient().then(|| codec.read_reply(body).err()).flatten();
    told.unwrap_or_else(|| codec.read_error(ErrorAnswer { status: 500, headers, body }))
}

fn translated(relayed: &Relayed<'_>, body: &[u8]) -> Result<(Bytes, Option<Usage>), Fault> {
    written(relayed, dialects::codec(relayed.dialect()).read_reply_leniently(body, relayed.chosen.leniency())?)
}

/// A reply in the caller's dialect.
pub(super) fn written(relayed: &Relayed<'_>, mut reply: Reply) -> Result<(Bytes, Option<Usage>), Fault> {
    relayed.names.restore_reply(&mut reply);
    // Clients of this dialect read a time; not every provider sends one.
    reply.created.get_or_insert_with(|| crate::arrival::unix_micros() / 1_000_000);
    if reply.id.is_empty() {
        reply.id = relayed.stream_options().fallback_id;
    }
    let usage = reply.usage;
    let body = dialects::codec(relayed.caller()).write_reply(&reply)?;
    Ok((Bytes::from(body), usage))
}
