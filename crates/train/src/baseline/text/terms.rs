//! The pieces of a text that a linear model counts.

use recurra_data::Checksum;
use std::hash::{BuildHasherDefault, Hasher};

/// What is counted in a text; always in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Runs of 1 to `max_len` words. A word is a run of letters, digits and apostrophes, or one
    /// character of punctuation.
    Words {
        /// The longest run; 2 is usual.
        max_len: usize,
    },
    /// Runs of `min_len` to `max_len` characters, with one blank for any white space and one at
    /// both ends: for languages that glue words together, as Korean does.
    Characters {
        /// The shortest run.
        min_len: usize,
        /// The longest run; 4 is usual.
        max_len: usize,
    },
}

impl Terms {
    /// The terms of a text, in order, with repetitions.
    ///
    /// # Example
    /// ```
    /// use recurra_train::baseline::Terms;
    /// let words = Terms::Words { max_len: 2 };
    /// let terms = words.of("Don't go!");
    /// assert_eq!(terms, ["don't", "don't go", "go", "go !", "!"]);
    /// let characters = Terms::Characters { min_len: 2, max_len: 2 };
    /// assert_eq!(characters.of("안 돼"), [" 안", "안 ", " 돼", "돼 "]);
    /// ```
    pub fn of(self, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        self.visit(text, |term| terms.push(term.to_owned()));
        terms
    }

    /// Calls `found` with each term in order.
    pub(super) fn visit(self, text: &str, mut found: impl FnMut(&str)) {
        let (normal, pieces, min_len, max_len) = match self {
            Self::Words { max_len } => {
                let (normal, words) = words(text);
                (normal, words, 1, max_len)
            }
            Self::Characters { min_len, max_len } => {
                let (normal, characters) = characters(text);
                (normal, characters, min_len.max(1), max_len)
            }
        };
        for first in 0..pieces.len() {
            for len in min_len..=max_len.min(pieces.len() - first) {
                found(&normal[pieces[first].0..pieces[first + len - 1].1]);
            }
        }
    }

    /// The hash of each term, for counting.
    pub(super) fn hashes(self, text: &str) -> Vec<u64> {
        let mut hashes = Vec::with_capacity(text.len() / 2);
        self.visit(text, |term| hashes.push(hash(term)));
        hashes
    }
}

/// Where each piece begins and ends in the text before it.
type Pieces = Vec<(usize, usize)>;

/// The words of a text with one blank between two, and where each is.
fn words(text: &str) -> (String, Pieces) {
    let mut normal = String::with_capacity(text.len() + text.len() / 8);
    let mut words: Pieces = Vec::new();
    let mut in_word = false;
    for character in text.chars() {
        let is_letter = character.is_alphanumeric() || character == '\'';
        if character.is_whitespace() || character.is_control() {
            in_word = false;
            continue;
        }
        if !(in_word && is_letter) {
            if !normal.is_empty() {
                normal.push(' ');
            }
            words.push((normal.len(), normal.len()));
        }
        push_lowercase(&mut normal, character);
        if let Some(word) = words.last_mut() {
            word.1 = normal.len();
        }
        in_word = is_letter;
    }
    (normal, words)
}

/// The text with single blanks, also at both ends, and where each character is.
fn characters(text: &str) -> (String, Pieces) {
    let mut normal = String::with_capacity(text.len() + 2);
    for word in text.split_whitespace() {
        normal.push(' ');
        word.chars().for_each(|c| push_lowercase(&mut normal, c));
    }
    if !normal.is_empty() {
        normal.push(' ');
    }
    let pieces = normal
        .char_indices()
        .map(|(start, character)| (start, start + character.len_utf8()))
        .collect();
    (normal, pieces)
}

fn push_lowercase(text: &mut String, character: char) {
    if character.is_ascii() {
        text.push(character.to_ascii_lowercase());
    } else {
        text.extend(character.to_lowercase());
    }
}

/// A [`Checksum`] with a last mixing, the same on every platform and in every version.
pub(super) fn hash(term: &str) -> u64 {
    let mut hash = Checksum::of(term.as_bytes()).value();
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// Takes a hash as it is.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A map whose keys are hashes already.
pub(super) type HashedMap<V> = std::collections::HashMap<u64, V, BuildHasherDefault<AsIs>>;
