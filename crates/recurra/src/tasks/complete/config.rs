//! The recipe of the task.

use crate::Error;
use recurra_data::SplitFractions;
use recurra_data::text::{Case, Characters, Unit, WordFilter};
use recurra_data::words::Embedded;
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
/// let recipe = RecipeSource::find("word-completion")?;
/// let overrides = ["data.path=my-words.txt".to_owned(), "data.max_len=5".to_owned()];
/// assert!(matches!(recipe.resolve(&overrides)?, Recipe::Complete(_)));
/// # Ok::<(), recurra::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `complete`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// Which words, and what is asked about them.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// How it is fitted.
    pub train: TrainConfig,
}

/// What the network is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// All letters but the last go in, the last one comes out: many to one.
    LastLetter,
    /// At every letter, what comes next, the end of the word among it: many to many. A
    /// prefix of any length is then completed by search.
    AnyPrefix,
}

/// `[data]`: the words come from `path`, else from `dataset`, else from `words`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// What the network is asked.
    pub form: Form,
    /// A list that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Embedded>,
    /// A list by its name below the folder `$RECURRA_DATA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// A file with one word a line, plain or `.gz`; or the folder that `dataset` is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// What a word is cut into. Default: letters, which for Hangul are syllables.
    #[serde(default)]
    pub unit: Unit,
    /// What happens to capital letters. Default: they become small.
    #[serde(default)]
    pub case: Case,
    /// Which characters a word may have. Default: letters only.
    #[serde(default)]
    pub characters: Characters,
    /// The shortest word that is taken, in units. Default 1.
    #[serde(default = "one")]
    pub min_len: usize,
    /// The longest word that is taken, in units; also the limit of a prefix. Default 32.
    #[serde(default = "thirty_two")]
    pub max_len: usize,
    /// `any-prefix`: how many words are kept from training. The other form has none: it
    /// is an exercise in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitFractions>,
}

/// `[model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// How a letter goes in. Default `one-hot`.
    #[serde(default)]
    pub input: InputConfig,
    /// Probability of dropping a unit of the top layer's output, in `[0, 1)`. Default 0.
    #[serde(default)]
    pub output_dropout: f64,
    /// The recurrent layers.
    pub stack: StackConfig,
}

/// How a letter becomes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "`model.input` should be \"one-hot\" or { embed_size = 32 }"
)]
pub enum InputConfig {
    /// By a name.
    Named(NamedInput),
    /// As a vector that is learnt.
    Embedding(EmbeddingConfig),
}

/// A way in that has no options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedInput {
    /// A one at the letter's place, zeros elsewhere.
    OneHot,
}

/// A vector for each letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// Its width.
    pub embed_size: usize,
}

impl Default for InputConfig {
    fn default() -> Self {
        Self::Named(NamedInput::OneHot)
    }
}

fn one() -> usize {
    1
}

fn thirty_two() -> usize {
    32
}

/// The longest word that a recipe may ask for.
const MOST_LETTERS: usize = 1000;

impl DataConfig {
    /// Which lines of a list are taken, and in what form.
    pub(super) fn filter(&self) -> WordFilter {
        WordFilter {
            unit: self.unit,
            min_len: self.min_len,
            max_len: self.max_len,
            case: self.case,
            characters: self.characters,
        }
    }

