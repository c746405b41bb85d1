//! The recipe of the task.

use crate::Error;
use recurra_data::SplitFractions;
use recurra_data::tagged::{EmbeddedSentences, TaggedColumns};
use recurra_data::text::{Case, Unit};
use recurra_nn::StackConfig;
use recurra_train::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that a run of this task is told.
///
/// # Example
/// ```
/// use recurra::{Recipe, RecipeSource};
///
/// let recipe = RecipeSource::find("tag-entities")?;
/// let overrides = ["model.head=softmax".to_owned()];
/// assert!(matches!(recipe.resolve(&overrides)?, Recipe::Tag(_)));
/// # Ok::<(), recurra::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `tag`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// Which sentences, and what their labels are.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// How it is fitted.
    pub train: TrainConfig,
}

/// What labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// One of a word alone, such as its part of speech; judged by the share that is right.
    Words,
    /// Of neighbouring words together, as `B-`, `I-`, `E-`, `S-` and `O` in any of the usual
    /// schemes; judged by the F1 of whole spans.
    Spans,
}

/// What labels of spans become before they are learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanScheme {
    /// The first word is told from the others (IOB2).
    Bio,
    /// So is the last, and a span of one word.
    #[default]
    Bioes,
}

/// Which sentences are held out where a part has no files of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitOrder {
    /// Any, by the seed.
    #[default]
    Random,
    /// The last ones.
    InOrder,
}

/// `[data]`: the sentences come from `train`, else from `sentences`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A set that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentences: Option<EmbeddedSentences>,
    /// A file to learn from in place of what the recipe names; or the folder that its files are
    /// in, instead of `$RECURRA_DATA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Files to learn from, plain, `.gz` or `.zst`; a file inside a `.zip` is named as if the
    /// archive were a folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train: Vec<String>,
    /// Files to watch while learning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub valid: Vec<String>,
    /// Files that the result is made on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// How many of the sentences to learn from are held out, for parts without files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
    /// Which of them. Default `random`.
    #[serde(default)]
    pub split_order: SplitOrder,
    /// Where words and labels are. Default: the first two columns.
    #[serde(default)]
    pub columns: TaggedColumns,
    /// What labels are.
    pub labels: LabelKind,
    /// `spans`: what they become before they are learnt. Default `bioes`.
    #[serde(default)]
    pub scheme: SpanScheme,
    /// What happens to capital letters of a word when it is looked up; its letters are read as
    /// they are. Default: they become small.
    #[serde(default)]
    pub case: Case,
    /// What a word's letters are. Default: letters, which for Hangul are syllables.
    #[serde(default)]
    pub unit: Unit,
    /// How often a word must be seen to have a vector of its own. Default 1.
    #[serde(default = "one")]
    pub min_count: usize,
    /// The longest sentence, in words; a longer one is read in pieces. Default 1000.
    #[serde(default = "thousand")]
    pub max_len: usize,
}

/// `[model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Width of a word's own vector.
    pub embed_size: usize,
    /// Width of the vector of its shape (capitals, digits, signs, script); 0 for none.
    #[serde(default)]
    pub shape_size: usize,
    /// How its letters are read; left out, they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<CharacterModel>,
    /// `a` of the probability `a / (a + count)` with which a training word is taken for an
    /// unknown one, so that unknown words are learnt. Default 0.25.
    #[serde(default = "quarter")]
    pub word_dropout: f64,
    /// Probability of dropping an input of the lowest layer, in `[0, 1)`. Default 0.
    #[serde(default)]
    pub input_dropout: f64,
    /// Probability of dropping an output of the top layer, in `[0, 1)`. Default 0.
    #[serde(default)]
    pub output_dropout: f64,
    /// The recurrent layers.
    pub stack: StackConfig,
    /// How labels are chosen. Default `softmax`.
    #[serde(default)]
    pub head: Head,
}

/// How the letters of a word become numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CharacterModel {
    /// A stack reads them; its last state is taken (Lample et al. 2016).
    Recurrent {
        /// Width of a letter's vector.
        embed_size: usize,
        /// The layers; bidirectional as a rule.
        stack: Box<StackConfig>,
    },
    /// A convolution looks at `window_len` neighbours at a time; the largest output of each filter is
    /// taken (Ma & Hovy 2016).
    Convolution {
        /// Width of a letter's vector.
        embed_size: usize,
        /// Number of filters.
        num_filters: usize,
        /// Letters that a filter sees; odd.
        window_len: usize,
    },
}

