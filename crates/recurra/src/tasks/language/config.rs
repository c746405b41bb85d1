//! The recipe of the task.

use crate::Error;
use recurra_data::passages::Passage;
use recurra_data::source::ColumnSelector;
use recurra_data::text::{self, Case, Markup};
use recurra_data::{SplitFractions, TokenizerConfig};
use recurra_nn::{DropoutMask, Initialiser, StackConfig};
use recurra_train::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that a run of this task is told.
///
/// # Example
/// ```
/// use recurra::{Recipe, RecipeSource};
///
/// let recipe = RecipeSource::find("harbour-char")?;
/// let overrides = ["data.tbptt_len=20".to_owned(), "data.unit=word".to_owned()];
/// assert!(matches!(recipe.resolve(&overrides)?, Recipe::Language(_)));
/// # Ok::<(), recurra::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `language`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// Which text, and what it is cut into.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// How it is fitted. An epoch is one pass over the text; `batch_size` rows of it are read side
    /// by side, and `bucketing` has nothing to act on.
    pub train: TrainConfig,
}

/// What a text is cut into; the end of a line is a token of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// What stands between white space.
    Word,
    /// A composed character: a letter, a Hangul syllable, a space. Also written `syllable`.
    #[serde(alias = "syllable")]
    Letter,
    /// A decomposed character: two or three for a Hangul syllable.
    Jamo,
    /// What `tokenizer` cuts: words by the rules of a language, or subwords.
    Piece,
}

/// `[data]`: the text comes from `dataset`, else from `path`, else from `passage`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A text that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<Passage>,
    /// The text to train on by its name below the folder `$RECURRA_DATA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The text that training is watched on, likewise; with `test`, in place of `split`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<String>,
    /// The text that the result is made on, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// A text file, plain, `.gz` or `.zst`; or the folder that `dataset` is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The column of a table that the text is in, a row a line; by default the file is the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnSelector>,
    /// What becomes of HTML tags. Default: they are kept.
    #[serde(default)]
    pub markup: Markup,
    /// What the text is cut into.
    pub unit: Unit,
    /// How `unit = "piece"` is cut; in its form, `case` and `min_count` stand inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerConfig>,
    /// What happens to capital letters. Default: they stay.
    #[serde(default = "keep")]
    pub case: Case,
    /// How often a unit has to be in the training text to have a token of its own; rarer ones are
    /// unknown. Default 1.
    #[serde(default = "one")]
    pub min_count: usize,
    /// How one text is parted, in its order; needed without `valid` and `test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
    /// Steps that gradients go back, and that an update is made on; the state goes on.
    pub tbptt_len: usize,
}

/// `[model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Width of a token's vector.
    pub embed_size: usize,
    /// Whether the vectors are also the output's weights (Press and Wolf 2017); the top layer is
    /// then as wide as they are. Default false.
    #[serde(default)]
    pub tied: bool,
    /// Where vectors and output weights start. Default uniform within 0.1.
    #[serde(default = "tenth")]
    pub init: Initialiser,
    /// Probability of dropping a token's whole vector, wherever in a window it stands, in `[0, 1)`.
    /// Default 0.
    #[serde(default)]
    pub embedding_dropout: f64,
    /// Probability of dropping an element of the first layer's input. Default 0.
    #[serde(default)]
    pub input_dropout: f64,
    /// Probability of dropping a unit of the top layer's output. Default 0.
    #[serde(default)]
    pub output_dropout: f64,
    /// Whether input and output dropout drop others at every step, by default, or the same along a
    /// window (variational).
    #[serde(default)]
    pub dropout_mask: DropoutMask,
    /// Weight of the mean square of the output in the loss (activation regularisation). Default 0.
    #[serde(default)]
    pub activation_penalty: f64,
    /// Weight of the mean square of its change from step to step (temporal activation
    /// regularisation). Default 0.
    #[serde(default)]
    pub change_penalty: f64,
    /// In training, how many tokens the softmax runs over beside those of the window: they are
    /// drawn, and stand for all others. Default: it runs over the whole vocabulary, as it does in
    /// judging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_softmax: Option<usize>,
    /// The tokens at which a softmax in two levels cuts the vocabulary, ascending: those below the
    /// first stand in the first level, beside a cluster for each part behind it (Grave et al. 2017).
    /// Words, letters and Jamo are then numbered by how frequent they are, as a tokenizer's words
    /// always are; learnt subwords keep their order, in which all characters come first, so that the
    /// first cutoff should be well above their number. Default: one level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive_softmax: Option<Vec<usize>>,
    /// The recurrent layers.
    pub stack: StackConfig,
}

fn keep() -> Case {
    Case::Keep
}

fn one() -> usize {
    1
}

fn tenth() -> Initialiser {
    Initialiser::Uniform(0.1)
}

