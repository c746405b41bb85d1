//! Wordpieces: the longest piece from the left, again and again.

use std::collections::HashSet;

/// A set of pieces.
///
/// # Source
/// Wu et al. 2016, "Google's neural machine translation system", section 4.1, for the form of the
/// pieces (a sign at the start of a word); they are found by byte-pair merges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wordpiece {
    pub(super) pieces: Vec<String>,
    known: HashSet<String>,
    max_chars: usize,
}

impl Wordpiece {
    pub(super) fn new(pieces: Vec<String>) -> Self {
        Self {
            known: pieces.iter().cloned().collect(),
            max_chars: pieces
                .iter()
                .map(|piece| piece.chars().count())
                .max()
                .unwrap_or(0),
            pieces,
        }
    }

    /// The pieces of a chunk; an unknown character is a piece of its own.
    pub(super) fn encode(&self, chunk: &str) -> Vec<String> {
        let mut rest = chunk;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let ends = rest
                .char_indices()
                .map(|(at, letter)| at + letter.len_utf8());
            let ends: Vec<usize> = ends.take(self.max_chars.max(1)).collect();
            let longest = ends
                .iter()
                .rev()
                .find(|&&end| self.known.contains(&rest[..end]));
            let (piece, after) = rest.split_at(*longest.unwrap_or(&ends[0]));
            pieces.push(piece.to_owned());
            rest = after;
        }
        pieces
    }
}
