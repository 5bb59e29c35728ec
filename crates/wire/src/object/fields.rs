//! The members of an object, taken one by one.

use crate::json::{self, Limits, ScanError};
use crate::{Raw, RawRef};
use serde::Deserialize;
use std::borrow::Cow;

/// A member that is not what it must be. `field` is empty where the object itself is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", if field.is_empty() { String::new() } else { format!("{field}: ") })]
pub struct FieldError {
    /// A path such as `messages[2].content` once callers have prefixed it.
    pub field: String,
    pub reason: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The same error, seen from the object around: `content` becomes `messages[2].content`.
    pub fn within(mut self, outer: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }
}

impl From<ScanError> for FieldError {
    fn from(error: ScanError) -> Self {
        Self::new("", error.to_string())
    }
}

/// The members of one object in the order of the text; those that were taken are gone.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    members: Vec<Option<(Cow<'a, str>, RawRef<'a>)>>,
}

impl<'a> Fields<'a> {
    /// Reads an object; its depth is limited and names that occur twice are refused.
    pub fn parse(text: &'a str) -> Result<Self, ScanError> {
        Self::parse_bytes(text.as_bytes())
    }

    pub fn parse_bytes(bytes: &'a [u8]) -> Result<Self, ScanError> {
        let object = json::scan(bytes, &Limits::default())?;
        Ok(Self { members: object.into_members().into_iter().map(|member| Some((member.key, RawRef::trusted(member.value)))).collect() })
    }

    /// The value under a name, without taking it.
    pub fn peek(&self, name: &str) -> Option<RawRef<'a>> {
        self.members.iter().flatten().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Takes a member out, borrowed from the text. A `null` is a value like any other here.
    pub fn take_ref(&mut self, name: &str) -> Option<RawRef<'a>> {
        let slot = self.members.iter_mut().find(|slot| slot.as_ref().is_some_and(|(key, _)| key == name))?;
        slot.take().map(|(_, value)| value)
    }

    /// Takes a member out as an owned value. A `null` is a value like any other here.
    pub fn take(&mut self, name: &str) -> Option<Raw> {
        owned(self.take_ref(name)?)
    }

    /// Takes a member out as a type; `null` reads as absent.
    pub fn take_as<T: Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>, FieldError> {
        match self.take_ref(name) {
            None => Ok(None),
            Some(raw) if raw.is_null() => Ok(None),
            Some(raw) => raw.read().map(Some).map_err(|error| FieldError::new(name, reason(&error))),
        }
    }

    /// Takes a member out as a type; absent and `null` are errors.
    pub fn require<T: Deserialize<'a>>(&mut self, name: &str) -> Result<T, FieldError> {
        self.take_as(name)?.ok_or_else(|| FieldError::new(name, "is missing"))
    }

    /// Takes an object out; `null` reads as absent.
    pub fn take_fields(&mut self, name: &str) -> Result<Option<Fields<'a>>, FieldError> {
        match self.take_ref(name) {
            None => Ok(None),
            Some(raw) if raw.is_null() => Ok(None),
            Some(raw) => raw.fields().map(Some).map_err(|error| FieldError::from(error).within(name)),
        }
    }

    /// Takes a list out; `null` reads as absent.
    pub fn take_items(&mut self, name: &str) -> Result<Option<Vec<RawRef<'a>>>, FieldError> {
        match self.take_ref(name) {
            None => Ok(None),
            Some(raw) if raw.is_null() => Ok(None),
            Some(raw) => raw.items().map(Some).map_err(|error| FieldError::from(error).within(name)),
        }
    }

    /// Names that have not been taken.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().flatten().map(|(key, _)| key.as_ref())
    }

    /// Members that have not been taken.
    pub fn iter(&self) -> impl Iterator<Item = (&str, RawRef<'a>)> {
        self.members.iter().flatten().map(|(key, value)| (key.as_ref(), *value))
    }

    pub fn is_empty(&self) -> bool {
        self.members.iter().all(Option::is_none)
    }

    /// What nobody took, in order.
    pub fn rest(self) -> Vec<(String, Raw)> {
        self.members.into_iter().flatten().filter_map(|(key, value)| Some((key.into_owned(), owned(value)?))).collect()
    }
}

impl<'a> RawRef<'a> {
    /// The members of an object.
    pub fn fields(self) -> Result<Fields<'a>, ScanError> {
        Fields::parse(self.text())
    }
}

impl Raw {
    /// The members of an object.
    pub fn fields(&self) -> Result<Fields<'_>, ScanError> {
        Fields::parse(self.text())
    }

    /// The items of an array.
    pub fn items(&self) -> Result<Vec<RawRef<'_>>, ScanError> {
        self.by_ref().items()
    }
}

/// A value that the scan accepted is one that serde_json accepts: the property test `the_scan_accepts_what_serde_json_accepts` holds both.
fn owned(value: RawRef<'_>) -> Option<Raw> {
    let raw = value.to_raw();
    debug_assert!(raw.is_ok(), "scan and serde_json disagree");
    raw.ok()
}

/// serde_json's message without its place, which counts from the start of the member and would mislead.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}
