//! The copy-memory problem: can ten symbols be said again after a long pause?

use rand::RngExt as _;

use crate::error::DataError;
use crate::rng::{Domain, rng};
use crate::vocab::TokenId;

/// Ten symbols, a pause, a signal; then the ten symbols are to be said in their order.
///
/// With T = `pause_len`, a sequence has T + 20 steps:
///
/// | steps | 10 | T − 1 | 1 | 10 |
/// |---|---|---|---|---|
/// | input | ten of the 8 symbols | blank | signal | blank |
/// | label | blank | blank | blank | the ten symbols |
///
/// Ids: blank 0, symbols 1 to 8, signal 9. Example `index` is a pure function of seed and index.
///
/// Without memory the best is to say blank until the signal and then every symbol with
/// probability 1/8, which costs a mean cross-entropy of 10·ln 8 / (T + 20) nats a step
/// ([`CopyMemory::memoryless_loss`]).
///
/// # Source
/// Hochreiter & Schmidhuber 1997 in the form of Arjovsky, Shah & Bengio 2016, section 5.1.
///
/// # Example
/// ```
/// let problem = recurra_data::series::CopyMemory::new(100, 7)?;
/// let example = problem.example(0);
/// assert_eq!(example.inputs.len(), 120);
/// assert_eq!(example.inputs[..10], example.labels[110..]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyMemory {
    pause_len: usize,
    seed: u64,
}

/// One example of [`CopyMemory`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyExample {
    /// `[seq_len]`: what is seen at each step.
    pub inputs: Vec<TokenId>,
    /// `[seq_len]`: what is to be said at each step.
    pub labels: Vec<TokenId>,
}

impl CopyMemory {
    /// How many symbols are to be kept.
    pub const NUM_KEPT: usize = 10;
    /// How many different symbols there are.
    pub const NUM_SYMBOLS: usize = 8;
    /// The id of a step without anything.
    pub const BLANK: TokenId = 0;
    /// The id that says that it is time.
    pub const SIGNAL: TokenId = 9;
    /// How many ids there are: blank, symbols, signal.
    pub const VOCAB_SIZE: usize = Self::NUM_SYMBOLS + 2;

    /// The problem with a pause of `pause_len` steps.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a pause of 0 steps.
    pub fn new(pause_len: usize, seed: u64) -> Result<Self, DataError> {
        if pause_len == 0 {
            return Err(DataError::Setting {
                key: String::from("pause_len"),
                expected: String::from("at least 1 step, for the signal"),
                got: String::from("0"),
            });
        }
        Ok(Self { pause_len, seed })
    }

    /// Steps a sequence has.
    pub fn seq_len(&self) -> usize {
        self.pause_len + 2 * Self::NUM_KEPT
    }

    /// The mean cross-entropy, in nats a step, of the best that can be done without memory.
    pub fn memoryless_loss(&self) -> f64 {
        Self::NUM_KEPT as f64 * (Self::NUM_SYMBOLS as f64).ln() / self.seq_len() as f64
    }

    /// Example number `index`.
    pub fn example(&self, index: u64) -> CopyExample {
        let mut rng = rng(self.seed, Domain::CopyMemory.stream(index));
        let mut inputs = vec![Self::BLANK; self.seq_len()];
        let mut labels = vec![Self::BLANK; self.seq_len()];
        let answer = Self::NUM_KEPT + self.pause_len;
        for step in 0..Self::NUM_KEPT {
            let symbol = rng.random_range(1..=Self::NUM_SYMBOLS as TokenId);
            inputs[step] = symbol;
            labels[answer + step] = symbol;
        }
        inputs[answer - 1] = Self::SIGNAL;
        CopyExample { inputs, labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_symbols_pause_signal_answer() {
        for pause_len in [1, 2, 50] {
            let problem = CopyMemory::new(pause_len, 5).unwrap();
            let CopyExample { inputs, labels } = problem.example(3);
            assert_eq!(inputs.len(), pause_len + 20);
            let (kept, rest) = inputs.split_at(10);
            assert!(kept.iter().all(|symbol| (1..=8).contains(symbol)));
            assert!(
                rest[..pause_len - 1]
                    .iter()
                    .all(|&id| id == CopyMemory::BLANK)
            );
            assert_eq!(rest[pause_len - 1], CopyMemory::SIGNAL);
            assert!(rest[pause_len..].iter().all(|&id| id == CopyMemory::BLANK));
            assert!(
                labels[..pause_len + 10]
                    .iter()
                    .all(|&id| id == CopyMemory::BLANK)
            );
            assert_eq!(labels[pause_len + 10..], *kept);
        }
    }

    #[test]
    fn every_symbol_occurs_about_equally_often() {
        let problem = CopyMemory::new(1, 5).unwrap();
        let mut counts = [0usize; 8];
        for index in 0..800 {
            for symbol in &problem.example(index).inputs[..10] {
                counts[*symbol as usize - 1] += 1;
            }
        }
        // Of 8000 draws 1000 each; four standard deviations √(8000·1/8·7/8) = 30.
        assert!(
            counts.iter().all(|count| count.abs_diff(1000) < 120),
            "{counts:?}"
        );
    }

    #[test]
    fn the_memoryless_loss_is_that_of_the_paper() {
        let loss = CopyMemory::new(480, 1).unwrap().memoryless_loss();
        assert!((loss - 10.0 * 8f64.ln() / 500.0).abs() < 1e-15);
        assert!((loss - 0.0416).abs() < 1e-4);
    }

    #[test]
    fn an_example_is_a_function_of_seed_and_index() {
        let problem = |seed| CopyMemory::new(20, seed).unwrap();
        assert_eq!(problem(1).example(4), problem(1).example(4));
        assert_ne!(problem(1).example(4), problem(1).example(5));
        assert_ne!(problem(1).example(4), problem(2).example(4));
        assert!(CopyMemory::new(0, 1).is_err());
    }
}
