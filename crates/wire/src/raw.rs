//! JSON text kept as it came: a value that nobody here needs to understand.

use crate::json::{self, Kind, Limits, ScanError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// One JSON value as text. Equality is equality of the text, so `1e2` and `100` differ: what came in goes out.
#[derive(Clone)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// Takes text that must be one valid JSON value.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Box<RawValue>>(text).map(Raw)
    }

    /// Writes any value as JSON text.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Raw)
    }

    pub fn text(&self) -> &str {
        self.0.get()
    }

    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// The same value, borrowed.
    pub fn by_ref(&self) -> RawRef<'_> {
        RawRef::trusted(self.text().trim_ascii())
    }

    /// Reads the value as a type.
    pub fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Raw {}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Raw)
    }
}

/// The same without owning it: a part of a larger text that has been scanned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawRef<'a>(&'a str);

impl<'a> RawRef<'a> {
    /// Text that a scan found to be one value, without whitespace around it.
    pub(crate) fn trusted(text: &'a str) -> Self {
        Self(text)
    }

    /// Checks text that must be one JSON value, its depth included.
    pub fn parse(text: &'a str) -> Result<Self, ScanError> {
        json::check(text.as_bytes(), &Limits::default()).map(Self)
    }

    pub fn text(self) -> &'a str {
        self.0
    }

    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// From the first byte, which decides it.
    pub fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The text of a string, unescaped; `None` for other kinds and for a string that is no Unicode text (half of a surrogate pair).
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inside = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inside));
        }
        serde_json::from_str::<String>(self.0).ok().map(Cow::Owned)
    }

    pub fn as_bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Reads the value as a type, which may borrow from the text.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0)
    }

    /// The items of an array.
    pub fn items(self) -> Result<Vec<RawRef<'a>>, ScanError> {
        json::items(self.0.as_bytes(), &Limits::default())
    }

    pub fn to_raw(self) -> Result<Raw, serde_json::Error> {
        Raw::parse(self.0)
    }
}

impl std::fmt::Debug for RawRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}
