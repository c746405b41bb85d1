//! A stack as data, the way a recipe writes it.

use crate::NnError;
use crate::activation::Activation;
use crate::cell::{
    Candidate, CellConfig, CellName, GruConfig, IndRnnConfig, InitConfig, LstmConfig, MinGruConfig,
    MinLstmConfig, Pooling, QrnnConfig, ResetPlace, RnnConfig, SruConfig,
};
use crate::dropout::DropoutMask;
use crate::recurrent::Merge;
use crate::unroll::RecurrentNoise;
use serde::{Deserialize, Serialize};

/// Wider than this, the recurrent weights alone would not fit a machine.
const MAX_HIDDEN_SIZE: usize = 65_536;

/// A convolution wider than this is no longer about the last few inputs.
const MAX_WINDOW_SIZE: usize = 1024;

/// A recurrent network of one or more layers.
///
/// Either one `layer`, repeated `num_layers` times, or unlike `layers` in order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackConfig {
    /// The layer that is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerConfig>,
    /// How often it is repeated; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_layers: Option<usize>,
    /// Unlike layers, from the bottom up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerConfig>,
    /// Probability of dropping a unit between two layers, in `[0, 1)`.
    #[serde(default)]
    pub dropout: f64,
    /// Whether that dropout drops other units at every step, by default, or the same ones along a
    /// whole sequence.
    #[serde(default)]
    pub dropout_mask: DropoutMask,
    /// Whether the output of every layer but the last is layer-normalised.
    #[serde(default)]
    pub layer_norm: bool,
    /// The first layer, counted from 1, whose input is added to its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual_from: Option<usize>,
    /// The first layer, counted from 1, whose input is mixed into its output by a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highway_from: Option<usize>,
}

/// One layer. What its cell does not have is refused by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerConfig {
    /// Which cell.
    pub cell: CellName,
    /// Number of units; an LSTM's output is narrower when `proj_size` is set.
    pub hidden_size: usize,
    /// `rnn`, `ind_rnn`: the activation. Tanh and ReLU by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// `lstm`, `min_lstm`, `sru`, `qrnn`: added to the forget gate's bias at the start; 1 by
    /// default for `lstm`, 0 for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget_bias: Option<f64>,
    /// `lstm`, `sru`: whether the gates see the cell state; by default an SRU's do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peepholes: Option<bool>,
    /// `lstm`: width of the projected hidden state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proj_size: Option<usize>,
    /// `lstm`: whether the forget gate is one minus the input gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupled: Option<bool>,
    /// `lstm`, `gru`, `rnn`: bound of the pre-activations, ONNX's `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// `lstm`: bound of the cell state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell_clip: Option<f64>,
    /// `lstm`: whether products and cell state are layer-normalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_norm: Option<bool>,
    /// `gru`: where the reset gate acts; after the product by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetPlace>,
    /// `lstm`, `gru`: of the gates; sigmoid by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_activation: Option<Activation>,
    /// `lstm`, `gru`: of the candidate; tanh by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_activation: Option<Activation>,
    /// `lstm`: of the cell state on its way out; tanh by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_activation: Option<Activation>,
    /// `min_gru`, `min_lstm`: what the candidate is taken through; positive by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// `sru`: `α` of the highway; `√3` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highway_scale: Option<f64>,
    /// `qrnn`: which gates pool over time; fo by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Pooling>,
    /// `qrnn`: inputs that a step sees, its own included; 2 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_size: Option<usize>,
    /// Cells with recurrent weights: probability that these do not see a unit, in `[0, 1)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrent_dropout: Option<f64>,
    /// Cells whose hidden state is carried: probability that a unit of it keeps its old value, in
    /// `[0, 1)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoneout_hidden: Option<f64>,
    /// `lstm`: probability that a cell-state unit keeps its old value, in `[0, 1)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoneout_cell: Option<f64>,
    /// `rnn`, `lstm`, `gru`: probability that a recurrent weight is zero, the same ones at every
    /// step of a sequence, in `[0, 1)`: DropConnect, as the AWD-LSTM has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_drop: Option<f64>,
    /// Reads in both directions and merges them so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bidirectional: Option<Merge>,
    /// The backward direction, where it differs from the forward one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backward: Option<Box<LayerConfig>>,
    /// Where weights start; Glorot, orthogonal and zero by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitConfig>,
}

