//! Cache markers: four at most, and two lifetimes.

use super::draft::{Block, Draft};
use super::object;
use super::turns::Conversation;
use chat::CacheMarker;

/// Markers in one request, the automatic one of the whole request included.
const MOST: usize = 4;

/// Drops the earliest markers beyond the cap, in the order tools, system, messages: what a later marker caches begins with all that an
/// earlier one would have.
pub(super) fn cap(draft: &mut Draft<'_>, tools: &mut [Block], conversation: &mut Conversation) {
    let in_messages = conversation.messages.iter_mut().flat_map(|message| &mut message.blocks);
    let mut marked: Vec<&mut Block> =
        tools.iter_mut().chain(&mut conversation.system).chain(in_messages).filter(|block| block.cache.is_some()).collect();
    let room = MOST - usize::from(draft.chat.cache.is_some());
    let over = marked.len().saturating_sub(room);
    for (n, block) in marked.iter_mut().enumerate() {
        let place = format!("{}.cache_control", block.place);
        if n < over {
            block.cache = None;
            draft.losses.dropped(place, "the provider takes four cache markers at most; the later ones cover this");
        } else if let Some(marker) = &block.cache {
            note_lifetime(draft, marker, &place);
        }
    }
    if let Some(marker) = &draft.chat.cache {
        note_lifetime(draft, marker, "cache_control");
    }
}

fn note_lifetime(draft: &mut Draft<'_>, marker: &CacheMarker, place: &str) {
    if marker.ttl.is_some() && lifetime(marker).is_none() {
        draft.losses.approximated(format!("{place}.ttl"), "the provider keeps a prefix for 5m or 1h; its default of 5m applies");
    }
}

fn lifetime(marker: &CacheMarker) -> Option<&str> {
    marker.ttl.as_deref().filter(|ttl| matches!(*ttl, "5m" | "1h"))
}

pub(super) fn control(marker: &CacheMarker) -> String {
    let written = object(|control| {
        control.member("type", "ephemeral").optional("ttl", &lifetime(marker));
    });
    written.unwrap_or_else(|_| r#"{"type":"ephemeral"}"#.to_owned())
}
