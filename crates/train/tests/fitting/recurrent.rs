//! A language model of a size at which kernels and products are split over threads.

use crate::support::{config, new_place, new_run};
use burn::module::Module;
use burn::tensor::Tensor;
use rand::RngExt;
use recurra_nn::loss::{Labels, cross_entropy};
use recurra_nn::{CellName, Device, LayerConfig, Linear, Mode, NnError, Stack, StackConfig};
use recurra_nn::{one_hot, weights};
use recurra_train::metric::Metrics;
use recurra_train::{Checkpoint, Control, Learner, Run, Stream, TrainConfig, fit};
use std::path::Path;

const BATCH_SIZE: usize = 24;
const SEQ_LEN: usize = 16;
const VOCAB_SIZE: usize = 150;

#[derive(Module, Debug)]
struct LanguageModel {
    stack: Stack,
    head: Linear,
}

impl LanguageModel {
    fn new(seed: u64) -> Self {
        let device = Device::flex().autodiff();
        let mut rng = Stream::Weights.rng(seed);
        let mut stack = StackConfig::uniform(LayerConfig::new(CellName::Lstm, 96), 2);
        stack.dropout = 0.3;
        let stack = stack.build(VOCAB_SIZE, &mut rng, &device).unwrap();
        let head = Linear::new(stack.output_size(), VOCAB_SIZE, &mut rng, &device);
        Self { stack, head }
    }
}

/// Predicts the next of random tokens.
struct Babble {
    seed: u64,
}

impl Learner for Babble {
    type Model = LanguageModel;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        let first = epoch as usize * 1000;
        let batch = |b: usize| (first + b * BATCH_SIZE..first + (b + 1) * BATCH_SIZE).collect();
        (0..3).map(batch).collect()
    }

    fn loss(
        &self,
        model: &LanguageModel,
        indices: &[usize],
        mut mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let mut rng = recurra_nn::rng(self.seed, indices[0] as u64);
        let ids: Vec<u32> = (0..indices.len() * SEQ_LEN)
            .map(|_| rng.random_range(0..VOCAB_SIZE as u32))
            .collect();
        let lengths: Vec<usize> = (0..indices.len())
            .map(|_| rng.random_range(1..=SEQ_LEN))
            .collect();
        let device = Device::flex().autodiff();
        let x = one_hot(&ids, [indices.len(), SEQ_LEN], VOCAB_SIZE, &device)?;
        let stack = &model.stack;
        let (outputs, _) = stack.forward(x, Some(&lengths), None, mode.reborrow())?;
        let labels = Labels {
            ids: &ids,
            lengths: &lengths,
        };
        cross_entropy(model.head.forward(outputs), labels)
    }

    fn evaluate(&self, _: &LanguageModel) -> Result<Metrics, NnError> {
        Ok(Metrics::new())
    }
}

fn train(dir: &Path, threads: usize, config: &TrainConfig) -> Vec<u32> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let (run, checkpoint) = match Run::open(dir) {
            Ok(run) => {
                let checkpoint = Checkpoint::newest(&run).unwrap();
                (run, checkpoint)
            }
            Err(_) => (new_run(dir), None),
        };
        let model = LanguageModel::new(config.seed);
        let learner = Babble { seed: config.seed };
        let control = Control::silent();
        let fitted = fit(&learner, model, config, &run, checkpoint, &control).unwrap();
        weights::export(&fitted.model)
            .iter()
            .flat_map(|tensor| tensor.values.iter().map(|v| v.to_bits()))
            .collect()
    })
}

#[test]
fn an_lstm_gets_the_same_bits_at_any_thread_count_and_after_a_stop() {
    let place = new_place();
    let whole = config("seed = 2\nupdates = 5\nclip_norm = 0.5");
    let one = train(&place.path().join("one"), 1, &whole);
    assert_eq!(one, train(&place.path().join("two"), 2, &whole));
    assert_eq!(one, train(&place.path().join("three"), 3, &whole));

    let stopped = place.path().join("stopped");
    let part = TrainConfig {
        updates: Some(2),
        ..whole.clone()
    };
    assert_ne!(one, train(&stopped, 2, &part));
    assert_eq!(one, train(&stopped, 1, &whole));
}
