//! Lists, page by page: each page says where the next one begins (keyset paging).

use inventory::view::{Entry, Listing};
use std::ops::Bound;

pub(crate) const USUAL_LIMIT: u16 = 100;

/// So many entries after the one with this id that pass the filter, and where the next page begins.
pub(crate) fn page<'l, T>(
    listing: &'l Listing<T>,
    after: Option<&str>,
    limit: Option<u16>,
    wanted: impl Fn(&T) -> bool,
) -> (Vec<(&'l str, &'l Entry<T>)>, Option<String>) {
    let limit = usize::from(limit.unwrap_or(USUAL_LIMIT));
    let beginning = after.map_or(Bound::Unbounded, Bound::Excluded);
    let all = listing.range::<str, _>((beginning, Bound::Unbounded)).filter(|(_, entry)| wanted(&entry.object));
    let mut entries: Vec<(&str, &Entry<T>)> = all.take(limit + 1).map(|(id, entry)| (&**id, entry)).collect();
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|(id, _)| (*id).to_owned());
    (entries, next)
}
