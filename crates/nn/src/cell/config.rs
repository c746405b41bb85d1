//! Cells as data: what each cell can be told.

use super::scan_config::{MinGruConfig, MinLstmConfig, QrnnConfig, SruConfig};
use crate::NnError;
use crate::activation::Activation;
use crate::init::Initialiser;
use serde::{Deserialize, Serialize};

/// The cells, by the name that a recipe gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellName {
    /// [`super::Rnn`]
    Rnn,
    /// [`super::Lstm`]
    Lstm,
    /// [`super::Gru`]
    Gru,
    /// [`super::IndRnn`]
    IndRnn,
    /// [`super::MinGru`]
    MinGru,
    /// [`super::MinLstm`]
    MinLstm,
    /// [`super::Sru`]
    Sru,
    /// [`super::Qrnn`]
    Qrnn,
}

impl CellName {
    /// The name in a recipe.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rnn => "rnn",
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::IndRnn => "ind_rnn",
            Self::MinGru => "min_gru",
            Self::MinLstm => "min_lstm",
            Self::Sru => "sru",
            Self::Qrnn => "qrnn",
        }
    }
}

/// Where a GRU applies its reset gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetPlace {
    /// `r ⊙ (W_hn h + b_hn)`: cuDNN, PyTorch, Keras by default.
    AfterProduct,
    /// `W_hn (r ⊙ h)`: the paper, ONNX by default.
    BeforeProduct,
}

/// Initialisers of the three kinds of weight of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitConfig {
    /// Of `w_ih`; Glorot by default.
    pub input: Initialiser,
    /// Of `w_hh`; orthogonal by default, and for an IndRNN uniform between 0 and 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurrent: Option<Initialiser>,
    /// Of the biases; zero by default. `forget_bias` is added to it.
    pub bias: Initialiser,
}

impl Default for InitConfig {
    /// What Keras does.
    fn default() -> Self {
        Self {
            input: Initialiser::Glorot,
            recurrent: None,
            bias: Initialiser::Constant(0.0),
        }
    }
}

impl InitConfig {
    /// Of a square `w_hh`.
    pub(crate) fn recurrent(&self) -> Initialiser {
        self.recurrent.unwrap_or(Initialiser::Orthogonal)
    }

    pub(crate) fn validate(&self) -> Result<(), NnError> {
        self.input.validate("init.input")?;
        self.recurrent().validate("init.recurrent")?;
        self.bias.validate("init.bias")
    }
}

/// A checked description of one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum CellConfig {
    /// See [`super::Rnn`].
    Rnn(RnnConfig),
    /// See [`super::Lstm`].
    Lstm(LstmConfig),
    /// See [`super::Gru`].
    Gru(GruConfig),
    /// See [`super::IndRnn`].
    IndRnn(IndRnnConfig),
    /// See [`super::MinGru`].
    MinGru(MinGruConfig),
    /// See [`super::MinLstm`].
    MinLstm(MinLstmConfig),
    /// See [`super::Sru`].
    Sru(SruConfig),
    /// See [`super::Qrnn`].
    Qrnn(QrnnConfig),
}

/// A plain recurrent cell.
#[derive(Debug, Clone, PartialEq)]
pub struct RnnConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// Tanh by default.
    pub activation: Activation,
    /// Bound of the pre-activations.
    pub clip: Option<f64>,
    /// Where weights start.
    pub init: InitConfig,
}

/// An independently recurrent cell.
#[derive(Debug, Clone, PartialEq)]
pub struct IndRnnConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// ReLU by default, as the paper has it.
    pub activation: Activation,
    /// Where weights start; by default the recurrent weights are uniform in `[0, 1)`.
    pub init: InitConfig,
}

/// A gated recurrent unit.
#[derive(Debug, Clone, PartialEq)]
pub struct GruConfig {
    /// Number of units.
    pub hidden_size: usize,
    /// After the product by default.
    pub reset: ResetPlace,
    /// Bound of the pre-activations.
    pub clip: Option<f64>,
    /// Of `r` and `z`; sigmoid by default.
    pub gate_activation: Activation,
    /// Of `n`; tanh by default.
    pub candidate_activation: Activation,
    /// Where weights start.
    pub init: InitConfig,
}

/// A long short-term memory cell.
#[derive(Debug, Clone, PartialEq)]
pub struct LstmConfig {
    /// Number of units, the width of the cell state.
    pub hidden_size: usize,
    /// Added to the forget gate's bias at the start; 1 by default, so that a fresh
    /// cell remembers (Jozefowicz et al. 2015).
    pub forget_bias: f64,
    /// Whether the gates see the cell state.
    pub peepholes: bool,
    /// Width of the hidden state, when it is projected to another.
    pub proj_size: Option<usize>,
    /// Whether the forget gate is one minus the input gate.
    pub coupled: bool,
    /// Bound of the gates' pre-activations.
    pub clip: Option<f64>,
    /// Bound of the cell state.
    pub cell_clip: Option<f64>,
    /// Whether products and cell state are layer-normalised.
    pub layer_norm: bool,
    /// Of `i`, `f`, `o`; sigmoid by default.
    pub gate_activation: Activation,
    /// Of `g`; tanh by default.
    pub candidate_activation: Activation,
    /// Of the cell state on its way out; tanh by default.
    pub output_activation: Activation,
    /// Where weights start.
    pub init: InitConfig,
}

impl CellConfig {
    /// Draws the weights of the cell.
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut crate::Rng,
        device: &burn::tensor::Device,
    ) -> Result<super::AnyCell, NnError> {
        use super::AnyCell;
        Ok(match self {
            Self::Rnn(config) => AnyCell::Rnn(config.build(input_size, rng, device)?),
            Self::Lstm(config) => AnyCell::Lstm(config.build(input_size, rng, device)?),
            Self::Gru(config) => AnyCell::Gru(config.build(input_size, rng, device)?),
            Self::IndRnn(config) => AnyCell::IndRnn(config.build(input_size, rng, device)?),
            Self::MinGru(config) => AnyCell::MinGru(config.build(input_size, rng, device)?),
            Self::MinLstm(config) => AnyCell::MinLstm(config.build(input_size, rng, device)?),
            Self::Sru(config) => AnyCell::Sru(config.build(input_size, rng, device)?),
            Self::Qrnn(config) => AnyCell::Qrnn(config.build(input_size, rng, device)?),
        })
    }
}
