//! A text with the places where a stream cuts it.

use crate::tokens;

#[derive(Debug, Default)]
pub(crate) struct Text {
    whole: String,
    ends: Vec<usize>,
    tokens: u64,
}

impl Text {
    /// A piece a token.
    pub(crate) fn of_tokens(whole: String) -> Self {
        let mut at = 0;
        let ends: Vec<usize> = tokens::pieces(&whole)
            .into_iter()
            .map(|piece| {
                at += piece.len();
                at
            })
            .collect();
        Self { tokens: ends.len() as u64, ends, whole }
    }

    /// A text of `bytes` bytes in `pieces` pieces of nearly the same size.
    pub(crate) fn of_size(bytes: usize, pieces: usize) -> Self {
        const FILLING: &str =
            "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua ";
        let whole: String = FILLING.chars().cycle().take(bytes).collect();
        let ends = (1..=pieces).map(|piece| bytes * piece / pieces.max(1)).collect();
        Self { tokens: (bytes as u64).div_ceil(4), ends, whole }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.whole
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The pieces in order; joined they are the text.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let piece = self.whole.get(start..end).unwrap_or_default();
            start = end;
            piece
        })
    }

    /// Keeps at most `limit` tokens; says whether something was cut.
    pub(crate) fn truncate(&mut self, limit: u64) -> bool {
        if self.tokens <= limit {
            return false;
        }
        let per_piece = self.tokens.div_ceil((self.ends.len() as u64).max(1)).max(1);
        self.ends.truncate((limit / per_piece) as usize);
        self.whole.truncate(self.ends.last().copied().unwrap_or(0));
        self.tokens = limit;
        true
    }
}
