//! The network with packed weights, as decoding sees it.

use super::packed_attention::{AttentionSpace, Found, PackedAttention, PackedMemory};
use super::rows::Rows;
use super::{Decoder, EncoderDecoder, Query, Seq2Seq, Tokens};
use crate::decode::{StepOutput, Stepwise};
use crate::streaming::{Precision, StreamLinear, pack_cell};
use crate::weights::values;
use crate::{LayerState, Mode, NnError};
use recurra_kernels::{Elementwise, Function, PackedCell, Step, StepWorkspace, elementwise, step};

/// A trained [`Seq2Seq`] whose decoder is packed for single steps, in f32, bf16 or int8.
///
/// It computes what the network does, in f32 the same numbers within rounding; in bf16 and int8
/// the decoder's matrices are rounded (see [`Precision`]), and in int8 what they multiply as
/// well. The encoder and the attention, which read the source once and as a whole, stay in f32.
/// What a step works in is kept for the next one.
#[derive(Debug, Clone)]
pub struct PackedSeq2Seq {
    network: Seq2Seq,
    precision: Precision,
    /// `[vocab_size, embed_size]`
    embedding: Vec<f32>,
    layers: Vec<PackedCell>,
    attention: Option<PackedAttention>,
    readout: Option<StreamLinear>,
    output: StreamLinear,
}

/// What decoding with packed weights remembers of every row.
#[derive(Debug, Clone)]
pub struct PackedDecoding {
    /// None without attention.
    memory: Option<PackedMemory>,
    /// `[rows, S, hidden_size]` of each layer from the bottom up.
    layers: Vec<Rows>,
    /// The readout of the last step, with input feeding.
    feed: Option<Rows>,
    workspace: Workspace,
}

/// Where steps are computed. It holds nothing between them, and grows to the largest.
#[derive(Debug, Clone, Default)]
struct Workspace {
    kernel: StepWorkspace,
    attention: AttentionSpace,
    /// What goes up through the layers.
    signal: Rows,
    /// What a layer or the readout reads.
    input: Rows,
    /// What a layer or the readout writes.
    output: Rows,
    spare: Vec<f32>,
}

impl PackedSeq2Seq {
    /// Packs the weights of the decoder.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for a decoder whose layers have options that the kernels do not
    /// know, [`NnError::CannotPack`] for one that copies or counts coverage.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::decode::{StepOutput, Stepwise};
    /// use recurra_nn::seq2seq::{
    ///     AttentionConfig, Bridge, EncoderDecoder, PackedSeq2Seq, Query, Score, Seq2SeqConfig, Tied,
    ///     Tokens,
    /// };
    /// use recurra_nn::streaming::Precision;
    /// use recurra_nn::{CellName, Device, LayerConfig, StackConfig, rng};
    ///
    /// let stack = StackConfig::uniform(LayerConfig::new(CellName::Gru, 8), 1);
    /// let config = Seq2SeqConfig {
    ///     embed_size: 6,
    ///     encoder: stack.clone(),
    ///     decoder: stack,
    ///     bridge: Bridge::Dense,
    ///     attention: Some(AttentionConfig {
    ///         score: Score::Dot {},
    ///         query: Query::Top,
    ///         coverage: false,
    ///     }),
    ///     input_feeding: false,
    ///     readout_size: Some(6),
    ///     copy: false,
    ///     tied: Tied::Output,
    ///     embedding_dropout: 0.0,
    ///     memory_dropout: 0.0,
    ///     readout_dropout: 0.0,
    /// };
    /// let network = config.build([10, 12], &mut rng(1, 0), &Device::flex())?;
    /// let packed = PackedSeq2Seq::new(&network, Precision::Int8)?;
    /// let state = packed.begin(Tokens { ids: &[4, 5, 6], lengths: &[3] })?;
    /// let mut output = StepOutput::default();
    /// packed.step(&[1], state, &mut output)?;
    /// assert_eq!(output.log_probs().len(), 12);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn new(network: &Seq2Seq, precision: Precision) -> Result<Self, NnError> {
        Self::check(network)?;
        let Decoder {
            layers, readout, ..
        } = &network.decoder;
        let layers = layers.iter().zip(1..);
        let readout = readout.as_ref();
        let embedding = network.embedding_of_target().weight.val();
        let output = match &network.output {
            Some(output) => StreamLinear::pack(output, precision)?,
            None => {
                let bias = network.output_bias.as_ref();
                let bias = bias.map_or_else(
                    || vec![0.0; embedding.dims()[0]],
                    |bias| values(&bias.val()),
                );
                StreamLinear::from_parts(&embedding, bias, precision)?
            }
        };
        Ok(Self {
            precision,
            embedding: values(&embedding),
            layers: layers
                .map(|(layer, number)| pack_cell(layer, number, precision))
                .collect::<Result<_, _>>()?,
            attention: (network.decoder.attention.as_ref())
                .map(|attention| PackedAttention::new(attention, network.encoder.output_size()))
                .transpose()?,
            readout: readout
                .map(|readout| StreamLinear::pack(readout, precision))
                .transpose()?,
            output,
            network: network.clone(),
        })
    }

    /// Refuses a network that cannot be packed, in any precision.
    ///
    /// # Errors
    /// [`NnError::CannotPack`] for one that copies or counts coverage.
    pub fn check(network: &Seq2Seq) -> Result<(), NnError> {
        for (option, given) in [
            ("copy", network.decoder.generation_gate.is_some()),
            ("attention.coverage", network.decoder.covers()),
        ] {
            if given {
                return Err(NnError::CannotPack { option });
            }
        }
        Ok(())
    }

    /// The network that was packed.
    pub fn network(&self) -> &Seq2Seq {
        &self.network
    }

    /// What the weights are kept as.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The embeddings of tokens.
    fn embed(&self, tokens: &[u32], rows: &mut Rows) -> Result<(), NnError> {
        let vocab_size = self.vocab_size();
        rows.clear(self.embedding.len() / vocab_size);
        let width = rows.width();
        for &token in tokens {
            let row = self.embedding.chunks_exact(width).nth(token as usize);
            rows.push(row.ok_or_else(|| {
                let want = format!("less than {vocab_size}");
                NnError::shape("PackedSeq2Seq::step", "tokens", want, token)
            })?);
        }
        Ok(())
    }

    /// Leaves what the top layer says after one token of each row in the workspace's `signal`;
    /// tells what was found in the sources.
    fn run_layers(
        &self,
        tokens: &[u32],
        state: &mut PackedDecoding,
    ) -> Result<Option<Found>, NnError> {
        let PackedDecoding {
            memory,
            layers,
            feed,
            workspace,
        } = state;
        let Workspace {
            kernel,
            attention,
            signal,
            input,
            output,
            ..
        } = workspace;
        let decoder = &self.network.decoder;
        let query = decoder.query();
        let mut attend = |query: &Rows, kernel: &mut StepWorkspace| {
            let parts = self.attention.as_ref().zip(memory.as_ref());
            parts
                .map(|(packed, memory)| packed.attend(memory, query, attention, kernel))
                .transpose()
        };
        let mut found = None;
        self.embed(tokens, signal)?;
        for (index, (cell, state)) in self.layers.iter().zip(layers).enumerate() {
            let hidden_size = cell.shape().hidden_size;
            let fed = feed.as_ref().filter(|_| index == 0);
            let context = found.as_ref().map(|found: &Found| &found.context);
            input.set_beside([Some(signal), fed, context]);
            if index == 0 && query == Query::Previous {
                output.set_beginnings(state, hidden_size);
                found = attend(output, kernel)?;
            }
            step(Step {
                cell,
                batch_size: tokens.len(),
                x: input.values(),
                state: state.values_mut(),
                workspace: kernel,
            })?;
            output.set_beginnings(state, hidden_size);
            if index == 0 && query == Query::Bottom {
                found = attend(output, kernel)?;
            }
            if decoder.adds_input(index) {
                output.add(signal);
            }
            std::mem::swap(signal, output);
        }
        if query == Query::Top {
            found = attend(signal, kernel)?;
        }
        Ok(found)
    }
}

