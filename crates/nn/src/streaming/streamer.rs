//! A whole network, packed for single steps.

use super::layer::{Detour, StreamLayer, StreamLinear, StreamNorm, pack_cell};
use super::state::{StreamState, StreamWorkspace};
use crate::NnError;
use crate::linear::Linear;
use crate::stack::{Shortcut, Stack};
use recurra_kernels::{PackedMatrix, Precision};

/// A trained stack, and the linear map behind it if there is one, that read one step at a time.
///
/// It computes what [`Stack::forward`] does in evaluation, step after step: in f32 the same
/// numbers within rounding; in bf16 and int8 with rounded weights (see
/// [`Precision`]; biases, states and sums stay in f32). It never changes, so that many threads
/// can step states of their own with one.
#[derive(Debug, Clone)]
pub struct Streamer {
    input_size: usize,
    output_size: usize,
    precision: Precision,
    layers: Vec<StreamLayer>,
    head: Option<StreamLinear>,
}

impl Streamer {
    /// Packs the weights of `stack`, and of `head` behind it.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for a layer that reads backward, or whose options the kernels
    /// do not know.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::{CellName, Device, LayerConfig, StackConfig, rng};
    /// use recurra_nn::streaming::{Precision, StreamWorkspace, Streamer};
    /// let config = StackConfig::uniform(LayerConfig::new(CellName::Gru, 8), 2);
    /// let stack = config.build(3, &mut rng(1, 0), &Device::flex())?;
    /// let streamer = Streamer::new(&stack, None, Precision::Int8)?;
    /// let (mut state, mut workspace) = (streamer.zero_state(), StreamWorkspace::new());
    /// let mut output = vec![0.0; streamer.output_size()];
    /// for frame in [[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]] {
    ///     streamer.step(&frame, &mut state, &mut output, &mut workspace)?;
    /// }
    /// assert!(output.iter().any(|value| *value != 0.0));
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn new(
        stack: &Stack,
        head: Option<&Linear>,
        precision: Precision,
    ) -> Result<Self, NnError> {
        let first_highway = stack.layers.len() - stack.highways.len();
        let mut layers = Vec::with_capacity(stack.layers.len());
        for (index, layer) in stack.layers.iter().enumerate() {
            let norm = index
                .checked_sub(1)
                .and_then(|below| stack.norms.get(below));
            let detour = match stack.shortcut_of(index) {
                Shortcut::None => Detour::None,
                Shortcut::Residual => Detour::Residual,
                Shortcut::Highway => {
                    let gate = &stack.highways[index - first_highway];
                    Detour::Highway(StreamLinear::pack(gate, precision)?)
                }
            };
            layers.push(StreamLayer {
                norm: norm.map(StreamNorm::new),
                cell: pack_cell(layer, index + 1, precision)?,
                detour,
            });
        }
        let head = head
            .map(|head| StreamLinear::pack(head, precision))
            .transpose()?;
        let output_size = head
            .as_ref()
            .map_or(stack.output_size(), |head| head.weight.rows());
        Ok(Self {
            input_size: stack.input_size(),
            output_size,
            precision,
            layers,
            head,
        })
    }

    /// Width of the input.
    pub fn input_size(&self) -> usize {
        self.input_size
    }

    /// Width of the output: the head's, or the top layer's.
    pub fn output_size(&self) -> usize {
        self.output_size
    }

    /// What the weights are kept as.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Bytes of weights that a step reads.
    pub fn num_bytes(&self) -> usize {
        let gate = |layer: &StreamLayer| match &layer.detour {
            Detour::Highway(gate) => gate.weight.num_bytes(),
            _ => 0,
        };
        let layers = self
            .layers
            .iter()
            .map(|layer| layer.cell.num_bytes() + gate(layer));
        let head = self
            .head
            .as_ref()
            .map(|head| &head.weight)
            .map_or(0, PackedMatrix::num_bytes);
        layers.sum::<usize>() + head
    }

    /// The state of a stream that has read nothing.
    pub fn zero_state(&self) -> StreamState {
        let zeros = |layer: &StreamLayer| vec![0.0; layer.cell.state_len()];
        StreamState {
            layers: self.layers.iter().map(zeros).collect(),
        }
    }

    /// Reads one step and says what comes out of it.
    ///
    /// # Shapes
    /// `input [input_size]`, `output [output_size]`.
    ///
    /// # Errors
    /// [`NnError::Shape`] when `input`, `output` or the state have another size; then nothing
    /// has been read.
    pub fn step(
        &self,
        input: &[f32],
        state: &mut StreamState,
        output: &mut [f32],
        workspace: &mut StreamWorkspace,
    ) -> Result<(), NnError> {
        const OP: &str = "Streamer::step";
        for (arg, want, got) in [
            ("input", self.input_size, input.len()),
            ("output", self.output_size, output.len()),
            ("state.layers", self.layers.len(), state.layers.len()),
        ] {
            if want != got {
                return Err(NnError::shape(OP, arg, want, got));
            }
        }
        for (layer, state) in self.layers.iter().zip(&state.layers) {
            if state.len() != layer.cell.state_len() {
                let (want, got) = (layer.cell.state_len(), state.len());
                return Err(NnError::shape(OP, "state", want, got));
            }
        }
        workspace.signal.clear();
        workspace.signal.extend_from_slice(input);
        for (layer, state) in self.layers.iter().zip(&mut state.layers) {
            layer.step(state, workspace)?;
        }
        let StreamWorkspace { step, signal, .. } = workspace;
        match &self.head {
            Some(head) => head.apply(signal, output, step),
            None => {
                output.copy_from_slice(signal);
                Ok(())
            }
        }
    }
}
