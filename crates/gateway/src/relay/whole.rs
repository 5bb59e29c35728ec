//! A whole answer: read to its end, checked, metered and passed on.

use super::{Finish, Head, Relayed};
use crate::account::Account;
use crate::ports::UpstreamBody;
use crate::send;
use crate::translate::CALLER;
use bytes::Bytes;
use chat::{Fault, Operation, Step, Usage};
use dialects::ErrorAnswer;
use http::{HeaderValue, Response};
use std::pin::Pin;
use tokio::time::Sleep;
use wire::json::Kind;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) async fn whole(
    relayed: Relayed<'_>,
    answer: Response<UpstreamBody>,
    account: &mut Account,
    mut deadline: Pin<Box<Sleep>>,
) -> Result<Finish, Fault> {
    let (head, body) = answer.into_parts();
    let provider = &relayed.mapping.provider;
    let Some(body) = send::before(deadline.as_mut(), send::collect(body, relayed.settings.max_reply)).await else {
        return Err(send::too_slow(provider, Step::Relay, "the answer did not end in time"));
    };
    let body = body?;
    account.first_byte();
    let (body, usage) = match relayed.passes_through() {
        true => checked(&relayed, &head.headers, body)?,
        false => translated(&relayed, &body)?,
    };
    account.set_usage(usage);
    Ok(Finish::Whole { head: Head::new(&relayed, JSON), body, status: head.status })
}

/// Same dialect: the bytes stay; they must be a JSON object and no error in disguise.
fn checked(relayed: &Relayed<'_>, headers: &http::HeaderMap, body: Bytes) -> Result<(Bytes, Option<Usage>), Fault> {
    let object = wire::json::scan(&body, &wire::json::Limits::default())
        .map_err(|error| Fault::bad_response(Step::Relay, "the provider's answer is no JSON object").with_cause(error.to_string()))?;
    let codec = dialects::codec(CALLER);
    if object.get("error").is_some_and(|error| error.kind != Kind::Null) {
        // 200 with an error inside: the provider is at fault, whatever its status said.
        return Err(codec.read_error(ErrorAnswer { status: 500, headers, body: &body }));
    }
    let wanted = match relayed.operation() {
        Operation::Chat => "choices",
        Operation::Completions => "choices",
        Operation::Embeddings | Operation::Models | Operation::CountTokens => "data",
    };
    if object.get(wanted).is_none_or(|member| member.kind != Kind::Array) {
        return Err(Fault::bad_response(Step::Relay, format!("the provider's answer has no list `{wanted}`")));
    }
    let usage = match object.get("usage") {
        Some(member) if member.kind == Kind::Object => codec.read_usage(&body),
        _ => None,
    };
    Ok((body, usage))
}

fn translated(relayed: &Relayed<'_>, body: &[u8]) -> Result<(Bytes, Option<Usage>), Fault> {
    let dialect = relayed.dialect().unwrap_or(CALLER);
    let mut reply = dialects::codec(dialect).read_reply(body)?;
    relayed.names.restore_reply(&mut reply);
    // Clients of this dialect read a time; not every provider sends one.
    reply.created.get_or_insert_with(|| crate::arrival::unix_micros() / 1_000_000);
    let usage = reply.usage;
    let body = dialects::codec(CALLER).write_reply(&reply)?;
    Ok((Bytes::from(body), usage))
}
