//! The network, its loss, its description.

use super::config::{ModelConfig, Recipe};
use super::windows::RollBatch;
use crate::Error;
use crate::network::{self, Network};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::Module;
use burn::tensor::TensorData;
use recurra_data::music::{NUM_KEYS, Roll, key_of};
use recurra_nn::loss::binary_cross_entropy;
use recurra_nn::weights::values;
use recurra_nn::{Device, Linear, Mode, NnError, Stack, StackState, Tensor, dropout};
use recurra_train::{Run, Stream};

/// Recurrent layers over piano rolls; at each step a logit for each key at the next.
///
/// # Shapes
/// `[batch, seq_len, 88]` in and out.
#[derive(Module, Debug)]
pub struct MusicModel {
    /// The recurrent layers.
    pub stack: Stack,
    /// From the last layer to the keys.
    pub head: Linear,
    #[module(skip)]
    input_dropout: f64,
    #[module(skip)]
    output_dropout: f64,
}

impl ModelConfig {
    /// Draws the weights.
    ///
    /// # Errors
    /// [`NnError::Config`] naming what is wrong with the layers.
    pub(super) fn build(&self, seed: u64, device: &Device) -> Result<MusicModel, NnError> {
        let mut rng = Stream::Weights.rng(seed);
        let stack = self.stack.build(NUM_KEYS, &mut rng, device)?;
        let head = Linear::new(stack.output_size(), NUM_KEYS, &mut rng, device);
        Ok(MusicModel {
            stack,
            head,
            input_dropout: self.input_dropout,
            output_dropout: self.output_dropout,
        })
    }
}

impl MusicModel {
    /// Lets a network that has learnt nothing yet say of each key how often it sounds: from
    /// even odds, the silence of most of a piano is all that the first updates would learn.
    pub(super) fn starting_from(mut self, log_odds: &[f32]) -> Self {
        let shape = [log_odds.len()];
        self.head.bias = self.head.bias.map(|bias| {
            let data = TensorData::new(log_odds.to_vec(), shape);
            Tensor::from_data(data, &bias.device()).set_require_grad(bias.is_require_grad())
        });
        self
    }

    /// The logits of every key at the step after each step.
    pub(super) fn logits(
        &self,
        inputs: Tensor<3>,
        lengths: Option<&[usize]>,
        state: Option<StackState>,
        mut mode: Mode<'_>,
    ) -> Result<(Tensor<3>, StackState), NnError> {
        let inputs = dropout(inputs, self.input_dropout, mode.reborrow());
        let (outputs, state) = self
            .stack
            .forward(inputs, lengths, state, mode.reborrow())?;
        let outputs = dropout(outputs, self.output_dropout, mode);
        Ok((self.head.forward(outputs), state))
    }

    /// Mean negative log-likelihood of a step in nats, summed over the keys; shape `[1]`.
    pub(super) fn loss(&self, batch: RollBatch, mode: Mode<'_>) -> Result<Tensor<1>, NnError> {
        let lengths = Some(batch.lengths.as_slice());
        let (logits, _) = self.logits(batch.inputs, lengths, None, mode)?;
        let of_a_key = binary_cross_entropy(logits, batch.targets, lengths)?;
        Ok(of_a_key.mul_scalar(NUM_KEYS as f64))
    }

    /// Reads `roll` behind `state`: the logits after its last step, and the state there.
    pub(super) fn read(
        &self,
        roll: &Roll,
        state: Option<StackState>,
    ) -> Result<(Vec<f32>, StackState), NnError> {
        let mut inputs = vec![0.0_f32; roll.len() * NUM_KEYS];
        for (step, pitches) in roll.steps().iter().enumerate() {
            for &pitch in pitches {
                inputs[step * NUM_KEYS + key_of(pitch)] = 1.0;
            }
        }
        let shape = [1, roll.len(), NUM_KEYS];
        let device = self.head.weight.val().device();
        let inputs = Tensor::from_data(TensorData::new(inputs, shape), &device);
        let (logits, state) = self.logits(inputs, None, state, Mode::Eval)?;
        let logits = values(&logits.narrow(1, roll.len() - 1, 1));
        Ok((logits, state))
    }
}

pub(super) fn describe(recipe: &Recipe, _: Option<&Run>) -> Result<Vec<Network>, Error> {
    let model = recipe.model.build(recipe.train.seed, &device())?;
    Ok(vec![Network {
        name: String::new(),
        topology: Topology::ManyToManyAligned,
        input: "keys".to_owned(),
        output: "next keys".to_owned(),
        steps: 4,
        front: Vec::new(),
        layers: model.stack.summary(),
        readout: Readout::State,
        head: vec![network::Part::linear(&model.head)],
    }])
}
