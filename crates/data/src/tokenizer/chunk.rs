//! Text to the chunks that subwords never cross.

use std::collections::BTreeMap;

/// Stands for the space before a word.
pub(super) const SPACE: char = '\u{2581}';

/// The longest chunk, in characters: the cost of cutting one grows faster than its length.
const MAX_CHUNK_CHARS: usize = 64;

/// Cuts normalised text into runs of letters and digits, and single other characters; the first
/// chunk of a word begins with [`SPACE`]. Joined and with spaces put back, chunks are the text.
pub(super) fn chunks(text: &str) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut chunk = String::from(SPACE);
        let mut len = 1;
        let mut open = true;
        for letter in word.chars() {
            // The sign itself in a text would come back as a space.
            let letter = if letter == SPACE { '_' } else { letter };
            let in_word =
                letter.is_alphanumeric() || unicode_normalization::char::is_combining_mark(letter);
            let first = chunk.len() == SPACE.len_utf8() && chunk.starts_with(SPACE);
            if !first && (!in_word || !open || len == MAX_CHUNK_CHARS) {
                chunks.push(std::mem::take(&mut chunk));
                len = 0;
            }
            chunk.push(letter);
            len += 1;
            open = in_word;
        }
        chunks.push(chunk);
    }
    chunks
}

/// The text of joined pieces.
pub(super) fn text_of(pieces: &[&str]) -> String {
    pieces.concat().replace(SPACE, " ").trim().to_owned()
}

/// Distinct chunks with their counts, in their order, so that learning is deterministic.
pub(super) type Counts = BTreeMap<String, u64>;

/// The characters that occur at least `min_count` times, in their order.
pub(super) fn alphabet(counts: &Counts, min_count: usize) -> Vec<char> {
    let mut letters: BTreeMap<char, u64> = BTreeMap::new();
    for (chunk, count) in counts {
        for letter in chunk.chars() {
            *letters.entry(letter).or_default() += count;
        }
    }
    letters.retain(|_, count| *count >= min_count as u64);
    letters.into_keys().collect()
}
