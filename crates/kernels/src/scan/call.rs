//! The calls, and every argument of them against `shape` and `cell`.

use crate::shape::Argument;
use crate::{Direction, KernelError, ScanKind, SequenceShape};

/// The sizes of a scan: T, B and H of the documentation. Any of them may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScanShape {
    /// T: time steps, padding included.
    pub seq_len: usize,
    /// B: rows that run side by side.
    pub batch_size: usize,
    /// H: width of the state.
    pub hidden_size: usize,
}

/// A forward pass over a whole sequence, whose products are done.
///
/// A row of length `n` runs through times `0..n`, or `n − 1` down to `0` with
/// [`Direction::Backward`]. At times `n..T` its state stays as it is and its output is zero. Rows
/// do not influence each other: a row's numbers are the same bits alone or beside other rows.
#[derive(Debug)]
pub struct ScanForward<'a, R = f32> {
    /// The equations.
    pub cell: ScanKind,
    /// T, B and H.
    pub shape: ScanShape,
    /// The order of the steps.
    pub direction: Direction,
    /// `[B, T, G·H]`: products of the input, without biases. What lies past a row's length is
    /// never read.
    pub products: &'a [R],
    /// `[V, H]`: biases, then peepholes.
    pub vectors: &'a [R],
    /// `[B, T, H]`: where the highway starts, for cells that read it; see
    /// [`ScanKind::reads_skip`].
    pub skip: Option<&'a [R]>,
    /// `[B]`, each at most T; `None` when every row has T steps.
    pub lengths: Option<&'a [usize]>,
    /// `[S, B, H]`: the initial hidden state, then the cell state.
    pub state: &'a [R],
    /// `[B, T, H]`, overwritten: the output of each step.
    pub outputs: &'a mut [R],
    /// `[B, T, H]`, overwritten: the cell state after each step, which the backward pass needs.
    /// `None` for inference, and for cells of one state, where it is `outputs`.
    pub cells: Option<&'a mut [R]>,
    /// `[S, B, H]`, overwritten: the state after each row's last step.
    pub final_state: &'a mut [R],
}

/// Back-propagation through time for one [`ScanForward`], whose `cell` to `state` it repeats.
///
/// The results, from `d_products` to `d_state`, are overwritten. At a row's padding `d_outputs` is
/// not read, and `d_products` and `d_skip` are zero.
#[derive(Debug)]
pub struct ScanBackward<'a, R = f32> {
    /// The equations.
    pub cell: ScanKind,
    /// T, B and H.
    pub shape: ScanShape,
    /// The order of the forward steps.
    pub direction: Direction,
    /// `[B, T, G·H]`.
    pub products: &'a [R],
    /// `[V, H]`.
    pub vectors: &'a [R],
    /// `[B, T, H]`, for cells that read it.
    pub skip: Option<&'a [R]>,
    /// `[B]`, or `None` when every row has T steps.
    pub lengths: Option<&'a [usize]>,
    /// `[S, B, H]`: the initial state.
    pub state: &'a [R],
    /// `[B, T, H]`: the forward pass's `outputs` for a cell of one state, else its `cells`.
    pub cells: &'a [R],
    /// `[B, T, H]`: gradient of the outputs; `None` for zero.
    pub d_outputs: Option<&'a [R]>,
    /// `[S, B, H]`: gradient of the final state; `None` for zero.
    pub d_final_state: Option<&'a [R]>,
    /// `[B, T, G·H]`.
    pub d_products: &'a mut [R],
    /// `[V, H]`.
    pub d_vectors: &'a mut [R],
    /// `[B, T, H]`, for cells that read `skip`; `None` when nobody asks for it.
    pub d_skip: Option<&'a mut [R]>,
    /// `[S, B, H]`: gradient of the initial state.
    pub d_state: &'a mut [R],
}

impl ScanShape {
    /// Whether there is no row or no unit.
    pub(crate) fn has_no_state(self) -> bool {
        self.batch_size == 0 || self.hidden_size == 0
    }
}

