//! Sparse softmax cross-entropy over sequences.

use crate::NnError;
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
    if labels.lengths.len() != batch_size {
        let got = labels.lengths.len();
        return Err(NnError::shape(OP, "labels.lengths", batch_size, got));
    }
    let mut ids = vec![0_i64; labels.ids.len()];
    let mut mask = vec![0.0_f32; labels.ids.len()];
    for (row, &length) in labels.lengths.iter().enumerate() {
        if length > seq_len {
            let want = format!("lengths of at most {seq_len}");
            return Err(NnError::shape(OP, "labels.lengths", want, length));
        }
        for at in row * seq_len..row * seq_len + length {
            let id = labels.ids[at];
            if id as usize >= vocab_size {
                let want = format!("ids below {vocab_size}");
                return Err(NnError::shape(OP, "labels.ids", want, id));
            }
            (ids[at], mask[at]) = (i64::from(id), 1.0);
        }
    }
    let tokens: usize = labels.lengths.iter().sum();
    if tokens == 0 {
        return Err(NnError::shape(OP, "labels.lengths", "a real token", 0));
    }
    let shape = [batch_size, seq_len, 1];
    let device = logits.device();
    let ids = Tensor::<3, Int>::from_data(TensorData::new(ids, shape), &device);
    let mask = Tensor::from_data(TensorData::new(mask, shape), (&device, logits.dtype()));
    let log_probs = activation::log_softmax(logits, 2).gather(2, ids);
    Ok((log_probs * mask).sum().div_scalar(-(tokens as f64)))
}