impl LayerConfig {
    /// A layer with every option at its default.
    pub fn new(cell: CellName, hidden_size: usize) -> Self {
        Self {
            cell,
            hidden_size,
            activation: None,
            forget_bias: None,
            peepholes: None,
            proj_size: None,
            coupled: None,
            clip: None,
            cell_clip: None,
            layer_norm: None,
            reset: None,
            gate_activation: None,
            candidate_activation: None,
            output_activation: None,
            candidate: None,
            highway_scale: None,
            pooling: None,
            window_size: None,
            recurrent_dropout: None,
            zoneout_hidden: None,
            zoneout_cell: None,
            weight_drop: None,
            bidirectional: None,
            backward: None,
            init: None,
        }
    }

    /// The checked cell.
    ///
    /// # Errors
    /// [`NnError::ForeignOption`] for an option that the cell does not have,
    /// [`NnError::Config`] for a value outside its range.
    pub fn cell(&self) -> Result<CellConfig, NnError> {
        self.refuse_foreign_options()?;
        let hidden_size = self.hidden_size;
        positive("hidden_size", hidden_size)?;
        if hidden_size > MAX_HIDDEN_SIZE {
            let want = format!("at most {MAX_HIDDEN_SIZE}");
            return Err(NnError::config("hidden_size", want, hidden_size));
        }
        let init = self.init.unwrap_or_default();
        init.validate()?;
        let clip = bound("clip", self.clip)?;
        let candidate = self.candidate.unwrap_or(Candidate::Positive);
        let forget_bias = finite("forget_bias", self.forget_bias.unwrap_or(0.0))?;
        let gate_activation = self.gate_activation.unwrap_or(Activation::Sigmoid);
        let candidate_activation = self.candidate_activation.unwrap_or(Activation::Tanh);
        Ok(match self.cell {
            CellName::Rnn => CellConfig::Rnn(RnnConfig {
                hidden_size,
                activation: self.activation.unwrap_or(Activation::Tanh),
                clip,
                init,
            }),
            CellName::IndRnn => CellConfig::IndRnn(IndRnnConfig {
                hidden_size,
                activation: self.activation.unwrap_or(Activation::Relu),
                init,
            }),
            CellName::Gru => CellConfig::Gru(GruConfig {
                hidden_size,
                reset: self.reset.unwrap_or(ResetPlace::AfterProduct),
                clip,
                gate_activation,
                candidate_activation,
                init,
            }),
            CellName::Lstm if self.coupled == Some(true) && self.forget_bias.is_some() => {
                let want = "no `forget_bias` where the gates are coupled: f = 1 - i has no bias";
                return Err(NnError::config("forget_bias", want, "one"));
            }
            CellName::Lstm => CellConfig::Lstm(LstmConfig {
                hidden_size,
                forget_bias: finite("forget_bias", self.forget_bias.unwrap_or(1.0))?,
                peepholes: self.peepholes.unwrap_or(false),
                proj_size: self.proj_size()?,
                coupled: self.coupled.unwrap_or(false),
                clip,
                cell_clip: bound("cell_clip", self.cell_clip)?,
                layer_norm: self.layer_norm.unwrap_or(false),
                gate_activation,
                candidate_activation,
                output_activation: self.output_activation.unwrap_or(Activation::Tanh),
                init,
            }),
            CellName::MinGru => CellConfig::MinGru(MinGruConfig {
                hidden_size,
                candidate,
                init,
            }),
            CellName::MinLstm => CellConfig::MinLstm(MinLstmConfig {
                hidden_size,
                candidate,
                forget_bias,
                init,
            }),
            CellName::Sru => CellConfig::Sru(SruConfig {
                hidden_size,
                peepholes: self.peepholes.unwrap_or(true),
                highway_scale: finite(
                    "highway_scale",
                    self.highway_scale.unwrap_or(f64::sqrt(3.0)),
                )?,
                forget_bias,
                init,
            }),
            CellName::Qrnn => CellConfig::Qrnn(QrnnConfig {
                hidden_size,
                pooling: self.pooling.unwrap_or(Pooling::Fo),
                window_size: self.window_size()?,
                forget_bias,
                init,
            }),
        })
    }

