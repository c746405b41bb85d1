//! `[train]`: everything a recipe says about fitting.

use crate::TrainError;
use crate::averaging::AveragingConfig;
use crate::early_stopping::EarlyStoppingConfig;
use crate::fine_tuning::FineTuningConfig;
use crate::optimizer::OptimizerConfig;
use crate::schedule::{ScheduleConfig, at_least_one};
use recurra_nn::Products;
use serde::{Deserialize, Serialize};

/// The `[train]` section of a recipe.
///
/// Training ends after `updates` or `epochs`, whichever comes first; one of them must
/// be given.
///
/// # Example
/// ```
/// use recurra_train::TrainConfig;
/// let config: TrainConfig = toml::from_str(
///     r#"
///     updates = 2000
///     clip_norm = 1.0
///     optimizer = { name = "adam", learning_rate = 2e-3 }
///     schedule = { name = "cosine", warmup = 100 }
///     early_stopping = { metric = "loss", patience = 5 }
///     "#,
/// )?;
/// config.validate()?;
/// assert_eq!(config.batch_size, 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Where all randomness of the run starts. Default 0.
    pub seed: u64,
    /// What recurrent layers multiply while they are trained. Default f32.
    pub precision: Precision,
    /// Examples per update. Default 32.
    pub batch_size: usize,
    /// Put examples of similar length into one batch. Default true.
    pub bucketing: bool,
    /// End after this many updates. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<u64>,
    /// End after this many passes over the training data. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Updates between two evaluations; the end is always evaluated. Default 100.
    pub evaluate_every: u64,
    /// Updates between two checkpoints; start and end always have one. Default 100.
    pub checkpoint_every: u64,
    /// Largest Euclidean norm of all gradients together. Default: no clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// How gradients become changes. Default Adam.
    pub optimizer: OptimizerConfig,
    /// The learning rate over the updates. Default constant.
    pub schedule: ScheduleConfig,
    /// Whether averaged weights are evaluated and kept. Default none.
    pub averaging: AveragingConfig,
    /// When to stop before the end. Default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStoppingConfig>,
    /// Layers that learn slower or later than those above them. Default: all alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fine_tuning: Option<FineTuningConfig>,
}

/// The numbers that the matrix products of recurrent layers multiply in training.
///
/// Weights, states, sums and the optimizer's memory are 32-bit floats whatever this is, and
/// evaluation and prediction compute in 32 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// Weights, inputs, hidden states and gradients rounded to bf16 where a product of a fused
    /// recurrence multiplies them ([`Products::Bf16`]).
    Bf16,
}

impl Precision {
    /// The same, as the kernels say it.
    pub fn products(self) -> Products {
        match self {
            Self::F32 => Products::F32,
            Self::Bf16 => Products::Bf16,
        }
    }
}

/// More rows than this are a slip of the keyboard.
const MAX_BATCH_SIZE: usize = 1_000_000;

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            precision: Precision::F32,
            batch_size: 32,
            bucketing: true,
            updates: None,
            epochs: None,
            evaluate_every: 100,
            checkpoint_every: 100,
            clip_norm: None,
            optimizer: OptimizerConfig::default(),
            schedule: ScheduleConfig::default(),
            averaging: AveragingConfig::default(),
            early_stopping: None,
            fine_tuning: None,
        }
    }
}

