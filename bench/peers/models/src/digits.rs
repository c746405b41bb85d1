//! Handwritten digits read pixel by pixel: a GRU over 784 steps.

use crate::{Result, Task, data, initial};
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use recurra_nn::loss::{Labels, cross_entropy};
use recurra_nn::{CellName, Device, LayerConfig, Linear, Mode, NnError, Stack, StackConfig, rng};
use std::path::Path;

const PIXELS: usize = 784;
const CLASSES: usize = 10;
const HIDDEN_SIZE: usize = 128;
const BATCH_SIZE: usize = 64;

#[derive(Module, Debug)]
pub(crate) struct Model {
    stack: Stack,
    head: Linear,
}

pub(crate) struct Digits {
    device: Device,
    /// `[image, pixel]`
    pixels: Vec<u8>,
    labels: Vec<u32>,
}

impl Digits {
    /// The model with its initial weights, and its data.
    pub(crate) fn open(folder: &Path) -> Result<(Model, Self)> {
        let device = Device::flex().autodiff();
        let mut rng = rng(1, 0);
        let stack = StackConfig::uniform(LayerConfig::new(CellName::Gru, HIDDEN_SIZE), 1);
        let model = Model {
            stack: stack.build(1, &mut rng, &device)?,
            head: Linear::new(HIDDEN_SIZE, CLASSES, &mut rng, &device),
        };
        let data = Self {
            device,
            pixels: data::bytes(folder, "pixels.u8")?,
            labels: data::numbers(folder, "labels.u32")?,
        };
        Ok((initial(model, folder, |model| &mut model.stack)?, data))
    }
}

impl Task for Digits {
    type Model = Model;

    fn loss(&mut self, model: &Model, update: usize) -> std::result::Result<Tensor<1>, NnError> {
        let rows = update * BATCH_SIZE..(update + 1) * BATCH_SIZE;
        let pixels = &self.pixels[rows.start * PIXELS..rows.end * PIXELS];
        let values = pixels
            .iter()
            .map(|&pixel| f32::from(pixel) / 255.0)
            .collect();
        let x = TensorData::new::<f32, _>(values, [BATCH_SIZE, PIXELS, 1]);
        let x = Tensor::<3>::from_data(x, &self.device);
        let (_, state) = model.stack.forward(x, None, None, Mode::Eval)?;
        let last = model.stack.last_hidden(&state);
        let labels = Labels {
            ids: &self.labels[rows],
            lengths: &[1; BATCH_SIZE],
        };
        cross_entropy(model.head.forward(last).unsqueeze_dim(1), labels)
    }
}
