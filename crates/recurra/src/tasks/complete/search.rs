//! The likeliest words that begin with a prefix, by beam search over the model's steps.

use super::model::{CompletionModel, log_softmax};
use burn::tensor::{Int, TensorData};
use recurra_data::{Specials, TokenId};
use recurra_nn::cell::State;
use recurra_nn::weights::values;
use recurra_nn::{LayerState, NnError, StackState, Tensor};
use recurra_train::baseline::Completion;
use std::ops::RangeInclusive;

/// Beginnings that are kept at each length, and for each completion that is asked for.
const LEAST_WIDTH: usize = 64;
const WIDTH_PER_COMPLETION: usize = 4;
const MOST_WIDTH: usize = 1024;

/// A word that goes on.
#[derive(Debug, Clone)]
struct Beginning {
    /// Letters after the prefix.
    ids: Vec<TokenId>,
    log_prob: f64,
}

/// One more letter for one of the beginnings.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Index of the beginning.
    parent: usize,
    id: TokenId,
    log_prob: f64,
}

/// The `k` likeliest completions of `prefix` that add as many letters as `lens` says, likeliest
/// first: the letters after the prefix, and `ln p(letters, end | prefix)`.
///
/// All beginnings of one length advance together, each from its own state. A beginning is
/// given up when `k` complete words are likelier already, since going on only makes it less
/// likely, or when it is not among the `max(64, 4k)` likeliest of its length (of the 1024
/// likeliest for large `k`). So the answer is exact unless a word among the `k` likeliest
/// begins worse than that many others. `unk` is no letter that could be said.
pub(super) fn complete(
    model: &CompletionModel,
    prefix: &[TokenId],
    k: usize,
    lens: RangeInclusive<usize>,
) -> Result<Vec<Completion>, NnError> {
    let Specials { bos, eos, unk, .. } = Specials::STANDARD;
    let width = k
        .saturating_mul(WIDTH_PER_COMPLETION)
        .clamp(LEAST_WIDTH, MOST_WIDTH);
    let mut found: Vec<Completion> = Vec::new();
    if k == 0 {
        return Ok(found);
    }
    let read = [&[bos], prefix].concat();
    let (mut logits, mut state) = model.advance(&read, [1, read.len()], None)?;
    let mut beginnings = vec![Beginning {
        ids: Vec::new(),
        log_prob: 0.0,
    }];
    for len in 0..=*lens.end() {
        let log_probs: Vec<Vec<f32>> = values(&logits)
            .chunks_exact(model.vocab_size())
            .map(log_softmax)
            .collect();
        let ends = beginnings.iter().zip(&log_probs);
        for (beginning, log_probs) in ends.filter(|_| lens.contains(&len)) {
            found.push(Completion {
                ids: beginning.ids.clone(),
                log_prob: beginning.log_prob + f64::from(log_probs[eos as usize]),
            });
        }
        found.sort_by(|a, b| {
            b.log_prob
                .total_cmp(&a.log_prob)
                .then_with(|| a.ids.cmp(&b.ids))
        });
        found.truncate(k);
        if len == *lens.end() {
            break;
        }
        let worst = (found.len() == k).then(|| found[k - 1].log_prob);
        let bound = worst.unwrap_or(f64::NEG_INFINITY);
        let letters = unk + 1..model.vocab_size() as TokenId;
        let candidates = beginnings.iter().zip(&log_probs).enumerate().flat_map(
            |(parent, (beginning, log_probs))| {
                letters.clone().map(move |id| Candidate {
                    parent,
                    id,
                    log_prob: beginning.log_prob + f64::from(log_probs[id as usize]),
                })
            },
        );
        let kept = best(
            candidates.filter(|one| one.log_prob > bound).collect(),
            width,
        );
        if kept.is_empty() {
            break;
        }
        beginnings = kept.iter().map(|one| one.extend(&beginnings)).collect();
        let parents: Vec<usize> = kept.iter().map(|one| one.parent).collect();
        let ids: Vec<TokenId> = kept.iter().map(|one| one.id).collect();
        (logits, state) = model.advance(&ids, [ids.len(), 1], Some(select(state, &parents)))?;
    }
    Ok(found)
}

impl Candidate {
    fn extend(&self, beginnings: &[Beginning]) -> Beginning {
        Beginning {
            ids: [&beginnings[self.parent].ids[..], &[self.id]].concat(),
            log_prob: self.log_prob,
        }
    }
}

/// The `width` likeliest, likeliest first; equally likely ones in the order they came.
fn best(mut candidates: Vec<Candidate>, width: usize) -> Vec<Candidate> {
    let order = |a: &Candidate, b: &Candidate| {
        let by_place = || (a.parent, a.id).cmp(&(b.parent, b.id));
        b.log_prob.total_cmp(&a.log_prob).then_with(by_place)
    };
    if candidates.len() > width {
        candidates.select_nth_unstable_by(width, order);
        candidates.truncate(width);
    }
    candidates.sort_by(order);
    candidates
}

/// The states of these rows, in this order.
fn select(state: StackState, rows: &[usize]) -> StackState {
    let count = rows.len();
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    let rows = TensorData::new(rows, [count]);
    let select_rows = |values: Tensor<2>| {
        let rows = Tensor::<1, Int>::from_data(rows.clone(), &values.device());
        values.select(0, rows)
    };
    let select_state = |state: State| State {
        hidden: select_rows(state.hidden),
        cell: state.cell.map(select_rows),
    };
    let layers = state.layers.into_iter().map(|layer| LayerState {
        forward: select_state(layer.forward),
        backward: layer.backward.map(select_state),
    });
    StackState {
        layers: layers.collect(),
    }
}