impl TrainConfig {
    /// Checks every option, alone and together.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the first key that is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        if i64::try_from(self.seed).is_err() {
            return Err(TrainError::config(
                "train.seed",
                "a whole number below 2^63, the largest that a recipe can hold",
                self.seed,
            ));
        }
        at_least_one("train.batch_size", self.batch_size as u64)?;
        if self.batch_size > MAX_BATCH_SIZE {
            let want = format!("at most {MAX_BATCH_SIZE}");
            return Err(TrainError::config(
                "train.batch_size",
                want,
                self.batch_size,
            ));
        }
        at_least_one("train.evaluate_every", self.evaluate_every)?;
        at_least_one("train.checkpoint_every", self.checkpoint_every)?;
        match (self.updates, self.epochs) {
            (None, None) => {
                return Err(TrainError::config(
                    "train.updates",
                    "`updates` or `epochs` to end at",
                    "neither",
                ));
            }
            (updates, epochs) => {
                at_least_one("train.updates", updates.unwrap_or(1))?;
                at_least_one("train.epochs", epochs.unwrap_or(1))?;
            }
        }
        if let Some(clip_norm) = self.clip_norm
            && !(clip_norm.is_finite() && clip_norm > 0.0)
        {
            return Err(TrainError::config(
                "train.clip_norm",
                "a number above 0 (leave the key out for no clipping)",
                clip_norm,
            ));
        }
        self.optimizer.validate()?;
        self.schedule
            .validate(self.optimizer.learning_rate(), self.updates)?;
        self.averaging.validate()?;
        if let Some(early_stopping) = &self.early_stopping {
            early_stopping.validate()?;
        }
        if let Some(fine_tuning) = &self.fine_tuning {
            fine_tuning.validate()?;
        }
        Ok(())
    }

    /// Refuses to go on under `now` with what was trained under `self`; only when to end
    /// and how often to save may differ.
    pub(crate) fn must_fit(&self, now: &Self) -> Result<(), TrainError> {
        let table = |config: &Self| {
            let config = Self {
                updates: None,
                epochs: None,
                checkpoint_every: 1,
                ..config.clone()
            };
            toml::Table::try_from(config).unwrap_or_default()
        };
        let (then, now) = (table(self), table(now));
        let show = |value: Option<&toml::Value>| {
            value.map_or_else(|| "not set".to_owned(), ToString::to_string)
        };
        for key in then.keys().chain(now.keys()) {
            if then.get(key) != now.get(key) {
                return Err(TrainError::OtherConfig {
                    key: key.clone(),
                    want: show(then.get(key)),
                    got: show(now.get(key)),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(recipe: &str) -> String {
        match toml::from_str::<TrainConfig>(recipe) {
            Ok(config) => config.validate().unwrap_err().to_string(),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn a_resolved_section_reads_back_the_same() {
        let config: TrainConfig = toml::from_str(
            r#"
            epochs = 3
            seed = 9007199254740993
            precision = "bf16"
            clip_norm = 0.1
            optimizer = { name = "rmsprop", alpha = 0.9, centered = true }
            schedule = { name = "plateau", metric = "accuracy", factor = 0.5, patience = 2, warmup = 7 }
            averaging = { name = "ema", decay = 0.99 }
            early_stopping = { metric = "loss", patience = 3, min_delta = 1e-3 }
            fine_tuning = { rate_decay = 0.4, unfreeze_every = 50 }
            "#,
        )
        .unwrap();
        config.validate().unwrap();
        let written = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<TrainConfig>(&written).unwrap(), config);
    }

    #[test]
    fn options_that_a_choice_does_not_have_are_refused_by_name() {
        let refused = [
            ("updates = 1\nlearning_rat = 1.0", "learning_rat"),
            (
                "updates = 1\noptimizer = { name = \"adam\", momentum = 0.9 }",
                "momentum",
            ),
            (
                "updates = 1\noptimizer = { name = \"sgd\", betas = [0.9, 0.9] }",
                "betas",
            ),
            ("updates = 1\noptimizer = { name = \"adagrad\" }", "adagrad"),
            ("updates = 1\nprecision = \"fp16\"", "fp16"),
            ("updates = 1\nprecision = \"int8\"", "`f32` or `bf16`"),
            (
                "updates = 1\nschedule = { name = \"constant\", every = 3 }",
                "every",
            ),
            (
                "updates = 1\naveraging = { name = \"none\", decay = 0.9 }",
                "decay",
            ),
            (
                "updates = 1\nearly_stopping = { metric = \"loss\", patience = 1, delta = 1.0 }",
                "delta",
            ),
        ];
        for (recipe, key) in refused {
            let message = refusal(recipe);
            assert!(message.contains(key), "{recipe}: {message}");
        }
    }

    #[test]
    fn values_out_of_range_are_refused_by_key() {
        let refused = [
            ("", "train.updates"),
            ("updates = 0", "train.updates"),
            ("epochs = 0", "train.epochs"),
            ("updates = 1\nbatch_size = 0", "train.batch_size"),
            ("updates = 1\nclip_norm = 0.0", "train.clip_norm"),
            ("updates = 1\nclip_norm = nan", "train.clip_norm"),
            ("updates = 1\nevaluate_every = 0", "train.evaluate_every"),
            (
                "updates = 1\noptimizer = { name = \"sgd\", learning_rate = -1.0 }",
                "learning_rate",
            ),
            (
                "updates = 1\noptimizer = { name = \"sgd\", nesterov = true }",
                "nesterov",
            ),
            (
                "updates = 1\noptimizer = { name = \"adamw\", betas = [0.9, 1.0] }",
                "betas",
            ),
            (
                "updates = 1\nschedule = { name = \"step\", every = 0, factor = 0.5 }",
                "every",
            ),
            (
                "updates = 1\nschedule = { name = \"step\", every = 2, factor = 1.5 }",
                "factor",
            ),
            (
                "epochs = 1\nschedule = { name = \"cosine\" }",
                "train.schedule.updates",
            ),
            (
                "updates = 1\nschedule = { name = \"cosine\", min_learning_rate = 1.0 }",
                "min_learning_rate",
            ),
            (
                "updates = 1\naveraging = { name = \"ema\", decay = 1.0 }",
                "decay",
            ),
            (
                "updates = 1\naveraging = { name = \"mean\", start = 0 }",
                "start",
            ),
            (
                "updates = 1\nearly_stopping = { metric = \"luck\", patience = 1 }",
                "luck",
            ),
            (
                "updates = 1\nearly_stopping = { metric = \"loss\", patience = 0 }",
                "patience",
            ),
            (
                "updates = 1\nfine_tuning = { rate_decay = 1.5 }",
                "train.fine_tuning.rate_decay",
            ),
            (
                "updates = 1\nfine_tuning = { unfreeze_every = 0 }",
                "train.fine_tuning.unfreeze_every",
            ),
            (
                "updates = 1\nschedule = { name = \"linear\", updates = 0 }",
                "train.schedule.updates",
            ),
        ];
        for (recipe, key) in refused {
            let message = refusal(recipe);
            assert!(message.contains(key), "{recipe}: {message}");
        }
    }
}
