//! The recipe of the task.

use crate::Error;
use recurra_data::SplitFractions;
use recurra_data::parallel::{DATASETS, ParallelDataset, ParallelFiles};
use recurra_data::text::moses::Language;
use recurra_data::tokenizer::{Pieces, TokenizerConfig};
use recurra_data::words::EmbeddedPairs;
use recurra_nn::decode::{DecodeConfig, Search};
use recurra_nn::seq2seq::{LossOptions, Seq2SeqConfig};
use recurra_train::TrainConfig;
use recurra_train::metric::translation::{LetterCase, Tokenization};
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
    pub decode: DecodeOptions,
    /// How translations are compared with those of the data.
    #[serde(default)]
    pub judge: JudgeConfig,
}

/// `[data]`: the pairs come from one of `dataset`, `files` and `pairs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A list that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<EmbeddedPairs>,
    /// A public data set by its name, with its own parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Where the data set is; without it the folder `RECURRA_DATA` is looked at. Beside `pairs`, a
    /// file that is read in their place: a table of which the columns 1 and 2 are taken, or JSON
    /// lines with the keys `source` and `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// A user's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<ParallelFiles>,
    /// Files whose pairs are watched while training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<ParallelFiles>,
    /// Files whose pairs the result is made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<ParallelFiles>,
    /// How many of `files` or `pairs` are kept from training; without it, and without `valid`
    /// and `test`, none are, and the run is judged on what it learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
    /// What a source is cut into. Default: byte pairs, 8000 of them.
    #[serde(default)]
    pub source: TokenizerConfig,
    /// What a target is cut into. Default: byte pairs, 8000 of them.
    #[serde(default)]
    pub target: TokenizerConfig,
    /// Whether both sides have the same pieces; not by default.
    #[serde(default)]
    pub vocabulary: Vocabulary,
    /// The longest source and target that are trained on, in pieces; a longer line to be
    /// translated is cut. Default 100.
    #[serde(default = "hundred")]
    pub max_len: usize,
    /// Pairs of which one side is more than this many times as long as the other are not
    /// trained on. Default 9.
    #[serde(default = "nine")]
    pub max_ratio: f64,
    /// Batches that hold about this many pieces of one side, padding among them, in the place of
    /// `train.batch_size` pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_tokens: Option<usize>,
}

/// Whether both sides have the same pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vocabulary {
    /// Each side has its own.
    #[default]
    Separate,
    /// They are learnt from both together; `source` and `target` may differ in `moses` alone.
    Joint,
}

/// `[decode]`: how a translation is found, and what becomes of unknown words.
///
/// Not a flattened [`DecodeConfig`]: where unknown keys are refused, serde cannot flatten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecodeOptions {
    /// See [`DecodeConfig::search`].
    pub search: Search,
    /// See [`DecodeConfig::min_len`].
    pub min_len: usize,
    /// See [`DecodeConfig::max_len`].
    pub max_len: usize,
    /// See [`DecodeConfig::block_ngram`].
    pub block_ngram: usize,
    /// Whether the unknown word may be said, for which then stands the word of the source that
    /// was attended to most (Luong et al. 2015, "Addressing the rare word problem"; OpenNMT's
    /// `replace_unk`). Needs attention, and words as pieces of both sides. Off by default: other
    /// words are said in its place. `block_ngram` takes all unknown words for one.
    pub replace_unknown: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let DecodeConfig {
            search,
            min_len,
            max_len,
            block_ngram,
        } = DecodeConfig::default();
        Self {
            search,
            min_len,
            max_len,
            block_ngram,
            replace_unknown: false,
        }
    }
}

impl DecodeOptions {
    /// What a search is told.
    pub fn config(&self) -> DecodeConfig {
        DecodeConfig {
            search: self.search.clone(),
            min_len: self.min_len,
            max_len: self.max_len,
            block_ngram: self.block_ngram,
        }
    }
}

/// `[judge]`: what BLEU compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeConfig {
    /// How lines are cut. Default as mteval-v13a does.
    pub tokenization: Tokenization,
    /// Whether capital letters count as different from small ones. Default: they do.
    pub case: LetterCase,
    /// Cut both texts as Moses does by this language's rules before `tokenization` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moses: Option<Language>,
}

fn hundred() -> usize {
    100
}

