//! Copying tokens from the source.

use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};
use std::collections::HashMap;

use super::Tokens;
use crate::log_softmax;

/// Which tokens the sources of a batch have to be copied.
#[derive(Debug, Clone)]
pub(super) struct Copies {
    /// The token at each position, `[num_sources, source_len]`.
    tokens: Tensor<2, Int>,
    /// The first position of the same token in the same source, `[num_sources, source_len]`.
    firsts: Tensor<2, Int>,
}

impl Copies {
    /// Of sources that are known to be rows of one length.
    pub(super) fn new(source: Tokens<'_>, device: &Device) -> Self {
        let shape = [
            source.lengths.len(),
            source.ids.len() / source.lengths.len(),
        ];
        let firsts = source.ids.chunks_exact(shape[1]).flat_map(|row| {
            let mut first = HashMap::new();
            (0i64..)
                .zip(row)
                .map(move |(place, id)| *first.entry(id).or_insert(place))
        });
        let tensor = |ids| Tensor::from_data(TensorData::new::<i64, _>(ids, shape), device);
        Self {
            firsts: tensor(firsts.collect()),
            tokens: tensor(source.ids.iter().map(|&id| i64::from(id)).collect()),
        }
    }

    /// Those of these sources in this order; one may come more than once, or not at all.
    pub(super) fn select(self, sources: &[usize]) -> Self {
        let ids = sources.iter().map(|&source| source as i64).collect();
        let ids = TensorData::new::<i64, _>(ids, [sources.len()]);
        let ids = Tensor::<1, Int>::from_data(ids, &self.tokens.device());
        Self {
            tokens: self.tokens.select(0, ids.clone()),
            firsts: self.firsts.select(0, ids),
        }
    }

    /// `ln(p_gen p_vocab(token) + (1 - p_gen) Σ_j a_j [source_j = token])`, where
    /// `p_vocab = softmax(logits)` and `p_gen = σ(gate)`.
    ///
    /// # Shapes
    /// `logits [rows, steps, vocab_size]`, `gate [rows, steps, 1]`, and the alignment `a`
    /// `[rows, steps, source_len]`; there is a source for each row. Where it has no tokens,
    /// `p_gen` is 1.
    pub(super) fn mix(
        &self,
        logits: Tensor<3>,
        gate: Tensor<3>,
        alignment: Tensor<3>,
    ) -> Tensor<3> {
        let steps = alignment.dims()[1];
        let alignment_sum = alignment.clone().sum_dim(2);
        let at_each_step =
            |ids: &Tensor<2, Int>| ids.clone().unsqueeze_dim::<3>(1).repeat_dim(1, steps);
        let (tokens, firsts) = (at_each_step(&self.tokens), at_each_step(&self.firsts));
        // What a token is given at all of its positions stands at the first of them.
        let copied = alignment
            .zeros_like()
            .scatter(2, firsts, alignment, IndexingUpdateOp::Add);
        let nothing = copied.clone().equal_elem(0.0);
        let copied = copied.clamp_min(f32::MIN_POSITIVE).log() + log_sigmoid(gate.clone().neg());
        // A source without tokens was not attended to, and from it nothing is copied.
        let empty = alignment_sum.equal_elem(0.0);
        let log_probs = log_softmax(logits) + log_sigmoid(gate).mask_fill(empty, 0.0);
        // ln(e^a + e^b) is a + softplus(b - a), and only the source's tokens have a b: the others
        // stay as they are.
        let said = log_probs.clone().gather(2, tokens.clone());
        let added = log_sigmoid(said - copied).neg().mask_fill(nothing, 0.0);
        log_probs.scatter(2, tokens, added, IndexingUpdateOp::Add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::values;

    /// The source is 5 6 5 and padding, attended to by 0.5, 0.3 and 0.2; `p_gen` is 3/4.
    fn mixed(logits: [f32; 7]) -> Vec<f32> {
        let device = Device::flex();
        let source = Tokens {
            ids: &[5, 6, 5, 0],
            lengths: &[3],
        };
        let log_probs = Copies::new(source, &device).mix(
            Tensor::from_data([[logits]], &device),
            Tensor::from_data([[[3f32.ln()]]], &device),
            Tensor::from_data([[[0.5, 0.3, 0.2, 0.0]]], &device),
        );
        values(&log_probs.exp())
    }

    fn assert_close(got: &[f32], wanted: &[f32]) {
        for (got, wanted) in got.iter().zip(wanted) {
            assert!((got - wanted).abs() < 1e-5, "{got} for {wanted}");
        }
    }

    /// 3/4 · 1/7 for each token, and of the other quarter 0.5 + 0.2 for 5 and 0.3 for 6.
    #[test]
    fn a_token_gets_what_all_of_its_positions_were_attended_to() {
        let said = 0.75 / 7.0;
        let wanted = [said, said, said, said, said, said + 0.175, said + 0.075];
        assert_close(&mixed([0.0; 7]), &wanted);
    }

    /// Nothing was attended to, so that three quarters of a softmax would be left.
    #[test]
    fn from_a_source_without_tokens_nothing_is_copied() {
        let device = Device::flex();
        let source = Tokens {
            ids: &[0, 0],
            lengths: &[0],
        };
        let log_probs = Copies::new(source, &device).mix(
            Tensor::from_data([[[0.0; 4]]], &device),
            Tensor::from_data([[[3f32.ln()]]], &device),
            Tensor::from_data([[[0.0, 0.0]]], &device),
        );
        assert_close(&values(&log_probs.exp()), &[0.25; 4]);
    }

    /// The vocabulary gives everything to 4, and to the others `exp(-1000)`, which is no number.
    #[test]
    fn what_the_vocabulary_rules_out_can_be_copied() {
        let mut logits = [-1000.0; 7];
        logits[4] = 0.0;
        assert_close(&mixed(logits), &[0.0, 0.0, 0.0, 0.0, 0.75, 0.175, 0.075]);
    }
}
