//! The network with packed weights, as decoding sees it.

use super::{Decoder, EncoderDecoder, Memory, Query, Seq2Seq, Tokens};
use crate::decode::{StepOutput, Stepwise};
use crate::streaming::{Precision, StreamLinear, pack_cell};
use crate::weights::values;
use crate::{LayerState, Mode, NnError, Tensor, log_softmax};
use burn::tensor::{Device, TensorData};
use recurra_kernels::{PackedCell, Step, StepWorkspace, step};

/// A trained [`Seq2Seq`] whose decoder is packed for single steps, in f32, bf16 or int8.
///
/// It computes what the network does, in f32 the same numbers within rounding; in bf16 and int8
/// the decoder's matrices are rounded (see [`Precision`]), and in int8 what they multiply as
/// well. The encoder and the attention, which read the source once and as a whole, stay in f32.
#[derive(Debug, Clone)]
pub struct PackedSeq2Seq {
    network: Seq2Seq,
    precision: Precision,
    /// `[vocab_size, embed_size]`
    embedding: Vec<f32>,
    layers: Vec<PackedCell>,
    readout: Option<StreamLinear>,
    output: StreamLinear,
}

/// What decoding with packed weights remembers of every row.
#[derive(Debug, Clone)]
pub struct PackedDecoding {
    memory: Memory,
    /// `[rows, S, hidden_size]` of each layer from the bottom up.
    layers: Vec<Rows>,
    /// The readout of the last step, with input feeding.
    feed: Option<Rows>,
    /// It holds nothing between steps.
    workspace: StepWorkspace,
}

/// Rows of one width.
#[derive(Debug, Clone, Default)]
struct Rows {
    width: usize,
    values: Vec<f32>,
}

impl Rows {
    fn select(&self, rows: &[usize]) -> Self {
        let row = |&row: &usize| &self.values[row * self.width..][..self.width];
        Self {
            width: self.width,
            values: rows.iter().flat_map(row).copied().collect(),
        }
    }

    /// The first `width` values of each row.
    fn beginnings(&self, width: usize) -> Self {
        let rows = self.values.chunks_exact(self.width);
        Self {
            width,
            values: rows.flat_map(|row| &row[..width]).copied().collect(),
        }
    }

    /// Rows of all parts side by side; parts that are not there have no width.
    fn beside<'a>(parts: impl IntoIterator<Item = Option<&'a Self>>) -> Self {
        let mut parts = parts.into_iter().flatten();
        let Some(first) = parts.next() else {
            return Self::default();
        };
        parts.fold(first.clone(), |left, right| {
            let rows = left.values.chunks_exact(left.width);
            let rows = rows.zip(right.values.chunks_exact(right.width));
            Self {
                width: left.width + right.width,
                values: rows
                    .flat_map(|(left, right)| [left, right])
                    .flatten()
                    .copied()
                    .collect(),
            }
        })
    }

    fn to_tensor(&self, rows: usize, device: &Device) -> Tensor<3> {
        let data = TensorData::new(self.values.clone(), [rows, 1, self.width]);
        Tensor::from_data(data, device)
    }
}

impl<const D: usize> From<Tensor<D>> for Rows {
    fn from(x: Tensor<D>) -> Self {
        Self {
            width: x.dims()[D - 1],
            values: values(&x),
        }
    }
}

