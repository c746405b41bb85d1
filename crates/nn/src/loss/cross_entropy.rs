//! Sparse softmax cross-entropy over sequences.

use super::steps::mean_over_real_steps;
use crate::{NnError, lengths};
use burn::tensor::{Int, Tensor, TensorData, activation};

/// Token ids to be predicted, with the true length of each row.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Row-major `[batch, seq_len]`; what stands past a row's length is not looked at.
    pub ids: &'a [u32],
    /// `[batch]`
    pub lengths: &'a [usize],
}

/// `-mean(log softmax(logits)[label])` over real tokens, in nats, shape `[1]`.
///
/// # Shapes
/// `logits [batch, seq_len, vocab_size]`.
///
/// # Errors
/// [`NnError::Shape`] when the labels do not fit the logits, a real label is not
/// below `vocab_size`, or no row has a real token.
pub fn cross_entropy(logits: Tensor<3>, labels: Labels<'_>) -> Result<Tensor<1>, NnError> {
    const OP: &str = "cross_entropy";
    let [batch_size, seq_len, vocab_size] = logits.dims();
    if labels.ids.len() != batch_size * seq_len {
        let want = batch_size * seq_len;
        return Err(NnError::shape(OP, "labels.ids", want, labels.ids.len()));
    }
    lengths::check(OP, labels.lengths, [batch_size, seq_len])?;
    // Whatever stands in the padding is not looked at; 0 is an id that exists.
    let mut ids = vec![0_i64; labels.ids.len()];
    // With no steps there are no rows to look at, and the mean below says so.
    let width = seq_len.max(1);
    let rows = ids.chunks_mut(width).zip(labels.ids.chunks(width));
    for ((row, given), &length) in rows.zip(labels.lengths) {
        for (id, &given) in row.iter_mut().zip(&given[..length]) {
            if given as usize >= vocab_size {
                let want = format!("ids below {vocab_size}");
                return Err(NnError::shape(OP, "labels.ids", want, given));
            }
            *id = i64::from(given);
        }
    }
    let shape = [batch_size, seq_len, 1];
    let device = logits.device();
    let ids = Tensor::<3, Int>::from_data(TensorData::new(ids, shape), &device);
    let log_probs = activation::log_softmax(logits, 2).gather(2, ids);
    mean_over_real_steps(OP, log_probs.neg(), Some(labels.lengths))
}