    /// The checked noise on the recurrence.
    ///
    /// # Errors
    /// [`NnError::Config`] for a probability outside `[0, 1)`.
    pub fn noise(&self) -> Result<RecurrentNoise, NnError> {
        Ok(RecurrentNoise {
            dropout: probability("recurrent_dropout", self.recurrent_dropout)?,
            zoneout_hidden: probability("zoneout_hidden", self.zoneout_hidden)?,
            zoneout_cell: probability("zoneout_cell", self.zoneout_cell)?,
            weight_drop: probability("weight_drop", self.weight_drop)?,
        })
    }

    fn proj_size(&self) -> Result<Option<usize>, NnError> {
        match self.proj_size {
            Some(size) if size == 0 || size >= self.hidden_size => Err(NnError::config(
                "proj_size",
                format!("1 to {} (below hidden_size)", self.hidden_size - 1),
                size,
            )),
            size => Ok(size),
        }
    }

    fn window_size(&self) -> Result<usize, NnError> {
        match self.window_size {
            Some(size) if !(1..=MAX_WINDOW_SIZE).contains(&size) => {
                let want = format!("1 to {MAX_WINDOW_SIZE}");
                Err(NnError::config("window_size", want, size))
            }
            size => Ok(size.unwrap_or(2)),
        }
    }

    fn refuse_foreign_options(&self) -> Result<(), NnError> {
        use CellName::{Gru, IndRnn, Lstm, MinGru, MinLstm, Qrnn, Rnn, Sru};
        let carried_hidden = match self.pooling {
            Some(Pooling::F) => &[Rnn, IndRnn, Lstm, Gru, MinGru, MinLstm, Qrnn][..],
            _ => &[Rnn, IndRnn, Lstm, Gru, MinGru, MinLstm],
        };
        let given: [(&'static str, bool, &[CellName], &'static str); 21] = [
            (
                "activation",
                self.activation.is_some(),
                &[Rnn, IndRnn],
                "`rnn` and `ind_rnn`",
            ),
            (
                "forget_bias",
                self.forget_bias.is_some(),
                &[Lstm, MinLstm, Sru, Qrnn],
                "`lstm`, `min_lstm`, `sru` and `qrnn`",
            ),
            (
                "peepholes",
                self.peepholes.is_some(),
                &[Lstm, Sru],
                "`lstm` and `sru`",
            ),
            (
                "candidate",
                self.candidate.is_some(),
                &[MinGru, MinLstm],
                "`min_gru` and `min_lstm`",
            ),
            (
                "highway_scale",
                self.highway_scale.is_some(),
                &[Sru],
                "`sru`",
            ),
            ("pooling", self.pooling.is_some(), &[Qrnn], "`qrnn`"),
            ("window_size", self.window_size.is_some(), &[Qrnn], "`qrnn`"),
            (
                "recurrent_dropout",
                self.recurrent_dropout.is_some(),
                &[Rnn, IndRnn, Lstm, Gru],
                "cells with recurrent weights: `rnn`, `ind_rnn`, `lstm` and `gru`",
            ),
            (
                "weight_drop",
                self.weight_drop.is_some(),
                &[Rnn, Lstm, Gru],
                "cells with a matrix of recurrent weights: `rnn`, `lstm` and `gru`",
            ),
            (
                "init.recurrent",
                self.init.is_some_and(|init| init.recurrent.is_some()),
                &[Rnn, IndRnn, Lstm, Gru],
                "cells with recurrent weights: `rnn`, `ind_rnn`, `lstm` and `gru`",
            ),
            (
                "zoneout_hidden",
                self.zoneout_hidden.is_some(),
                carried_hidden,
                "cells that carry their hidden state: all but `sru`, and `qrnn` unless its \
                 pooling is `f`",
            ),
            ("proj_size", self.proj_size.is_some(), &[Lstm], "`lstm`"),
            ("coupled", self.coupled.is_some(), &[Lstm], "`lstm`"),
            (
                "clip",
                self.clip.is_some(),
                &[Lstm, Gru, Rnn],
                "`lstm`, `gru` and `rnn`",
            ),
            ("cell_clip", self.cell_clip.is_some(), &[Lstm], "`lstm`"),
            ("layer_norm", self.layer_norm.is_some(), &[Lstm], "`lstm`"),
            ("reset", self.reset.is_some(), &[Gru], "`gru`"),
            (
                "gate_activation",
                self.gate_activation.is_some(),
                &[Lstm, Gru],
                "`lstm` and `gru`",
            ),
            (
                "candidate_activation",
                self.candidate_activation.is_some(),
                &[Lstm, Gru],
                "`lstm` and `gru`",
            ),
            (
                "output_activation",
                self.output_activation.is_some(),
                &[Lstm],
                "`lstm`",
            ),
            (
                "zoneout_cell",
                self.zoneout_cell.is_some(),
                &[Lstm],
                "`lstm`",
            ),
        ];
        for (option, given, owners, belongs_to) in given {
            if given && !owners.contains(&self.cell) {
                return Err(NnError::ForeignOption {
                    option,
                    cell: self.cell.as_str(),
                    belongs_to,
                });
            }
        }
        Ok(())
    }
}

