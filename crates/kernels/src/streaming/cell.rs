//! A cell whose weights are packed for single steps.

use super::matrix::{PackedMatrix, check_int8};
use super::precision::Precision;
use super::rows::{Rows, RowsMut};
use super::workspace::{Space, StepWorkspace, room, rows_of_a_part};
use crate::arch::{LANES, Lanes, Machine};
use crate::fused::{ForwardRows, Layout, Operand, Stage};
use crate::matrix::ViewMut;
use crate::shape::Argument;
use crate::spread::spread;
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

/// One step of one row, or of a few.
#[derive(Debug)]
pub struct Step<'a> {
    /// The equations and their parameters.
    pub cell: &'a PackedCell,
    /// B: how many rows.
    pub batch_size: usize,
    /// `[B, I]`
    pub x: &'a [f32],
    /// `[B, S, H]`: hidden, then cell state; overwritten with the state after the step. The first
    /// H values of a row are its output.
    pub state: &'a mut [f32],
    /// Where it is computed.
    pub workspace: &'a mut StepWorkspace,
}

/// Advances each row's state by one step.
///
/// The equations are those of [`CellKind`], and their results those of
/// [`sequence_forward`](crate::sequence_forward) with the rounded weights, whatever rows
/// stand beside a row. No step of a single row allocates once the workspace has grown (the oracle,
/// `RECURRA_ISA=scalar`, always does). With int8 a
/// number that is not finite in `x` or in the hidden state makes the row's whole new state NaN.
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
///     step(Step {
///         cell: &cell,
///         batch_size: 1,
///         x: &[x],
///         state: &mut state,
///         workspace: &mut workspace,
///     })?;
/// }
/// assert!((state[0] - (1.0 + 0.5f32.tanh()).tanh()).abs() < 1e-6);
/// # Ok::<(), KernelError>(())
/// ```
pub fn step(call: Step<'_>) -> Result<(), KernelError> {
    let Step {
        cell,
        batch_size,
        x,
        state,
        workspace,
    } = call;
    let (input_size, state_len) = (cell.shape.input_size, cell.state_len());
    cell.check("x", "[B, I]", [batch_size, input_size], x.len())?;
    cell.check("state", "[B, S, H]", [batch_size, state_len], state.len())?;
    if state.is_empty() {
        return Ok(());
    }
    let fast = match &cell.path {
        Path::Fast(fast) => fast,
        Path::Scalar(rounded) => {
            let mut rows = state.chunks_exact_mut(state_len).enumerate();
            return rows.try_for_each(|(row, state)| {
                let x = &x[row * input_size..][..input_size];
                rounded.step(cell, x, state)
            });
        }
    };
    let rows_per_part = rows_of_a_part(batch_size, cell.num_bytes());
    let parts = workspace.parts(batch_size.div_ceil(rows_per_part));
    if let [space] = parts {
        fast.step(x, state, space);
        return Ok(());
    }
    let parts = state.chunks_mut(rows_per_part * state_len).zip(parts);
    let parts = parts.enumerate().collect();
    spread(
        parts,
        |(part, (state, space)): (usize, (&mut [f32], &mut Space))| {
            let first = part * rows_per_part * input_size;
            let len = state.len() / state_len * input_size;
            fast.step(&x[first..][..len], state, space);
        },
    );
    Ok(())
}

impl PackedCell {
    fn check(
        &self,
        name: &'static str,
        layout: &'static str,
        dimensions: [usize; 2],
        got: usize,
    ) -> Result<(), KernelError> {
        let argument = Argument {
            name,
            layout,
            dimensions: &dimensions,
        };
        argument.check("step", self.shape.sequence(), got)
    }
}

impl Rounded {
    fn step(&self, cell: &PackedCell, x: &[f32], state: &mut [f32]) -> Result<(), KernelError> {
        scalar::step(scalar::Step {
            cell: cell.kind,
            shape: cell.shape,
            weights: Weights {
                w_ih: &self.w_ih,
                w_hh: &self.w_hh,
                vectors: &self.vectors,
            },
            operands: cell.precision,
            x,
            state,
        })
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

    /// A step of rows that lie close; there are some, and they have units.
    fn step(&self, x: &[f32], state: &mut [f32], space: &mut Space) {
        let layout = &self.layout;
        let hidden_size = layout.hidden_size;
        let width = layout.num_groups * LANES;
        let (slot_width, state_width) = (layout.slot_panels * LANES, layout.state_panels * LANES);
        let state_len = state_width / width * hidden_size;
        let count = state.len() / state_len;
        let Space {
            operand: space,
            slots,
            state: padded,
        } = space;
        let slots = room(slots, count * layout.slot_panels);
        for slots in slots.chunks_exact_mut(layout.slot_panels) {
            slots.copy_from_slice(&self.biases);
        }
        let padded = room(padded, count * layout.state_panels);
        for (padded, part) in Lanes::flatten_mut(padded)
            .chunks_exact_mut(width)
            .zip(state.chunks_exact(hidden_size))
        {
            padded[..hidden_size].copy_from_slice(part);
            padded[hidden_size..].fill(0.0);
        }
        if layout.input_size > 0 {
            let x = Rows::close(x, layout.input_size);
            let sums = Lanes::flatten_mut(slots);
            let x_width = layout.x_slot_panels() * LANES;
            let mut sums = RowsMut::new(sums, slot_width, x_width);
            self.w_ih.add_to(x, space, &mut sums);
        }
        for (index, (stage, matrix)) in self.w_hh.iter().enumerate() {
            let (first, len) = (stage.first_slot * width, stage.gates.len() * width);
            match (matrix, stage.operand) {
                (None, _) => {}
                (Some(matrix), Operand::Hidden) => {
                    let hidden = Rows::new(Lanes::flatten(padded), state_width, hidden_size);
                    let sums = &mut Lanes::flatten_mut(slots)[first..];
                    matrix.add_to(hidden, space, &mut RowsMut::new(sums, slot_width, len));
                }
                // One row at a time: the sums of the next stand between this one's operand and
                // its own.
                (Some(matrix), Operand::Slot(slot)) => {
                    for slots in Lanes::flatten_mut(slots).chunks_exact_mut(slot_width) {
                        let (before, rest) = slots.split_at_mut(first);
                        let (sums, after) = rest.split_at_mut(len);
                        let operand = match slot < stage.first_slot {
                            true => &before[slot * width..],
                            false => &after[slot * width - first - len..],
                        };
                        let operand = Rows::close(&operand[..hidden_size], hidden_size);
                        matrix.add_to(operand, space, &mut RowsMut::close(sums, len));
                    }
                }
            }
            let rows = slots.chunks_exact_mut(layout.slot_panels);
            for (slots, padded) in rows.zip(padded.chunks_exact_mut(layout.state_panels)) {
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
        }
        for (padded, part) in Lanes::flatten(padded)
            .chunks_exact(width)
            .zip(state.chunks_exact_mut(hidden_size))
        {
            part.copy_from_slice(&padded[..hidden_size]);
        }
    }
}
