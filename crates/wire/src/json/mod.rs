//! One linear scan over JSON text, without a tree: find the members of the outermost object, change some, leave every other byte alone.

mod edits;
mod error;
mod limits;
mod scanner;
mod top;

#[cfg(test)]
mod tests;

pub use edits::Edits;
pub use error::{ScanError, ScanErrorKind};
pub use limits::Limits;
pub use top::{Kind, Member, Object};

use crate::RawRef;
use scanner::{Scanner, ignore};

/// Scans a body that must be one JSON object. The whole grammar is checked; a name that comes twice at the top (in any spelling) is refused.
pub fn scan<'a>(body: &'a [u8], limits: &Limits) -> Result<Object<'a>, ScanError> {
    let mut scanner = Scanner::new(body, limits)?;
    scanner.expect_object()?;
    let mut object = Object::new(scanner.text());
    scanner.members(&mut |found| object.add(found, limits.max_members))?;
    scanner.finish()?;
    Ok(object)
}

/// Checks that the bytes are one JSON value of any kind, and returns it as text without the whitespace around it.
pub fn check<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, ScanError> {
    let mut scanner = Scanner::new(bytes, limits)?;
    let found = scanner.whole(&mut ignore)?;
    scanner.finish()?;
    Ok(scanner.text().get(found).unwrap_or_default())
}

/// The items of a JSON array, in order.
pub fn items<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<RawRef<'a>>, ScanError> {
    let mut scanner = Scanner::new(bytes, limits)?;
    scanner.expect_array()?;
    let text = scanner.text();
    let mut items = Vec::new();
    scanner.items(&mut |value| {
        items.push(RawRef::trusted(text.get(value).unwrap_or_default()));
        Ok(())
    })?;
    scanner.finish()?;
    Ok(items)
}

/// A string as JSON text, quoted and escaped.
pub fn json_string(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a string as JSON text.
pub fn push_json_string(out: &mut Vec<u8>, text: &str) {
    // Writing a str into a Vec can't fail: neither the text nor the writer has an error case.
    let written = serde_json::to_writer(&mut *out, text);
    debug_assert!(written.is_ok());
}
