//! Every argument of a sequence call against `shape` and `cell`, in the order of its fields.

use crate::sequence::Origin;
use crate::shape::Argument;
use crate::{CellKind, KernelError, SequenceBackward, SequenceForward, SequenceShape, Weights};

impl<R> SequenceForward<'_, R> {
    pub(crate) fn check(&self, op: &'static str) -> Result<(), KernelError> {
        let checks = Checks {
            op,
            cell: self.cell,
            shape: self.shape,
        };
        checks.inputs(&self.weights, self.x, self.lengths, self.state)?;
        checks.steps("outputs", self.outputs)?;
        checks.state("final_state", self.final_state)
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: self.products,
            lengths: self.lengths.map(<[usize]>::to_vec),
        }
    }
}

impl<R> SequenceBackward<'_, R> {
    fn origin(&self) -> Origin {
        Origin {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: self.products,
            lengths: self.lengths.map(<[usize]>::to_vec),
        }
    }

    pub(crate) fn check(&self, op: &'static str) -> Result<(), KernelError> {
        let checks = Checks {
            op,
            cell: self.cell,
            shape: self.shape,
        };
        checks.inputs(&self.weights, self.x, self.lengths, self.state)?;
        checks.saved(&self.origin(), &self.saved.origin)?;
        if let Some(d_outputs) = self.d_outputs {
            checks.steps("d_outputs", d_outputs)?;
        }
        if let Some(d_final_state) = self.d_final_state {
            checks.state("d_final_state", d_final_state)?;
        }
        if let Some(d_x) = &self.d_x {
            checks.x("d_x", d_x)?;
        }
        checks.w_ih("d_w_ih", self.d_w_ih)?;
        checks.w_hh("d_w_hh", self.d_w_hh)?;
        checks.vectors("d_vectors", self.d_vectors)?;
        checks.state("d_state", self.d_state)
    }
}

impl<R> Weights<'_, R> {
    /// The parameters alone, for a call that has nothing else of a sequence's.
    pub(crate) fn check(
        &self,
        op: &'static str,
        cell: CellKind,
        shape: SequenceShape,
    ) -> Result<(), KernelError> {
        Checks { op, cell, shape }.weights(self)
    }
}

/// What all checks of one call compare with.
struct Checks {
    op: &'static str,
    cell: CellKind,
    shape: SequenceShape,
}

impl Checks {
    fn inputs<R>(
        &self,
        weights: &Weights<'_, R>,
        x: &[R],
        lengths: Option<&[usize]>,
        state: &[R],
    ) -> Result<(), KernelError> {
        self.weights(weights)?;
        self.x("x", x)?;
        if let Some(lengths) = lengths {
            self.lengths(lengths)?;
        }
        self.state("state", state)
    }

    fn weights<R>(&self, weights: &Weights<'_, R>) -> Result<(), KernelError> {
        self.clip()?;
        self.w_ih("weights.w_ih", weights.w_ih)?;
        self.w_hh("weights.w_hh", weights.w_hh)?;
        self.vectors("weights.vectors", weights.vectors)
    }

    fn clip(&self) -> Result<(), KernelError> {
        match self.cell {
            CellKind::Lstm {
                clip: Some(got), ..
            } if got.is_nan() || got <= 0.0 => Err(KernelError::Clip { op: self.op, got }),
            _ => Ok(()),
        }
    }

    fn w_ih<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [self.cell.num_gates(), s.hidden_size, s.input_size];
        self.length(name, "[G·H, I]", &dimensions, values.len())
    }

    fn w_hh<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let layout = match self.cell {
            CellKind::IndRnn { .. } => "[H]",
            _ => "[G·H, H]",
        };
        let dimensions = self.cell.w_hh_dimensions(self.shape.hidden_size);
        self.length(name, layout, &dimensions, values.len())
    }

    fn vectors<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let dimensions = [self.cell.num_vectors(), self.shape.hidden_size];
        self.length(name, "[V, H]", &dimensions, values.len())
    }

    fn x<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.seq_len, s.batch_size, s.input_size];
        self.length(name, "[T, B, I]", &dimensions, values.len())
    }

    fn steps<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.seq_len, s.batch_size, s.hidden_size];
        self.length(name, "[T, B, H]", &dimensions, values.len())
    }

    fn state<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [self.cell.num_states(), s.batch_size, s.hidden_size];
        self.length(name, "[S, B, H]", &dimensions, values.len())
    }

    fn lengths(&self, lengths: &[usize]) -> Result<(), KernelError> {
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

    fn saved(&self, wanted: &Origin, saved: &Origin) -> Result<(), KernelError> {
        if wanted == saved {
            return Ok(());
        }
        let op = self.op;
        let (wanted, got) = if wanted.lengths == saved.lengths {
            let describe = |o: &Origin| {
                let Origin {
                    cell,
                    shape,
                    direction,
                    products,
                    lengths: _,
                } = o;
                format!("{cell:?}, {shape:?}, {direction:?}, {products} products")
            };
            (describe(wanted), describe(saved))
        } else {
            let describe = |o: &Origin| format!("lengths {:?}", o.lengths);
            (describe(wanted), describe(saved))
        };
        Err(KernelError::SavedMismatch { op, wanted, got })
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
        argument.check(self.op, self.shape, got)
    }
}
