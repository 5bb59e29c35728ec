//! What a scan found: the members of the outermost object.

use super::scanner::Found;
use super::{ScanError, ScanErrorKind};
use crate::RawRef;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

/// One member, in the spelling that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// The name, unescaped.
    pub key: Cow<'a, str>,
    /// The value as JSON text.
    pub value: &'a str,
    pub kind: Kind,
    /// Where the name is in the body, with its quotes.
    pub key_span: Range<usize>,
    /// Where the value is in the body.
    pub value_span: Range<usize>,
}

impl<'a> Member<'a> {
    /// The text of a string, unescaped; `None` for other kinds and for a string that is no Unicode text (half of a surrogate pair).
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        self.raw().as_str()
    }

    pub fn as_bool(&self) -> Option<bool> {
        self.raw().as_bool()
    }

    pub fn is_empty_array(&self) -> bool {
        let inside = self.value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inside.is_some_and(|inside| inside.bytes().all(|byte| byte.is_ascii_whitespace()))
    }

    pub fn raw(&self) -> RawRef<'a> {
        RawRef::trusted(self.value)
    }
}

/// The outermost object of a body.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
    /// Names seen, once there are too many to compare one by one.
    names: HashSet<Cow<'a, str>>,
}

impl<'a> Object<'a> {
    pub fn get(&self, key: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.key == key)
    }

    /// In the order of the text.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The whole text that was scanned.
    pub fn body(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    pub(crate) fn into_members(self) -> Vec<Member<'a>> {
        self.members
    }

    pub(super) fn new(text: &'a str) -> Self {
        Self { text, members: Vec::with_capacity(16), names: HashSet::new() }
    }

    /// Up to this many names are compared one by one.
    const FEW: usize = 32;

    pub(super) fn add(&mut self, found: Found, max_members: usize) -> Result<(), ScanError> {
        let at = found.key.start;
        if self.members.len() >= max_members {
            return Err(ScanError { at, kind: ScanErrorKind::TooManyMembers(max_members) });
        }
        let key = self.name(&found)?;
        if self.is_known(&key) {
            return Err(ScanError { at, kind: ScanErrorKind::DuplicateKey(key.into_owned()) });
        }
        let value = self.text.get(found.value.clone()).unwrap_or_default();
        self.members.push(Member { key, value, kind: found.kind, key_span: found.key, value_span: found.value });
        Ok(())
    }

    /// Compares unescaped names, so that another spelling of the same name is a duplicate too.
    #[expect(clippy::ptr_arg, reason = "a borrowed name is kept without a copy")]
    fn is_known(&mut self, key: &Cow<'a, str>) -> bool {
        if self.members.len() < Self::FEW {
            return self.members.iter().any(|member| member.key == *key);
        }
        if self.names.is_empty() {
            self.names = self.members.iter().map(|member| member.key.clone()).collect();
        }
        !self.names.insert(key.clone())
    }

    fn name(&self, found: &Found) -> Result<Cow<'a, str>, ScanError> {
        let quoted = self.text.get(found.key.clone()).unwrap_or_default();
        if !found.escaped {
            return Ok(Cow::Borrowed(quoted.get(1..quoted.len() - 1).unwrap_or_default()));
        }
        let name = serde_json::from_str::<String>(quoted);
        name.map(Cow::Owned).map_err(|_| ScanError::syntax(found.key.start, "a member name holds half of a surrogate pair"))
    }
}
