//! A model that is a table: what a row has read, to what may come next.

use recurra_nn::NnError;
use recurra_nn::decode::{DecodeConfig, Hypothesis, Start, StepOutput, Stepwise, Symbols, decode};
use std::sync::Mutex;

pub(crate) const EOS: u32 = 0;
pub(crate) const A: u32 = 1;
pub(crate) const B: u32 = 2;
pub(crate) const C: u32 = 3;
/// What every row reads first.
pub(crate) const BOS: u32 = 4;
const VOCAB_SIZE: usize = 5;

/// One line of the table: the probability of each token, and the weights over the source.
pub(crate) struct Line {
    /// Of `EOS`, `A`, `B`, `C`.
    pub(crate) probs: [f64; 4],
    pub(crate) alignment: Vec<f32>,
}

impl Line {
    pub(crate) fn new(probs: [f64; 4]) -> Self {
        Self {
            probs,
            alignment: Vec::new(),
        }
    }
}

/// `line(source, said)` is the line of a row with this source that has said these tokens.
pub(crate) struct Table<F> {
    line: F,
    /// How many rows each step had.
    pub(crate) rows: Mutex<Vec<usize>>,
}

impl<F: Fn(u64, &[u32]) -> Line + Sync> Table<F> {
    pub(crate) fn new(line: F) -> Self {
        Self {
            line,
            rows: Mutex::default(),
        }
    }

    /// Decodes one row for each of `sources`; source `n` draws from stream `n`.
    pub(crate) fn decode(&self, sources: &[u64], config: &DecodeConfig) -> Vec<Vec<Hypothesis>> {
        let starts: Vec<Start> = sources
            .iter()
            .map(|&stream| Start {
                stream,
                ..Start::new(BOS)
            })
            .collect();
        decode(self, state(sources), &starts, &symbols(), config).unwrap()
    }

    /// The same for one row, its best hypothesis.
    pub(crate) fn best(&self, config: &DecodeConfig) -> Hypothesis {
        self.decode(&[0], config)[0][0].clone()
    }
}

pub(crate) fn symbols() -> Symbols {
    Symbols {
        eos: EOS,
        banned: vec![BOS],
    }
}

pub(crate) fn state(sources: &[u64]) -> Vec<Read> {
    let read = |&source: &u64| Read {
        source,
        tokens: Vec::new(),
    };
    sources.iter().map(read).collect()
}

/// What a row has read.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    source: u64,
    tokens: Vec<u32>,
}

impl<F: Fn(u64, &[u32]) -> Line + Sync> Stepwise for Table<F> {
    type State = Vec<Read>;

    fn vocab_size(&self) -> usize {
        VOCAB_SIZE
    }

    fn step(
        &self,
        tokens: &[u32],
        mut state: Vec<Read>,
        output: &mut StepOutput,
    ) -> Result<Vec<Read>, NnError> {
        assert_eq!(tokens.len(), state.len(), "a token for each row");
        self.rows.lock().unwrap().push(tokens.len());
        let (mut log_probs, mut alignment) = (output.take(), Vec::new());
        for (read, &token) in state.iter_mut().zip(tokens) {
            read.tokens.push(token);
            let line = (self.line)(read.source, &read.tokens[1..]);
            // The table says nothing of BOS; likely, it would be said unless it is banned.
            let probs = line.probs.into_iter().chain([1.0]);
            log_probs.extend(probs.map(|p| p.ln() as f32));
            if !line.alignment.is_empty() {
                alignment.push(line.alignment);
            }
        }
        output.set(VOCAB_SIZE, log_probs, alignment);
        Ok(state)
    }

    fn select(&self, state: Vec<Read>, rows: &[usize]) -> Vec<Read> {
        rows.iter().map(|&row| state[row].clone()).collect()
    }
}

impl<F> std::fmt::Debug for Table<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("rows", &self.rows).finish()
    }
}
