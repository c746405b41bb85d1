//! The recipe of the task.

use crate::Error;
use recurra_data::SplitFractions;
use recurra_data::text::{Case, Unit};
use recurra_data::words::EmbeddedPairs;
use recurra_nn::decode::DecodeConfig;
use recurra_nn::seq2seq::{LossOptions, Seq2SeqConfig};
use recurra_train::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that a run of this task is told.
///
/// # Example
/// ```
/// use recurra::{Recipe, RecipeSource};
///
/// let recipe = RecipeSource::find("word-translation")?;
/// let overrides = ["decode.search.width=3".to_owned()];
/// assert!(matches!(recipe.resolve(&overrides)?, Recipe::Translate(_)));
/// # Ok::<(), recurra::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `translate`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// Which texts.
    pub data: DataConfig,
    /// The network.
    pub model: Seq2SeqConfig,
    /// What the loss does besides comparing.
    #[serde(default)]
    pub loss: LossOptions,
    /// How it is fitted.
    pub train: TrainConfig,
    /// How a translation is found.
    #[serde(default)]
    pub decode: DecodeConfig,
}

/// `[data]`: the pairs come from `path`, else from `pairs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A list that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<EmbeddedPairs>,
    /// A file with a pair a line, source and target parted by a tab; plain or `.gz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// What a source is cut into. Default: letters.
    #[serde(default)]
    pub source_unit: Unit,
    /// What a target is cut into. Default: letters, which for Hangul are syllables.
    #[serde(default)]
    pub target_unit: Unit,
    /// What happens to capital letters. Default: they become small.
    #[serde(default)]
    pub case: Case,
    /// The longest source and target that are taken, in units; a longer line to be translated
    /// is cut. Default 64.
    #[serde(default = "sixty_four")]
    pub max_len: usize,
    /// How many pairs are kept from training; without it none are, and the run is judged on
    /// what it learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
}

fn sixty_four() -> usize {
    64
}

/// The longest text that a recipe may ask for.
const MOST_UNITS: usize = 10_000;

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        let data = &self.data;
        if data.pairs.is_none() && data.path.is_none() {
            let want = "pairs of texts: `path` or `pairs`";
            return Err(Error::config("data", want, "neither"));
        }
        if !(1..=MOST_UNITS).contains(&data.max_len) {
            let want = format!("1 to {MOST_UNITS}");
            return Err(Error::config("data.max_len", want, data.max_len));
        }
        if let Some(split) = &data.split {
            split.check()?;
            if split.valid <= 0.0 || split.test <= 0.0 {
                let want = "above 0 for valid and test, so that there is something to judge by";
                let got = format!("{} and {}", split.valid, split.test);
                return Err(Error::config("data.split", want, got));
            }
        }
        for (key, share) in [
            ("loss.label_smoothing", self.loss.label_smoothing),
            ("loss.teacher_forcing_rate", self.loss.teacher_forcing_rate),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::config(key, "a number from 0 to 1", share));
            }
        }
        self.decode.validate()?;
        Ok(())
    }
}
