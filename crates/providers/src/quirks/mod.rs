//! The one place where quirks are interpreted: on the bytes of a request that passes through, and on the canonical form of one that is written
//! anew. A top-level quirk is decided once, in [`top`], over whichever of the two it is; so the two cannot drift apart.
//!
//! Quirks speak of OpenAI's request bodies: an endpoint of another vendor's dialect has none.

mod forms;
mod messages;
mod nested;
mod reach;
mod shape;
mod spliced;
mod top;
mod typed;

use crate::{Quirk, Served, Surface};
use chat::{Chat, DialectId, Loss, Operation};
use spliced::Spliced;
use typed::Typed;
use wire::json::{Edits, Object};

/// The quirks that hold for a request.
fn applying<'a>(surface: &'a Surface, endpoint: &'a Served, model: &'a str) -> impl Iterator<Item = &'a Quirk> {
    let in_dialect = match endpoint.dialect {
        None | Some(DialectId::OpenaiChat | DialectId::OpenaiCompletions) => true,
        Some(DialectId::AnthropicMessages) => false,
    };
    let holds = move |sourced: &&crate::Sourced| in_dialect && sourced.operation == endpoint.operation && sourced.models.include(model);
    surface.quirks.iter().filter(holds).map(|sourced| &sourced.quirk)
}

/// Applies the top-level quirks to a body whose other bytes stay as they are. `model` is the provider's name of the model.
pub fn on_splice(surface: &Surface, endpoint: &Served, model: &str, body: &Object<'_>, edits: &mut Edits<'_, '_>) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut fields = Spliced::new(body, edits);
    for quirk in applying(surface, endpoint, model).filter(|quirk| !quirk.is_nested()) {
        top::apply(quirk, &mut fields, &mut losses);
    }
    losses
}

/// Applies every quirk to a request in canonical form. Top-level fields go by their names in OpenAI chat, wherever the canonical form keeps them.
pub fn on_typed(surface: &Surface, endpoint: &Served, model: &str, chat: &mut Chat) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut quirks = applying(surface, endpoint, model).peekable();
    if quirks.peek().is_some() {
        drop_foreign(chat, &mut losses);
    }
    for quirk in quirks {
        if quirk.is_nested() {
            nested::apply(quirk, chat, &mut losses);
        } else {
            top::apply(quirk, &mut Typed::new(chat), &mut losses);
        }
    }
    losses
}

/// Members of the caller's dialect that OpenAI chat does not know. They go before the quirks add members of their own, which would else pass
/// them off as OpenAI's.
fn drop_foreign(chat: &mut Chat, losses: &mut Vec<Loss>) {
    if chat.extras.from().is_none_or(|from| from == DialectId::OpenaiChat) {
        return;
    }
    let extras = std::mem::take(&mut chat.extras);
    losses.extend(extras.iter().map(|(name, _)| Loss::dropped(name, "only the dialect that it came from knows this member")));
}

/// Whether the request must be written from the canonical form: the provider refuses what it does not know, or a quirk reaches into the messages
/// of this one. Decided by a search in the text: a word in the wrong place costs a translation, nothing else.
pub fn needs_typed(surface: &Surface, endpoint: &Served, model: &str, body: &Object<'_>) -> bool {
    endpoint.operation == Operation::Chat && (surface.closed || reach::may_touch(applying(surface, endpoint, model), body))
}

#[cfg(test)]
mod tests;
