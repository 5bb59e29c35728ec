//! A body in chunks: sizes in hex digits and nothing beside them, line ends of two bytes, trailers within bounds.

/// More digits than any chunk's size has; zeros in front count too.
const MOST_DIGITS: usize = 15;
const LONGEST_TRAILERS: usize = 8 << 10;

#[derive(Default)]
pub(super) struct Chunks {
    state: State,
    size: u64,
    digits: usize,
    trailers: usize,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Size,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the beginning of a trailer's line, or of the empty line that ends it all.
    Line,
    Trailer,
    TrailerLf,
    EndLf,
}

impl Chunks {
    /// Takes some bytes: how many, and whether the body ends with them. The error is how many are sound.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(usize, bool), usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            if self.state == State::Data {
                let taken = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - at);
                self.size -= taken as u64;
                at += taken;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            let ended = self.state == State::EndLf && byte == b'\n';
            self.state = self.next(byte).ok_or(at)?;
            at += 1;
            if ended {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    fn next(&mut self, byte: u8) -> Option<State> {
        match (self.state, byte) {
            (State::Size, b'\r') if self.digits > 0 => Some(State::SizeLf),
            (State::Size, _) => {
                let digit = char::from(byte).to_digit(16)?;
                self.digits += 1;
                self.size = self.size << 4 | u64::from(digit);
                (self.digits <= MOST_DIGITS).then_some(State::Size)
            }
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                Some(if self.size == 0 { State::Line } else { State::Data })
            }
            (State::DataCr, b'\r') => Some(State::DataLf),
            (State::DataLf, b'\n') => Some(State::Size),
            (State::Line, b'\r') => Some(State::EndLf),
            (State::Line | State::Trailer, _) => self.trailer(byte),
            (State::TrailerLf, b'\n') => Some(State::Line),
            (State::EndLf, b'\n') => Some(State::Size),
            _ => None,
        }
    }

    fn trailer(&mut self, byte: u8) -> Option<State> {
        self.trailers += 1;
        match byte {
            b'\r' => Some(State::TrailerLf),
            b'\n' | 0 => None,
            // A folded line.
            b' ' | b'\t' if self.state == State::Line => None,
            _ => (self.trailers <= LONGEST_TRAILERS).then_some(State::Trailer),
        }
    }
}
