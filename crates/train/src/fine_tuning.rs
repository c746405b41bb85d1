//! Layers that learn at rates of their own, and one after another.

use crate::TrainError;
use crate::config::TrainConfig;
use crate::learner::Learner;
use crate::schedule::at_least_one;
use burn::module::ParamId;
use recurra_nn::optim::Gradients;
use recurra_nn::weights;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[train.fine_tuning]`: how far weights that were learnt before may move.
///
/// Depth counts from the top: the head is at 0, the layer below it at 1. A task whose networks have
/// no such order refuses the section.
///
/// # Source
/// Howard and Ruder 2018, "Universal language model fine-tuning for text classification":
/// discriminative rates with a `rate_decay` of `1/2.6`, and gradual unfreezing.
///
/// # Example
/// ```
/// use recurra_train::FineTuningConfig;
/// let config: FineTuningConfig = toml::from_str("rate_decay = 0.5\nunfreeze_every = 100")?;
/// assert_eq!(config.rate(0), 1.0);
/// assert_eq!(config.rate(2), 0.25);
/// assert!(config.learns(0, 1) && !config.learns(2, 200) && config.learns(2, 201));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuningConfig {
    /// The learning rate of a layer over that of the layer above it, in `(0, 1]`. Default 1.
    pub rate_decay: f64,
    /// Updates after which one more layer learns, from the head down. Default: all learn from the
    /// beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfreeze_every: Option<u64>,
}

impl Default for FineTuningConfig {
    fn default() -> Self {
        Self {
            rate_decay: 1.0,
            unfreeze_every: None,
        }
    }
}

impl FineTuningConfig {
    /// Checks the range of both.
    ///
    /// # Errors
    /// [`TrainError::Config`].
    pub fn validate(&self) -> Result<(), TrainError> {
        if !(self.rate_decay > 0.0 && self.rate_decay <= 1.0) {
            let want = "a number above 0 and at most 1";
            return Err(TrainError::config(
                "train.fine_tuning.rate_decay",
                want,
                self.rate_decay,
            ));
        }
        at_least_one(
            "train.fine_tuning.unfreeze_every",
            self.unfreeze_every.unwrap_or(1),
        )
    }

    /// What the learning rate of a layer is multiplied with: `rate_decay^depth`.
    pub fn rate(&self, depth: usize) -> f64 {
        self.rate_decay
            .powi(i32::try_from(depth).unwrap_or(i32::MAX))
    }

    /// Whether a layer learns in this update; updates count from 1.
    pub fn learns(&self, depth: usize, update: u64) -> bool {
        match self.unfreeze_every {
            Some(every) => update.saturating_sub(1) / every >= depth as u64,
            None => true,
        }
    }
}

/// What fine-tuning says of each parameter.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    config: FineTuningConfig,
    /// By parameter id; empty when all learn alike.
    depths: BTreeMap<u64, usize>,
}

impl Layers {
    pub(crate) fn of<L: Learner>(
        learner: &L,
        model: &L::Model,
        config: &TrainConfig,
    ) -> Result<Self, TrainError> {
        let Some(config) = &config.fine_tuning else {
            return Ok(Self::default());
        };
        let depth = |(name, id): (String, ParamId)| {
            let depth = learner.depth(&name).ok_or_else(|| {
                let want = "nothing: the layers of this task's networks have no order";
                TrainError::config("train.fine_tuning", want, "a section")
            })?;
            Ok((id.val(), depth))
        };
        let depths = weights::names(model).into_iter().map(depth);
        Ok(Self {
            config: config.clone(),
            depths: depths.collect::<Result<_, TrainError>>()?,
        })
    }

    /// What the learning rate of each parameter is multiplied with.
    pub(crate) fn rates(&self) -> Vec<(ParamId, f64)> {
        let rate = |(&id, &depth): (&u64, &usize)| (ParamId::from(id), self.config.rate(depth));
        self.depths.iter().map(rate).collect()
    }

    /// Takes away the gradients of what does not learn yet.
    pub(crate) fn freeze(&self, gradients: &mut Gradients, update: u64) {
        let depth = |id: ParamId| self.depths.get(&id.val()).copied().unwrap_or(0);
        gradients.retain(|id| self.config.learns(depth(id), update));
    }
}
