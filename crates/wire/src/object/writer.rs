//! JSON text, member by member, in the order of the calls.

use crate::Raw;
use crate::json::push_json_string;
use serde::Serialize;

/// Appends one object to a buffer. Text, numbers, booleans, lists of them and raw values cannot fail; where the `Serialize` of another type
/// does, its member is left out and `finish` returns the error.
#[must_use = "the object is closed by finish()"]
pub struct ObjectWriter<'o> {
    inner: Inner<'o>,
}

/// Appends one array to a buffer.
pub struct ArrayWriter<'o> {
    inner: Inner<'o>,
}

impl<'o> ObjectWriter<'o> {
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { inner: Inner::open(out, b'{') }
    }

    /// A whole object in one call.
    pub fn build(fill: impl FnOnce(&mut ObjectWriter<'_>)) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = Vec::with_capacity(512);
        let mut writer = ObjectWriter::new(&mut out);
        fill(&mut writer);
        writer.finish()?;
        Ok(out)
    }

    pub fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        let start = self.inner.begin(Some(name));
        self.inner.value(start, value);
        self
    }

    /// The member, where there is a value.
    pub fn optional<T: Serialize>(&mut self, name: &str, value: &Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.member(name, value);
        }
        self
    }

    pub fn raw(&mut self, name: &str, value: &Raw) -> &mut Self {
        self.json(name, value.text())
    }

    /// A value that is JSON text already.
    pub fn json(&mut self, name: &str, text: &str) -> &mut Self {
        self.inner.begin(Some(name));
        self.inner.text(text);
        self
    }

    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) -> &mut Self {
        self.inner.begin(Some(name));
        self.inner.object(fill);
        self
    }

    pub fn array(&mut self, name: &str, fill: impl FnOnce(&mut ArrayWriter<'_>)) -> &mut Self {
        self.inner.begin(Some(name));
        self.inner.array(fill);
        self
    }

    /// Members that no field stands for, such as [`crate::object::Fields::rest`] left them.
    pub fn extend<'m>(&mut self, members: impl IntoIterator<Item = &'m (String, Raw)>) -> &mut Self {
        for (name, value) in members {
            self.raw(name, value);
        }
        self
    }

    /// Nothing has been written yet.
    pub fn is_empty(&self) -> bool {
        self.inner.empty
    }

    pub fn finish(self) -> Result<(), serde_json::Error> {
        self.inner.close(b'}')
    }
}

impl<'o> ArrayWriter<'o> {
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { inner: Inner::open(out, b'[') }
    }

    pub fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        let start = self.inner.begin(None);
        self.inner.value(start, value);
        self
    }

    pub fn raw(&mut self, value: &Raw) -> &mut Self {
        self.json(value.text())
    }

    /// A value that is JSON text already.
    pub fn json(&mut self, text: &str) -> &mut Self {
        self.inner.begin(None);
        self.inner.text(text);
        self
    }

    pub fn object(&mut self, fill: impl FnOnce(&mut ObjectWriter<'_>)) -> &mut Self {
        self.inner.begin(None);
        self.inner.object(fill);
        self
    }

    pub fn is_empty(&self) -> bool {
        self.inner.empty
    }

    pub fn finish(self) -> Result<(), serde_json::Error> {
        self.inner.close(b']')
    }
}

struct Inner<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
    error: Option<serde_json::Error>,
}

impl<'o> Inner<'o> {
    fn open(out: &'o mut Vec<u8>, bracket: u8) -> Self {
        out.push(bracket);
        Self { out, empty: true, error: None }
    }

    /// Separator and name; returns where this entry begins, and whether it is the first.
    fn begin(&mut self, name: Option<&str>) -> (usize, bool) {
        let start = (self.out.len(), self.empty);
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        if let Some(name) = name {
            push_json_string(self.out, name);
            self.out.push(b':');
        }
        start
    }

    fn value<T: Serialize + ?Sized>(&mut self, (start, was_empty): (usize, bool), value: &T) {
        if let Err(error) = serde_json::to_writer(&mut *self.out, value) {
            self.out.truncate(start);
            self.empty = was_empty;
            self.error.get_or_insert(error);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn object(&mut self, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut writer = ObjectWriter::new(self.out);
        fill(&mut writer);
        let result = writer.finish();
        self.note(result);
    }

    fn array(&mut self, fill: impl FnOnce(&mut ArrayWriter<'_>)) {
        let mut writer = ArrayWriter::new(self.out);
        fill(&mut writer);
        let result = writer.finish();
        self.note(result);
    }

    fn note(&mut self, result: Result<(), serde_json::Error>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    fn close(self, bracket: u8) -> Result<(), serde_json::Error> {
        self.out.push(bracket);
        self.error.map_or(Ok(()), Err)
    }
}
