//! What a cell carries from one step to the next.

use burn::tensor::Tensor;

/// The recurrent state of a batch.
#[derive(Debug, Clone)]
pub struct State {
    /// `h`, `[batch, hidden_size]`: the output of the last step.
    pub hidden: Tensor<2>,
    /// `c`, `[batch, cell_size]`, for cells that have one.
    pub cell: Option<Tensor<2>>,
}

impl State {
    /// The same values with no memory of how they came about: the cut of truncated
    /// back-propagation through time.
    pub fn detach(self) -> Self {
        Self {
            hidden: self.hidden.detach(),
            cell: self.cell.map(Tensor::detach),
        }
    }

    /// Combines two states part by part.
    pub(crate) fn zip(
        self,
        other: Self,
        combine: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    ) -> Self {
        Self {
            hidden: combine(self.hidden, other.hidden),
            cell: self.cell.zip(other.cell).map(|(a, b)| combine(a, b)),
        }
    }
}
