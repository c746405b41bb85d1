//! The network: letters in, logits of the next letter out.

use super::config::{EmbeddingConfig, Form, InputConfig, ModelConfig, Recipe};
use super::data::{Corpus, Examples, Words, read_vocab};
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::Module;
use recurra_data::{TokenBatch, TokenId};
use recurra_nn::loss::{Labels, cross_entropy};
use recurra_nn::{
    Device, Embedding, Linear, Mode, NnError, Stack, StackState, Tensor, dropout, one_hot, weights,
};
use recurra_train::{Run, Stream};

/// A letter model: one-hot or embedded letters, recurrent layers, a linear head.
#[derive(Module, Debug)]
pub(super) struct CompletionModel {
    /// None: letters are one-hot.
    embedding: Option<Embedding>,
    stack: Stack,
    head: Linear,
    #[module(skip)]
    vocab_size: usize,
    #[module(skip)]
    output_dropout: f64,
}

impl ModelConfig {
    /// Draws the weights.
    pub(super) fn build(
        &self,
        vocab_size: usize,
        seed: u64,
        device: &Device,
    ) -> Result<CompletionModel, NnError> {
        let mut rng = Stream::Weights.rng(seed);
        let (embedding, input_size) = match self.input {
            InputConfig::Named(_) => (None, vocab_size),
            InputConfig::Embedding(EmbeddingConfig { embed_size }) => {
                let embedding = Embedding::new(vocab_size, embed_size, &mut rng, device);
                (Some(embedding), embed_size)
            }
        };
        let stack = self.stack.build(input_size, &mut rng, device)?;
        let head = Linear::new(stack.output_size(), vocab_size, &mut rng, device);
        Ok(CompletionModel {
            embedding,
            stack,
            head,
            vocab_size,
            output_dropout: self.output_dropout,
        })
    }
}

impl CompletionModel {
    /// How many ids it tells apart.
    pub(super) fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// Mean cross-entropy of a batch in nats, shape `[1]`.
    pub(super) fn loss(
        &self,
        form: Form,
        examples: &Examples,
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let logits = self.logits(form, &examples.input, mode)?;
        let labels = Labels {
            ids: &examples.labels.ids,
            lengths: &examples.labels.lengths,
        };
        cross_entropy(logits, labels)
    }

    /// `[batch, seq_len, vocab_size]` with [`Form::AnyPrefix`], `[batch, 1, vocab_size]`
    /// with [`Form::LastLetter`].
    pub(super) fn logits(
        &self,
        form: Form,
        input: &TokenBatch,
        mut mode: Mode<'_>,
    ) -> Result<Tensor<3>, NnError> {
        let shape = [input.batch_size, input.seq_len];
        let x = self.enter(&input.ids, shape)?;
        let lengths = Some(&input.lengths[..]);
        let (outputs, state) = self.stack.forward(x, lengths, None, mode.reborrow())?;
        let read = match form {
            Form::AnyPrefix => outputs,
            // A row's last real step: [batch, hidden_size] to [batch, 1, hidden_size].
            Form::LastLetter => self.stack.last_hidden(&state).unsqueeze_dim(1),
        };
        Ok(self.head.forward(dropout(read, self.output_dropout, mode)))
    }

    /// Reads `seq_len` more letters in each row and says how each goes on after the last:
    /// `[batch, vocab_size]`.
    pub(super) fn advance(
        &self,
        ids: &[TokenId],
        shape: [usize; 2],
        state: Option<StackState>,
    ) -> Result<(Tensor<2>, StackState), NnError> {
        let x = self.enter(ids, shape)?;
        let (_, state) = self.stack.forward(x, None, state, Mode::Eval)?;
        let logits = self.head.forward(self.stack.last_hidden(&state));
        Ok((logits, state))
    }

    /// What the letters' vectors go through.
    pub(super) fn parts(&self) -> (&Stack, &Linear) {
        (&self.stack, &self.head)
    }

    /// `[vocab_size, embed_size]`; none where letters are one-hot.
    pub(super) fn embedding_values(&self) -> Option<Vec<f32>> {
        let embedding = self.embedding.as_ref()?;
        Some(weights::values(&embedding.weight.val()))
    }

    /// Letters as vectors, `[batch, seq_len, input_size]`.
    fn enter(&self, ids: &[TokenId], shape: [usize; 2]) -> Result<Tensor<3>, NnError> {
        match &self.embedding {
            Some(embedding) => embedding.forward(ids, shape),
            None => one_hot(
                ids,
                shape,
                self.vocab_size,
                &self.head.weight.val().device(),
            ),
        }
    }
}

/// The layers of a recipe, or of a run, whose vocabulary is known already.
pub(crate) fn describe(recipe: &Recipe, run: Option<&Run>) -> Result<Vec<Network>, Error> {
    let vocab = match run {
        Some(run) => read_vocab(run)?,
        None => Corpus::new(recipe, Words::read(&recipe.data)?)?.vocab,
    };
    let model = recipe
        .model
        .build(vocab.len(), recipe.train.seed, &device())?;
    let (name, num_params) = match &model.embedding {
        Some(embedding) => ("embedding", embedding.num_params()),
        None => ("one-hot", 0),
    };
    let front = Part {
        name: name.to_owned(),
        input_size: vocab.len(),
        output_size: model.stack.input_size(),
        num_params,
    };
    let head = Part::linear(&model.head);
    let (topology, output) = match recipe.data.form {
        Form::LastLetter => (Topology::ManyToOne, "last letter"),
        Form::AnyPrefix => (Topology::ManyToManyAligned, "next letter"),
    };
    Ok(vec![Network {
        name: String::new(),
        topology,
        input: "letter".to_owned(),
        output: output.to_owned(),
        steps: *recipe.data.prefix_lens().end(),
        front: vec![front],
        layers: model.stack.summary(),
        readout: Readout::State,
        head: vec![head],
    }])
}
