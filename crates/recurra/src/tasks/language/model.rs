//! The network: tokens in, logits of the next token out.

use super::config::{ModelConfig, Recipe};
use super::cutter::Cutter;
use super::data::{Corpus, Texts};
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use crate::tasks::streamed::{Enter, StreamedModel};
use burn::module::{Module, Param};
use recurra_data::{TokenId, Window};
use recurra_nn::loss::{AdaptiveSoftmax, Labels, linear_cross_entropy, sampled_cross_entropy};
use recurra_nn::streaming::{Precision, Streamer};
use recurra_nn::weights::values;
use recurra_nn::{
    Device, DropoutMask, Embedding, Linear, Mode, NnError, Stack, StackState, Tensor, dropout,
    variational_dropout,
};
use recurra_train::{Run, Stream};

/// Vectors of tokens, recurrent layers, and logits that the same vectors give when they are tied.
#[derive(Module, Debug)]
pub(super) struct LanguageModel {
    embedding: Embedding,
    stack: Stack,
    /// None: tied.
    head: Option<Linear>,
    /// Of tied logits, `[vocab_size]`.
    bias: Option<Param<Tensor<1>>>,
    /// None: a softmax over all tokens at once.
    adaptive: Option<AdaptiveSoftmax>,
    #[module(skip)]
    noise: Noise,
    /// Tokens that training compares with beside those of a window.
    #[module(skip)]
    sampled_softmax: Option<usize>,
}

/// What regularises training.
#[derive(Debug, Clone, Copy)]
struct Noise {
    embedding_dropout: f64,
    input_dropout: f64,
    output_dropout: f64,
    dropout_mask: DropoutMask,
    activation_penalty: f64,
    change_penalty: f64,
}

impl ModelConfig {
    /// Draws the weights.
    pub(super) fn build(
        &self,
        vocab_size: usize,
        seed: u64,
        device: &Device,
    ) -> Result<LanguageModel, Error> {
        let mut rng = Stream::Weights.rng(seed);
        let (init, embed_size) = (self.init, self.embed_size);
        let embedding = Embedding::drawn(init, vocab_size, embed_size, &mut rng, device);
        let stack = self.stack.build(embed_size, &mut rng, device)?;
        let width = stack.output_size();
        let (head, bias) = if self.tied {
            if width != embed_size {
                let want = format!("{width}, the width of the top layer, as it is tied");
                return Err(Error::config("model.embed_size", want, embed_size));
            }
            (
                None,
                Some(Param::from_tensor(Tensor::zeros([vocab_size], device))),
            )
        } else {
            let head = Linear::drawn(init, width, vocab_size, &mut rng, device);
            (Some(head), None)
        };
        let adaptive = self.adaptive_softmax.as_ref().map(|cutoffs| {
            AdaptiveSoftmax::new(cutoffs, init, [vocab_size, width], &mut rng, device).map_err(
                |_| {
                    let want = format!("ascending numbers below the {vocab_size} tokens there are");
                    Error::config("model.adaptive_softmax", want, format!("{cutoffs:?}"))
                },
            )
        });
        let noise = Noise {
            embedding_dropout: self.embedding_dropout,
            input_dropout: self.input_dropout,
            output_dropout: self.output_dropout,
            dropout_mask: self.dropout_mask,
            activation_penalty: self.activation_penalty,
            change_penalty: self.change_penalty,
        };
        Ok(LanguageModel {
            embedding,
            stack,
            head,
            bias,
            adaptive: adaptive.transpose()?,
            noise,
            sampled_softmax: self.sampled_softmax,
        })
    }
}

impl LanguageModel {
    /// From the top layer to the logits of tokens.
    fn head(&self) -> Linear {
        match (&self.head, &self.bias) {
            (None, Some(bias)) => Linear {
                weight: self.embedding.weight.clone(),
                bias: bias.clone(),
            },
            (Some(head), _) => head.clone(),
            (None, None) => unreachable!("a model is tied, with a bias, or has a head"),
        }
    }

