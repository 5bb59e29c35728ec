//! Large bodies are written anew on a thread of their own: a worker has many callers, and each of them would wait.

use super::{Outbound, translate, writes_anew};
use crate::admit::{self, Admitted};
use crate::load::Load;
use crate::target::Chosen;
use bytes::Bytes;
use chat::{Fault, FaultKind, Origin, Step};
use tokio::time::Instant;
use wire::json::Object;

/// Smaller bodies are written at once: that takes a few milliseconds at most.
const LARGE: usize = 1 << 20;

/// [`translate`], without holding up the worker. `bytes` is the text of `body`.
pub(crate) async fn translate_aside(
    load: &Load,
    admitted: &Admitted,
    (bytes, body): (&Bytes, &Object<'_>),
    chosen: Chosen<'_>,
    deadline: Instant,
) -> Result<Outbound, Fault> {
    if bytes.len() <= LARGE || !writes_anew(admitted, body, chosen) {
        return translate(admitted, body, chosen);
    }
    let turn = tokio::time::timeout_at(deadline, load.turn_to_write()).await.ok().flatten().ok_or_else(too_busy)?;
    let (bytes, admitted, target, endpoint) = (bytes.clone(), admitted.clone(), chosen.target.clone(), chosen.endpoint.clone());
    let without_stream_options = chosen.without_stream_options;
    let credential =
        chosen.credential.and_then(|chosen| target.provider().spec.credentials.iter().position(|known| std::ptr::eq(known, chosen)));
    let written = tokio::task::spawn_blocking(move || {
        // Kept to the end though the caller may be gone: what is being written takes up memory all the same.
        let _turn = turn;
        let credential = credential.and_then(|at| target.provider().spec.credentials.get(at));
        let chosen = Chosen { target: &target, endpoint: &endpoint, credential, without_stream_options };
        translate(&admitted, &admit::scan(&bytes)?, chosen)
    });
    match written.await {
        Ok(written) => written,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(crate::visit::draining()),
    }
}

fn too_busy() -> Fault {
    let message = "Conduit translates as many large requests as it can: try again in a moment";
    Fault::new(FaultKind::Overloaded, Origin::Gateway, Step::Translate, message)
}
