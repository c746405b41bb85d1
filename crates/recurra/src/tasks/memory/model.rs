//! The networks, their loss, and how far back its gradient reaches.

use super::config::{NetworkConfig, Problem, Recipe};
use super::data::{self, Examples, Part};
use crate::Error;
use crate::network::{self, Network};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::Module;
use burn::tensor::TensorData;
use recurra_data::series::CopyMemory;
use recurra_nn::loss::{Labels, cross_entropy, mse};
use recurra_nn::weights::values;
use recurra_nn::{
    Device, LayerState, Linear, Mode, NnError, Stack, StackState, State, Tensor, likeliest, one_hot,
};
use recurra_train::metric::{Accuracy, Metrics};
use recurra_train::{Run, Stream};

/// One network on one problem.
pub(super) struct Contest<'a> {
    pub(super) problem: Problem,
    pub(super) network: &'a NetworkConfig,
    pub(super) examples: Examples,
    pub(super) test_examples: usize,
    pub(super) batch_size: usize,
}

/// Every network on every problem, in the order of the recipe.
pub(super) fn contests(recipe: &Recipe) -> Result<Vec<Contest<'_>>, Error> {
    let mut contests = Vec::new();
    for &problem in &recipe.data.problems {
        for network in &recipe.model.networks {
            contests.push(Contest {
                problem,
                network,
                examples: Examples::new(problem, recipe.train.seed)?,
                test_examples: recipe.data.test_examples,
                batch_size: recipe.train.batch_size,
            });
        }
    }
    Ok(contests)
}

impl Contest<'_> {
    /// Its name in figures and folders.
    pub(super) fn name(&self) -> String {
        format!("{}, {}", self.network.name, self.problem.name())
    }

    pub(super) fn model(&self, recipe: &Recipe, device: &Device) -> Result<MemoryNet, Error> {
        MemoryNet::new(self.network, &self.examples, recipe.train.seed, device)
    }
}

/// The networks as they are drawn and counted.
pub(super) fn describe(recipe: &Recipe, _: Option<&Run>) -> Result<Vec<Network>, Error> {
    let describe = |contest: Contest<'_>| {
        let model = contest.model(recipe, &device())?;
        Ok(model.describe(contest.name(), &contest.examples))
    };
    contests(recipe)?.into_iter().map(describe).collect()
}

/// Recurrent layers and a linear answer: at the last step for the adding problem,
/// at every step for copy memory.
#[derive(Module, Debug)]
pub(super) struct MemoryNet {
    pub(super) stack: Stack,
    pub(super) head: Linear,
}

impl MemoryNet {
    pub(super) fn new(
        config: &NetworkConfig,
        examples: &Examples,
        seed: u64,
        device: &Device,
    ) -> Result<Self, Error> {
        let mut rng = Stream::Weights.rng(seed);
        let stack = config
            .stack
            .build(examples.input_size(), &mut rng, device)?;
        let head = Linear::new(
            stack.output_size(),
            examples.output_size(),
            &mut rng,
            device,
        );
        Ok(Self { stack, head })
    }

    /// What it looks like when it solves `examples`.
    pub(super) fn describe(&self, name: String, examples: &Examples) -> Network {
        let (topology, input, output) = match examples {
            Examples::Adding(_) => (Topology::ManyToOne, "value, mark", "sum"),
            Examples::Copy(_) => (Topology::ManyToManyAligned, "symbol", "symbol"),
        };
        Network {
            name,
            topology,
            input: input.to_owned(),
            output: output.to_owned(),
            steps: examples.seq_len(),
            front: Vec::new(),
            layers: self.stack.summary(),
            readout: Readout::State,
            head: vec![network::Part::linear(&self.head)],
        }
    }

    fn device(&self) -> Device {
        self.head.weight.val().device()
    }

    /// What the network reads of these examples: `[batch, seq_len, input_size]`.
    fn inputs(&self, examples: &Examples, indices: &[usize]) -> Result<Tensor<3>, NnError> {
        let shape = [indices.len(), examples.seq_len()];
        match examples {
            Examples::Adding(problem) => {
                let batch = data::adding_batch(problem, indices);
                let shape = [shape[0], shape[1], examples.input_size()];
                let values = TensorData::new(batch.values, shape);
                Ok(Tensor::from_data(values, &self.device()))
            }
            Examples::Copy(problem) => {
                let batch = data::copy_batch(problem, indices);
                one_hot(&batch.inputs, shape, examples.input_size(), &self.device())
            }
        }
    }

    /// Mean loss of these examples: squared error, or nats a step.
    pub(super) fn loss(
        &self,
        examples: &Examples,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let x = self.inputs(examples, indices)?;
        let (outputs, state) = self.stack.forward(x, None, None, mode)?;
        match examples {
            Examples::Adding(problem) => {
                let answer = self.head.forward(self.stack.last_hidden(&state));
                let targets = data::adding_batch(problem, indices).targets;
                let targets = TensorData::new(targets, [indices.len(), 1]);
                mse(answer, Tensor::from_data(targets, &self.device()), None)
            }
            Examples::Copy(problem) => {
                let labels = data::copy_batch(problem, indices).labels;
                let lengths = vec![examples.seq_len(); indices.len()];
                let labels = Labels {
                    ids: &labels,
                    lengths: &lengths,
                };
                cross_entropy(self.head.forward(outputs), labels)
            }
        }
    }

