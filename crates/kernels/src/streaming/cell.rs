//! A cell whose weights are packed for single steps.

use super::matrix::{PackedMatrix, check_int8};
use super::precision::Precision;
use super::workspace::{StepWorkspace, room};
use crate::arch::{LANES, Lanes, Machine};
use crate::fused::{ForwardRows, Layout, Operand, Stage, ViewMut};
use crate::shape::Argument;
use crate::{CellKind, Isa, KernelError, SequenceShape, Weights, scalar};

/// The sizes of a step: I and H of the documentation. Either may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepShape {
    /// I: width of the input.
    pub input_size: usize,
    /// H: width of the hidden state.
    pub hidden_size: usize,
}

impl StepShape {
    /// The same as a sequence of one step of one row.
    pub(crate) fn sequence(self) -> SequenceShape {
        SequenceShape {
            seq_len: 1,
            batch_size: 1,
            input_size: self.input_size,
            hidden_size: self.hidden_size,
        }
    }
}

/// A cell and its weights, packed once for many [`step`]s.
///
/// `W_ih` and `W_hh` are kept in a [`Precision`]; biases, peepholes and the `w_hh` of an IndRNN
/// in f32, like the state. In int8 the rows of `W_ih` and `W_hh` have scales of their own, and
/// so have `x` and what `W_hh` multiplies, each step anew.
#[derive(Clone, Debug)]
pub struct PackedCell {
    kind: CellKind,
    shape: StepShape,
    precision: Precision,
    isa: Isa,
    path: Path,
}

#[derive(Clone, Debug)]
enum Path {
    Scalar(Rounded),
    Fast(Box<Fast>),
}

/// What the oracle computes with: the weights, rounded.
#[derive(Clone, Debug)]
struct Rounded {
    w_ih: Vec<f32>,
    w_hh: Vec<f32>,
    vectors: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Fast {
    layout: Layout,
    /// `[SLOTS, G]`: what the sums start from.
    biases: Vec<Lanes>,
    /// `[FACTORS, G]`
    factors: Vec<Lanes>,
    /// To the first slots.
    w_ih: PackedMatrix,
    /// `W_hh` of each stage; `None` where nothing is multiplied.
    w_hh: Vec<(Stage, Option<PackedMatrix>)>,
}

impl PackedCell {
    /// Rounds and packs the weights for the active instruction set.
    ///
    /// # Errors
    /// [`KernelError`] naming the first argument whose length disagrees with `cell` and `shape`;
    /// also when a row is too long for int8.
    pub fn pack(
        cell: CellKind,
        shape: StepShape,
        weights: Weights<'_>,
        precision: Precision,
    ) -> Result<PackedCell, KernelError> {
        PackedCell::pack_on(Isa::active(), cell, shape, weights, precision)
    }

    /// [`PackedCell::pack`] for a chosen instruction set, for comparing them.
    ///
    /// # Errors
    /// As [`PackedCell::pack`]; also when the processor does not run `isa`.
    pub fn pack_on(
        isa: Isa,
        cell: CellKind,
        shape: StepShape,
        weights: Weights<'_>,
        precision: Precision,
    ) -> Result<PackedCell, KernelError> {
        let op = "PackedCell::pack";
        let StepShape {
            input_size,
            hidden_size,
        } = shape;
        weights.check(op, cell, shape.sequence())?;
        check_int8(op, "input_size", input_size, precision)?;
        check_int8(op, "hidden_size", hidden_size, precision)?;
        let path = match Machine::of(isa) {
            Some(machine) => {
                let fast = Fast::new(isa, machine, cell, shape, weights, precision);
                Path::Fast(Box::new(fast))
            }
            None if isa == Isa::Scalar => Path::Scalar(Rounded {
                w_ih: precision.round(weights.w_ih, input_size),
                w_hh: match cell {
                    CellKind::IndRnn { .. } => weights.w_hh.to_vec(),
                    _ => precision.round(weights.w_hh, hidden_size),
                },
                vectors: weights.vectors.to_vec(),
            }),
            None => return Err(KernelError::IsaUnavailable { op, isa }),
        };
        Ok(PackedCell {
            kind: cell,
            shape,
            precision,
            isa,
            path,
        })
    }

    /// The equations.
    pub fn kind(&self) -> CellKind {
        self.kind
    }

    /// I and H.
    pub fn shape(&self) -> StepShape {
        self.shape
    }

    /// What the weights are kept as.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The instruction set that they are packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Values of a state: `S · H`.
    pub fn state_len(&self) -> usize {
        self.kind.num_states() * self.shape.hidden_size
    }

    /// Bytes of weights that a step reads.
    pub fn num_bytes(&self) -> usize {
        match &self.path {
            Path::Scalar(Rounded {
                w_ih,
                w_hh,
                vectors,
            }) => size_of_val(&w_ih[..]) + size_of_val(&w_hh[..]) + size_of_val(&vectors[..]),
            Path::Fast(fast) => {
                let matrices = fast.w_hh.iter().filter_map(|(_, matrix)| matrix.as_ref());
                let matrices = matrices.chain([&fast.w_ih]).map(PackedMatrix::num_bytes);
                let vectors = size_of_val(&fast.biases[..]) + size_of_val(&fast.factors[..]);
                matrices.sum::<usize>() + vectors
            }
        }
    }
}

/// One step of one row.
#[derive(Debug)]
pub struct Step<'a> {
    /// The equations and their parameters.
    pub cell: &'a PackedCell,
    /// `[I]`
    pub x: &'a [f32],
    /// `[S, H]`: hidden, then cell state; overwritten with the state after the step. Its first H
    /// values are the output.
    pub state: &'a mut [f32],
    /// Where it is computed.
    pub workspace: &'a mut StepWorkspace,
}

