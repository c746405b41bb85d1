//! The network: a sequence in, a score for each class out.

use super::config::{ClassWeights, DataConfig, ImagesConfig, LossConfig, ModelConfig, Recipe};
use super::data::{Batch, Corpus, Origin, read_tokenizer};
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::Module;
use burn::tensor::{TensorData, activation};
use recurra_data::Specials;
use recurra_nn::{
    AttentionPooling, Device, Embedding, Linear, Mode, NnError, SequencePooling, Stack, Tensor,
    dropout, pool, token_dropout, variational_dropout,
};
use recurra_train::{Run, Stream};

/// Vectors of pieces begin this much smaller than standard normal ones: rare pieces, which hardly
/// learn, then disturb less.
const EMBED_SCALE: f32 = 0.1;

/// Width of what attention compares.
const KEY_SIZE: usize = 64;

/// Vectors of pieces, recurrent layers, a pooled summary, a linear head.
#[derive(Module, Debug)]
pub(super) struct Classifier {
    /// None where the sequence is made of numbers.
    pub(super) embedding: Option<Embedding>,
    pub(super) stack: Stack,
    pub(super) attention: Option<AttentionPooling>,
    pub(super) head: Linear,
    #[module(skip)]
    pub(super) pooling: Vec<SequencePooling>,
    #[module(skip)]
    word_dropout: f64,
    #[module(skip)]
    input_dropout: f64,
    #[module(skip)]
    output_dropout: f64,
}

/// What goes into the network at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// One of so many pieces.
    Tokens { vocab_size: usize },
    /// So many numbers.
    Numbers { input_size: usize },
}

impl ModelConfig {
    /// Draws the weights.
    pub(super) fn build(
        &self,
        input: Input,
        num_classes: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Classifier, NnError> {
        let mut rng = Stream::Weights.rng(seed);
        let (embedding, input_size) = match input {
            Input::Tokens { vocab_size } => {
                let embed_size = self.embed_size.unwrap_or(1);
                let embedding = Embedding::new(vocab_size, embed_size, &mut rng, device);
                (Some(embedding.scaled(EMBED_SCALE)), embed_size)
            }
            Input::Numbers { input_size } => (None, input_size),
        };
        let stack = self.stack.build(input_size, &mut rng, device)?;
        let width = stack.output_size();
        let attention = self
            .pooling
            .contains(&SequencePooling::Attention)
            .then(|| AttentionPooling::new(width, KEY_SIZE, &mut rng, device));
        let head = Linear::new(width * self.pooling.len(), num_classes, &mut rng, device);
        Ok(Classifier {
            embedding,
            stack,
            attention,
            head,
            pooling: self.pooling.clone(),
            word_dropout: self.word_dropout,
            input_dropout: self.input_dropout,
            output_dropout: self.output_dropout,
        })
    }
}

impl Classifier {
    /// How many layers below the top a parameter is, by its name: the head and attention at 0, the
    /// vectors of pieces below `num_layers` recurrent layers.
    pub(super) fn depth(parameter: &str, num_layers: usize) -> Option<usize> {
        let mut parts = parameter.split('.');
        let depth = match (parts.next()?, parts.next(), parts.next()) {
            ("head" | "attention", ..) => 0,
            ("embedding", ..) => num_layers + 1,
            ("stack", Some("layers"), Some(index)) => {
                num_layers.saturating_sub(index.parse().ok()?)
            }
            // Between layers.
            ("stack", ..) => 1,
            _ => return None,
        };
        Some(depth)
    }

    /// How many classes it tells apart.
    pub(super) fn num_classes(&self) -> usize {
        self.head.weight.dims()[0]
    }

    /// Scores of the classes, `[batch, num_classes]`.
    pub(super) fn logits(&self, batch: &Batch, mut mode: Mode<'_>) -> Result<Tensor<2>, NnError> {
        let x = self.enter(batch, mode.reborrow())?;
        self.classify(x, batch.lengths(), mode)
    }

    /// What the stack reads, `[batch, seq_len, input_size]`.
    pub(super) fn enter(&self, batch: &Batch, mut mode: Mode<'_>) -> Result<Tensor<3>, NnError> {
        let x = match batch {
            Batch::Tokens(batch) => {
                let embedding = self.embedding.as_ref();
                let embedding = embedding.expect("a network that reads pieces has their vectors");
                let unk = Specials::STANDARD.unk;
                let mut ids = batch.ids.clone();
                token_dropout(&mut ids, unk, |_| self.word_dropout, mode.reborrow());
                embedding.forward(&ids, [batch.batch_size, batch.seq_len])?
            }
            Batch::Numbers(batch) => {
                let shape = [batch.batch_size, batch.seq_len, batch.input_size];
                let values = TensorData::new(batch.values.clone(), shape);
                Tensor::from_data(values, &self.head.weight.device())
            }
        };
        Ok(variational_dropout(x, self.input_dropout, mode))
    }

    /// From the stack's input to the scores.
    pub(super) fn classify(
        &self,
        x: Tensor<3>,
        lengths: &[usize],
        mut mode: Mode<'_>,
    ) -> Result<Tensor<2>, NnError> {
        let (outputs, state) = self
            .stack
            .forward(x, Some(lengths), None, mode.reborrow())?;
        let pooled = self.pooling.iter().map(|&pooling| match pooling {
            SequencePooling::Last => Ok(self.stack.last_hidden(&state)),
            SequencePooling::Attention => {
                let attention = self.attention.as_ref();
                let attention = attention.expect("it was built for this pooling");
                Ok(attention.forward(outputs.clone(), lengths)?.0)
            }
            plain => pool(plain, outputs.clone(), lengths),
        });
        let pooled = pooled.collect::<Result<Vec<_>, _>>()?;
        let pooled = Tensor::cat(pooled, 1);
        Ok(self
            .head
            .forward(dropout(pooled, self.output_dropout, mode)))
    }
}

/// What the loss compares with, and how much each class counts.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    label_smoothing: f64,
    /// For each class.
    weights: Vec<f32>,
}