fn nine() -> f64 {
    9.0
}

/// The longest text that a recipe may ask for.
const MOST_PIECES: usize = 10_000;

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        self.data.validate()?;
        let attention = self.model.attention.as_ref();
        self.loss
            .validate(attention.is_some_and(|attention| attention.coverage))?;
        self.decode.config().validate()?;
        let refuse = |key: &str, want: &str| Err(Error::config(key, want, true));
        if self.model.copy && self.data.vocabulary != Vocabulary::Joint {
            let want = "`joint` beside `model.copy`: a piece is copied by its id";
            return Err(Error::config("data.vocabulary", want, "`separate`"));
        }
        if self.decode.replace_unknown {
            const KEY: &str = "decode.replace_unknown";
            if attention.is_none() {
                let want = "false without `model.attention`, which says what a word is made of";
                return refuse(KEY, want);
            }
            let sides = [self.data.source.pieces, self.data.target.pieces];
            if sides != [Pieces::Words; 2] {
                let want = "false unless `data.source` and `data.target` have `words` as pieces: \
                            what is unknown of others is no word";
                return refuse(KEY, want);
            }
        }
        Ok(())
    }
}

impl DataConfig {
    fn validate(&self) -> Result<(), Error> {
        self.validate_origin()?;
        if !(1..=MOST_PIECES).contains(&self.max_len) {
            let want = format!("1 to {MOST_PIECES}");
            return Err(Error::config("data.max_len", want, self.max_len));
        }
        if !(self.max_ratio.is_finite() && self.max_ratio >= 1.0) {
            let want = "a number of at least 1";
            return Err(Error::config("data.max_ratio", want, self.max_ratio));
        }
        if self.batch_tokens == Some(0) {
            return Err(Error::config("data.batch_tokens", "at least 1", 0));
        }
        self.source.check()?;
        self.target.check()?;
        if self.vocabulary == Vocabulary::Joint {
            let target = TokenizerConfig {
                moses: self.source.moses,
                ..self.target.clone()
            };
            if target != self.source {
                let want = "like `data.source`, for a joint vocabulary, but for `moses`";
                return Err(Error::config("data.target", want, "another"));
            }
        }
        Ok(())
    }

    fn validate_origin(&self) -> Result<(), Error> {
        let given = [
            ("pairs", self.pairs.is_some()),
            ("dataset", self.dataset.is_some()),
            ("files", self.files.is_some()),
        ];
        let given: Vec<&str> = (given.iter())
            .filter_map(|&(key, given)| given.then_some(key))
            .collect();
        if given.len() != 1 {
            let want = "pairs of texts from one of `dataset`, `files` and `pairs`; a table of \
                        your own is `files = { format = \"table\", path = \"pairs.tsv\", source = \
                        1, target = 2 }`";
            let got = if given.is_empty() {
                "none".to_owned()
            } else {
                given.join(" and ")
            };
            return Err(Error::config("data", want, got));
        }
        if let Some(name) = &self.dataset {
            self.known_dataset(name)?;
        } else if self.path.is_some() && self.files.is_some() {
            let want = "nothing beside `files`, which have their own";
            return Err(Error::config("data.path", want, "a path"));
        }
        let parts = self.valid.is_some() || self.test.is_some();
        if parts && (self.files.is_none() || self.split.is_some()) {
            let want = "`valid` and `test` beside `files`, without `split`";
            return Err(Error::config("data", want, given[0]));
        }
        if let Some(split) = &self.split {
            if self.dataset.is_some() {
                let want = "nothing: a data set has its own parts";
                return Err(Error::config("data.split", want, "fractions"));
            }
            split.check()?;
            if split.valid <= 0.0 || split.test <= 0.0 {
                let want = "above 0 for valid and test, so that there is something to judge by";
                let got = format!("{} and {}", split.valid, split.test);
                return Err(Error::config("data.split", want, got));
            }
        }
        Ok(())
    }

    /// The data set of a name.
    pub(super) fn known_dataset(&self, name: &str) -> Result<&'static ParallelDataset, Error> {
        ParallelDataset::find(name).ok_or_else(|| {
            let names: Vec<&str> = DATASETS.iter().map(|dataset| dataset.name).collect();
            let want = format!("one of {}", names.join(", "));
            Error::config("data.dataset", want, name)
        })
    }
}
