//! What must hold for any bytes that are read as a stream of events.

use wire::sse::{FrameErrorKind, Framer};

const CAP: usize = 4096;

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    events: Vec<(String, String, bool)>,
    error: Option<FrameErrorKind>,
}

/// The first byte says how the rest is cut.
pub(crate) fn run(data: &[u8]) {
    let Some((&first, stream)) = data.split_first() else { return };
    let whole = collect(&mut std::iter::once(stream));
    assert_eq!(collect(&mut stream.chunks(usize::from(first) + 1)), whole);
    assert_eq!(collect(&mut stream.chunks(1)), whole);
    let (head, tail) = stream.split_at_checked(usize::from(first)).unwrap_or((stream, &[]));
    assert_eq!(collect(&mut [head, tail].into_iter()), whole);
}

fn collect(chunks: &mut dyn Iterator<Item = &[u8]>) -> Outcome {
    let mut framer = Framer::new(CAP);
    let mut outcome = Outcome::default();
    let (mut raw, mut pushed) = (Vec::new(), Vec::new());
    for chunk in chunks {
        framer.push(chunk);
        pushed.extend_from_slice(chunk);
        drain(&mut framer, false, &mut outcome, &mut raw);
        assert!(outcome.error.is_some() || framer.pending() <= CAP + 8, "more than one event is kept");
    }
    drain(&mut framer, true, &mut outcome, &mut raw);
    assert!(outcome.error.is_some() || raw == pushed, "the raw bytes of the frames are not the stream");
    outcome
}

fn drain(framer: &mut Framer, ended: bool, outcome: &mut Outcome, raw: &mut Vec<u8>) {
    loop {
        let next = if ended { framer.finish() } else { framer.next() };
        match next {
            Ok(None) => return,
            Err(error) => {
                outcome.error = Some(error.kind);
                return;
            }
            Ok(Some(frame)) => {
                raw.extend_from_slice(frame.raw);
                if let Some(data) = frame.data {
                    outcome.events.push((frame.event.to_owned(), data.to_owned(), frame.terminated));
                }
            }
        }
    }
}