impl PackedSeq2Seq {
    /// Packs the weights of the decoder.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for a decoder with options that the kernels do not know.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::decode::Stepwise;
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
    ///     attention: Some(AttentionConfig { score: Score::Dot {}, query: Query::Top }),
    ///     input_feeding: false,
    ///     readout_size: Some(6),
    ///     tied: Tied::Output,
    ///     embedding_dropout: 0.0,
    ///     memory_dropout: 0.0,
    ///     readout_dropout: 0.0,
    /// };
    /// let network = config.build([10, 12], &mut rng(1, 0), &Device::flex())?;
    /// let packed = PackedSeq2Seq::new(&network, Precision::Int8)?;
    /// let state = packed.begin(Tokens { ids: &[4, 5, 6], lengths: &[3] })?;
    /// let (output, _) = packed.step(&[1], state)?;
    /// assert_eq!(output.log_probs.len(), 12);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn new(network: &Seq2Seq, precision: Precision) -> Result<Self, NnError> {
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
            readout: readout
                .map(|readout| StreamLinear::pack(readout, precision))
                .transpose()?,
            output,
            network: network.clone(),
        })
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
    fn embed(&self, tokens: &[u32]) -> Result<Rows, NnError> {
        let vocab_size = self.vocab_size();
        let width = self.embedding.len() / vocab_size;
        let mut values = Vec::with_capacity(tokens.len() * width);
        for &token in tokens {
            let row = self.embedding.chunks_exact(width).nth(token as usize);
            let row = row.ok_or_else(|| {
                let want = format!("less than {vocab_size}");
                NnError::shape("PackedSeq2Seq::step", "tokens", want, token)
            })?;
            values.extend_from_slice(row);
        }
        Ok(Rows { width, values })
    }

    fn device(&self) -> Device {
        self.network.embedding_of_target().weight.device()
    }

    /// What the top layer says after one token of each row, and what was found in the sources.
    fn run_layers(
        &self,
        tokens: &[u32],
        state: &mut PackedDecoding,
    ) -> Result<(Rows, Option<Found>), NnError> {
        let rows = tokens.len();
        let PackedDecoding {
            memory,
            layers,
            feed,
            workspace,
        } = state;
        let decoder = &self.network.decoder;
        let query = decoder.query();
        let mut found = None;
        let mut signal = self.embed(tokens)?;
        for (index, (cell, state)) in self.layers.iter().zip(layers).enumerate() {
            let hidden_size = cell.shape().hidden_size;
            let before =
                (index == 0 && query == Query::Previous).then(|| state.beginnings(hidden_size));
            let fed = feed.as_ref().filter(|_| index == 0);
            let context = found.as_ref().map(|found: &Found| &found.context);
            let input = Rows::beside([Some(&signal), fed, context]);
            step(Step {
                cell,
                batch_size: rows,
                x: &input.values,
                state: &mut state.values,
                workspace,
            })?;
            let mut outputs = state.beginnings(hidden_size);
            if index == 0 && query != Query::Top {
                found = self.attend(memory, before.as_ref().unwrap_or(&outputs), rows)?;
            }
            if decoder.adds_input(index) {
                for (output, input) in outputs.values.iter_mut().zip(&signal.values) {
                    *output += input;
                }
            }
            signal = outputs;
        }
        if query == Query::Top {
            found = self.attend(memory, &signal, rows)?;
        }
        Ok((signal, found))
    }

    /// What queries find in the memory.
    fn attend(&self, memory: &Memory, query: &Rows, rows: usize) -> Result<Option<Found>, NnError> {
        let Some(attention) = &self.network.decoder.attention else {
            return Ok(None);
        };
        let query = query.to_tensor(rows, &self.device());
        let attended = memory.attend(attention, query)?;
        Ok(attended.map(|attended| Found {
            context: attended.context.into(),
            alignment: memory.by_row(&attended.alignment),
        }))
    }
}

/// What the rows found in their sources.
struct Found {
    context: Rows,
    /// Each row's weights over its own source.
    alignment: Vec<Vec<f32>>,
}

impl EncoderDecoder for PackedSeq2Seq {
    fn begin(&self, source: Tokens<'_>) -> Result<PackedDecoding, NnError> {
        let (memory, state) = self.network.encode(source, Mode::Eval)?;
        let in_rows = |layer: LayerState| {
            let cell = layer.forward.cell.map(Rows::from);
            Rows::beside([Some(&Rows::from(layer.forward.hidden)), cell.as_ref()])
        };
        Ok(PackedDecoding {
            memory,
            layers: state.layers.into_iter().map(in_rows).collect(),
            feed: state.feed.map(Rows::from),
            workspace: StepWorkspace::new(),
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
    ) -> Result<(StepOutput, PackedDecoding), NnError> {
        let rows = tokens.len();
        let (signal, found) = self.run_layers(tokens, &mut state)?;
        let workspace = &mut state.workspace;
        let readout = match &self.readout {
            None => signal,
            Some(readout) => {
                let context = found.as_ref().map(|found| &found.context);
                let read = Rows::beside([Some(&signal), context]);
                let sums = readout.apply_to(&read.values, rows, workspace)?;
                Rows {
                    width: readout.output_size(),
                    values: sums.into_iter().map(f32::tanh).collect(),
                }
            }
        };
        let logits = self.output.apply_to(&readout.values, rows, workspace)?;
        let logits = TensorData::new(logits, [rows, self.vocab_size()]);
        let log_probs = log_softmax(Tensor::<2>::from_data(logits, &self.device()));
        state.feed = state.feed.map(|_| readout);
        let output = StepOutput {
            log_probs: values(&log_probs),
            alignment: found.map(|found| found.alignment).unwrap_or_default(),
        };
        Ok((output, state))
    }

    fn select(&self, state: PackedDecoding, rows: &[usize]) -> PackedDecoding {
        let select = |layer: &Rows| layer.select(rows);
        PackedDecoding {
            memory: state.memory.select(rows),
            layers: state.layers.iter().map(select).collect(),
            feed: state.feed.as_ref().map(select),
            workspace: state.workspace,
        }
    }
}
