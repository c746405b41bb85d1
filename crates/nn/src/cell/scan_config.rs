//! The cells that scan as data.

use super::InitConfig;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// What a minGRU or a minLSTM takes its candidate through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidate {
    /// `g(x) = x + 1/2` for `x >= 0`, `σ(x)` below: the paper's form for log space, where the
    /// state is always positive.
    Positive,
    /// `x`: the paper's plain form.
    Linear,
}

impl Candidate {
    pub(crate) fn apply(self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Positive => {
                // NaN is not at least zero, and σ(NaN) is NaN.
                let above = x.clone().greater_equal_elem(0.0);
                activation::sigmoid(x.clone()).mask_where(above, x.add_scalar(0.5))
            }
            Self::Linear => x,
        }
    }

    pub(crate) fn kernel(self) -> recurra_kernels::Candidate {
        match self {
            Self::Positive => recurra_kernels::Candidate::Positive,
            Self::Linear => recurra_kernels::Candidate::Linear,
        }
    }
}

/// How a QRNN pools over time; see [`super::Qrnn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// A forget gate.
    F,
    /// A forget gate and an output gate.
    Fo,
    /// An input gate too.
    Ifo,
}

impl Pooling {
    /// Blocks of the products.
    pub(crate) fn num_gates(self) -> usize {
        match self {
            Self::F => 2,
            Self::Fo => 3,
            Self::Ifo => 4,
        }
    }

    pub(crate) fn kernel(self) -> recurra_kernels::Pooling {
        match self {
            Self::F => recurra_kernels::Pooling::F,
            Self::Fo => recurra_kernels::Pooling::Fo,
            Self::Ifo => recurra_kernels::Pooling::Ifo,
        }
    }
}

/// A minimal gated recurrent unit.
#[derive(Debug, Clone, PartialEq)]
pub struct MinGruConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// Positive by default.
    pub candidate: Candidate,
    /// Where weights start.
    pub init: InitConfig,
}

/// A minimal long short-term memory.
#[derive(Debug, Clone, PartialEq)]
pub struct MinLstmConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// Positive by default.
    pub candidate: Candidate,
    /// Added to the forget gate's bias at the start; 0 by default.
    pub forget_bias: f64,
    /// Where weights start.
    pub init: InitConfig,
}

/// A simple recurrent unit.
#[derive(Debug, Clone, PartialEq)]
pub struct SruConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// Whether the gates see the cell state; true by default, as in the paper.
    pub peepholes: bool,
    /// `α` of the highway; by default `√3`, which keeps the variance of a fresh stack (Lei et al.
    /// 2018, section 3.2: `√(1 + 2 e^b)` for a highway bias `b`, here 0).
    pub highway_scale: f64,
    /// Added to the forget gate's bias at the start; 0 by default.
    pub forget_bias: f64,
    /// Where weights start; peepholes start at zero.
    pub init: InitConfig,
}

/// A quasi-recurrent network.
#[derive(Debug, Clone, PartialEq)]
pub struct QrnnConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// fo by default.
    pub pooling: Pooling,
    /// Inputs that a step sees, its own included; 2 by default.
    pub window_size: usize,
    /// Added to the forget gate's bias at the start; 0 by default.
    pub forget_bias: f64,
    /// Where weights start.
    pub init: InitConfig,
}