    /// What lengths are counted in, in the plural.
    pub(super) fn units(&self) -> &'static str {
        match self.unit {
            Unit::Letter => "letters",
            Unit::Jamo => "Jamo",
        }
    }

    /// How many letters of a word go in: all but the last, or any number.
    pub(super) fn prefix_lens(&self) -> std::ops::RangeInclusive<usize> {
        match self.form {
            Form::LastLetter => self.min_len - 1..=self.max_len - 1,
            Form::AnyPrefix => 0..=self.max_len,
        }
    }
}

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        self.validate_data()?;
        self.validate_model()
    }

    fn validate_data(&self) -> Result<(), Error> {
        let DataConfig {
            form,
            min_len,
            max_len,
            ..
        } = self.data;
        if self.data.path.is_none() && self.data.dataset.is_none() && self.data.words.is_none() {
            let want = "a list of words: `path`, `dataset` or `words`";
            return Err(Error::config("data", want, "none of them"));
        }
        if self.data.dataset.is_some() && self.data.words.is_some() {
            let want = "`dataset` or `words`";
            return Err(Error::config("data", want, "both"));
        }
        let least = match form {
            Form::LastLetter => 2,
            Form::AnyPrefix => 1,
        };
        if min_len < least {
            let want = format!("at least {least}, so that there is something to predict");
            return Err(Error::config("data.min_len", want, min_len));
        }
        if !(min_len..=MOST_LETTERS).contains(&max_len) {
            let want = format!("{min_len} (`min_len`) to {MOST_LETTERS}");
            return Err(Error::config("data.max_len", want, max_len));
        }
        match (form, &self.data.split) {
            (Form::LastLetter, Some(_)) => Err(Error::config(
                "data.split",
                "nothing with form `last-letter`, which is judged on the words that it memorised",
                "fractions",
            )),
            (Form::AnyPrefix, None) => Err(Error::config(
                "data.split",
                "fractions, as { train = 0.9, valid = 0.05, test = 0.05 }",
                "nothing",
            )),
            (Form::AnyPrefix, Some(split)) => {
                split.check()?;
                if split.valid > 0.0 && split.test > 0.0 {
                    return Ok(());
                }
                let want = "above 0 for valid and test, so that there is something to judge by";
                let got = format!("{} and {}", split.valid, split.test);
                Err(Error::config("data.split", want, got))
            }
            (Form::LastLetter, None) => Ok(()),
        }
    }

    fn validate_model(&self) -> Result<(), Error> {
        if let InputConfig::Embedding(EmbeddingConfig { embed_size: 0 }) = self.model.input {
            return Err(Error::config("model.input.embed_size", "at least 1", 0));
        }
        let dropout = self.model.output_dropout;
        if !(0.0..1.0).contains(&dropout) {
            let want = "a probability in [0, 1)";
            return Err(Error::config("model.output_dropout", want, dropout));
        }
        for layer in self.model.stack.expanded()? {
            layer.cell()?;
            layer.noise()?;
            if self.data.form == Form::AnyPrefix && layer.bidirectional.is_some() {
                return Err(Error::config(
                    "model.stack.layer.bidirectional",
                    "nothing with form `any-prefix`: a backward layer would read the letters \
                     that it is to predict",
                    "a merge",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::recipe::{Recipe, RecipeSource};

    fn resolve(name: &str, overrides: &[&str]) -> Result<Recipe, crate::Error> {
        let overrides: Vec<String> = overrides.iter().map(|&one| one.to_owned()).collect();
        RecipeSource::find(name).unwrap().resolve(&overrides)
    }

    fn refusal(name: &str, overrides: &[&str]) -> String {
        resolve(name, overrides).unwrap_err().to_string()
    }

    #[test]
    fn a_resolved_recipe_reads_back_the_same() {
        for name in ["word-completion", "word-completion-any"] {
            for input in ["one-hot", "{ embed_size = 7 }"] {
                let recipe = resolve(name, &[&format!("model.input={input}")]).unwrap();
                let text = recipe.to_toml();
                let source = RecipeSource {
                    name: name.to_owned(),
                    origin: name.to_owned(),
                    text,
                };
                assert_eq!(source.resolve(&[]).unwrap(), recipe);
            }
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_by_key() {
        let refused = [
            (vec!["data.min_len=1"], "data.min_len"),
            (vec!["data.max_len=3"], "data.max_len"),
            (vec!["data.max_len=5000"], "data.max_len"),
            (vec!["data.form=any-prefix"], "data.split"),
            (
                vec!["data.split={ train = 0.9, valid = 0.05, test = 0.05 }"],
                "data.split",
            ),
            (vec!["data.dataset=x.txt"], "both"),
            (vec!["model.input=two-hot"], "model.input"),
            (vec!["model.input={ embed_size = 0 }"], "embed_size"),
            (vec!["model.output_dropout=1.0"], "model.output_dropout"),
            (
                vec![
                    "model.stack.layer.cell=gru",
                    "model.stack.layer.peepholes=true",
                ],
                "peepholes",
            ),
            (vec!["data.path=x", "data.word=y"], "`words`"),
        ];
        for (overrides, key) in refused {
            let message = refusal("word-completion", &overrides);
            assert!(message.contains(key), "{overrides:?}: {message}");
        }
    }

    #[test]
    fn a_network_that_reads_ahead_cannot_predict_the_next_letter() {
        let both = "model.stack.layer.bidirectional=concat";
        assert!(resolve("word-completion", &[both]).is_ok());
        assert!(refusal("word-completion-any", &[both]).contains("backward layer"));
        let none = "data.split={ train = 0.9, valid = 0.1, test = 0.0 }";
        assert!(refusal("word-completion-any", &[none]).contains("data.split"));
    }
}