impl Criterion {
    pub(super) fn new(config: LossConfig, corpus: &Corpus) -> Self {
        Self {
            label_smoothing: config.label_smoothing,
            weights: match config.class_weights {
                ClassWeights::Equal => vec![1.0; corpus.num_classes()],
                ClassWeights::Balanced => corpus.balanced_weights(),
            },
        }
    }

    /// `-Σ wᵢ Σ_c qᵢ(c) ln pᵢ(c) / Σ wᵢ` in nats, shape `[1]`, where `wᵢ` is the weight of the
    /// label and `qᵢ` is the label, of which `label_smoothing` is spread over all classes.
    pub(super) fn loss(&self, logits: Tensor<2>, labels: &[u32]) -> Tensor<1> {
        let [batch_size, num_classes] = logits.dims();
        let spread = self.label_smoothing / num_classes as f64;
        let total: f32 = labels.iter().map(|&l| self.weights[l as usize]).sum();
        let mut targets = Vec::with_capacity(batch_size * num_classes);
        for &label in labels {
            let weight = self.weights[label as usize] / total;
            targets.extend((0..num_classes as u32).map(|class| {
                let own = f64::from(u8::from(class == label)) * (1.0 - self.label_smoothing);
                weight * (own + spread) as f32
            }));
        }
        let targets = TensorData::new(targets, [batch_size, num_classes]);
        let targets = Tensor::<2>::from_data(targets, &logits.device());
        (activation::log_softmax(logits, 1) * targets).sum().neg()
    }
}

/// What goes in at a step; of a recipe that no run has learnt yet, as much as it allows.
pub(super) fn input(recipe: &Recipe, run: Option<&Run>) -> Result<Input, Error> {
    match (&recipe.data, run) {
        (DataConfig::Texts(_), Some(run)) => Ok(Input::Tokens {
            vocab_size: read_tokenizer(run)?.vocab().len(),
        }),
        (DataConfig::Texts(config), None) => Ok(Input::Tokens {
            vocab_size: config.tokenizer.vocab_size,
        }),
        (DataConfig::Images(config), _) => Ok(Input::Numbers {
            input_size: config.step_size,
        }),
    }
}

/// The layers of a recipe, or of a run, whose vocabulary and classes are known already. A recipe's
/// vocabulary is as large as it may become.
pub(crate) fn describe(recipe: &Recipe, run: Option<&Run>) -> Result<Vec<Network>, Error> {
    let num_classes = match run {
        Some(run) => Origin::read(run)?.classes.len(),
        None => 2,
    };
    let input = input(recipe, run)?;
    let model = recipe
        .model
        .build(input, num_classes, recipe.train.seed, &device())?;
    let mut front = Vec::new();
    if let Some(embedding) = &model.embedding {
        let [vocab_size, embed_size] = embedding.weight.dims();
        front.push(Part {
            name: "embedding".to_owned(),
            input_size: vocab_size,
            output_size: embed_size,
            num_params: embedding.num_params(),
        });
    }
    let width = model.stack.output_size();
    let names: Vec<String> = model
        .pooling
        .iter()
        .map(|one| format!("{one:?}").to_lowercase())
        .collect();
    let pooling = Part {
        name: format!("pooling: {}", names.join(", ")),
        input_size: width,
        output_size: width * model.pooling.len(),
        num_params: model.attention.as_ref().map_or(0, Module::num_params),
    };
    let readout = match &model.pooling[..] {
        [SequencePooling::Last] => Readout::State,
        _ => Readout::Pooled(names.join(", ")),
    };
    let (unit, steps) = match &recipe.data {
        DataConfig::Texts(_) => ("piece", 5),
        DataConfig::Images(ImagesConfig { step_size: 1, .. }) => ("pixel", 5),
        DataConfig::Images(_) => ("pixels", 5),
    };
    Ok(vec![Network {
        name: String::new(),
        topology: Topology::ManyToOne,
        input: unit.to_owned(),
        output: "class".to_owned(),
        steps,
        front,
        layers: model.stack.summary(),
        readout,
        head: vec![pooling, Part::linear(&model.head)],
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_nn::weights::values;

    #[test]
    fn the_loss_is_the_weighted_mean_of_the_definition() {
        // p = (1/4, 3/4) for both rows; labels 1 and 0, of which class 0 counts three times.
        let logits = Tensor::from_data([[0.0, 3f32.ln()], [1.0, 1.0 + 3f32.ln()]], &device());
        let mut criterion = Criterion {
            label_smoothing: 0.0,
            weights: vec![3.0, 1.0],
        };
        let loss = values(&criterion.loss(logits.clone(), &[1, 0]))[0];
        let expected = (3.0 * 4f32.ln() + (4f32 / 3.0).ln()) / 4.0;
        assert!((loss - expected).abs() < 1e-6, "{loss} {expected}");
        criterion.label_smoothing = 0.5;
        criterion.weights = vec![1.0, 1.0];
        let loss = values(&criterion.loss(logits, &[1, 1]))[0];
        let expected = 0.75 * (4f32 / 3.0).ln() + 0.25 * 4f32.ln();
        assert!((loss - expected).abs() < 1e-6, "{loss} {expected}");
    }
}
