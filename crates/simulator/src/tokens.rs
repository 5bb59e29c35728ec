//! A crude token counter: stable and plausible, which is all that usage figures of a simulator need.

/// Longest piece in characters; longer words are several tokens.
const LONGEST_PIECE: usize = 7;

/// Cuts a text into tokens: a word with the space before it, long words in parts. The pieces joined are the text.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(text.len() / 4 + 1);
    let mut start = 0;
    let mut length = 0;
    for (at, character) in text.char_indices() {
        let begins_word = character == ' ' && at > start;
        if begins_word || length == LONGEST_PIECE {
            pieces.push(text.get(start..at).unwrap_or_default());
            start = at;
            length = 0;
        }
        length += 1;
    }
    if start < text.len() {
        pieces.push(text.get(start..).unwrap_or_default());
    }
    pieces
}

/// What a text costs as input: a token for every four bytes, at least one for a text that is not empty.
pub(crate) fn of_input(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// What an image costs, whatever its size: the price of OpenAI's low detail.
pub(crate) const IMAGE: u64 = 85;
/// The frame around a message.
pub(crate) const MESSAGE: u64 = 4;