impl<R> ScanForward<'_, R> {
    pub(crate) fn check(&self, op: &'static str) -> Result<(), KernelError> {
        let checks = Checks {
            op,
            cell: self.cell,
            shape: self.shape,
        };
        checks.products("products", self.products)?;
        checks.vectors("vectors", self.vectors)?;
        checks.skip("skip", self.skip, true)?;
        checks.lengths(self.lengths)?;
        checks.state("state", self.state)?;
        checks.steps("outputs", self.outputs)?;
        if let Some(cells) = &self.cells {
            checks.steps("cells", cells)?;
        }
        checks.state("final_state", self.final_state)
    }
}

impl<R> ScanBackward<'_, R> {
    pub(crate) fn check(&self, op: &'static str) -> Result<(), KernelError> {
        let checks = Checks {
            op,
            cell: self.cell,
            shape: self.shape,
        };
        checks.products("products", self.products)?;
        checks.vectors("vectors", self.vectors)?;
        checks.skip("skip", self.skip, true)?;
        checks.lengths(self.lengths)?;
        checks.state("state", self.state)?;
        checks.steps("cells", self.cells)?;
        if let Some(d_outputs) = self.d_outputs {
            checks.steps("d_outputs", d_outputs)?;
        }
        if let Some(d_final_state) = self.d_final_state {
            checks.state("d_final_state", d_final_state)?;
        }
        checks.products("d_products", self.d_products)?;
        checks.vectors("d_vectors", self.d_vectors)?;
        checks.skip("d_skip", self.d_skip.as_deref(), false)?;
        checks.state("d_state", self.d_state)
    }
}

/// What all checks of one call compare with.
struct Checks {
    op: &'static str,
    cell: ScanKind,
    shape: ScanShape,
}

impl Checks {
    fn products<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [
            s.batch_size,
            s.seq_len,
            self.cell.num_gates(),
            s.hidden_size,
        ];
        self.length(name, "[B, T, G·H]", &dimensions, values.len())
    }

    fn vectors<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let dimensions = [self.cell.num_vectors(), self.shape.hidden_size];
        self.length(name, "[V, H]", &dimensions, values.len())
    }

    fn steps<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.batch_size, s.seq_len, s.hidden_size];
        self.length(name, "[B, T, H]", &dimensions, values.len())
    }

    /// There for a cell that reads it, and for no other.
    fn skip<R>(
        &self,
        name: &'static str,
        values: Option<&[R]>,
        needed: bool,
    ) -> Result<(), KernelError> {
        match values {
            Some(values) if self.cell.reads_skip() => self.steps(name, values),
            None if needed && self.cell.reads_skip() => self.steps::<R>(name, &[]),
            Some(values) => self.length(name, "[0]", &[0], values.len()),
            None => Ok(()),
        }
    }

    fn state<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [self.cell.num_states(), s.batch_size, s.hidden_size];
        self.length(name, "[S, B, H]", &dimensions, values.len())
    }

    fn lengths(&self, lengths: Option<&[usize]>) -> Result<(), KernelError> {
        let Some(lengths) = lengths else {
            return Ok(());
        };
        let seq_len = self.shape.seq_len;
        self.length("lengths", "[B]", &[self.shape.batch_size], lengths.len())?;
        match lengths.iter().position(|&length| length > seq_len) {
            Some(row) => Err(KernelError::RowLength {
                op: self.op,
                row,
                seq_len,
                got: lengths[row],
            }),
            None => Ok(()),
        }
    }

    fn length(
        &self,
        name: &'static str,
        layout: &'static str,
        dimensions: &[usize],
        got: usize,
    ) -> Result<(), KernelError> {
        let argument = Argument {
            name,
            layout,
            dimensions,
        };
        // What a scan takes in is its products.
        let shape = SequenceShape {
            seq_len: self.shape.seq_len,
            batch_size: self.shape.batch_size,
            input_size: (self.cell.num_gates()).saturating_mul(self.shape.hidden_size),
            hidden_size: self.shape.hidden_size,
        };
        argument.check(self.op, shape, got)
    }
}
