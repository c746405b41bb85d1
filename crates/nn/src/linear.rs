//! Linear maps and embeddings: how sequences enter and leave a recurrent network.

use crate::init::{Initialiser, parameter};
use crate::ops::{EmbedSpec, embedded, linear_map};
use crate::{Mode, NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;

/// `y = x W^T + b`.
///
/// # Shapes
/// `x [.., input_size]`, `weight [output_size, input_size]`, `y [.., output_size]`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output_size, input_size]`, as PyTorch stores it.
    pub weight: Param<Tensor<2>>,
    /// `[output_size]`
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Glorot weights, zero biases.
    pub fn new(input_size: usize, output_size: usize, rng: &mut Rng, device: &Device) -> Self {
        Self::drawn(Initialiser::Glorot, input_size, output_size, rng, device)
    }

    /// Weights that are drawn so, zero biases.
    pub fn drawn(
        init: Initialiser,
        input_size: usize,
        output_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let weight = init.draw(1, output_size, input_size, rng);
        Self {
            weight: parameter(weight, [output_size, input_size], device),
            bias: parameter(vec![0.0; output_size], [output_size], device),
        }
    }

    /// Applies the map to every vector along the last dimension.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        linear_map(x, self.weight.val(), Some(self.bias.val()))
    }
}

/// A vector for each token.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[vocab_size, embed_size]`
    pub weight: Param<Tensor<2>>,
    /// A token whose vector does not learn.
    #[module(skip)]
    pub padding_id: Option<u32>,
}

impl Embedding {
    /// Standard normal vectors, as PyTorch draws them.
    pub fn new(vocab_size: usize, embed_size: usize, rng: &mut Rng, device: &Device) -> Self {
        Self::drawn(
            Initialiser::Normal(1.0),
            vocab_size,
            embed_size,
            rng,
            device,
        )
    }

    /// Vectors that are drawn so.
    pub fn drawn(
        init: Initialiser,
        vocab_size: usize,
        embed_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let weight = init.draw(1, vocab_size, embed_size, rng);
        Self {
            weight: parameter(weight, [vocab_size, embed_size], device),
            padding_id: None,
        }
    }

    /// The embedding with zeros for the token `id`, which then does not learn: PyTorch's
    /// `padding_idx`. There must be such a token.
    ///
    /// # Errors
    /// [`NnError::Shape`] when `id` is not below the vocabulary's size.
    pub fn with_padding_id(mut self, id: u32) -> Result<Self, NnError> {
        let [vocab_size, embed_size] = self.weight.dims();
        check_ids("embedding", &[id], 1, vocab_size)?;
        let weight = self.weight.val();
        let mut values = crate::weights::values(&weight);
        values[id as usize * embed_size..][..embed_size].fill(0.0);
        self.weight = parameter(values, [vocab_size, embed_size], &weight.device());
        self.padding_id = Some(id);
        Ok(self)
    }

    /// The embedding with every vector `factor` times as long: rare tokens, whose vectors hardly
    /// learn, then disturb less.
    #[must_use]
    pub fn scaled(mut self, factor: f32) -> Self {
        let weight = self.weight.val();
        let values = crate::weights::values(&weight);
        let values = values.into_iter().map(|value| value * factor).collect();
        self.weight = parameter(values, weight.dims(), &weight.device());
        self
    }

    /// The vectors of `ids`, row-major `[batch, seq_len]`, as `[batch, seq_len, embed_size]`.
    ///
    /// # Errors
    /// [`NnError::Shape`] when there are not `batch * seq_len` ids, or an id is not
    /// below the vocabulary's size.
    pub fn forward(&self, ids: &[u32], [batch, seq_len]: [usize; 2]) -> Result<Tensor<3>, NnError> {
        let [vocab_size, embed_size] = self.weight.dims();
        check_ids("embedding", ids, batch * seq_len, vocab_size)?;
        let spec = EmbedSpec {
            ids: ids.to_vec(),
            padding_id: self.padding_id,
        };
        let vectors = embedded(self.weight.val(), spec);
        Ok(vectors.reshape([batch, seq_len, embed_size]))
    }

    /// [`forward`](Self::forward) without some tokens: each of the vocabulary is zero with
    /// probability `dropout` wherever it stands, and the others are over `1 - dropout`; in
    /// evaluation, nothing.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    ///
    /// # Source
    /// Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent
    /// neural networks", section 4.2.
    pub fn forward_dropping(
        &self,
        ids: &[u32],
        [batch, seq_len]: [usize; 2],
        dropout: f64,
        mode: Mode<'_>,
    ) -> Result<Tensor<3>, NnError> {
        let x = self.forward(ids, [batch, seq_len])?;
        match mode {
            Mode::Train { rng, .. } if dropout > 0.0 => {
                let kept = (1.0 / (1.0 - dropout)) as f32;
                let scales: Vec<f32> = (0..self.weight.dims()[0])
                    .map(|_| {
                        if rng.random::<f64>() < dropout {
                            0.0
                        } else {
                            kept
                        }
                    })
                    .collect();
                let scales = ids.iter().map(|&id| scales[id as usize]).collect();
                let scales = TensorData::new::<f32, _>(scales, [batch, seq_len, 1]);
                let like = (&x.device(), x.dtype());
                Ok(x * Tensor::from_data(scales, like))
            }
            _ => Ok(x),
        }
    }
}

/// Ones at the places of `ids`, zeros elsewhere: `[batch, seq_len, vocab_size]`.
///
/// # Errors
/// As [`Embedding::forward`].
pub fn one_hot(
    ids: &[u32],
    [batch, seq_len]: [usize; 2],
    vocab_size: usize,
    device: &Device,
) -> Result<Tensor<3>, NnError> {
    check_ids("one_hot", ids, batch * seq_len, vocab_size)?;
    let mut values = vec![0.0_f32; ids.len() * vocab_size];
    for (position, &id) in ids.iter().enumerate() {
        values[position * vocab_size + id as usize] = 1.0;
    }
    let data = TensorData::new(values, [batch, seq_len, vocab_size]);
    Ok(Tensor::from_data(data, device))
}

fn check_ids(
    op: &'static str,
    ids: &[u32],
    count: usize,
    vocab_size: usize,
) -> Result<(), NnError> {
    if ids.len() != count {
        return Err(NnError::shape(op, "ids", count, ids.len()));
    }
    match ids.iter().find(|&&id| id as usize >= vocab_size) {
        Some(id) => Err(NnError::Shape {
            op,
            arg: "ids",
            want: format!("ids below vocab_size = {vocab_size}"),
            got: id.to_string(),
        }),
        None => Ok(()),
    }
}
