//! Where decoding begins.

use crate::NnError;

/// The tokens that mean something to a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbols {
    /// Ends a hypothesis.
    pub eos: u32,
    /// Never said: padding, the beginning of a sentence, perhaps the unknown word.
    pub banned: Vec<u32>,
}

/// Where the decoding of one row begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The token that is read first, usually the one that begins a sentence.
    pub first: u32,
    /// Tokens that the hypothesis begins with; they count in its score.
    pub forced: Vec<u32>,
    /// Most tokens of this row, if fewer than the configuration's `max_len`.
    pub max_len: Option<usize>,
    /// What random numbers this row draws, for sampling: rows with the same stream and seed
    /// draw the same ones, whatever rows are beside them. A line's number, say.
    pub stream: u64,
}

impl Start {
    /// Begins with reading `first`; nothing is forced.
    pub fn new(first: u32) -> Self {
        Self {
            first,
            forced: Vec::new(),
            max_len: None,
            stream: 0,
        }
    }
}

/// Refuses ids that the model does not have.
pub(super) fn check(starts: &[Start], symbols: &Symbols, vocab_size: usize) -> Result<(), NnError> {
    let known = |id: u32| (id as usize) < vocab_size;
    let unknown = |arg: &'static str, got: u32| NnError::Shape {
        op: "decode",
        arg,
        want: format!("an id below vocab_size = {vocab_size}"),
        got: got.to_string(),
    };
    if !known(symbols.eos) {
        return Err(unknown("symbols.eos", symbols.eos));
    }
    for start in starts {
        if !known(start.first) {
            return Err(unknown("start.first", start.first));
        }
        if let Some(&id) = start.forced.iter().find(|&&id| !known(id)) {
            return Err(unknown("start.forced", id));
        }
    }
    Ok(())
}