/// Longer windows than this would keep every step of a book.
const MAX_TBPTT_LEN: usize = 100_000;

impl Unit {
    /// The units of a line; pieces only as far as white space divides them.
    pub(super) fn segment(self, line: &str) -> Vec<String> {
        match self {
            Self::Word | Self::Piece => line.split_whitespace().map(str::to_owned).collect(),
            Self::Letter => text::Unit::Letter.segment(line),
            Self::Jamo => text::Unit::Jamo.segment(line),
        }
    }

    /// One unit, in the singular.
    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Letter => "letter",
            Self::Jamo => "Jamo",
            Self::Piece => "piece",
        }
    }

    /// Letters and line ends of a text, in which bits are counted whatever the unit.
    pub(super) fn chars(line: &str) -> usize {
        text::Unit::Letter.segment(line).len() + 1
    }
}

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        self.check_data_keys()?;
        self.check_model()
    }

    fn check_data_keys(&self) -> Result<(), Error> {
        let DataConfig {
            passage,
            dataset,
            valid,
            test,
            path,
            split,
            ..
        } = &self.data;
        if path.is_none() && dataset.is_none() && passage.is_none() {
            let want = "a text: `path`, `dataset` or `passage`";
            return Err(Error::config("data", want, "none of them"));
        }
        if dataset.is_some() && passage.is_some() {
            let want = "`dataset` or `passage`";
            return Err(Error::config("data", want, "both"));
        }
        match (valid, test, split) {
            (Some(_), Some(_), None) if dataset.is_none() => {
                let want = "`dataset` beside `valid` and `test`, or `split`";
                return Err(Error::config("data", want, "no `dataset`"));
            }
            (Some(_), Some(_), None) => {}
            (None, None, Some(split)) => {
                split.check()?;
                if split.valid <= 0.0 || split.test <= 0.0 {
                    let want = "above 0 for valid and test, so that there is something to judge by";
                    let got = format!("{} and {}", split.valid, split.test);
                    return Err(Error::config("data.split", want, got));
                }
            }
            (None, None, None) => {
                let want = "fractions, as { train = 0.9, valid = 0.05, test = 0.05 }, or the names \
                            `valid` and `test`";
                return Err(Error::config("data.split", want, "nothing"));
            }
            (_, _, Some(_)) => {
                let want = "nothing beside `valid` and `test`";
                return Err(Error::config("data.split", want, "fractions"));
            }
            _ => {
                let want = "`valid` and `test`";
                return Err(Error::config("data", want, "one of the two"));
            }
        }
        self.data.check_unit()?;
        if self.data.min_count == 0 {
            return Err(Error::config("data.min_count", "at least 1", 0));
        }
        if !(1..=MAX_TBPTT_LEN).contains(&self.data.tbptt_len) {
            let want = format!("1 to {MAX_TBPTT_LEN}");
            return Err(Error::config("data.tbptt_len", want, self.data.tbptt_len));
        }
        Ok(())
    }

    fn check_model(&self) -> Result<(), Error> {
        let model = &self.model;
        if model.embed_size == 0 {
            return Err(Error::config("model.embed_size", "at least 1", 0));
        }
        if model.sampled_softmax == Some(0) {
            return Err(Error::config("model.sampled_softmax", "at least 1", 0));
        }
        if let Some(cutoffs) = &model.adaptive_softmax {
            let key = "model.adaptive_softmax";
            if cutoffs.first().is_none_or(|&first| first == 0)
                || !cutoffs.is_sorted_by(|a, b| a < b)
            {
                let want = "ascending numbers of tokens, the first above 0, as [2000, 10000]";
                return Err(Error::config(key, want, format!("{cutoffs:?}")));
            }
            if model.sampled_softmax.is_some() {
                let want = "nothing beside `model.sampled_softmax`, or the other way round";
                return Err(Error::config(key, want, format!("{cutoffs:?}")));
            }
        }
        for (key, dropout) in [
            ("model.embedding_dropout", model.embedding_dropout),
            ("model.input_dropout", model.input_dropout),
            ("model.output_dropout", model.output_dropout),
        ] {
            if !(0.0..1.0).contains(&dropout) {
                return Err(Error::config(key, "a probability in [0, 1)", dropout));
            }
        }
        for (key, penalty) in [
            ("model.activation_penalty", model.activation_penalty),
            ("model.change_penalty", model.change_penalty),
        ] {
            if !(penalty.is_finite() && penalty >= 0.0) {
                return Err(Error::config(key, "a number of at least 0", penalty));
            }
        }
        for layer in model.stack.expanded()? {
            layer.cell()?;
            layer.noise()?;
            if layer.bidirectional.is_some() {
                return Err(Error::config(
                    "model.stack.layer.bidirectional",
                    "nothing: a backward layer would read the text that it is to predict",
                    "a merge",
                ));
            }
        }
        Ok(())
    }
}
