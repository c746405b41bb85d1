//! The recipe of the task.

use crate::Error;
use recurra_data::source::ColumnSelector;
use recurra_data::text::Markup;
use recurra_data::words::EmbeddedTexts;
use recurra_data::{SplitFractions, TokenizerConfig};
use recurra_nn::{SequencePooling, StackConfig};
use recurra_train::TrainConfig;
use recurra_train::baseline::TextRuleConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything that a run of this task is told.
///
/// # Example
/// ```
/// use recurra::{Recipe, RecipeSource};
///
/// let recipe = RecipeSource::find("sentiment-small")?;
/// let overrides = ["model.pooling=[\"last\"]".to_owned(), "data.path=my.csv".to_owned()];
/// assert!(matches!(recipe.resolve(&overrides)?, Recipe::Classify(_)));
/// # Ok::<(), recurra::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `classify`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// What is classified.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// What the loss does besides comparing.
    #[serde(default)]
    pub loss: LossConfig,
    /// How it is fitted.
    pub train: TrainConfig,
}

/// `[data]`, by its `form`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum DataConfig {
    /// Texts with a label each.
    Texts(TextsConfig),
    /// Images with a label each, read pixel by pixel.
    Images(ImagesConfig),
}

/// `[data]` with `form = "texts"`: a table (TSV, CSV) or JSON lines, plain, `.gz` or `.zst`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextsConfig {
    /// A list that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<EmbeddedTexts>,
    /// The file to train on, by its name below the folder `$RECURRA_DATA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The file to choose by, likewise; else `split` takes it from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_dataset: Option<String>,
    /// The file of the result, likewise; else `split` takes it from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_dataset: Option<String>,
    /// The folder that the data sets are in; or one file in place of them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The column of the texts: a name in the header or a key, or a number from 1. Default `text`.
    #[serde(default = "text_column")]
    pub text: ColumnSelector,
    /// The column of the labels. Default `label`.
    #[serde(default = "label_column")]
    pub label: ColumnSelector,
    /// What labels are called, by how they are written; any other label is then an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// What becomes of rows without text or label. Default: they are refused.
    #[serde(default)]
    pub bad_rows: BadRows,
    /// What becomes of HTML tags. Default: they are kept.
    #[serde(default)]
    pub markup: Markup,
    /// What a text is cut into.
    pub tokenizer: TokenizerConfig,
    /// The longest text that is read, in pieces; of a longer one a part is. Default 400.
    #[serde(default = "four_hundred")]
    pub max_len: usize,
    /// Which part. Default: the beginning.
    #[serde(default)]
    pub keep: Keep,
    /// How much of the first file is kept from training, for what has no file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
    /// What the linear baselines count. Default: words and pairs of them.
    #[serde(default)]
    pub baseline_terms: BaselineTerms,
}

/// `[data]` with `form = "images"`: grey images and their labels in IDX files, as those of MNIST,
/// plain, `.gz` or `.zst`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagesConfig {
    /// The images to train on, by their file's name below the folder `$RECURRA_DATA`.
    pub images: String,
    /// What they show, likewise.
    pub labels: String,
    /// The images of the result, likewise; else `split` takes them from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_images: Option<String>,
    /// What these show, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<String>,
    /// The folder that the files are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Pixels that are read at a step, which divide an image. Default 1.
    #[serde(default = "one")]
    pub step_size: usize,
    /// Reads the pixels of every image in one order that this seed draws. Default: row by row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permute: Option<u64>,
    /// How much of the first file is kept from training, for what has no file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
}

/// What becomes of rows that have no text, no label, or another number of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadRows {
    /// They are an error that lists them.
    #[default]
    Refuse,
    /// They are left out, and counted.
    Skip,
}

/// Which part of a text that is too long is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Its beginning.
    #[default]
    Beginning,
    /// Its end, where reviews conclude.
    End,
    /// As much of its beginning as of its end.
    BothEnds,
}

/// What the linear baselines count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineTerms {
    /// Words and pairs of words.
    #[default]
    Words,
    /// Runs of one to four characters.
    Characters,
}

/// `[model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The directory of a finished `language` run whose tokenizer, vectors and layers are begun
    /// with; those here have to be the same. Default: they are learnt, and drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_from: Option<PathBuf>,
    /// Width of a piece's vector; texts only, and needed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed_size: Option<usize>,
    /// Probability that a piece is read as unknown, in `[0, 1)`. Default 0.
    #[serde(default)]
    pub word_dropout: f64,
    /// Probability of dropping a unit of the input at all steps of a text, in `[0, 1)`. Default 0.
    #[serde(default)]
    pub input_dropout: f64,
    /// Probability of dropping a pooled unit, in `[0, 1)`. Default 0.
    #[serde(default)]
    pub output_dropout: f64,
    /// What is read of the stack's outputs, side by side. Default `["last"]`.
    #[serde(default = "last_only")]
    pub pooling: Vec<SequencePooling>,
    /// The recurrent layers.
    pub stack: StackConfig,
}

/// `[loss]`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// How much a class counts. Default: as often as it comes.
    pub class_weights: ClassWeights,
    /// The share of a label that is spread over all classes, in `[0, 1)`. Default 0.
    pub label_smoothing: f64,
    /// How far the vectors of a text are moved to where its loss grows fastest, over how long they
    /// are together; the loss there is added to the plain one. Default 0: nothing is added.
    pub adversarial: f64,
}

/// How much a class counts in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every example counts once.
    #[default]
    Equal,
    /// Every class counts alike: its examples `n / (classes · n_class)` times.
    Balanced,
}

