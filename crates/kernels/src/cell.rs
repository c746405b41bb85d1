//! The cells: which equations, and how their parameters lie in memory.

/// The activation of [`CellKind::Rnn`] and [`CellKind::IndRnn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `tanh(x)`.
    Tanh,
    /// `max(x, 0)`; its derivative at zero is taken as zero.
    Relu,
}

/// Where a GRU applies its reset gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reset {
    /// To the recurrent product: `n = tanh(W_in·x + b_n + r ⊙ (W_hn·h + b_hn))`.
    /// cuDNN, PyTorch, Keras with `reset_after`, ONNX with `linear_before_reset`.
    AfterProduct,
    /// To the state before the product: `n = tanh(W_in·x + b_n + W_hn·(r ⊙ h))`.
    /// Cho et al. 2014, Keras without `reset_after`, the default of ONNX.
    BeforeProduct,
}

/// The equations of one step, and with them the layout of the weights.
///
/// `w_ih` is `[G·H, I]` and `w_hh` `[G·H, H]`, the G gates in the order below; `vectors` is
/// `[V, H]`.
///
/// | cell | gates | `vectors` | states |
/// |---|---|---|---|
/// | `Rnn` | one | `b` | hidden |
/// | `Lstm` | `i f g o` | `b_i b_f b_g b_o`, with peepholes `p_i p_f p_o` | hidden, cell |
/// | `Gru` | `r z n` | `b_r b_z b_n`, after the product `b_hn` | hidden |
/// | `IndRnn` | one; `w_hh` is `[H]` | `b` | hidden |
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellKind {
    /// `h' = act(W_ih·x + b + W_hh·h)` (Elman 1990).
    Rnn {
        /// The activation.
        activation: Activation,
    },
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, Gers et al. 2000):
    ///
    /// ```text
    /// i = σ(W_ii·x + b_i + W_hi·h [+ p_i ⊙ c])      g = tanh(W_ig·x + b_g + W_hg·h)
    /// f = σ(W_if·x + b_f + W_hf·h [+ p_f ⊙ c])      c' = f ⊙ c + i ⊙ g
    /// o = σ(W_io·x + b_o + W_ho·h [+ p_o ⊙ c'])     h' = o ⊙ tanh(c')
    /// ```
    Lstm {
        /// Whether the gates see the cell state (Gers and Schmidhuber 2000): the terms in
        /// brackets.
        peepholes: bool,
        /// Whether `f = 1 − i` (ONNX `input_forget`). The weights of `f` are then unused and
        /// their gradient is zero.
        coupled: bool,
        /// Bound on the input of every gate activation: each of the four sums above, peephole
        /// included, is clamped to `[−clip, clip]`; beyond it no gradient passes.
        ///
        /// This is the `clip` of ONNX as ONNX Runtime computes it. The cell state itself is not
        /// clamped.
        clip: Option<f32>,
    },
    /// Gated recurrent unit (Cho et al. 2014): `r, z = σ(W_i·x + b + W_h·h)`, `n` as [`Reset`]
    /// says, `h' = (1 − z) ⊙ n + z ⊙ h`.
    Gru {
        /// Where the reset gate is applied.
        reset: Reset,
    },
    /// `h' = act(W_ih·x + b + w_hh ⊙ h)`: each unit sees only itself (Li et al. 2018).
    IndRnn {
        /// The activation.
        activation: Activation,
    },
}

impl CellKind {
    /// An LSTM without options, as PyTorch's.
    pub const PLAIN_LSTM: CellKind = CellKind::Lstm {
        peepholes: false,
        coupled: false,
        clip: None,
    };

    /// A GRU as PyTorch's: the reset gate behind the product.
    pub const PLAIN_GRU: CellKind = CellKind::Gru {
        reset: Reset::AfterProduct,
    };

    /// G: blocks of H rows in `w_ih`.
    pub fn num_gates(&self) -> usize {
        match self {
            CellKind::Rnn { .. } | CellKind::IndRnn { .. } => 1,
            CellKind::Gru { .. } => 3,
            CellKind::Lstm { .. } => 4,
        }
    }

    /// S: states carried from step to step; the first is hidden, an LSTM's second is cell.
    pub fn num_states(&self) -> usize {
        match self {
            CellKind::Lstm { .. } => 2,
            _ => 1,
        }
    }

    /// V: rows of `vectors`.
    pub fn num_vectors(&self) -> usize {
        match self {
            CellKind::Rnn { .. } | CellKind::IndRnn { .. } => 1,
            CellKind::Lstm { peepholes, .. } => 4 + if *peepholes { 3 } else { 0 },
            CellKind::Gru { reset } => match reset {
                Reset::AfterProduct => 4,
                Reset::BeforeProduct => 3,
            },
        }
    }

    /// Values in `w_hh` for a hidden size of `hidden_size`.
    ///
    /// # Example
    /// ```
    /// use recurra_kernels::{Activation, CellKind, Reset};
    /// let gru = CellKind::Gru { reset: Reset::AfterProduct };
    /// assert_eq!(gru.w_hh_len(5), 3 * 5 * 5);
    /// let ind_rnn = CellKind::IndRnn { activation: Activation::Relu };
    /// assert_eq!(ind_rnn.w_hh_len(5), 5);
    /// ```
    pub fn w_hh_len(&self, hidden_size: usize) -> usize {
        let [gates, rows, columns] = self.w_hh_dimensions(hidden_size);
        gates * rows * columns
    }

    /// The dimensions of `w_hh`, their product not yet taken.
    pub(crate) fn w_hh_dimensions(&self, hidden_size: usize) -> [usize; 3] {
        match self {
            CellKind::IndRnn { .. } => [1, hidden_size, 1],
            _ => [self.num_gates(), hidden_size, hidden_size],
        }
    }
}