/// Advances a state by one step.
///
/// The equations are those of [`CellKind`], and their results those of
/// [`sequence_forward`](crate::sequence_forward) with the rounded weights. No step allocates
/// once the workspace has grown (the oracle, `RECURRA_ISA=scalar`, always does). With int8 a
/// number that is not finite in `x` or in the hidden state makes the whole new state NaN.
///
/// # Shapes
/// As noted on [`Step`].
/// # Errors
/// [`KernelError::Length`] naming the argument; then nothing is written.
/// # Example
/// ```
/// use recurra_kernels::*;
/// // One unit: h = tanh(2x + h).
/// let cell = CellKind::Rnn { activation: Activation::Tanh };
/// let shape = StepShape { input_size: 1, hidden_size: 1 };
/// let weights = Weights { w_ih: &[2.0], w_hh: &[1.0], vectors: &[0.0] };
/// let cell = PackedCell::pack(cell, shape, weights, Precision::F32)?;
/// let (mut state, mut workspace) = ([0.0], StepWorkspace::new());
/// for x in [0.25, 0.5] {
///     step(Step { cell: &cell, x: &[x], state: &mut state, workspace: &mut workspace })?;
/// }
/// assert!((state[0] - (1.0 + 0.5f32.tanh()).tanh()).abs() < 1e-6);
/// # Ok::<(), KernelError>(())
/// ```
pub fn step(call: Step<'_>) -> Result<(), KernelError> {
    let Step {
        cell,
        x,
        state,
        workspace,
    } = call;
    cell.check("x", "[I]", cell.shape.input_size, x.len())?;
    cell.check("state", "[S, H]", cell.state_len(), state.len())?;
    match &cell.path {
        Path::Scalar(Rounded {
            w_ih,
            w_hh,
            vectors,
        }) => scalar::step(scalar::Step {
            cell: cell.kind,
            shape: cell.shape,
            weights: Weights {
                w_ih,
                w_hh,
                vectors,
            },
            operands: cell.precision,
            x,
            state,
        }),
        Path::Fast(fast) => {
            fast.step(x, state, workspace);
            Ok(())
        }
    }
}

impl PackedCell {
    fn check(
        &self,
        name: &'static str,
        layout: &'static str,
        wanted: usize,
        got: usize,
    ) -> Result<(), KernelError> {
        let argument = Argument {
            name,
            layout,
            dimensions: &[wanted],
        };
        argument.check("step", self.shape.sequence(), got)
    }
}

impl Fast {
    fn new(
        isa: Isa,
        machine: Machine,
        cell: CellKind,
        shape: StepShape,
        weights: Weights<'_>,
        precision: Precision,
    ) -> Fast {
        let layout = Layout::new(machine, cell, shape.sequence());
        let matrix = |gates: &[usize], values, columns| {
            let rows = gates.len() * layout.num_groups * LANES;
            PackedMatrix::from_rows(isa, [rows, columns], precision, |slot| {
                layout.weight_row(gates, values, columns, slot)
            })
        };
        let recurrent = |stage: &Stage| {
            let any = !stage.gates.is_empty();
            let matrix = any.then(|| matrix(stage.gates, weights.w_hh, shape.hidden_size));
            (*stage, matrix)
        };
        Fast {
            biases: layout.biases(&weights),
            factors: layout.factors(&weights),
            w_ih: matrix(layout.plan.x_gates, weights.w_ih, shape.input_size),
            w_hh: layout.plan.stages.iter().map(recurrent).collect(),
            layout,
        }
    }

    fn step(&self, x: &[f32], state: &mut [f32], workspace: &mut StepWorkspace) {
        let layout = &self.layout;
        let (width, hidden_size) = (layout.num_groups * LANES, layout.hidden_size);
        if hidden_size == 0 {
            return;
        }
        let StepWorkspace {
            operand: space,
            slots,
            state: padded,
        } = workspace;
        let slots = room(slots, layout.slot_panels);
        slots.copy_from_slice(&self.biases);
        let padded = room(padded, layout.state_panels);
        for (padded, part) in Lanes::flatten_mut(padded)
            .chunks_exact_mut(width)
            .zip(state.chunks_exact(hidden_size))
        {
            padded[..hidden_size].copy_from_slice(part);
            padded[hidden_size..].fill(0.0);
        }
        let x_sums = Lanes::flatten_mut(&mut slots[..layout.x_slot_panels()]);
        self.w_ih.add_to(x, space, x_sums);
        for (index, (stage, matrix)) in self.w_hh.iter().enumerate() {
            if let Some(matrix) = matrix {
                let slots = Lanes::flatten_mut(slots);
                let (before, rest) = slots.split_at_mut(stage.first_slot * width);
                let (sums, after) = rest.split_at_mut(stage.gates.len() * width);
                let operand = match stage.operand {
                    Operand::Hidden => Lanes::flatten(padded),
                    Operand::Slot(slot) if slot < stage.first_slot => &before[slot * width..],
                    Operand::Slot(slot) => {
                        &after[(slot - stage.first_slot - stage.gates.len()) * width..]
                    }
                };
                matrix.add_to(&operand[..hidden_size], space, sums);
            }
            let rows = ForwardRows {
                count: 1,
                groups: 0..layout.num_groups,
                num_groups: layout.num_groups,
                slots: ViewMut::of_one_row(slots),
                state: ViewMut::of_one_row(padded),
                factors: &self.factors,
            };
            layout.cell.forward(layout.machine, index, rows);
        }
        for (padded, part) in Lanes::flatten(padded)
            .chunks_exact(width)
            .zip(state.chunks_exact_mut(hidden_size))
        {
            part.copy_from_slice(&padded[..hidden_size]);
        }
    }
}
