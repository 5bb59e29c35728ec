//! Tool calls of one choice: pieces are put to the call they belong to, whatever the server forgets (providers/custom.md §4).

use super::choice::Place;
use crate::openai_chat::types::{ME, built, loose_arguments, loose_text, minted_call_id, object_of};
use chat::{Delta, Event, Extras, PartOpen};
use wire::object::Fields;
use wire::{Raw, RawRef};

#[derive(Debug, Default)]
pub(super) struct Calls {
    slots: Vec<Slot>,
}

/// A call. It opens when its name is known.
#[derive(Debug, Default)]
struct Slot {
    index: Option<u64>,
    id: String,
    name: String,
    custom: bool,
    /// The part, once it is open.
    part: Option<u32>,
    /// Arguments that came before the name.
    waiting: String,
    /// Arguments have come.
    argued: bool,
    closed: bool,
}

/// One item of `tool_calls` in a delta.
struct Piece {
    index: Option<u64>,
    id: String,
    name: String,
    custom: bool,
    arguments: String,
    /// Members that nobody knows, of the item and of the object inside.
    rest: Vec<(String, Raw)>,
}

impl Calls {
    pub(super) fn any(&self) -> bool {
        !self.slots.is_empty()
    }

    pub(super) fn read(&mut self, place: &mut Place<'_>, item: RawRef<'_>, reply_id: &str) {
        let Some(mut piece) = Piece::read(item) else { return };
        let at = self.slot_of(&piece);
        tell_rest(place, at, std::mem::take(&mut piece.rest));
        self.take(place, at, piece, reply_id);
    }

    /// `function_call` of old servers: one call, whose pieces need no number.
    pub(super) fn read_legacy(&mut self, place: &mut Place<'_>, item: RawRef<'_>, reply_id: &str) {
        if self.slots.iter().any(|slot| slot.index.is_some()) {
            // The same call under both names.
            return;
        }
        let Ok(mut fields) = item.fields() else { return };
        let name = loose_text(fields.take_ref("name")).unwrap_or_default();
        let arguments = loose_arguments(fields.take_ref("arguments"));
        let piece = Piece { index: None, id: String::new(), name, custom: false, arguments, rest: Vec::new() };
        let at = self.slot_of(&piece);
        self.take(place, at, piece, reply_id);
    }

    fn take(&mut self, place: &mut Place<'_>, at: usize, piece: Piece, reply_id: &str) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        slot.argued |= !piece.arguments.trim().is_empty();
        if slot.part.is_none() {
            if !piece.id.is_empty() {
                slot.id = piece.id;
            }
            if !piece.name.is_empty() {
                slot.name = piece.name;
            }
            slot.custom |= piece.custom;
            slot.waiting.push_str(&piece.arguments);
            if !slot.name.is_empty() {
                slot.open(place, reply_id, at);
            }
        } else if let (Some(part), false) = (slot.part, piece.arguments.is_empty() || slot.closed) {
            place.grow(part, Delta::Arguments(piece.arguments));
        }
    }

    pub(super) fn close_all(&mut self, place: &mut Place<'_>) {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if slot.part.is_none() {
                slot.open(place, "", at);
            }
            if let (Some(part), false) = (slot.part, slot.closed) {
                if !slot.argued && !slot.custom {
                    place.grow(part, Delta::Arguments("{}".to_owned()));
                }
                place.close(part);
                slot.closed = true;
            }
        }
    }

    /// The call that a piece belongs to, or a new one. By index; but several calls under one index differ by id and name, and where there is
    /// no index, a new id or a name begins a new call.
    fn slot_of(&mut self, piece: &Piece) -> usize {
        let by_id = || self.slots.iter().rposition(|slot| !piece.id.is_empty() && slot.id == piece.id);
        let found = match piece.index {
            Some(index) => {
                let same = self.slots.iter().rposition(|slot| slot.index == Some(index));
                same.filter(|at| !self.begins_another(*at, piece)).or_else(|| same.and_then(|_| by_id()))
            }
            None if !piece.id.is_empty() => by_id(),
            // A name that is repeated beside more of the arguments begins nothing.
            None if !piece.name.is_empty() && !self.goes_on(piece) => None,
            None => self.slots.len().checked_sub(1),
        };
        // A call whose arguments are over takes no more: what follows is another call.
        found.filter(|at| self.slots.get(*at).is_some_and(|slot| !slot.closed)).unwrap_or_else(|| {
            self.slots.push(Slot { index: piece.index, ..Slot::default() });
            self.slots.len() - 1
        })
    }

    fn goes_on(&self, piece: &Piece) -> bool {
        let more = !piece.arguments.is_empty() && !piece.arguments.trim_start().starts_with('{');
        more && self.slots.last().is_some_and(|last| last.name == piece.name)
    }

    /// Some servers send a new id with each piece; only a new name beside it begins another call.
    fn begins_another(&self, at: usize, piece: &Piece) -> bool {
        self.slots.get(at).is_some_and(|slot| !slot.id.is_empty() && !piece.id.is_empty() && slot.id != piece.id && !piece.name.is_empty())
    }
}

impl Slot {
    fn open(&mut self, place: &mut Place<'_>, reply_id: &str, at: usize) {
        if self.id.is_empty() {
            self.id = minted_call_id(reply_id, place.choice, at);
        }
        let part = place.open(PartOpen::ToolCall { id: self.id.clone(), name: self.name.clone(), custom: self.custom });
        if !self.waiting.is_empty() {
            place.grow(part, Delta::Arguments(std::mem::take(&mut self.waiting)));
        }
        self.part = Some(part);
    }
}

impl Piece {
    fn read(item: RawRef<'_>) -> Option<Self> {
        let mut fields = item.fields().ok()?;
        let index = loose_text(fields.take_ref("index")).and_then(|text| text.parse().ok());
        let id = loose_text(fields.take_ref("id")).unwrap_or_default();
        fields.take_ref("type");
        let custom = fields.peek("custom").is_some_and(|raw| !raw.is_null());
        let member = if custom { "custom" } else { "function" };
        let mut inner = fields.take_fields(member).ok().flatten().unwrap_or_default();
        let name = loose_text(inner.take_ref("name")).unwrap_or_default();
        let arguments = loose_arguments(inner.take_ref(if custom { "input" } else { "arguments" }));
        let mut rest = told(fields);
        if let Some(raw) = object_of(&told(inner)) {
            rest.push((member.to_owned(), raw));
        }
        Some(Self { index, id, name, custom, arguments, rest })
    }
}

fn told(fields: Fields<'_>) -> Vec<(String, Raw)> {
    fields.rest().into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// Unknown members of a call travel as the delta they came in, with the number of the call within its choice.
fn tell_rest(place: &mut Place<'_>, at: usize, rest: Vec<(String, Raw)>) {
    if rest.is_empty() {
        return;
    }
    let call = built(|out| {
        out.member("index", &at).extend(&rest);
    });
    if let Some(list) = call.and_then(|call| Raw::of(&[call]).ok()) {
        let extras = Extras::new(ME, vec![("tool_calls".to_owned(), list)]);
        place.out.push(Event::MessageExtras { choice: place.choice, extras });
    }
}
