//! The whole network.

use super::decoder::Decoded;
use super::{Bridge, Decoder, DecoderState, Dense, Memory, Seq2SeqConfig};
use crate::dropout::dropout;
use crate::init::parameter;
use crate::loss::{
    Labels, coverage_loss, linear_cross_entropy, smoothed_cross_entropy, tied_cross_entropy,
};
use crate::ops::linear_map;
use crate::{Embedding, Linear, Mode, NnError, Rng, Stack, Tensor};
use burn::module::{Module, Param};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Rows of token ids, padded to one length.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// Row-major `[batch, seq_len]`; what stands past a row's length changes nothing.
    pub ids: &'a [u32],
    /// `[batch]`
    pub lengths: &'a [usize],
}

impl Tokens<'_> {
    fn shape(&self, arg: &'static str) -> Result<[usize; 2], NnError> {
        let (batch_size, count) = (self.lengths.len(), self.ids.len());
        if batch_size == 0 || count == 0 || count % batch_size != 0 {
            return Err(NnError::Shape {
                op: "seq2seq",
                arg,
                want: format!("[batch > 0, seq_len > 0] ids for {batch_size} lengths"),
                got: format!("{count} ids"),
            });
        }
        Ok([batch_size, count / batch_size])
    }
}

/// What the loss does besides comparing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossOptions {
    /// Share of each label that is spread over all tokens, in `[0, 1]`; where tokens are copied,
    /// all are those of the mixed distribution.
    pub label_smoothing: f64,
    /// Probability that the decoder reads the true token and not its own, in `[0, 1]`; 1 is
    /// plain teacher forcing.
    pub teacher_forcing_rate: f64,
    /// Weight of the [`coverage_loss`], at least 0; 0 by default. Needs attention with coverage.
    pub coverage_weight: f64,
}

impl Default for LossOptions {
    fn default() -> Self {
        Self {
            label_smoothing: 0.0,
            teacher_forcing_rate: 1.0,
            coverage_weight: 0.0,
        }
    }
}

impl LossOptions {
    /// Refuses what a network cannot do that counts coverage or, without `covers`, does not.
    ///
    /// # Errors
    /// [`NnError::Config`] naming the option at fault.
    pub fn validate(&self, covers: bool) -> Result<(), NnError> {
        for (key, share) in [
            ("loss.label_smoothing", self.label_smoothing),
            ("loss.teacher_forcing_rate", self.teacher_forcing_rate),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(NnError::config(key, "a number from 0 to 1", share));
            }
        }
        let weight = self.coverage_weight;
        if !(weight.is_finite() && weight >= 0.0) {
            let want = "a finite number of at least 0";
            return Err(NnError::config("loss.coverage_weight", want, weight));
        }
        if weight > 0.0 && !covers {
            let want = "0 without `attention.coverage`";
            return Err(NnError::config("loss.coverage_weight", want, weight));
        }
        Ok(())
    }
}

/// Encoder, bridge, decoder with attention, output: see [`Seq2SeqConfig`].
///
/// # Source
/// Sutskever et al. 2014; Bahdanau et al. 2015; Luong et al. 2015; Wu et al. 2016; See et al. 2017.
#[derive(Module, Debug)]
pub struct Seq2Seq {
    /// Of the source; of both sides when these are tied.
    pub source_embedding: Embedding,
    /// Of the target, unless it is the source's.
    pub target_embedding: Option<Embedding>,
    /// Reads the source.
    pub encoder: Stack,
    /// The weights of a dense bridge.
    pub dense_bridge: Option<Dense>,
    /// Writes the target.
    pub decoder: Decoder,
    /// From the readout to logits, unless the weights are the target's embedding.
    pub output: Option<Linear>,
    /// The output's bias where its weights are the embedding's, `[vocab_size]`.
    pub output_bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    bridge: Bridge,
    #[module(skip)]
    embedding_dropout: f64,
    #[module(skip)]
    memory_dropout: f64,
    #[module(skip)]
    readout_dropout: f64,
}

