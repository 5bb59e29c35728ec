//! Finds where frames end, and hands each out once its last byte is there.

use super::fields::Lines;
use super::{DEFAULT_MAX_EVENT, FrameError, FrameErrorKind};
use memchr::memchr2;
use std::ops::Range;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One block of lines up to and with its blank line. The `raw` of all frames, one after the other, is the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The last `event` field; empty where none was sent.
    pub event: &'a str,
    /// The data lines, joined by line feeds. `None` for a block without one (comments alone, a stray blank line): nothing for a reader, and
    /// nothing that a browser would dispatch.
    pub data: Option<&'a str>,
    pub id: Option<&'a str>,
    /// In milliseconds.
    pub retry: Option<u64>,
    /// How many comment lines are in it.
    pub comments: usize,
    /// The bytes as they came.
    pub raw: &'a [u8],
    /// Where they were in the stream.
    pub span: Range<u64>,
    /// False where the stream ended before the blank line.
    pub terminated: bool,
}

/// Cuts a stream into frames. After each `push`, call `next` until it returns `None`; then memory stays below one chunk and one event.
#[derive(Debug)]
pub struct Framer {
    buffer: Vec<u8>,
    max_event: usize,
    /// Where the frame that is not handed out yet begins in the buffer.
    start: usize,
    /// How much of its beginning is no content: a byte order mark, or the line feed of a CRLF whose CR ended the frame before.
    skip: usize,
    /// Where the line that has no end yet begins.
    line: usize,
    /// Up to where line ends have been looked for.
    searched: usize,
    /// The last line ended with the CR that was the last byte then: a line feed that follows belongs to it.
    after_cr: bool,
    /// A line of the frame that is not handed out yet is no comment.
    speaks: bool,
    /// The first bytes of the stream have been looked at.
    begun: bool,
    /// Bytes of the stream before the buffer.
    dropped: u64,
    /// Data of several lines.
    joined: String,
    failed: Option<FrameError>,
}

/// A frame whose end is known, as places in the buffer.
struct Block {
    raw: Range<usize>,
    content: Range<usize>,
    terminated: bool,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_EVENT)
    }
}

impl Framer {
    pub fn new(max_event: usize) -> Self {
        Self {
            buffer: Vec::new(),
            max_event,
            start: 0,
            skip: 0,
            line: 0,
            searched: 0,
            after_cr: false,
            speaks: false,
            begun: false,
            dropped: 0,
            joined: String::new(),
            failed: None,
        }
    }

    /// More bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.dropped += self.start as u64;
            self.line -= self.start;
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame that is complete.
    #[expect(clippy::should_implement_trait, reason = "a frame borrows from the framer, which Iterator cannot say")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let found = self.find_block();
        self.hand_out(found)
    }

    /// At the end of the stream: the frames that are left, the last of them perhaps without its blank line. Call until it returns `None`.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let found = match self.find_block() {
            Ok(None) => self.take_remainder(),
            found => found,
        };
        self.hand_out(found)
    }

    /// Bytes that wait for the end of their frame.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Part of a frame waits, and more than comments of it. Each line was looked at when it came.
    pub fn is_within_frame(&self) -> bool {
        self.speaks || self.buffer.get(self.line).is_some_and(|first| !matches!(first, b':' | b'\r' | b'\n'))
    }

    fn find_block(&mut self) -> Result<Option<Block>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !self.begun && !self.skip_mark() {
            return Ok(None);
        }
        while let Some(end) = self.next_line_end() {
            let blank = end == self.line;
            let content = self.start + self.skip..self.line;
            self.speaks |= !blank && self.buffer.get(self.line) != Some(&b':');
            self.pass_line_end(end);
            if blank {
                return self.limited(content.len()).map(|()| Some(self.cut(content)));
            }
        }
        self.limited(self.buffer.len().saturating_sub(self.start + self.skip))?;
        Ok(None)
    }

    /// Looks for a byte order mark, which only the first bytes can be; false while that cannot be told.
    fn skip_mark(&mut self) -> bool {
        let undecided = self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer);
        if undecided {
            return false;
        }
        self.begun = true;
        if self.buffer.starts_with(BOM) {
            self.skip = BOM.len();
            self.line = BOM.len();
            self.searched = BOM.len();
        }
        true
    }

    /// The place of the next CR or LF that ends a line.
    fn next_line_end(&mut self) -> Option<usize> {
        if self.after_cr {
            match self.buffer.get(self.line) {
                None => return None,
                Some(b'\n') => self.join_line_feed(),
                Some(_) => {}
            }
            self.after_cr = false;
        }
        let unseen = self.buffer.get(self.searched..).unwrap_or_default();
        match memchr2(b'\r', b'\n', unseen) {
            Some(at) => Some(self.searched + at),
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    /// The line feed of a CRLF that came apart. Where the CR ended a frame, that frame is gone: the byte goes with the next one.
    fn join_line_feed(&mut self) {
        if self.line == self.start + self.skip {
            self.skip += 1;
        }
        self.line += 1;
        self.searched = self.line;
    }

    fn pass_line_end(&mut self, end: usize) {
        let pair = self.buffer.get(end..end + 2) == Some(b"\r\n");
        self.line = end + if pair { 2 } else { 1 };
        self.searched = self.line;
        self.after_cr = !pair && self.buffer.get(end) == Some(&b'\r');
    }

    fn cut(&mut self, content: Range<usize>) -> Block {
        let raw = self.start..self.line;
        self.start = self.line;
        self.skip = 0;
        self.speaks = false;
        Block { raw, content, terminated: true }
    }

    /// What is left at the end of the stream.
    fn take_remainder(&mut self) -> Result<Option<Block>, FrameError> {
        let end = self.buffer.len();
        if self.start == end {
            return Ok(None);
        }
        self.begun = true;
        let content = self.start + self.skip..end;
        // A line feed that belongs to the frame before is not the beginning of another one.
        let terminated = content.is_empty();
        let raw = self.start..end;
        (self.start, self.skip, self.line, self.searched) = (end, 0, end, end);
        Ok(Some(Block { raw, content, terminated }))
    }

    fn limited(&mut self, size: usize) -> Result<(), FrameError> {
        if size <= self.max_event {
            return Ok(());
        }
        let at = self.dropped + self.start as u64;
        Err(*self.failed.insert(FrameError { at, kind: FrameErrorKind::TooLarge(self.max_event) }))
    }

    fn hand_out(&mut self, found: Result<Option<Block>, FrameError>) -> Result<Option<Frame<'_>>, FrameError> {
        let Some(block) = found? else { return Ok(None) };
        let offset = |at: usize| self.dropped + at as u64;
        let content = self.buffer.get(block.content.clone()).unwrap_or_default();
        let lines = match std::str::from_utf8(content) {
            Ok(text) => Lines::read(text),
            Err(error) => {
                let at = offset(block.content.start + error.valid_up_to());
                return Err(*self.failed.insert(FrameError { at, kind: FrameErrorKind::NotUtf8 }));
            }
        };
        let data = match (lines.data, lines.more) {
            (Some(first), Some(more)) => {
                Lines::join(first, more, &mut self.joined);
                Some(self.joined.as_str())
            }
            (first, _) => first,
        };
        Ok(Some(Frame {
            event: lines.event,
            data,
            id: lines.id,
            retry: lines.retry,
            comments: lines.comments,
            span: offset(block.raw.start)..offset(block.raw.end),
            raw: self.buffer.get(block.raw).unwrap_or_default(),
            terminated: block.terminated,
        }))
    }
}
