//! A word-level language model: two LSTM layers 200 wide on the Penn Treebank.

use crate::{Recipe, Result, Task, data, initial};
use burn::module::Module;
use burn::tensor::Tensor;
use recurra_nn::loss::{Labels, linear_cross_entropy};
use recurra_nn::{
    CellName, Device, Embedding, LayerConfig, Linear, Mode, NnError, Stack, StackConfig,
    StackState, rng,
};
use recurra_train::{OptimizerConfig, Sgd};
use std::path::Path;

const VOCAB_SIZE: usize = 10_000;
const WIDTH: usize = 200;
const BATCH_SIZE: usize = 20;
const SEQ_LEN: usize = 35;

#[derive(Module, Debug)]
pub(crate) struct Model {
    embedding: Embedding,
    stack: Stack,
    head: Linear,
}

pub(crate) fn recipe() -> Recipe {
    let sgd = Sgd {
        learning_rate: 20.0,
        ..Sgd::default()
    };
    Recipe {
        optimizer: OptimizerConfig::Sgd(sgd),
        clip_norm: 0.25,
    }
}

pub(crate) struct Language {
    /// `[batch, length]`: each row a stretch of the text.
    tokens: Vec<u32>,
    state: Option<StackState>,
}

impl Language {
    /// The model with its initial weights, and its data.
    pub(crate) fn open(folder: &Path) -> Result<(Model, Self)> {
        let device = Device::flex().autodiff();
        let mut rng = rng(1, 0);
        let stack = StackConfig::uniform(LayerConfig::new(CellName::Lstm, WIDTH), 2);
        let model = Model {
            embedding: Embedding::new(VOCAB_SIZE, WIDTH, &mut rng, &device),
            stack: stack.build(WIDTH, &mut rng, &device)?,
            head: Linear::new(WIDTH, VOCAB_SIZE, &mut rng, &device),
        };
        let data = Self {
            tokens: data::numbers(folder, "tokens.u32")?,
            state: None,
        };
        Ok((initial(model, folder, |model| &mut model.stack)?, data))
    }

    /// `SEQ_LEN` tokens of each row from `start` on.
    fn window(&self, start: usize) -> Vec<u32> {
        let rows = self.tokens.chunks(self.tokens.len() / BATCH_SIZE);
        rows.flat_map(|row| row[start..start + SEQ_LEN].iter().copied())
            .collect()
    }
}

impl Task for Language {
    type Model = Model;

    fn loss(&mut self, model: &Model, update: usize) -> std::result::Result<Tensor<1>, NnError> {
        let start = update * SEQ_LEN;
        let x = model
            .embedding
            .forward(&self.window(start), [BATCH_SIZE, SEQ_LEN])?;
        let state = self.state.take();
        let (outputs, state) = model.stack.forward(x, None, state, Mode::Eval)?;
        self.state = Some(state.detach());
        let labels = Labels {
            ids: &self.window(start + 1),
            lengths: &[SEQ_LEN; BATCH_SIZE],
        };
        linear_cross_entropy(outputs, &model.head, labels, 0.0)
    }
}