impl Seq2SeqConfig {
    /// Checks the description and draws the weights.
    ///
    /// # Errors
    /// [`NnError::Config`] or [`NnError::ForeignOption`] naming the key at fault.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::seq2seq::{
    ///     AttentionConfig, Bridge, LossOptions, Query, Score, Seq2SeqConfig, Tied, Tokens,
    /// };
    /// use recurra_nn::{CellName, Device, LayerConfig, Mode, StackConfig, rng};
    ///
    /// let layer = LayerConfig::new(CellName::Gru, 8);
    /// let config = Seq2SeqConfig {
    ///     embed_size: 6,
    ///     encoder: StackConfig::uniform(layer.clone(), 1),
    ///     decoder: StackConfig::uniform(layer, 2),
    ///     bridge: Bridge::Dense,
    ///     attention: Some(AttentionConfig {
    ///         score: Score::Dot {},
    ///         query: Query::Bottom,
    ///         coverage: false,
    ///     }),
    ///     input_feeding: false,
    ///     readout_size: None,
    ///     copy: false,
    ///     tied: Tied::None,
    ///     embedding_dropout: 0.0,
    ///     memory_dropout: 0.0,
    ///     readout_dropout: 0.0,
    /// };
    /// let model = config.build([10, 12], &mut rng(1, 0), &Device::flex())?;
    /// let source = Tokens { ids: &[4, 5, 6, 7, 0, 0], lengths: &[3, 1] };
    /// let input = Tokens { ids: &[1, 8, 1, 9], lengths: &[2, 2] };
    /// let labels = Tokens { ids: &[8, 2, 9, 2], lengths: &[2, 2] };
    /// let loss = model.loss(source, input, labels, LossOptions::default(), Mode::Eval)?;
    /// assert_eq!(loss.dims(), [1]);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn build(
        &self,
        [source_vocab_size, target_vocab_size]: [usize; 2],
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Seq2Seq, NnError> {
        self.validate()?;
        if self.tied.embeddings() && source_vocab_size != target_vocab_size {
            let want = "one vocabulary for both sides";
            let got = format!("{source_vocab_size} and {target_vocab_size} tokens");
            return Err(NnError::config("tied", want, got));
        }
        if self.copy && source_vocab_size != target_vocab_size {
            let want = "one vocabulary for both sides: a token is copied by its id";
            let got = format!("{source_vocab_size} and {target_vocab_size} tokens");
            return Err(NnError::config("copy", want, got));
        }
        let mut embedding = |vocab_size: usize| {
            let mut embedding = Embedding::new(vocab_size, self.embed_size, rng, device);
            if self.tied.output() {
                // Output weights with unit variance would make the first logits enormous.
                let scale = (self.embed_size as f64).sqrt().recip();
                let weight = embedding.weight.val().mul_scalar(scale);
                let values = crate::weights::values(&weight);
                embedding.weight = parameter(values, weight.dims(), device);
            }
            embedding
        };
        let source_embedding = embedding(source_vocab_size);
        let target_embedding = (!self.tied.embeddings()).then(|| embedding(target_vocab_size));
        let encoder = self.encoder.build(self.embed_size, rng, device)?;
        let decoder = self.build_decoder(encoder.output_size(), rng, device)?;
        let dense_bridge = self.bridge.build(&encoder, &decoder.layers, rng, device)?;
        let width = decoder.output_size();
        if self.tied.output() && width != self.embed_size {
            let want = format!(
                "`readout_size` of {}, the embeddings' width",
                self.embed_size
            );
            return Err(NnError::config("tied", want, width));
        }
        let output =
            (!self.tied.output()).then(|| Linear::new(width, target_vocab_size, rng, device));
        let output_bias = self
            .tied
            .output()
            .then(|| parameter(vec![0.0; target_vocab_size], [target_vocab_size], device));
        Ok(Seq2Seq {
            source_embedding,
            target_embedding,
            encoder,
            dense_bridge,
            decoder,
            output,
            output_bias,
            bridge: self.bridge,
            embedding_dropout: self.embedding_dropout,
            memory_dropout: self.memory_dropout,
            readout_dropout: self.readout_dropout,
        })
    }
}

impl Seq2Seq {
    /// How many tokens the target has.
    pub fn target_vocab_size(&self) -> usize {
        self.embedding_of_target().weight.dims()[0]
    }

    pub(super) fn embedding_of_target(&self) -> &Embedding {
        self.target_embedding
            .as_ref()
            .unwrap_or(&self.source_embedding)
    }

    /// Reads the source: the memory, and the state that the decoder begins with.
    ///
    /// # Errors
    /// [`NnError::Shape`] when ids or lengths do not fit.
    pub fn encode(
        &self,
        source: Tokens<'_>,
        mut mode: Mode<'_>,
    ) -> Result<(Memory, DecoderState), NnError> {
        let shape = source.shape("source")?;
        let x = self.source_embedding.forward(source.ids, shape)?;
        let x = dropout(x, self.embedding_dropout, mode.reborrow());
        let lengths = Some(source.lengths);
        let (outputs, state) = self.encoder.forward(x, lengths, None, mode.reborrow())?;
        let keys = match &self.decoder.attention {
            Some(attention) => {
                let memory = dropout(outputs, self.memory_dropout, mode);
                Some(attention.project(memory, source.lengths)?)
            }
            None => None,
        };
        let layers = self.bridge.cross(
            self.dense_bridge.as_ref(),
            &self.encoder,
            state,
            &self.decoder.layers,
        );
        let memory = Memory::new(keys, source.lengths);
        let memory = match &self.decoder.generation_gate {
            Some(gate) => memory.with_copies(source, &gate.weight.device()),
            None => memory,
        };
        Ok((memory, self.decoder.begin(layers, shape[1])))
    }

