//! One head, line by line: only what frames a request is looked at, the rest is hyper's.

/// Longest request line. Targets over 8 KB are refused with words by `front::sound`; here only what nobody means any more.
const LONGEST_REQUEST_LINE: usize = (16 << 10) + 32;
/// Longest head.
const LONGEST_HEAD: usize = 64 << 10;
/// Empty lines in front of a head, which some clients send behind a body.
const MOST_EMPTY_LINES: usize = 4;

#[derive(Default)]
pub(super) struct Head {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Bytes of this head so far.
    size: usize,
    empty_lines: usize,
    begun: bool,
    is_http10: bool,
    length: Option<u64>,
    chunked: bool,
}

/// How the body behind a head is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Length(u64),
    Chunked,
}

impl Head {
    /// Takes a piece of a line, or its end. `Some` is the end of the head.
    pub(super) fn take(&mut self, piece: &[u8], is_end: bool) -> Result<Option<Body>, ()> {
        self.size += piece.len();
        let longest = if self.begun { LONGEST_HEAD } else { LONGEST_REQUEST_LINE + MOST_EMPTY_LINES * 2 };
        if self.size > longest {
            return Err(());
        }
        if !is_end {
            self.line.extend_from_slice(piece);
            return Ok(None);
        }
        if self.line.is_empty() {
            return self.line(piece);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(piece);
        self.line(&line)
    }

    pub(super) fn is_untouched(&self) -> bool {
        self.size == 0
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Body>, ()> {
        let line = line.strip_suffix(b"\r\n").ok_or(())?;
        match (line.is_empty(), self.begun) {
            (true, false) => {
                self.empty_lines += 1;
                if self.empty_lines > MOST_EMPTY_LINES { Err(()) } else { Ok(None) }
            }
            (false, false) => self.request_line(line).map(|()| None),
            (false, true) => self.field(line).map(|()| None),
            (true, true) => Ok(Some(self.body())),
        }
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), ()> {
        if line.starts_with(b"CONNECT ") || line.starts_with(b"TRACE ") {
            return Err(());
        }
        self.begun = true;
        self.is_http10 = line.ends_with(b" HTTP/1.0");
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), ()> {
        let colon = memchr::memchr(b':', line).ok_or(())?;
        let (name, value) = line.split_at(colon);
        // A name that begins in a space is a folded line; one that ends in a space is read differently by different servers.
        if name.is_empty() || name.iter().any(|byte| *byte <= b' ' || *byte >= 0x7f) {
            return Err(());
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            return self.set_length(value);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return self.set_chunked(value);
        }
        Ok(())
    }

    /// One length, in digits, and no chunks beside it.
    fn set_length(&mut self, value: &[u8]) -> Result<(), ()> {
        let is_number = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if self.length.is_some() || self.chunked || !is_number {
            return Err(());
        }
        self.length = Some(value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
        Ok(())
    }

    /// `chunked`, once, as nothing else is spoken here.
    fn set_chunked(&mut self, value: &[u8]) -> Result<(), ()> {
        if self.chunked || self.length.is_some() || self.is_http10 || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(());
        }
        self.chunked = true;
        Ok(())
    }

    fn body(&self) -> Body {
        match (self.chunked, self.length) {
            (true, _) => Body::Chunked,
            (false, None | Some(0)) => Body::None,
            (false, Some(length)) => Body::Length(length),
        }
    }
}
