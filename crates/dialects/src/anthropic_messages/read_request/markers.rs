//! `cache_control`.

use chat::CacheMarker;
use wire::RawRef;
use wire::object::Fields;

/// Takes a marker. Without a type it is none (at the top level it is Conduit's own option), and one with members that nobody knows stays as
/// it came.
pub(super) fn take(fields: &mut Fields<'_>) -> Option<CacheMarker> {
    let mut marker = fields.peek("cache_control")?.fields().ok()?;
    marker.take_ref("type")?.as_str().filter(|kind| kind == "ephemeral")?;
    let ttl = match marker.take_ref("ttl").filter(|ttl| !ttl.is_null()) {
        Some(ttl) => Some(RawRef::as_str(ttl)?.into_owned()),
        None => None,
    };
    if !marker.is_empty() {
        return None;
    }
    fields.take_ref("cache_control");
    Some(CacheMarker { ttl })
}