    /// Loss on held-out examples, and for copy memory how many symbols came back.
    pub(super) fn judge(
        &self,
        examples: &Examples,
        part: Part,
        count: usize,
    ) -> Result<Metrics, NnError> {
        let (mut total, mut accuracy) = (0.0, Accuracy::default());
        for indices in data::held_out(part, count) {
            let loss = self.loss(examples, &indices, Mode::Eval)?;
            total += f64::from(values(&loss)[0]) * indices.len() as f64;
            if let Examples::Copy(problem) = examples {
                self.count_symbols(examples, problem, &indices, &mut accuracy)?;
            }
        }
        let mut metrics = Metrics::new();
        metrics.set("loss", total / count as f64);
        metrics.set("accuracy", accuracy.value());
        Ok(metrics)
    }

    /// Counts the kept symbols among the last steps that the network gives back.
    fn count_symbols(
        &self,
        examples: &Examples,
        problem: &CopyMemory,
        indices: &[usize],
        accuracy: &mut Accuracy,
    ) -> Result<(), NnError> {
        let x = self.inputs(examples, indices)?;
        let (outputs, _) = self.stack.forward(x, None, None, Mode::Eval)?;
        let logits = values(&self.head.forward(outputs));
        let labels = data::copy_batch(problem, indices).labels;
        let (seq_len, width) = (examples.seq_len(), examples.output_size());
        for row in 0..indices.len() {
            let from = row * seq_len + seq_len - CopyMemory::NUM_KEPT;
            let to = (row + 1) * seq_len;
            let predicted: Vec<u32> = logits[from * width..to * width]
                .chunks(width)
                .map(|logits| likeliest(logits) as u32)
                .collect();
            accuracy
                .add(&predicted, &labels[from..to])
                .expect("one prediction a label, by construction");
        }
        Ok(())
    }

    /// `‖∂L/∂(h, c)‖` at every lag before the last step, `L` being the mean loss of a
    /// batch at the last step alone: how much of the present the past can change.
    ///
    /// A probe of zeros is added to every state; its gradient is the state's.
    pub(super) fn gradient_by_lag(&self, examples: &Examples) -> Result<Vec<f64>, NnError> {
        let indices: Vec<usize> = data::held_out(Part::Test, GRADIENT_EXAMPLES).concat();
        let x = self.inputs(examples, &indices)?;
        let mut state: Option<StackState> = None;
        let mut probes = Vec::with_capacity(examples.seq_len());
        let mut last = None;
        for t in 0..examples.seq_len() {
            if let Some(before) = state.take() {
                let (probed, probe) = probed(before);
                probes.push(probe);
                state = Some(probed);
            }
            let x_t = x.clone().narrow(1, t, 1);
            let (output, after) = self.stack.forward(x_t, None, state, Mode::Eval)?;
            state = Some(after);
            last = Some(output);
        }
        let answer = self
            .head
            .forward(last.expect("a sequence has at least one step"));
        let loss = self.last_step_loss(examples, answer, &indices)?;
        let mut gradients = loss.backward();
        let mut norm = |probe: Vec<Tensor<2>>| {
            let squares: f64 = probe
                .into_iter()
                .filter_map(|part| part.grad_remove(&mut gradients))
                .flat_map(|gradient| values(&gradient))
                .map(|v| f64::from(v) * f64::from(v))
                .sum();
            squares.sqrt()
        };
        Ok(probes.into_iter().rev().map(&mut norm).collect())
    }

    fn last_step_loss(
        &self,
        examples: &Examples,
        answer: Tensor<3>,
        indices: &[usize],
    ) -> Result<Tensor<1>, NnError> {
        let rows = indices.len();
        match examples {
            Examples::Adding(problem) => {
                let targets = data::adding_batch(problem, indices).targets;
                let targets = TensorData::new(targets, [rows, 1, 1]);
                mse(answer, Tensor::from_data(targets, &self.device()), None)
            }
            Examples::Copy(problem) => {
                let labels = data::copy_batch(problem, indices).labels;
                let last: Vec<u32> = labels
                    .chunks(examples.seq_len())
                    .filter_map(|row| row.last().copied())
                    .collect();
                let labels = Labels {
                    ids: &last,
                    lengths: &vec![1; rows],
                };
                cross_entropy(answer, labels)
            }
        }
    }
}

/// Examples that [`MemoryNet::gradient_by_lag`] averages over.
const GRADIENT_EXAMPLES: usize = 50;

/// `state` with a probe on each of its parts, and the probes.
fn probed(state: StackState) -> (StackState, Vec<Tensor<2>>) {
    let mut probes = Vec::new();
    let mut probe = |part: Tensor<2>| {
        let zeros = Tensor::zeros(part.dims(), &part.device()).require_grad();
        probes.push(zeros.clone());
        part + zeros
    };
    let layers = state
        .layers
        .into_iter()
        .map(|layer| LayerState {
            forward: State {
                hidden: probe(layer.forward.hidden),
                cell: layer.forward.cell.map(&mut probe),
                window: layer.forward.window,
            },
            backward: layer.backward,
        })
        .collect();
    (StackState { layers }, probes)
}
