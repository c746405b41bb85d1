//! Dot attention.

use super::{Attended, Keys};
use crate::NnError;
use burn::tensor::Tensor;

/// `score = q·m`, or `q·m / √size`; queries are as wide as the memory.
///
/// # Source
/// Luong, Pham and Manning 2015, "Effective approaches to attention-based neural machine
/// translation" (dot); Vaswani et al. 2017, "Attention is all you need" (scaled).
///
/// # Example
/// ```
/// use recurra_nn::attention::DotAttention;
/// use recurra_nn::{Device, Tensor, weights::values};
/// let memory = Tensor::from_data([[[0.0], [3f32.ln()], [9.0]]], &Device::flex());
/// let query = Tensor::from_data([[[1.0]]], &Device::flex());
/// let attention = DotAttention::Plain;
/// let keys = attention.project(memory, Some(&[2]))?;
/// let shares = values(&attention.attend(query, &keys)?.alignment);
/// assert!((shares[1] - 0.75).abs() < 1e-6 && shares[2] == 0.0);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DotAttention {
    /// `q·m`
    Plain,
    /// `q·m / √size`
    Scaled,
}

impl DotAttention {
    /// Keys of a memory `[batch, key_len, size]`: the memory itself, of which row `b` has
    /// `lengths[b]` real ones; all are without lengths.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the lengths do not fit.
    pub fn project(self, memory: Tensor<3>, lengths: Option<&[usize]>) -> Result<Keys, NnError> {
        Keys::new("DotAttention::project", memory.clone(), memory, lengths)
    }

    /// What queries `[batch, query_len, size]` find.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the query does not fit the keys.
    pub fn attend(self, query: Tensor<3>, keys: &Keys) -> Result<Attended, NnError> {
        let scale = self.scale(query.dims()[2]);
        let vector = Tensor::zeros([0], &query.device());
        keys.attend("DotAttention::attend", query, vector, Some(scale))
    }

    /// What a product of vectors of this size is multiplied with.
    pub(crate) fn scale(self, size: usize) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Scaled => 1.0 / (size as f64).sqrt(),
        }
    }
}
