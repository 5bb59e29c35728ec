//! The one place where quirks are interpreted: on the bytes of a request that passes through, and on the canonical form of one that is written
//! anew. A top-level quirk is decided once, in [`top`], over whichever of the two it is; so the two cannot drift apart.

mod nested;
mod spliced;
mod top;
mod typed;

use crate::{Quirk, Sourced, Surface};
use chat::{Chat, Loss, Operation};
use spliced::Spliced;
use typed::Typed;
use wire::json::{Edits, Object};

/// The quirks that hold for a request.
fn applying<'a>(surface: &Surface, operation: Operation, model: &'a str) -> impl Iterator<Item = &'static Quirk> + use<'a> {
    let holds = move |sourced: &&Sourced| sourced.operation == operation && sourced.models.include(model);
    surface.quirks.iter().filter(holds).map(|sourced| &sourced.quirk)
}

/// Applies the top-level quirks to a body whose other bytes stay as they are. `model` is the provider's name of the model.
pub fn on_splice(surface: &Surface, operation: Operation, model: &str, body: &Object<'_>, edits: &mut Edits<'_, '_>) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut fields = Spliced::new(body, edits);
    for quirk in applying(surface, operation, model).filter(|quirk| !quirk.is_nested()) {
        top::apply(quirk, &mut fields, &mut losses);
    }
    losses
}

/// Applies every quirk to a request in canonical form. Top-level fields go by their names in OpenAI chat, wherever the canonical form keeps them.
pub fn on_typed(surface: &Surface, operation: Operation, model: &str, chat: &mut Chat) -> Vec<Loss> {
    let mut losses = Vec::new();
    for quirk in applying(surface, operation, model) {
        if quirk.is_nested() {
            nested::apply(quirk, chat, &mut losses);
        } else {
            top::apply(quirk, &mut Typed::new(chat), &mut losses);
        }
    }
    losses
}

/// Whether the request must be written from the canonical form: the provider refuses what it does not know, or a quirk reaches into the messages
/// of this one. Decided by a search in the text: a word in the wrong place costs a translation, nothing else.
pub fn needs_typed(surface: &Surface, operation: Operation, model: &str, body: &Object<'_>) -> bool {
    operation == Operation::Chat && (surface.closed || nested::may_touch(applying(surface, operation, model), body))
}

#[cfg(test)]
mod tests;