impl EncoderDecoder for PackedSeq2Seq {
    fn begin(&self, source: Tokens<'_>) -> Result<PackedDecoding, NnError> {
        let (memory, state) = self.network.encode(source, Mode::Eval)?;
        let in_rows = |layer: LayerState| {
            let hidden = Rows::from(layer.forward.hidden);
            let cell = layer.forward.cell.map(Rows::from);
            let mut rows = Rows::default();
            rows.set_beside([Some(&hidden), cell.as_ref()]);
            rows
        };
        let (keys, sources) = memory.into_parts();
        Ok(PackedDecoding {
            memory: keys.map(|keys| PackedMemory::new(keys, sources)),
            layers: state.layers.into_iter().map(in_rows).collect(),
            feed: state.feed.map(Rows::from),
            workspace: Workspace::default(),
        })
    }
}

impl Stepwise for PackedSeq2Seq {
    type State = PackedDecoding;

    fn vocab_size(&self) -> usize {
        self.network.target_vocab_size()
    }

    fn step(
        &self,
        tokens: &[u32],
        mut state: PackedDecoding,
        said: &mut StepOutput,
    ) -> Result<PackedDecoding, NnError> {
        let rows = tokens.len();
        let known = self.num_rows(&state).unwrap_or(rows);
        if rows != known {
            return Err(NnError::shape("PackedSeq2Seq::step", "tokens", known, rows));
        }
        let found = self.run_layers(tokens, &mut state)?;
        let Workspace {
            kernel,
            signal,
            input,
            output,
            ..
        } = &mut state.workspace;
        if let Some(readout) = &self.readout {
            let context = found.as_ref().map(|found| &found.context);
            input.set_beside([Some(signal), context]);
            let values = output.replace(readout.output_size());
            readout.apply_to_rows(input.values(), rows, values, kernel)?;
            elementwise(Elementwise {
                function: Function::Tanh,
                values: output.values_mut(),
            });
            std::mem::swap(signal, output);
        }
        let alignment = found.map(|found| found.alignment).unwrap_or_default();
        let space = said.space([rows, self.vocab_size()], alignment);
        (self.output).apply_as_logits(signal.values(), rows, space, kernel)?;
        if let Some(feed) = &mut state.feed {
            std::mem::swap(feed, signal);
        }
        Ok(state)
    }

    fn num_rows(&self, state: &PackedDecoding) -> Option<usize> {
        state.layers.first().map(Rows::count)
    }

    fn select(&self, mut state: PackedDecoding, rows: &[usize]) -> PackedDecoding {
        let spare = &mut state.workspace.spare;
        for layer in state.layers.iter_mut().chain(&mut state.feed) {
            layer.select(rows, spare);
        }
        if let Some(memory) = &mut state.memory {
            memory.select(rows);
        }
        state
    }
}
