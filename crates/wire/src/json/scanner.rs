//! The grammar of RFC 8259 over bytes that are known to be UTF-8. Nothing is built; spans are reported.

use super::{Kind, Limits, ScanError, ScanErrorKind};
use std::ops::Range;

/// A member of an object that the scan has just passed.
pub(super) struct Found {
    /// With its quotes.
    pub(super) key: Range<usize>,
    /// The name holds a backslash.
    pub(super) escaped: bool,
    pub(super) value: Range<usize>,
    pub(super) kind: Kind,
}

/// What to do with the members of a nested value: nothing.
pub(super) fn ignore(_: Found) -> Result<(), ScanError> {
    Ok(())
}

fn ignore_item(_: Range<usize>) -> Result<(), ScanError> {
    Ok(())
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    max_depth: usize,
}

impl<'a> Scanner<'a> {
    /// Validates UTF-8 once, for the whole text.
    pub(super) fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self, ScanError> {
        let text = std::str::from_utf8(bytes).map_err(|e| ScanError { at: e.valid_up_to(), kind: ScanErrorKind::NotUtf8 })?;
        if text.starts_with('\u{feff}') {
            return Err(ScanError::syntax(0, "it begins with a byte order mark"));
        }
        Ok(Self { text, bytes, at: 0, depth: 0, max_depth: limits.max_depth.min(Limits::HARD_DEPTH) })
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn expect_object(&mut self) -> Result<(), ScanError> {
        self.expect_first(b'{', ScanErrorKind::NotAnObject)
    }

    pub(super) fn expect_array(&mut self) -> Result<(), ScanError> {
        self.expect_first(b'[', ScanErrorKind::NotAnArray)
    }

    fn expect_first(&mut self, open: u8, otherwise: ScanErrorKind) -> Result<(), ScanError> {
        self.skip_whitespace();
        match self.peek() {
            None => Err(ScanError::syntax(self.at, "it is empty")),
            Some(byte) if byte == open => Ok(()),
            Some(_) => Err(ScanError { at: self.at, kind: otherwise }),
        }
    }

    /// One value of any kind, with whitespace before it; returns its span.
    pub(super) fn whole<F>(&mut self, visit: &mut F) -> Result<Range<usize>, ScanError>
    where
        F: FnMut(Found) -> Result<(), ScanError>,
    {
        self.skip_whitespace();
        let start = self.at;
        match self.peek() {
            None => return Err(ScanError::syntax(self.at, "it is empty")),
            Some(b'{') => self.members(visit)?,
            Some(_) => {
                self.value()?;
            }
        }
        Ok(start..self.at)
    }

    /// Nothing but whitespace may be left.
    pub(super) fn finish(&mut self) -> Result<(), ScanError> {
        self.skip_whitespace();
        if self.at == self.bytes.len() { Ok(()) } else { Err(ScanError { at: self.at, kind: ScanErrorKind::TrailingBytes }) }
    }

    /// An object whose brace is the next byte.
    pub(super) fn members<F>(&mut self, visit: &mut F) -> Result<(), ScanError>
    where
        F: FnMut(Found) -> Result<(), ScanError>,
    {
        self.open()?;
        if self.closes(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a member name in quotes is missing"));
            }
            let key_start = self.at;
            let escaped = self.string()?;
            let key = key_start..self.at;
            self.skip_whitespace();
            self.eat(b':', "a colon is missing after a member name")?;
            self.skip_whitespace();
            let value_start = self.at;
            let kind = self.value()?;
            visit(Found { key, escaped, value: value_start..self.at, kind })?;
            if self.closes(b'}') {
                return Ok(());
            }
            self.eat(b',', "a comma or a closing brace is missing")?;
            self.skip_whitespace();
        }
    }