impl StackConfig {
    /// A stack of `num_layers` equal layers.
    pub fn uniform(layer: LayerConfig, num_layers: usize) -> Self {
        Self {
            layer: Some(layer),
            num_layers: Some(num_layers),
            ..Self::default()
        }
    }

    /// The layers from the bottom up, each written out.
    ///
    /// # Errors
    /// [`NnError::Config`] unless exactly one of `layer` and `layers` is given.
    pub fn expanded(&self) -> Result<Vec<LayerConfig>, NnError> {
        match (&self.layer, self.layers.as_slice()) {
            (Some(layer), []) => {
                let count = self.num_layers.unwrap_or(1);
                positive("num_layers", count)?;
                Ok(vec![layer.clone(); count])
            }
            (None, layers @ [_, ..]) => match self.num_layers {
                Some(count) if count != layers.len() => Err(NnError::config(
                    "num_layers",
                    format!("{} or nothing, as `layers` has that many", layers.len()),
                    count,
                )),
                _ => Ok(layers.to_vec()),
            },
            (None, []) => Err(NnError::config("layer", "`layer` or `layers`", "neither")),
            (Some(_), _) => Err(NnError::config("layer", "`layer` or `layers`", "both")),
        }
    }

    /// The checked dropout between layers.
    pub(crate) fn dropout(&self) -> Result<f64, NnError> {
        probability("dropout", Some(self.dropout))
    }

    /// Refuses what acts between layers where there is nothing between.
    pub(crate) fn check_between(&self, num_layers: usize) -> Result<(), NnError> {
        for (key, given) in [
            ("dropout", self.dropout > 0.0),
            ("layer_norm", self.layer_norm),
        ] {
            if given && num_layers == 1 {
                let want = "`num_layers` of at least 2: it acts between layers";
                return Err(NnError::config(key, want, "one layer"));
            }
        }
        Ok(())
    }
}

fn positive(key: &str, value: usize) -> Result<(), NnError> {
    if value == 0 {
        return Err(NnError::config(key, "at least 1", value));
    }
    Ok(())
}

fn finite(key: &str, value: f64) -> Result<f64, NnError> {
    if !value.is_finite() {
        return Err(NnError::config(key, "a finite number", value));
    }
    Ok(value)
}

fn bound(key: &str, value: Option<f64>) -> Result<Option<f64>, NnError> {
    match value {
        Some(bound) if !(bound.is_finite() && bound > 0.0) => {
            Err(NnError::config(key, "a number above 0", bound))
        }
        bound => Ok(bound),
    }
}

fn probability(key: &str, value: Option<f64>) -> Result<f64, NnError> {
    match value {
        None => Ok(0.0),
        Some(p) if (0.0..1.0).contains(&p) => Ok(p),
        Some(p) => Err(NnError::config(key, "a probability in [0, 1)", p)),
    }
}