    /// The recurrent layers.
    pub(super) fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Mean cross-entropy of a window in nats, plus the penalties, shape `[1]`; and the state
    /// behind it.
    pub(super) fn loss(
        &self,
        window: &Window,
        state: Option<StackState>,
        mut mode: Mode<'_>,
    ) -> Result<(Tensor<1>, StackState), NnError> {
        let seq_len = window.seq_len;
        let batch_size = window.input.len() / seq_len;
        let noise = self.noise;
        let x = self.embedding.forward_dropping(
            &window.input,
            [batch_size, seq_len],
            noise.embedding_dropout,
            mode.reborrow(),
        )?;
        let x = self.thin(x, noise.input_dropout, mode.reborrow());
        let (raw, state) = self.stack.forward(x, None, state, mode.reborrow())?;
        let trains = matches!(mode, Mode::Train { .. });
        let outputs = self.thin(raw.clone(), noise.output_dropout, mode.reborrow());
        let labels = Labels {
            ids: &window.labels,
            lengths: &vec![seq_len; batch_size],
        };
        let head = self.head();
        let (weight, bias) = (head.weight.val(), head.bias.val());
        let mut loss = match (&self.adaptive, mode, self.sampled_softmax) {
            (Some(adaptive), ..) => {
                adaptive.cross_entropy(outputs.clone(), weight, bias, labels)?
            }
            (None, Mode::Train { rng, .. }, Some(sample)) => {
                sampled_cross_entropy(outputs.clone(), weight, bias, labels, sample, rng)?
            }
            _ => linear_cross_entropy(outputs.clone(), &head, labels, 0.0)?,
        };
        if trains && noise.activation_penalty > 0.0 {
            loss = loss + outputs.square().mean().mul_scalar(noise.activation_penalty);
        }
        if trains && noise.change_penalty > 0.0 && seq_len > 1 {
            let later = raw.clone().narrow(1, 1, seq_len - 1);
            let change = later - raw.narrow(1, 0, seq_len - 1);
            loss = loss + change.square().mean().mul_scalar(noise.change_penalty);
        }
        Ok((loss, state))
    }

    fn thin(&self, x: Tensor<3>, probability: f64, mode: Mode<'_>) -> Tensor<3> {
        match self.noise.dropout_mask {
            DropoutMask::Step => dropout(x, probability, mode),
            DropoutMask::Sequence => variational_dropout(x, probability, mode),
        }
    }

    /// The vector of one token, `[1, 1, embed_size]`.
    pub(super) fn embed(&self, id: TokenId) -> Result<Tensor<3>, NnError> {
        self.embedding.forward(&[id], [1, 1])
    }

    /// The same network, one token at a time.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for layers whose options the kernels of single steps do not know.
    pub(super) fn streamed(&self, precision: Precision) -> Result<StreamedModel, NnError> {
        let (head, cutoffs) = match &self.adaptive {
            Some(adaptive) => (adaptive.whole(&self.head()), Some(adaptive.cutoffs())),
            None => (self.head(), None),
        };
        let streamer = Streamer::new(&self.stack, Some(&head), precision)?;
        let vectors = values(&self.embedding.weight.val());
        let vectors = precision.round(&vectors, streamer.input_size());
        Ok(StreamedModel::new(Enter::Embedding(vectors), streamer).cut(cutoffs))
    }
}

/// The layers of a recipe, or of a run, whose vocabulary is known already.
pub(super) fn describe(recipe: &Recipe, run: Option<&Run>) -> Result<Vec<Network>, Error> {
    let cutter = match run {
        Some(run) => Cutter::read(&recipe.data, run)?,
        None => Corpus::new(recipe, Texts::read(&recipe.data)?, None)?.cutter,
    };
    let vocab = cutter.vocab();
    let model = recipe
        .model
        .build(vocab.len(), recipe.train.seed, &device())?;
    let front = Part {
        name: "embedding".to_owned(),
        input_size: vocab.len(),
        output_size: recipe.model.embed_size,
        num_params: model.embedding.num_params(),
    };
    let mut head = Part::linear(&model.head());
    if model.head.is_none() {
        head.name = "linear, tied".to_owned();
        head.num_params = vocab.len(); // the bias
    }
    let mut heads = vec![head];
    heads.extend(model.adaptive.as_ref().map(|adaptive| Part {
        name: "linear, to clusters".to_owned(),
        ..Part::linear(adaptive.clusters())
    }));
    let unit = recipe.data.unit.singular();
    Ok(vec![Network {
        name: String::new(),
        topology: Topology::ManyToManyAligned,
        input: unit.to_owned(),
        output: format!("next {unit}"),
        steps: recipe.data.tbptt_len.min(5),
        front: vec![front],
        layers: model.stack.summary(),
        readout: Readout::State,
        head: heads,
    }])
}
