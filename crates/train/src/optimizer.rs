//! How gradients become changes of the weights.
//!
//! The names and defaults are PyTorch's; the arithmetic is one kernel's, a pass over each
//! parameter with its gradient and what is remembered of past ones.

use crate::TrainError;
use burn::module::{Module, ParamId};
use recurra_nn::optim::{Gradients, Rule, Updater, WeightDecay};
use recurra_nn::weights;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `[train.optimizer]`: which rule, and its options.
///
/// # Example
/// ```
/// use recurra_train::OptimizerConfig;
/// let config: OptimizerConfig = toml::from_str("name = \"sgd\"\nmomentum = 0.9")?;
/// assert_eq!(config.learning_rate(), 1e-3);
/// assert!(toml::from_str::<OptimizerConfig>("name = \"adam\"\nmomentum = 0.9").is_err());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent, with momentum if wanted.
    Sgd(Sgd),
    /// Adam; weight decay is added to the gradient.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// RMSprop.
    RmsProp(RmsProp),
}

/// `v ← momentum·v + (g + weight_decay·w)` (first `v` = the gradient itself), `w ← w − η·v`.
///
/// # Source
/// Sutskever et al. 2013; the form of PyTorch's `SGD`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Step size η. Default 1e-3.
    pub learning_rate: f64,
    /// Share of the last step that is kept. Default 0: none.
    pub momentum: f64,
    /// Look ahead along the momentum: `w ← w − η·(g + momentum·v)`. Default false.
    pub nesterov: bool,
    /// L2 penalty. Default 0.
    pub weight_decay: f64,
}

/// `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `w ← w − η·m̂ / (√v̂ + ε)`, hats bias-corrected.
///
/// # Source
/// Kingma and Ba 2015, algorithm 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Step size η. Default 1e-3.
    pub learning_rate: f64,
    /// β₁ and β₂. Default 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε. Default 1e-8.
    pub epsilon: f64,
    /// L2 penalty, added to the gradient as `weight_decay·w`. Default 0.
    pub weight_decay: f64,
}

/// Adam's step after `w ← w·(1 − η·weight_decay)`.
///
/// # Source
/// Loshchilov and Hutter 2019, algorithm 2, with PyTorch's scaling by η.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Step size η. Default 1e-3.
    pub learning_rate: f64,
    /// β₁ and β₂. Default 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε. Default 1e-8.
    pub epsilon: f64,
    /// Decay of the weights themselves. Default 0.01.
    pub weight_decay: f64,
}

/// `v ← αv + (1−α)g²`, `b ← momentum·b + g/(√v + ε)`, `w ← w − η·b`.
///
/// # Source
/// Hinton's lecture 6e, 2012; the form of PyTorch's `RMSprop`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsProp {
    /// Step size η. Default 1e-2.
    pub learning_rate: f64,
    /// α, the memory of the squared gradients. Default 0.99.
    pub alpha: f64,
    /// ε. Default 1e-8.
    pub epsilon: f64,
    /// Share of the last step that is kept. Default 0: none.
    pub momentum: f64,
    /// Divide by the spread around the mean gradient instead of by its size. Default false.
    pub centered: bool,
    /// L2 penalty. Default 0.
    pub weight_decay: f64,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.01,
        }
    }
}

