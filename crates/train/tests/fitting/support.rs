//! A network small enough to be trained a hundred times in a second.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::RngExt;
use recurra_nn::{Mode, NnError, weights};
use recurra_train::metric::{LOSS, Metrics};
use recurra_train::{
    Checkpoint, Control, Fitted, Learner, Run, Stream, TrainConfig, TrainError, fit,
};
use std::cell::Cell;
use std::path::Path;

pub(crate) const INPUT_SIZE: usize = 3;
pub(crate) const HIDDEN_SIZE: usize = 5;
const EXAMPLES: usize = 22;

/// Two layers with a dropout between them, so that randomness matters.
#[derive(Module, Debug)]
pub(crate) struct Network {
    pub(crate) hidden: Param<Tensor<2>>,
    pub(crate) output: Param<Tensor<2>>,
}

impl Network {
    pub(crate) fn new(seed: u64) -> Self {
        let device = Device::flex().autodiff();
        let mut rng = Stream::Weights.rng(seed);
        let mut random = |rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns)
                .map(|_| rng.random_range(-0.5..0.5))
                .collect();
            let data = TensorData::new(values, [rows, columns]);
            Param::from_tensor(Tensor::from_data(data, &device))
        };
        Self {
            hidden: random(INPUT_SIZE, HIDDEN_SIZE),
            output: random(HIDDEN_SIZE, 1),
        }
    }

    /// `[batch, INPUT_SIZE]` to `[batch, 1]`.
    pub(crate) fn forward(&self, x: Tensor<2>, mode: Mode<'_>) -> Tensor<2> {
        let mut h = x.matmul(self.hidden.val()).tanh();
        if let Mode::Train { rng, .. } = mode {
            let kept: Vec<f32> = (0..h.dims()[0] * HIDDEN_SIZE)
                .map(|_| if rng.random_bool(0.2) { 0.0 } else { 1.25 })
                .collect();
            h = h.clone() * Tensor::from_data(TensorData::new(kept, h.dims()), &h.device());
        }
        activation::softplus(h.matmul(self.output.val()), 1.0)
    }
}

/// Learns a fixed function of three numbers; `poison` spoils the loss of one example.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) config: TrainConfig,
    pub(crate) poison: Option<(usize, f32)>,
    /// Multiplies every gradient by its square and leaves the loss as it is, to rounding.
    pub(crate) backward_factor: f32,
    /// Losses that are still given before the process "dies".
    pub(crate) lives: Cell<u64>,
    inputs: Vec<f32>,
    targets: Vec<f32>,
}

impl Task {
    pub(crate) fn new(config: &TrainConfig) -> Self {
        let mut rng = Stream::Data.rng(config.seed);
        let inputs: Vec<f32> = (0..EXAMPLES * INPUT_SIZE)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect();
        let targets = inputs
            .chunks(INPUT_SIZE)
            .map(|x| 1.0 + x[0] * x[1] - 0.5 * x[2])
            .collect();
        Self {
            config: config.clone(),
            poison: None,
            backward_factor: 1.0,
            lives: Cell::new(u64::MAX),
            inputs,
            targets,
        }
    }

    fn mean_squared_error(&self, model: &Network, indices: &[usize], mode: Mode<'_>) -> Tensor<1> {
        let device = model.hidden.val().device();
        let gather = |from: &[f32], width: usize| {
            let values: Vec<f32> = indices
                .iter()
                .flat_map(|&i| from[i * width..(i + 1) * width].to_vec())
                .collect();
            let data = TensorData::new(values, [indices.len(), width]);
            Tensor::<2>::from_data(data, &device)
        };
        let error =
            model.forward(gather(&self.inputs, INPUT_SIZE), mode) - gather(&self.targets, 1);
        error.square().mean()
    }
}

impl Learner for Task {
    type Model = Network;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..EXAMPLES).collect();
        let mut rng = recurra_nn::rng(self.config.seed, (1 << 60) | epoch);
        for last in (1..EXAMPLES).rev() {
            order.swap(last, rng.random_range(0..=last));
        }
        order
            .chunks(self.config.batch_size)
            .map(<[usize]>::to_vec)
            .collect()
    }

    fn loss(
        &self,
        model: &Network,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        match self.lives.get() {
            0 => return Err(dead()),
            lives => self.lives.set(lives - 1),
        }
        let mut loss = self.mean_squared_error(model, indices, mode);
        if self.backward_factor != 1.0 {
            // x + k²(x - detached x) has the value of x and k² + 1 times its gradient.
            let change = loss.clone() - loss.clone().detach();
            let k = self.backward_factor;
            loss = loss + change.mul_scalar(k).mul_scalar(k);
        }
        Ok(match self.poison {
            Some((example, factor)) if indices.contains(&example) => loss.mul_scalar(factor),
            _ => loss,
        })
    }

    fn evaluate(&self, model: &Network) -> Result<Metrics, NnError> {
        let all: Vec<usize> = (0..EXAMPLES).collect();
        let loss = weights::values(&self.mean_squared_error(model, &all, Mode::Eval))[0];
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, f64::from(loss));
        Ok(metrics)
    }
}

fn dead() -> NnError {
    NnError::Shape {
        op: "test",
        arg: "lives",
        want: "some".into(),
        got: "none".into(),
    }
}

pub(crate) fn config(toml: &str) -> TrainConfig {
    toml::from_str(toml).unwrap()
}

/// A directory in memory where there is one: these tests flush thousands of files.
pub(crate) fn new_place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = tempfile::tempdir_in(memory);
    place.or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn new_run(dir: &Path) -> Run {
    Run::create(dir, "test").unwrap()
}

/// Trains from the start.
pub(crate) fn train(task: &Task, run: &Run) -> Result<Fitted<Network>, TrainError> {
    let model = Network::new(task.config.seed);
    fit(task, model, &task.config, run, None, &Control::silent())
}

/// Goes on from the newest checkpoint, as another process would.
pub(crate) fn resume(task: &Task, dir: &Path) -> Result<Fitted<Network>, TrainError> {
    let run = Run::open(dir).unwrap();
    let checkpoint = Checkpoint::newest(&run)?;
    // Another seed: the first weights must not matter.
    let model = Network::new(task.config.seed + 1);
    fit(
        task,
        model,
        &task.config,
        &run,
        checkpoint,
        &Control::silent(),
    )
}

/// Every bit of every weight.
pub(crate) fn bits(model: &Network) -> Vec<u32> {
    weights::export(model)
        .iter()
        .flat_map(|tensor| tensor.values.iter().map(|v| v.to_bits()))
        .collect()
}
