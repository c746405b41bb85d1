//! True lengths of padded rows: checked, and turned into masks, in one place.

use crate::NnError;
use burn::tensor::{Bool, Device, Tensor, TensorData};

/// Refuses lengths that do not fit `[batch, seq_len]`.
pub(crate) fn check(
    op: &'static str,
    lengths: &[usize],
    [batch_size, seq_len]: [usize; 2],
) -> Result<(), NnError> {
    if lengths.len() != batch_size {
        return Err(NnError::shape(op, "lengths", batch_size, lengths.len()));
    }
    match lengths.iter().find(|&&length| length > seq_len) {
        Some(long) => Err(NnError::Shape {
            op,
            arg: "lengths",
            want: format!("at most seq_len = {seq_len} each"),
            got: long.to_string(),
        }),
        None => Ok(()),
    }
}

/// `[batch, seq_len]`, true where a row has a real step.
pub(crate) fn mask(lengths: &[usize], seq_len: usize, device: &Device) -> Tensor<2, Bool> {
    let real: Vec<bool> = lengths
        .iter()
        .flat_map(|&length| (0..seq_len).map(move |t| t < length))
        .collect();
    Tensor::from_data(TensorData::new(real, [lengths.len(), seq_len]), device)
}

/// `x [batch, seq_len, ..]` with zeros past each row's length, whatever stood there.
pub(crate) fn silence_padding<const D: usize>(x: Tensor<D>, lengths: &[usize]) -> Tensor<D> {
    let shape = x.dims();
    let mut mask_shape = [1; D];
    mask_shape[..2].copy_from_slice(&shape[..2]);
    let padding = mask(lengths, shape[1], &x.device())
        .bool_not()
        .reshape(mask_shape)
        .expand(shape);
    x.mask_fill(padding, 0.0)
}
