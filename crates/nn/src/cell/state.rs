//! What a cell carries from one step to the next.

use burn::tensor::{Int, Tensor, TensorData};

/// The recurrent state of a batch.
#[derive(Debug, Clone)]
pub struct State {
    /// `h`, `[batch, hidden_size]`: the output of the last step.
    pub hidden: Tensor<2>,
    /// `c`, `[batch, cell_size]`, for cells that have one.
    pub cell: Option<Tensor<2>>,
    /// The last inputs, the oldest first, `[batch, look_back, input_size]`, for cells that look
    /// back at them; zeros when there is none.
    pub window: Option<Tensor<3>>,
}

impl State {
    /// A state that is only the hidden part.
    pub(crate) fn hidden_only(hidden: Tensor<2>) -> Self {
        Self {
            hidden,
            cell: None,
            window: None,
        }
    }

    /// The same values with no memory of how they came about: the cut of truncated
    /// back-propagation through time.
    pub fn detach(self) -> Self {
        Self {
            hidden: self.hidden.detach(),
            cell: self.cell.map(Tensor::detach),
            window: self.window.map(Tensor::detach),
        }
    }

    /// The state of these rows in this order; a row may come more than once, or not at all.
    pub fn select(self, rows: &[usize]) -> Self {
        let ids = rows.iter().map(|&row| row as i64).collect();
        let ids = TensorData::new::<i64, _>(ids, [rows.len()]);
        let ids = Tensor::<1, Int>::from_data(ids, &self.hidden.device());
        Self {
            hidden: self.hidden.select(0, ids.clone()),
            cell: self.cell.map(|cell| cell.select(0, ids.clone())),
            window: self.window.map(|window| window.select(0, ids)),
        }
    }

    /// Combines two states part by part, but for the windows, which time alone moves.
    pub(crate) fn zip(
        self,
        other: Self,
        combine: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    ) -> Self {
        Self {
            hidden: combine(self.hidden, other.hidden),
            cell: self.cell.zip(other.cell).map(|(a, b)| combine(a, b)),
            window: None,
        }
    }
}
