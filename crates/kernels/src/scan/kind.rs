//! The cells whose gates see only the input: which equations, and how their parameters lie.

/// What a minGRU or a minLSTM takes its candidate through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Candidate {
    /// `g(x) = x + 1/2` for `x >= 0`, `σ(x)` below: always positive, as the paper's log space
    /// needs it.
    Positive,
    /// `x`: the paper's plain form.
    Linear,
}

/// Where the highway of an SRU starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Highway {
    /// At the input of the cell, which is as wide as its output.
    Input,
    /// At a product of the input: a fourth block of the products.
    Projected,
}

/// How a QRNN pools over time; the names are the paper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// `h' = f ⊙ h + (1 − f) ⊙ z`.
    F,
    /// `c' = f ⊙ c + (1 − f) ⊙ z`, `h' = o ⊙ c'`.
    Fo,
    /// `c' = f ⊙ c + i ⊙ z`, `h' = o ⊙ c'`.
    Ifo,
}

/// The equations of one step, and with them the layout of products and parameters.
///
/// Every cell is `c' = a ⊙ c + b` with `a` and `b` made of the products `p` of the input, and an
/// output made of `c'`. G gates and V vectors lie in the order below, S is the number of states.
///
/// | cell | G, products | V, `vectors` | S, states |
/// |---|---|---|---|
/// | `MinGru` | 2: `z h̃` | 2: `b_z b_h` | 1: hidden |
/// | `MinLstm` | 3: `f i h̃` | 3: `b_f b_i b_h` | 1: hidden |
/// | `Sru` | 3: `x̃ f r`; projected highway 4: `s` | 2: `b_f b_r`; with peepholes 4: `v_f v_r` | 2: hidden, cell |
/// | `Qrnn` f | 2: `z f` | 2: `b_z b_f` | 1: hidden |
/// | `Qrnn` fo | 3: `z f o` | 3: `b_z b_f b_o` | 2: hidden, cell |
/// | `Qrnn` ifo | 4: `z f o i` | 4: `b_z b_f b_o b_i` | 2: hidden, cell |
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScanKind {
    /// `z = σ(p_z + b_z)`, `h' = (1 − z) ⊙ h + z ⊙ g(p_h + b_h)` (Feng et al. 2024).
    MinGru {
        /// The function `g`.
        candidate: Candidate,
    },
    /// `f = σ(p_f + b_f)`, `i = σ(p_i + b_i)`,
    /// `h' = f/(f + i) ⊙ h + i/(f + i) ⊙ g(p_h + b_h)` (Feng et al. 2024).
    MinLstm {
        /// The function `g`.
        candidate: Candidate,
    },
    /// Simple recurrent unit (Lei et al. 2018), `s` the highway's start:
    ///
    /// ```text
    /// f = σ(p_f + b_f [+ v_f ⊙ c])      c' = f ⊙ c + (1 − f) ⊙ x̃
    /// r = σ(p_r + b_r [+ v_r ⊙ c])      h' = r ⊙ c' + (1 − r) ⊙ α s
    /// ```
    Sru {
        /// Whether the gates see the cell state: the terms in brackets. Then a step needs the one
        /// before it, and time cannot be cut into blocks.
        peepholes: bool,
        /// What `s` is.
        highway: Highway,
        /// `α`.
        scale: f32,
    },
    /// Quasi-recurrent network (Bradbury et al. 2017): `z = tanh(p_z + b_z)`, the gates
    /// `σ(p + b)`, and what [`Pooling`] says.
    Qrnn {
        /// How the gates act.
        pooling: Pooling,
    },
}

impl ScanKind {
    /// G: blocks of H values in the products of one step.
    pub fn num_gates(&self) -> usize {
        match self {
            ScanKind::MinGru { .. } => 2,
            ScanKind::MinLstm { .. } => 3,
            ScanKind::Sru { highway, .. } => match highway {
                Highway::Input => 3,
                Highway::Projected => 4,
            },
            ScanKind::Qrnn { pooling } => match pooling {
                Pooling::F => 2,
                Pooling::Fo => 3,
                Pooling::Ifo => 4,
            },
        }
    }

    /// V: rows of `vectors`.
    pub fn num_vectors(&self) -> usize {
        match self {
            ScanKind::Sru { peepholes, .. } => 2 + if *peepholes { 2 } else { 0 },
            _ => self.num_gates(),
        }
    }

    /// S: states carried from step to step. With two, the first is the output of the last step,
    /// which no step reads, and the second the cell state.
    pub fn num_states(&self) -> usize {
        match self {
            ScanKind::Sru { .. } => 2,
            ScanKind::Qrnn { pooling } if *pooling != Pooling::F => 2,
            _ => 1,
        }
    }

    /// Whether the call needs `skip`, the input itself.
    pub fn reads_skip(&self) -> bool {
        matches!(
            self,
            ScanKind::Sru {
                highway: Highway::Input,
                ..
            }
        )
    }

    /// Whether coefficients are free of the state, so that blocks of time can run side by side.
    ///
    /// # Example
    /// ```
    /// use recurra_kernels::{Highway, ScanKind};
    /// let sru = |peepholes| ScanKind::Sru { peepholes, highway: Highway::Input, scale: 1.0 };
    /// assert!(sru(false).is_linear() && !sru(true).is_linear());
    /// ```
    pub fn is_linear(&self) -> bool {
        !matches!(
            self,
            ScanKind::Sru {
                peepholes: true,
                ..
            }
        )
    }
}