fn text_column() -> ColumnSelector {
    ColumnSelector::Name("text".to_owned())
}

fn label_column() -> ColumnSelector {
    ColumnSelector::Name("label".to_owned())
}

fn four_hundred() -> usize {
    400
}

fn one() -> usize {
    1
}

fn last_only() -> Vec<SequencePooling> {
    vec![SequencePooling::Last]
}

/// The longest text that a recipe may ask for, in pieces.
const MOST_PIECES: usize = 100_000;

impl TextsConfig {
    /// How the linear baselines are fitted.
    pub(super) fn baseline(&self) -> TextRuleConfig {
        match self.baseline_terms {
            BaselineTerms::Words => TextRuleConfig::words(),
            BaselineTerms::Characters => TextRuleConfig::characters(),
        }
    }

    /// Whether `path` is one file in place of the data sets.
    pub(super) fn is_one_file(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.is_file())
    }

    fn validate(&self) -> Result<(), Error> {
        if self.path.is_none() && self.dataset.is_none() && self.texts.is_none() {
            let want = "labelled texts: `path`, `dataset` or `texts`";
            return Err(Error::config("data", want, "none of them"));
        }
        if self.dataset.is_some() && self.texts.is_some() {
            return Err(Error::config("data", "`dataset` or `texts`", "both"));
        }
        // A built-in list has names of its own, and no tags.
        let of_files = [
            ("data.labels", self.labels.is_some()),
            ("data.markup", self.markup != Markup::Keep),
        ];
        let given = of_files.iter().find(|(_, given)| *given);
        if let (Some((key, _)), Some(list), None) = (given, self.texts, &self.path) {
            let want = "a file of texts beside it, as `data.path`";
            let got = format!("the built-in list `{}`", list.name());
            return Err(Error::config(*key, want, got));
        }
        for (key, name) in [
            ("data.valid_dataset", &self.valid_dataset),
            ("data.test_dataset", &self.test_dataset),
        ] {
            if self.dataset.is_none() && name.is_some() {
                return Err(Error::config(key, "a `dataset` beside it", "none"));
            }
        }
        if !(1..=MOST_PIECES).contains(&self.max_len) {
            let want = format!("1 to {MOST_PIECES}");
            return Err(Error::config("data.max_len", want, self.max_len));
        }
        if let Some(labels) = &self.labels {
            let names: std::collections::BTreeSet<&String> = labels.values().collect();
            if names.len() < 2 {
                let want = "names of at least two classes";
                return Err(Error::config("data.labels", want, names.len()));
            }
        }
        self.tokenizer.check()?;
        match &self.split {
            Some(split) => Ok(split.check()?),
            None => Ok(()),
        }
    }
}

impl ImagesConfig {
    fn validate(&self) -> Result<(), Error> {
        if self.test_images.is_some() != self.test_labels.is_some() {
            let want = "`test_images` and `test_labels`";
            return Err(Error::config("data", want, "one of the two"));
        }
        if self.step_size == 0 {
            return Err(Error::config("data.step_size", "at least 1", 0));
        }
        match &self.split {
            Some(split) => Ok(split.check()?),
            None => Ok(()),
        }
    }
}

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.data {
            DataConfig::Texts(texts) => texts.validate()?,
            DataConfig::Images(images) => images.validate()?,
        }
        self.validate_model()?;
        let smoothing = self.loss.label_smoothing;
        if !(0.0..1.0).contains(&smoothing) {
            let want = "a share in [0, 1)";
            return Err(Error::config("loss.label_smoothing", want, smoothing));
        }
        let adversarial = self.loss.adversarial;
        if !(0.0..1.0).contains(&adversarial) {
            let want = "a share in [0, 1)";
            return Err(Error::config("loss.adversarial", want, adversarial));
        }
        Ok(())
    }

    fn validate_model(&self) -> Result<(), Error> {
        let ModelConfig {
            init_from,
            embed_size,
            word_dropout,
            input_dropout,
            output_dropout,
            pooling,
            stack,
        } = &self.model;
        match (&self.data, embed_size) {
            (DataConfig::Texts(_), None | Some(0)) => {
                let got = embed_size.map_or("nothing", |_| "0");
                return Err(Error::config("model.embed_size", "at least 1", got));
            }
            (DataConfig::Texts(_), Some(_)) => {}
            (DataConfig::Images(_), _) => {
                let of_texts = [
                    ("model.embed_size", embed_size.is_some()),
                    ("model.word_dropout", *word_dropout != 0.0),
                    ("model.init_from", init_from.is_some()),
                ];
                if let Some((key, _)) = of_texts.into_iter().find(|(_, given)| *given) {
                    let want = "nothing, as images have no pieces of text";
                    return Err(Error::config(key, want, "a value"));
                }
            }
        }
        for (key, dropout) in [
            ("model.word_dropout", word_dropout),
            ("model.input_dropout", input_dropout),
            ("model.output_dropout", output_dropout),
        ] {
            if !(0.0..1.0).contains(dropout) {
                let want = "a probability in [0, 1)";
                return Err(Error::config(key, want, dropout));
            }
        }
        let repeated = (1..pooling.len()).any(|index| pooling[..index].contains(&pooling[index]));
        if pooling.is_empty() || repeated {
            let want = "some of \"last\", \"mean\", \"max\", \"attention\", each once";
            let got = serde_json::to_string(pooling).unwrap_or_default();
            return Err(Error::config("model.pooling", want, got));
        }
        for layer in stack.expanded()? {
            layer.cell()?;
            layer.noise()?;
        }
        Ok(())
    }
}