    /// Reads tokens of the target from a state on.
    pub(super) fn read(
        &self,
        target: Tokens<'_>,
        lengths: Option<&[usize]>,
        memory: &Memory,
        state: DecoderState,
        mut mode: Mode<'_>,
    ) -> Result<Decoded, NnError> {
        let shape = target.shape("target")?;
        let x = self.embedding_of_target().forward(target.ids, shape)?;
        let x = dropout(x, self.embedding_dropout, mode.reborrow());
        self.decoder.forward(x, lengths, memory, state, mode)
    }

    /// Logits `[batch, steps, vocab_size]` of what was decoded; log-probabilities where tokens are
    /// copied.
    pub(super) fn to_logits(
        &self,
        decoded: &Decoded,
        memory: &Memory,
        mode: Mode<'_>,
    ) -> Tensor<3> {
        let readout = dropout(decoded.readout.clone(), self.readout_dropout, mode);
        let logits = match (&self.output, &self.output_bias) {
            (Some(output), _) => output.forward(readout),
            (None, bias) => {
                let weight = self.embedding_of_target().weight.val();
                linear_map(readout, weight, bias.as_ref().map(Param::val))
            }
        };
        match (&decoded.generation_gate, &decoded.alignment) {
            (Some(gate), Some(alignment)) => memory.mix(logits, gate.clone(), alignment.clone()),
            _ => logits,
        }
    }

    /// Logits of every next token of a known target, `[batch, target_len, vocab_size]`, and
    /// the alignment `[batch, target_len, source_len]`. With [`Seq2SeqConfig::copy`] they are
    /// log-probabilities.
    ///
    /// # Errors
    /// [`NnError::Shape`] when ids or lengths do not fit.
    pub fn logits(
        &self,
        source: Tokens<'_>,
        decoder_input: Tokens<'_>,
        mut mode: Mode<'_>,
    ) -> Result<(Tensor<3>, Option<Tensor<3>>), NnError> {
        let (memory, state) = self.encode(source, mode.reborrow())?;
        let lengths = Some(decoder_input.lengths);
        let decoded = self.read(decoder_input, lengths, &memory, state, mode.reborrow())?;
        let logits = self.to_logits(&decoded, &memory, mode);
        Ok((logits, decoded.alignment))
    }

    /// Mean cross-entropy of the target in nats, and what the options add to it, shape `[1]`.
    ///
    /// `labels` is the target, `decoder_input` the same a step later behind the token that
    /// begins a sentence.
    ///
    /// # Errors
    /// [`NnError::Shape`] when ids or lengths do not fit, [`NnError::Config`] for an option
    /// outside its range.
    pub fn loss(
        &self,
        source: Tokens<'_>,
        decoder_input: Tokens<'_>,
        labels: Tokens<'_>,
        options: LossOptions,
        mut mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        options.validate(self.decoder.covers())?;
        let (memory, state) = self.encode(source, mode.reborrow())?;
        let own = self.mix_own_tokens(
            decoder_input,
            &memory,
            &state,
            options.teacher_forcing_rate,
            mode.reborrow(),
        )?;
        let decoder_input = Tokens {
            ids: own.as_deref().unwrap_or(decoder_input.ids),
            ..decoder_input
        };
        let lengths = Some(decoder_input.lengths);
        let decoded = self.read(decoder_input, lengths, &memory, state, mode.reborrow())?;
        let labels = Labels {
            ids: labels.ids,
            lengths: labels.lengths,
        };
        let smoothing = options.label_smoothing;
        let penalty = match (&decoded.alignment, options.coverage_weight) {
            (Some(alignment), weight) if weight > 0.0 => {
                let loss = coverage_loss(alignment.clone(), Some(labels.lengths))?;
                Some(loss.mul_scalar(weight))
            }
            _ => None,
        };
        let loss = self.cross_entropy(decoded, &memory, labels, smoothing, mode)?;
        Ok(match penalty {
            Some(penalty) => loss + penalty,
            None => loss,
        })
    }

    fn cross_entropy(
        &self,
        decoded: Decoded,
        memory: &Memory,
        labels: Labels<'_>,
        smoothing: f64,
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        if decoded.generation_gate.is_some() {
            let log_probs = self.to_logits(&decoded, memory, mode);
            return smoothed_cross_entropy(log_probs, labels, smoothing);
        }
        let readout = dropout(decoded.readout, self.readout_dropout, mode);
        if let Some(output) = &self.output {
            return linear_cross_entropy(readout, output, labels, smoothing);
        }
        let weight = self.embedding_of_target().weight.val();
        let bias = match &self.output_bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([weight.dims()[0]], &weight.device()),
        };
        tied_cross_entropy(readout, weight, bias, labels, smoothing)
    }
}