/// How labels are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// Each on its own.
    #[default]
    Softmax,
    /// All of a sentence together, by a conditional random field.
    Crf,
}

fn one() -> usize {
    1
}

fn thousand() -> usize {
    1000
}

fn quarter() -> f64 {
    0.25
}

/// Wider than this, a vector is a slip of the keyboard.
const MOST_WIDTH: usize = 65_536;
/// The longest piece of a sentence that a recipe may ask for.
const MOST_WORDS: usize = 10_000;

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        self.data.validate()?;
        self.model.validate()
    }
}

impl DataConfig {
    fn validate(&self) -> Result<(), Error> {
        match (self.sentences, self.train.is_empty()) {
            (None, true) => {
                let want = "sentences: files in `train`, or `sentences`";
                return Err(Error::config("data", want, "neither"));
            }
            (Some(_), false) => {
                return Err(Error::config("data", "`train` or `sentences`", "both"));
            }
            _ => {}
        }
        self.columns.check()?;
        within("data.max_len", self.max_len, MOST_WORDS)?;
        within("data.min_count", self.min_count, usize::MAX)?;
        for (part, files, share) in self.held_out() {
            let from_split = share.is_some_and(|share| share > 0.0);
            let key = format!("data.{part}");
            match (files.is_empty(), from_split) {
                (true, false) => {
                    let want = format!("files, or a share of `train`: `split.{part}` above 0");
                    return Err(Error::config(key, want, "neither"));
                }
                (false, true) => {
                    let want = format!("files, or `split.{part}` above 0");
                    return Err(Error::config(key, want, "both"));
                }
                _ => {}
            }
        }
        if let Some(split) = &self.split {
            split.check()?;
        }
        Ok(())
    }

    fn held_out(&self) -> [(&'static str, &[String], Option<f64>); 2] {
        let split = self.split.as_ref();
        [
            ("valid", &self.valid, split.map(|split| split.valid)),
            ("test", &self.test, split.map(|split| split.test)),
        ]
    }
}

impl ModelConfig {
    fn validate(&self) -> Result<(), Error> {
        within("model.embed_size", self.embed_size, MOST_WIDTH)?;
        if self.shape_size > MOST_WIDTH {
            let want = format!("0 to {MOST_WIDTH}");
            return Err(Error::config("model.shape_size", want, self.shape_size));
        }
        for (key, dropout) in [
            ("model.input_dropout", self.input_dropout),
            ("model.output_dropout", self.output_dropout),
        ] {
            if !(0.0..1.0).contains(&dropout) {
                return Err(Error::config(key, "a probability in [0, 1)", dropout));
            }
        }
        if !(self.word_dropout.is_finite() && self.word_dropout >= 0.0) {
            let want = "a number of at least 0";
            return Err(Error::config("model.word_dropout", want, self.word_dropout));
        }
        match &self.characters {
            None => {}
            Some(CharacterModel::Recurrent { embed_size, stack }) => {
                within("model.characters.embed_size", *embed_size, MOST_WIDTH)?;
                check_stack(stack)?;
            }
            Some(CharacterModel::Convolution {
                embed_size,
                num_filters,
                window_len,
            }) => {
                within("model.characters.embed_size", *embed_size, MOST_WIDTH)?;
                within("model.characters.num_filters", *num_filters, MOST_WIDTH)?;
                if window_len % 2 == 0 || *window_len > 31 {
                    let want = "an odd number up to 31";
                    return Err(Error::config(
                        "model.characters.window_len",
                        want,
                        window_len,
                    ));
                }
            }
        }
        check_stack(&self.stack)
    }
}

fn check_stack(stack: &StackConfig) -> Result<(), Error> {
    for layer in stack.expanded()? {
        layer.cell()?;
        layer.noise()?;
    }
    Ok(())
}

fn within(key: &str, value: usize, most: usize) -> Result<(), Error> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    let want = match most {
        usize::MAX => "at least 1".to_owned(),
        _ => format!("1 to {most}"),
    };
    Err(Error::config(key, want, value))
}
