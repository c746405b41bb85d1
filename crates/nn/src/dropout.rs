//! Dropping parts of a signal while training.

use crate::{Mode, Rng};
use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How long a dropped unit stays dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropoutMask {
    /// Other units at every step.
    #[default]
    Step,
    /// The same units along a whole sequence.
    Sequence,
}

/// Zeroes each element with probability `dropout` and scales the rest by
/// `1 / (1 - dropout)`, so that the expectation stays; in evaluation, nothing.
///
/// # Source
/// Srivastava et al. 2014; on non-recurrent connections: Zaremba et al. 2014.
pub fn dropout<const D: usize>(x: Tensor<D>, dropout: f64, mode: Mode<'_>) -> Tensor<D> {
    match mode {
        Mode::Train { rng, .. } if dropout > 0.0 => {
            let mask = keep_mask(x.dims(), dropout, rng, &x.device(), x.dtype());
            x * mask.div_scalar(1.0 - dropout)
        }
        _ => x,
    }
}

/// [`dropout`] that drops a unit at all steps of a row or at none.
///
/// # Shapes
/// `x [batch, seq_len, feature]`; the mask is `[batch, 1, feature]`.
///
/// # Source
/// Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural
/// networks", on inputs and outputs.
///
/// # Example
/// ```
/// use recurra_nn::{Device, Mode, Tensor, rng, variational_dropout, weights::values};
/// let x = Tensor::ones([1, 2, 64], &Device::flex());
/// let dropped = values(&variational_dropout(x, 0.5, Mode::train(&mut rng(1, 0))));
/// assert_eq!(dropped[..64], dropped[64..], "the same units at both steps");
/// assert!(dropped.contains(&0.0) && dropped.contains(&2.0));
/// ```
pub fn variational_dropout(x: Tensor<3>, dropout: f64, mode: Mode<'_>) -> Tensor<3> {
    match mode {
        Mode::Train { rng, .. } if dropout > 0.0 => {
            let [batch_size, _, width] = x.dims();
            let shape = [batch_size, 1, width];
            let mask = keep_mask(shape, dropout, rng, &x.device(), x.dtype());
            x * mask.div_scalar(1.0 - dropout)
        }
        _ => x,
    }
}

/// Replaces each id by `unk` with the probability `rate(id)`; in evaluation, none.
///
/// So a network learns what to do with words that it does not know, from those that it does.
///
/// # Source
/// Iyyer et al. 2015; with `rate = a / (a + count)`, Kiperwasser & Goldberg 2016.
///
/// # Example
/// ```
/// use recurra_nn::{Mode, rng, token_dropout};
/// let mut ids = [5, 6, 5, 7];
/// let mut rng = rng(1, 0);
/// token_dropout(&mut ids, 3, |id| f64::from(id == 5), Mode::train(&mut rng));
/// assert_eq!(ids, [3, 6, 3, 7]);
/// ```
pub fn token_dropout(ids: &mut [u32], unk: u32, rate: impl Fn(u32) -> f64, mode: Mode<'_>) {
    let Mode::Train { rng, .. } = mode else {
        return;
    };
    for id in ids {
        if rng.random::<f64>() < rate(*id) {
            *id = unk;
        }
    }
}

/// Ones, and zeros with probability `dropout`.
pub(crate) fn keep_mask<const D: usize>(
    shape: [usize; D],
    dropout: f64,
    rng: &mut Rng,
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| f32::from(u8::from(rng.random::<f64>() >= dropout)))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}
