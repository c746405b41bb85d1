//! The likeliest words that begin with a prefix, by beam search over the model's steps.

use super::model::CompletionModel;
use crate::tasks::streamed::log_softmax;
use recurra_data::{Specials, TokenId};
use recurra_nn::decode::{
    BeamConfig, DecodeConfig, Ends, Hypothesis, Search, Start, StepOutput, Stepwise, Symbols,
    decode,
};
use recurra_nn::weights::values;
use recurra_nn::{NnError, StackState};
use recurra_train::baseline::Completion;
use std::ops::RangeInclusive;

/// Beginnings that are kept at each length, and for each completion that is asked for.
const LEAST_WIDTH: usize = 64;
const WIDTH_PER_COMPLETION: usize = 4;
const MOST_WIDTH: usize = 1024;

/// The `k` likeliest completions of a prefix, of which `model` has read all but the `last` letter
/// into `state`, that add as many letters as `lens` says, likeliest
/// first: the letters after the prefix, and `ln p(letters, end | prefix)`.
///
/// A beginning is given up when `k` complete words are likelier already, since going on only
/// makes it less likely, or when it is not among the `max(64, 4k)` likeliest of its length (of
/// the 1024 likeliest for large `k`). So the answer is exact unless a word among the `k`
/// likeliest begins worse than that many others. `unk` is no letter that could be said.
pub(super) fn complete<M: Stepwise>(
    model: &M,
    state: M::State,
    last: TokenId,
    k: usize,
    lens: RangeInclusive<usize>,
) -> Result<Vec<Completion>, NnError> {
    if k == 0 {
        return Ok(Vec::new());
    }
    let Specials { pad, bos, eos, unk } = Specials::STANDARD;
    let start = Start {
        max_len: Some(*lens.end()),
        ..Start::new(last)
    };
    let symbols = Symbols {
        eos,
        banned: vec![pad, bos, unk],
    };
    let config = DecodeConfig {
        search: Search::Beam(BeamConfig {
            width: k
                .saturating_mul(WIDTH_PER_COMPLETION)
                .clamp(LEAST_WIDTH, MOST_WIDTH),
            n_best: k,
            ends: Ends::All,
            ..BeamConfig::default()
        }),
        min_len: *lens.start(),
        max_len: (*lens.end()).max(1),
        ..DecodeConfig::default()
    };
    let completion = |Hypothesis { ids, log_prob, .. }| Completion { ids, log_prob };
    let found = decode(model, state, &[start], &symbols, &config)?;
    Ok(found.into_iter().flatten().map(completion).collect())
}

impl CompletionModel {
    /// The state behind these letters.
    pub(super) fn read(&self, ids: &[TokenId]) -> Result<Option<StackState>, NnError> {
        match ids {
            [] => Ok(None),
            _ => Ok(Some(self.advance(ids, [1, ids.len()], None)?.1)),
        }
    }
}

impl Stepwise for CompletionModel {
    /// None before the first letter.
    type State = Option<StackState>;

    fn vocab_size(&self) -> usize {
        CompletionModel::vocab_size(self)
    }

    fn step(
        &self,
        tokens: &[u32],
        state: Self::State,
        output: &mut StepOutput,
    ) -> Result<Self::State, NnError> {
        let (logits, state) = self.advance(tokens, [tokens.len(), 1], state)?;
        let rows = values(&logits);
        let rows = rows.chunks_exact(logits.dims()[1]);
        let log_probs = rows.flat_map(log_softmax).collect();
        output.set(Stepwise::vocab_size(self), log_probs, Vec::new());
        Ok(Some(state))
    }

    fn select(&self, state: Self::State, rows: &[usize]) -> Self::State {
        state.map(|state| state.select(rows))
    }
}
