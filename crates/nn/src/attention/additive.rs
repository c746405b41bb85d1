//! Additive attention.

use super::{Attended, Keys};
use crate::cell::times;
use crate::init::{Initialiser, parameter};
use crate::ops::linear_map;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// `score = v·tanh(W_q q + W_m m)`; with norms `g·v/|v|·tanh(W_q q + W_m m + b)`; with coverage
/// `W_m m + w_c c` stands in the place of `W_m m`, see [`AdditiveAttention::cover`].
///
/// # Source
/// Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to align and
/// translate"; the normed form as in TensorFlow's `BahdanauAttention(normalize=True)`, after
/// Salimans and Kingma 2016; coverage as in See, Liu and Manning 2017, "Get to the point:
/// summarization with pointer-generator networks", after Tu et al. 2016.
///
/// # Example
/// ```
/// use recurra_nn::attention::AdditiveAttention;
/// use recurra_nn::{Device, Tensor, rng, weights::values};
/// let device = Device::flex();
/// let attention = AdditiveAttention::new(4, 3, 5, &mut rng(0, 0), &device);
/// let memory = Tensor::ones([2, 6, 3], &device);
/// let keys = attention.project(memory, Some(&[6, 2]))?;
/// let attended = attention.attend(Tensor::ones([2, 1, 4], &device), &keys)?;
/// assert_eq!(attended.context.dims(), [2, 1, 3]);
/// // Keys that are alike have like shares.
/// assert!((values(&attended.alignment)[6] - 0.5).abs() < 1e-6);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct AdditiveAttention {
    /// `[key_size, query_size]`
    pub w_query: Param<Tensor<2>>,
    /// `[key_size, memory_size]`
    pub w_memory: Param<Tensor<2>>,
    /// `[key_size]`
    pub vector: Param<Tensor<1>>,
    /// `[1]`: the length of `vector` in its stead, in the normed form.
    pub gain: Option<Param<Tensor<1>>>,
    /// `[key_size]`, in the normed form.
    pub bias: Option<Param<Tensor<1>>>,
    /// `[key_size]`, where coverage counts.
    pub w_coverage: Option<Param<Tensor<1>>>,
}

impl AdditiveAttention {
    /// Glorot weights.
    pub fn new(
        query_size: usize,
        memory_size: usize,
        key_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let mut draw = |rows, columns| Initialiser::Glorot.draw(1, rows, columns, rng);
        let w_query = draw(key_size, query_size);
        let w_memory = draw(key_size, memory_size);
        let vector = draw(1, key_size);
        Self {
            w_query: parameter(w_query, [key_size, query_size], device),
            w_memory: parameter(w_memory, [key_size, memory_size], device),
            vector: parameter(vector, [key_size], device),
            gain: None,
            bias: None,
            w_coverage: None,
        }
    }

    /// The same with Glorot weights for coverage.
    pub fn covering(self, rng: &mut Rng) -> Self {
        let ([key_size], device) = (self.vector.dims(), self.vector.val().device());
        let values = Initialiser::Glorot.draw(1, key_size, 1, rng);
        Self {
            w_coverage: Some(parameter(values, [key_size], &device)),
            ..self
        }
    }

    /// The normed form: the gain starts at `√(1/key_size)`, the bias at zero.
    pub fn normed(self) -> Self {
        let ([key_size], device) = (self.vector.dims(), self.vector.val().device());
        let gain = (1.0 / key_size as f32).sqrt();
        Self {
            gain: Some(parameter(vec![gain], [1], &device)),
            bias: Some(parameter(vec![0.0; key_size], [key_size], &device)),
            ..self
        }
    }

    /// Keys of a memory `[batch, key_len, memory_size]`, of which row `b` has `lengths[b]` real
    /// ones; all are without lengths.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the memory or the lengths do not fit.
    pub fn project(&self, memory: Tensor<3>, lengths: Option<&[usize]>) -> Result<Keys, NnError> {
        const OP: &str = "AdditiveAttention::project";
        let [batch_size, key_len, memory_size] = memory.dims();
        let wanted = self.w_memory.dims()[1];
        if memory_size != wanted {
            let want = [batch_size, key_len, wanted];
            return Err(NnError::shape(OP, "memory", want, memory.dims()));
        }
        Keys::new(OP, times(memory.clone(), &self.w_memory), memory, lengths)
    }

    /// The keys of positions that were attended to before: by `coverage [batch, key_len]` in all.
    /// Without weights for coverage they are the keys as they were.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the coverage does not fit the keys.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::attention::AdditiveAttention;
    /// use recurra_nn::{Device, Tensor, rng, weights::values};
    /// let (device, mut rng) = (Device::flex(), rng(0, 0));
    /// let attention = AdditiveAttention::new(4, 3, 5, &mut rng, &device).covering(&mut rng);
    /// let keys = attention.project(Tensor::ones([1, 2, 3], &device), None)?;
    /// let coverage = Tensor::from_data([[0.0, 1.0]], &device);
    /// let keys = attention.cover(keys, coverage)?;
    /// let attended = attention.attend(Tensor::ones([1, 1, 4], &device), &keys)?;
    /// // Positions that are alike are told apart by what was attended to.
    /// let alignment = values(&attended.alignment);
    /// assert!((alignment[0] - alignment[1]).abs() > 1e-3);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn cover(&self, keys: Keys, coverage: Tensor<2>) -> Result<Keys, NnError> {
        match &self.w_coverage {
            Some(weight) => keys.moved("AdditiveAttention::cover", coverage, weight.val()),
            None => Ok(keys),
        }
    }

    /// What queries `[batch, query_len, query_size]` find.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the query does not fit the attention or the keys.
    pub fn attend(&self, query: Tensor<3>, keys: &Keys) -> Result<Attended, NnError> {
        const OP: &str = "AdditiveAttention::attend";
        let [batch_size, query_len, query_size] = query.dims();
        let wanted = self.w_query.dims()[1];
        if query_size != wanted {
            let want = [batch_size, query_len, wanted];
            return Err(NnError::shape(OP, "query", want, query.dims()));
        }
        let bias = self.bias.as_ref().map(Param::val);
        let query = linear_map(query, self.w_query.val(), bias);
        keys.attend(OP, query, self.scoring(), None)
    }

    /// What the sum's tanh is multiplied with: `v`, or `g·v/|v|`.
    pub(crate) fn scoring(&self) -> Tensor<1> {
        let vector = self.vector.val();
        let Some(gain) = &self.gain else {
            return vector;
        };
        let norm = (vector.clone() * vector.clone()).sum().sqrt();
        vector * (gain.val() / norm)
    }
}