impl Default for RmsProp {
    fn default() -> Self {
        Self {
            learning_rate: 1e-2,
            alpha: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
            centered: false,
            weight_decay: 0.0,
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

impl OptimizerConfig {
    /// The step size before any schedule.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(sgd) => sgd.learning_rate,
            Self::Adam(adam) => adam.learning_rate,
            Self::AdamW(adamw) => adamw.learning_rate,
            Self::RmsProp(rmsprop) => rmsprop.learning_rate,
        }
    }

    /// Replaces the step size.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        match self {
            Self::Sgd(sgd) => sgd.learning_rate = learning_rate,
            Self::Adam(adam) => adam.learning_rate = learning_rate,
            Self::AdamW(adamw) => adamw.learning_rate = learning_rate,
            Self::RmsProp(rmsprop) => rmsprop.learning_rate = learning_rate,
        }
    }

    /// Checks every option's range.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the first option that is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        positive("train.optimizer.learning_rate", self.learning_rate())?;
        match self {
            Self::Sgd(sgd) => {
                fraction("train.optimizer.momentum", sgd.momentum)?;
                not_negative("train.optimizer.weight_decay", sgd.weight_decay)?;
                if sgd.nesterov && sgd.momentum == 0.0 {
                    return Err(TrainError::config(
                        "train.optimizer.nesterov",
                        "a momentum above 0 to look ahead along",
                        "momentum = 0",
                    ));
                }
                Ok(())
            }
            Self::Adam(Adam {
                betas,
                epsilon,
                weight_decay,
                ..
            })
            | Self::AdamW(AdamW {
                betas,
                epsilon,
                weight_decay,
                ..
            }) => {
                fraction("train.optimizer.betas", betas[0])?;
                fraction("train.optimizer.betas", betas[1])?;
                positive("train.optimizer.epsilon", *epsilon)?;
                not_negative("train.optimizer.weight_decay", *weight_decay)
            }
            Self::RmsProp(rmsprop) => {
                fraction("train.optimizer.alpha", rmsprop.alpha)?;
                positive("train.optimizer.epsilon", rmsprop.epsilon)?;
                fraction("train.optimizer.momentum", rmsprop.momentum)?;
                not_negative("train.optimizer.weight_decay", rmsprop.weight_decay)
            }
        }
    }

    fn rule(&self) -> Rule {
        match *self {
            Self::Sgd(Sgd {
                momentum,
                nesterov,
                weight_decay,
                ..
            }) => Rule::Sgd {
                momentum,
                nesterov,
                weight_decay,
            },
            Self::Adam(Adam {
                betas,
                epsilon,
                weight_decay,
                ..
            }) => Rule::Adam {
                betas,
                epsilon,
                weight_decay: WeightDecay::OfGradient(weight_decay),
            },
            Self::AdamW(AdamW {
                betas,
                epsilon,
                weight_decay,
                ..
            }) => Rule::Adam {
                betas,
                epsilon,
                weight_decay: WeightDecay::OfWeight(weight_decay),
            },
            Self::RmsProp(RmsProp {
                alpha,
                epsilon,
                momentum,
                centered,
                weight_decay,
                ..
            }) => Rule::RmsProp {
                alpha,
                epsilon,
                momentum,
                centered,
                weight_decay,
            },
        }
    }
}

/// An optimizer with its memory of past gradients.
#[derive(Debug, Clone)]
pub struct Optimizer {
    updater: Updater,
}

impl Optimizer {
    /// An optimizer that has seen nothing.
    pub fn new(config: &OptimizerConfig) -> Self {
        Self {
            updater: Updater::new(config.rule()),
        }
    }

    /// The optimizer with a share of the learning rate for each of these parameters; the others
    /// learn at all of it.
    #[must_use]
    pub fn with_rates(self, rates: impl IntoIterator<Item = (ParamId, f64)>) -> Self {
        Self {
            updater: self.updater.with_rates(rates),
        }
    }

    /// One update of every parameter that has a gradient; all gradients are multiplied with
    /// `gradient_factor` first, see [`clip_factor`](recurra_nn::optim::clip_factor).
    ///
    /// # Errors
    /// [`TrainError::Model`] when what is remembered is of other parameters.
    pub fn update<M: Module>(
        &mut self,
        model: M,
        gradients: &Gradients,
        learning_rate: f64,
        gradient_factor: f64,
    ) -> Result<M, TrainError> {
        let updated = self
            .updater
            .update(model, gradients, learning_rate, gradient_factor)?;
        Ok(updated)
    }

    /// The memory as a safetensors file: a tensor for each parameter, by its id, and the number
    /// of updates made.
    ///
    /// # Errors
    /// [`TrainError::OptimizerState`] with what the serialiser said.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TrainError> {
        let (tensors, updates) = self.updater.export();
        weights::write_safetensors(&tensors, &updates).map_err(unreadable)
    }

    /// An optimizer that goes on where [`to_bytes`](Self::to_bytes) left off.
    ///
    /// # Errors
    /// [`TrainError::OptimizerState`] when the bytes are of another optimizer.
    pub fn from_bytes(config: &OptimizerConfig, bytes: &[u8]) -> Result<Self, TrainError> {
        let origin = Path::new("optimizer state");
        let (tensors, updates) = weights::read_safetensors(bytes, origin).map_err(unreadable)?;
        let stored = tensors.len();
        let updater = Updater::import(config.rule(), tensors, &updates).ok_or_else(|| {
            TrainError::OptimizerState {
                reason: format!(
                    "{stored} tensors are stored that are not the memory of {:?}",
                    config.rule()
                ),
            }
        })?;
        Ok(Self { updater })
    }
}

fn unreadable(error: impl std::fmt::Display) -> TrainError {
    TrainError::OptimizerState {
        reason: error.to_string(),
    }
}

fn positive(key: &'static str, value: f64) -> Result<(), TrainError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(TrainError::config(key, "a number above 0", value))
}

fn not_negative(key: &'static str, value: f64) -> Result<(), TrainError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(TrainError::config(key, "a number of at least 0", value))
}

fn fraction(key: &'static str, value: f64) -> Result<(), TrainError> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(TrainError::config(
        key,
        "a number of at least 0 and below 1",
        value,
    ))
}
