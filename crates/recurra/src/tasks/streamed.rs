//! A token model whose network reads one token at a time, in any precision.

use recurra_data::TokenId;
use recurra_nn::NnError;
use recurra_nn::decode::{StepOutput, Stepwise};
use recurra_nn::loss::Cutoffs;
use recurra_nn::streaming::{StreamState, StreamWorkspace, Streamer};

/// A token model whose weights are packed for single steps.
#[derive(Debug)]
pub(crate) struct StreamedModel {
    enter: Enter,
    streamer: Streamer,
    /// Where a softmax in two levels cuts the vocabulary.
    cutoffs: Option<Cutoffs>,
}

/// Tokens as vectors.
#[derive(Debug)]
pub(crate) enum Enter {
    OneHot,
    /// `[vocab_size, embed_size]`
    Embedding(Vec<f32>),
}

impl StreamedModel {
    /// From a token's vector to the logits of the next one.
    pub(crate) fn new(enter: Enter, streamer: Streamer) -> Self {
        Self {
            enter,
            streamer,
            cutoffs: None,
        }
    }

    /// With logits of clusters behind those of tokens, where there are `cutoffs`.
    pub(crate) fn cut(self, cutoffs: Option<Cutoffs>) -> Self {
        Self { cutoffs, ..self }
    }

    pub(crate) fn streamer(&self) -> &Streamer {
        &self.streamer
    }

    /// The state behind these tokens.
    pub(crate) fn read(&self, ids: &[TokenId]) -> Result<StreamState, NnError> {
        let mut reader = Reader::new(self);
        for &id in ids {
            reader.read(id)?;
        }
        Ok(reader.state)
    }

    /// The logits behind these tokens; zeros behind none.
    pub(crate) fn last_logits(&self, ids: &[TokenId]) -> Result<Vec<f32>, NnError> {
        let mut reader = Reader::new(self);
        for &id in ids {
            reader.read(id)?;
        }
        Ok(reader.logits)
    }
}

/// One who reads tokens.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    model: &'a StreamedModel,
    state: StreamState,
    input: Vec<f32>,
    /// Of the next token, `[vocab_size]`, or its log-probabilities where the softmax has two levels;
    /// zeros before the first.
    pub(crate) logits: Vec<f32>,
    workspace: StreamWorkspace,
}

impl<'a> Reader<'a> {
    /// One who has read nothing.
    pub(crate) fn new(model: &'a StreamedModel) -> Self {
        let streamer = &model.streamer;
        Self {
            state: streamer.zero_state(),
            input: vec![0.0; streamer.input_size()],
            logits: vec![0.0; model.vocab_size()],
            workspace: StreamWorkspace::new(),
            model,
        }
    }

    /// Reads a token; `logits` are then those of the next one.
    pub(crate) fn read(&mut self, id: TokenId) -> Result<(), NnError> {
        let index = id as usize;
        match &self.model.enter {
            Enter::OneHot => {
                self.input.fill(0.0);
                self.input[index] = 1.0;
            }
            Enter::Embedding(vectors) => {
                let size = self.input.len();
                self.input.copy_from_slice(&vectors[index * size..][..size]);
            }
        }
        let Self { model, logits, .. } = self;
        logits.resize(model.streamer.output_size(), 0.0);
        (model.streamer).step(&self.input, &mut self.state, logits, &mut self.workspace)?;
        if let Some(cutoffs) = &model.cutoffs {
            cutoffs.log_probs(logits)?;
        }
        Ok(())
    }
}

impl Stepwise for StreamedModel {
    /// One for each row.
    type State = Vec<StreamState>;

    fn vocab_size(&self) -> usize {
        self.streamer.output_size() - self.cutoffs.as_ref().map_or(0, Cutoffs::num_clusters)
    }

    fn step(
        &self,
        tokens: &[u32],
        mut state: Self::State,
        output: &mut StepOutput,
    ) -> Result<Self::State, NnError> {
        let mut reader = Reader::new(self);
        let mut log_probs = output.take();
        for (&token, state) in tokens.iter().zip(&mut state) {
            std::mem::swap(&mut reader.state, state);
            reader.read(token)?;
            std::mem::swap(&mut reader.state, state);
            log_probs.extend(log_softmax(&reader.logits));
        }
        output.set(self.vocab_size(), log_probs, Vec::new());
        Ok(state)
    }

    fn num_rows(&self, state: &Self::State) -> Option<usize> {
        Some(state.len())
    }

    fn select(&self, state: Self::State, rows: &[usize]) -> Self::State {
        rows.iter().map(|&row| state[row].clone()).collect()
    }
}

/// `ln softmax(logits)` of one row.
pub(crate) fn log_softmax(logits: &[f32]) -> Vec<f32> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&x| f64::from(x - max).exp()).sum();
    let log_sum = max + sum.ln() as f32;
    logits.iter().map(|&x| x - log_sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_softmax_is_that_of_the_definition_and_bears_large_logits() {
        // softmax(0, ln 3) = 1/4, 3/4.
        let log_probs = log_softmax(&[1000.0, 1000.0 + 3f32.ln()]);
        assert!((log_probs[0].exp() - 0.25).abs() < 1e-4);
        assert!((log_probs[1].exp() - 0.75).abs() < 1e-4);
        let log_probs = log_softmax(&[0.0, -1000.0]);
        assert_eq!(log_probs, [0.0, -1000.0]);
    }
}
