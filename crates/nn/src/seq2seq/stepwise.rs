//! The network as decoding sees it.

use super::{DecoderState, Memory, Seq2Seq, Tokens};
use crate::decode::{StepOutput, Stepwise};
use crate::weights::values;
use crate::{Mode, NnError, log_softmax};

/// What decoding remembers of every row.
#[derive(Debug, Clone)]
pub struct Decoding {
    /// The source.
    pub memory: Memory,
    /// Where the decoder is.
    pub state: DecoderState,
}

/// What reads a source as a whole, and then writes step by step.
pub trait EncoderDecoder: Stepwise {
    /// Reads the source, so that [`decode`](crate::decode::decode) can begin.
    ///
    /// # Errors
    /// [`NnError::Shape`] when ids or lengths do not fit.
    fn begin(&self, source: Tokens<'_>) -> Result<Self::State, NnError>;
}

impl EncoderDecoder for Seq2Seq {
    fn begin(&self, source: Tokens<'_>) -> Result<Decoding, NnError> {
        let (memory, state) = self.encode(source, Mode::Eval)?;
        Ok(Decoding { memory, state })
    }
}

impl Stepwise for Seq2Seq {
    type State = Decoding;

    fn vocab_size(&self) -> usize {
        self.target_vocab_size()
    }

    fn step(
        &self,
        tokens: &[u32],
        state: Decoding,
        output: &mut StepOutput,
    ) -> Result<Decoding, NnError> {
        let Decoding { memory, state } = state;
        let lengths = vec![1; tokens.len()];
        let tokens = Tokens {
            ids: tokens,
            lengths: &lengths,
        };
        let decoded = self.read(tokens, None, &memory, state, Mode::Eval)?;
        let logits = self.to_logits(&decoded, &memory, Mode::Eval);
        let alignment = match decoded.alignment {
            None => Vec::new(),
            Some(alignment) => memory.by_row(&alignment),
        };
        output.set(self.vocab_size(), values(&log_softmax(logits)), alignment);
        let state = decoded.state;
        Ok(Decoding { memory, state })
    }

    fn num_rows(&self, state: &Decoding) -> Option<usize> {
        Some(state.memory.source_lengths().count())
    }

    fn select(&self, state: Decoding, rows: &[usize]) -> Decoding {
        Decoding {
            memory: state.memory.select(rows),
            state: state.state.select(rows),
        }
    }
}
