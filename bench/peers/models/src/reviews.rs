//! Film reviews, for or against: an LSTM in both directions over rows of different lengths.

use crate::{Result, Task, data, initial};
use burn::module::Module;
use burn::tensor::Tensor;
use recurra_nn::loss::{Labels, cross_entropy};
use recurra_nn::{
    CellName, Device, Embedding, LayerConfig, Linear, Merge, Mode, NnError, Stack, StackConfig, rng,
};
use std::path::Path;

const VOCAB_SIZE: usize = 20_000;
const WIDTH: usize = 128;
const BATCH_SIZE: usize = 32;
const MAX_LEN: usize = 400;

#[derive(Module, Debug)]
pub(crate) struct Model {
    embedding: Embedding,
    stack: Stack,
    head: Linear,
}

pub(crate) struct Reviews {
    /// `[review, MAX_LEN]`
    tokens: Vec<u32>,
    lengths: Vec<usize>,
    labels: Vec<u32>,
}

impl Reviews {
    /// The model with its initial weights, and its data.
    pub(crate) fn open(folder: &Path) -> Result<(Model, Self)> {
        let device = Device::flex().autodiff();
        let mut rng = rng(1, 0);
        let mut layer = LayerConfig::new(CellName::Lstm, WIDTH);
        layer.bidirectional = Some(Merge::Concat);
        let stack = StackConfig::uniform(layer, 1).build(WIDTH, &mut rng, &device)?;
        let model = Model {
            embedding: Embedding::new(VOCAB_SIZE, WIDTH, &mut rng, &device),
            head: Linear::new(stack.output_size(), 2, &mut rng, &device),
            stack,
        };
        let lengths = data::numbers(folder, "lengths.u32")?;
        let data = Self {
            tokens: data::numbers(folder, "tokens.u32")?,
            lengths: lengths.into_iter().map(|length| length as usize).collect(),
            labels: data::numbers(folder, "labels.u32")?,
        };
        Ok((initial(model, folder, |model| &mut model.stack)?, data))
    }
}

impl Task for Reviews {
    type Model = Model;

    fn loss(&mut self, model: &Model, update: usize) -> std::result::Result<Tensor<1>, NnError> {
        let rows = update * BATCH_SIZE..(update + 1) * BATCH_SIZE;
        let lengths = &self.lengths[rows.clone()];
        let seq_len = lengths.iter().copied().max().unwrap_or(0);
        let tokens = self.tokens[rows.start * MAX_LEN..rows.end * MAX_LEN].chunks(MAX_LEN);
        let ids: Vec<u32> = tokens
            .flat_map(|row| row[..seq_len].iter().copied())
            .collect();
        let x = model.embedding.forward(&ids, [BATCH_SIZE, seq_len])?;
        let (_, state) = model.stack.forward(x, Some(lengths), None, Mode::Eval)?;
        let last = model.stack.last_hidden(&state);
        let labels = Labels {
            ids: &self.labels[rows],
            lengths: &[1; BATCH_SIZE],
        };
        cross_entropy(model.head.forward(last).unsqueeze_dim(1), labels)
    }
}