    /// An array whose bracket is the next byte.
    pub(super) fn items<F>(&mut self, visit: &mut F) -> Result<(), ScanError>
    where
        F: FnMut(Range<usize>) -> Result<(), ScanError>,
    {
        self.open()?;
        if self.closes(b']') {
            return Ok(());
        }
        loop {
            let start = self.at;
            self.value()?;
            visit(start..self.at)?;
            if self.closes(b']') {
                return Ok(());
            }
            self.eat(b',', "a comma or a closing bracket is missing")?;
            self.skip_whitespace();
        }
    }

    fn value(&mut self) -> Result<Kind, ScanError> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| Kind::String),
            Some(b'{') => self.members(&mut ignore).map(|()| Kind::Object),
            Some(b'[') => self.items(&mut ignore_item).map(|()| Kind::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| Kind::Number),
            Some(b't') => self.literal("true", Kind::Bool),
            Some(b'f') => self.literal("false", Kind::Bool),
            Some(b'n') => self.literal("null", Kind::Null),
            _ => Err(self.expected("a value is missing")),
        }
    }

    /// Steps into an object or an array, past its first whitespace.
    fn open(&mut self) -> Result<(), ScanError> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(ScanError { at: self.at, kind: ScanErrorKind::TooDeep(self.max_depth) });
        }
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// Steps out, if the closing byte comes next.
    fn closes(&mut self, close: u8) -> bool {
        self.skip_whitespace();
        let closed = self.peek() == Some(close);
        if closed {
            self.at += 1;
            self.depth -= 1;
        }
        closed
    }

    /// A string whose quote is the next byte; says whether it holds an escape.
    fn string(&mut self) -> Result<bool, ScanError> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.plain_characters()?;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.expected("a string is not closed")),
            }
        }
    }

    /// Passes everything up to the next quote or backslash. Most strings are short: the vector search starts only after a few bytes.
    fn plain_characters(&mut self) -> Result<(), ScanError> {
        const SHORT: usize = 16;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for (passed, &byte) in rest.iter().take(SHORT).enumerate() {
            if matches!(byte, b'"' | b'\\') {
                self.at += passed;
                return Ok(());
            }
            if byte < 0x20 {
                return Err(ScanError::syntax(self.at + passed, CONTROL));
            }
        }
        let long = rest.get(SHORT..).unwrap_or_default();
        let length = memchr::memchr2(b'"', b'\\', long).unwrap_or(long.len());
        let passed = long.get(..length).unwrap_or_default();
        // A fold without an early exit: the compiler makes it a vector minimum.
        if passed.iter().fold(u8::MAX, |least, &byte| least.min(byte)) < 0x20 {
            let inside = passed.iter().position(|&byte| byte < 0x20).unwrap_or(0);
            return Err(ScanError::syntax(self.at + SHORT + inside, CONTROL));
        }
        self.at = (self.at + SHORT + length).min(self.bytes.len());
        Ok(())
    }

    /// An escape whose backslash is the next byte. A surrogate without its partner is within the grammar.
    fn escape(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        let length = match self.bytes.get(start + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = self.bytes.get(start + 2..start + 6).unwrap_or_default();
                if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(ScanError::syntax(start, "an escape \\u needs four hexadecimal digits"));
                }
                6
            }
            _ => return Err(ScanError::syntax(start, "a string has an unknown escape")),
        };
        self.at = start + length;
        Ok(())
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.expected("a number begins with a zero"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.expected("a number lacks a digit")) }
    }

    fn literal(&mut self, word: &'static str, kind: Kind) -> Result<Kind, ScanError> {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.expected("a value is neither true, false nor null"));
        }
        self.at = end;
        Ok(kind)
    }

    fn eat(&mut self, byte: u8, otherwise: &'static str) -> Result<(), ScanError> {
        if self.peek() != Some(byte) {
            return Err(self.expected(otherwise));
        }
        self.at += 1;
        Ok(())
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The error at this place: "it ends too early" at the end of the text, else what was expected.
    fn expected(&self, what: &'static str) -> ScanError {
        ScanError::syntax(self.at, if self.at >= self.bytes.len() { "it ends too early" } else { what })
    }
}

const CONTROL: &str = "a string holds a control character that is not escaped";
