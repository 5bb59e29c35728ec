//! Lists, page by page: each page says where the next one begins (keyset paging).

use crate::problem::Problem;
use inventory::view::{Entry, Listing};
use std::ops::Bound;

type Page<'l, T> = (Vec<(&'l str, &'l Entry<T>)>, Option<String>);

pub(crate) const USUAL_LIMIT: u16 = 100;

/// So many entries after the one with this id that pass the filter, and where the next page begins.
pub(crate) fn page<'l, T>(
    listing: &'l Listing<T>,
    after: Option<&str>,
    limit: Option<u16>,
    wanted: impl Fn(&T) -> bool,
) -> Result<Page<'l, T>, Problem> {
    if after.is_some_and(|after| !is_id(after)) {
        return Err(no_end());
    }
    let limit = usize::from(limit.unwrap_or(USUAL_LIMIT));
    let beginning = after.map_or(Bound::Unbounded, Bound::Excluded);
    let all = listing.range::<str, _>((beginning, Bound::Unbounded)).filter(|(_, entry)| wanted(&entry.object));
    let mut entries: Vec<(&str, &Entry<T>)> = all.take(limit + 1).map(|(id, entry)| (&**id, entry)).collect();
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|(id, _)| (*id).to_owned());
    Ok((entries, next))
}

/// The id of an object that there may be, or that was there when the page before was read.
fn is_id(text: &str) -> bool {
    let is_uuid = text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_uuid || text.starts_with("file:")
}

/// What an `after` is told that no page has given.
pub(super) fn no_end() -> Problem {
    Problem::field("after", "is not where a page ends", "send `next` of the page before")
}
