//! What happens to each frame of a stream: passed through as bytes, or translated.

use chat::{DialectId, Event, Fault, Step, Usage};
use dialects::{Dialect, Ending, NameMap, Sight, StreamReader, StreamWatcher, StreamWriter, Verdict};
use wire::sse::{Frame, FrameError, Framer};

/// What the frames up to here mean for the driver.
#[derive(Debug, PartialEq)]
pub(super) enum Signal {
    /// Nothing that a caller could see as an answer yet.
    Quiet,
    /// The answer has begun.
    Content,
    /// The provider's terminal marker: the stream is complete.
    Complete,
    /// The stream is broken or the provider says that it failed.
    Broken(Box<Fault>),
}

/// Frames in, bytes for the caller out.
pub(super) struct Pipe {
    framer: Framer,
    way: Way,
    end_marker_optional: bool,
    /// Frames with data up to here: a provider that sends comments alone tells nothing.
    frames: u64,
}

enum Way {
    /// Same dialect: the frames' own bytes. The usage frame that metering asked for is kept back from a caller that did not ask (R16).
    Through {
        watcher: Box<dyn StreamWatcher>,
        hide_usage: bool,
        dialect: DialectId,
    },
    Translated {
        reader: Box<dyn StreamReader>,
        names: NameMap,
        events: Vec<Event>,
        writer: Box<dyn StreamWriter>,
        law: chat::law::Law,
    },
}

impl Pipe {
    pub(super) fn through(codec: &dyn Dialect, max_event: usize, hide_usage: bool) -> Self {
        Self::new(max_event, Way::Through { watcher: codec.stream_watcher(), hide_usage, dialect: codec.id() })
    }

    pub(super) fn translated(reader: Box<dyn StreamReader>, max_event: usize, names: NameMap, writer: Box<dyn StreamWriter>) -> Self {
        let way = Way::Translated { reader, names, events: Vec::new(), writer, law: chat::law::Law::default() };
        Self::new(max_event, way)
    }

    fn new(max_event: usize, way: Way) -> Self {
        Self { framer: Framer::new(max_event), way, end_marker_optional: false, frames: 0 }
    }

    /// For providers that may leave the terminal marker out.
    pub(super) fn with_optional_end_marker(mut self, optional: bool) -> Self {
        self.end_marker_optional = optional;
        self
    }

    /// Takes a chunk of the provider's bytes; appends what the caller gets. Stops at the first thing that ends the stream.
    pub(super) fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Signal {
        self.framer.push(chunk);
        let mut seen = Signal::Quiet;
        loop {
            let signal = match self.framer.next() {
                Ok(Some(frame)) => {
                    self.frames += u64::from(frame.data.is_some());
                    self.way.pass(&frame, out)
                }
                Ok(None) => return seen,
                Err(error) => unreadable(&error),
            };
            match signal {
                Signal::Quiet => {}
                Signal::Content => seen = Signal::Content,
                ended => return ended,
            }
        }
    }

    /// The provider's bytes are at their end.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Signal {
        loop {
            let signal = match self.framer.finish() {
                Ok(Some(frame)) => self.way.pass(&frame, out),
                Ok(None) => break,
                Err(error) => unreadable(&error),
            };
            if matches!(signal, Signal::Complete | Signal::Broken(_)) {
                return signal;
            }
        }
        self.way.end(self.end_marker_optional, out)
    }

    /// Part of a frame has come, and more than comments of it.
    pub(super) fn is_within_frame(&self) -> bool {
        self.framer.is_within_frame()
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        match &self.way {
            Way::Through { watcher, .. } => watcher.usage(),
            Way::Translated { reader, .. } => reader.usage(),
        }
    }
}

impl Way {
    fn pass(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Signal {
        // Comments and stray blank lines of a provider say nothing to the caller.
        let Some(data) = frame.data else { return Signal::Quiet };
        match self {
            Self::Through { watcher, hide_usage, .. } => {
                let sight = watcher.see(frame.event, data);
                match sight {
                    Sight::UsageOnly if *hide_usage => return Signal::Quiet,
                    Sight::Error(fault) => return Signal::Broken(fault),
                    Sight::Malformed => return malformed(),
                    _ => {}
                }
                out.extend_from_slice(frame.raw);
                if !frame.terminated {
                    out.extend_from_slice(b"\n\n");
                }
                match sight {
                    Sight::Terminal => Signal::Complete,
                    Sight::Meta => Signal::Quiet,
                    _ => Signal::Content,
                }
            }
            Self::Translated { reader, names, events, writer, law } => {
                events.clear();
                if reader.read(frame.event, data, events) == Verdict::Malformed {
                    return malformed();
                }
                let mut signal = Signal::Quiet;
                for mut event in events.drain(..) {
                    debug_assert_eq!(law.check(&event), Ok(()), "a reader broke the order of events");
                    names.restore_event(&mut event);
                    match event {
                        Event::Error(fault) => return Signal::Broken(fault),
                        Event::End => {
                            writer.write(&event, out);
                            return finished(writer.as_mut(), out);
                        }
                        Event::PartStart { .. } | Event::PartDelta { .. } | Event::Finish { .. } => signal = Signal::Content,
                        _ => {}
                    }
                    writer.write(&event, out);
                    if let Some(fault) = writer.fault() {
                        return Signal::Broken(fault);
                    }
                }
                signal
            }
        }
    }

    /// No terminal marker came. Where the provider may leave it out and every choice finished, the stream was whole all the same, and the
    /// caller gets the marker from here.
    fn end(&mut self, marker_optional: bool, out: &mut Vec<u8>) -> Signal {
        let ending = match self {
            Self::Through { watcher, .. } => watcher.ending(),
            Self::Translated { reader, .. } => reader.ending(),
        };
        match (ending, self) {
            (Ending::Truncated, _) => cut_short(),
            _ if !marker_optional => cut_short(),
            (Ending::Complete, Self::Through { dialect, .. }) => {
                dialects::codec(*dialect).stream_writer(dialects::StreamOptions::default()).finish(out);
                Signal::Complete
            }
            (Ending::Complete, Self::Translated { writer, .. }) => finished(writer.as_mut(), out),
        }
    }
}

/// The end of what was written, if it could all be written.
fn finished(writer: &mut dyn StreamWriter, out: &mut Vec<u8>) -> Signal {
    if let Some(fault) = writer.fault() {
        return Signal::Broken(fault);
    }
    writer.finish(out);
    writer.fault().map_or(Signal::Complete, Signal::Broken)
}

fn cut_short() -> Signal {
    Signal::Broken(Box::new(Fault::bad_response(Step::Relay, "the provider's stream was cut short")))
}

fn malformed() -> Signal {
    Signal::Broken(Box::new(Fault::bad_response(Step::Relay, "the provider's stream holds an event that is malformed")))
}

fn unreadable(error: &FrameError) -> Signal {
    Signal::Broken(Box::new(Fault::bad_response(Step::Relay, "the provider's stream cannot be read").with_cause(error.to_string())))
}

#[cfg(test)]
mod tests;
