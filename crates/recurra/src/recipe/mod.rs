//! Recipes: one TOML file says everything about a run.
//!
//! `task`, `about`, `[data]`, `[model]`, `[train]`. A key that nothing reads is an
//! error that names the nearest known one; a value of `--set` replaces one of the
//! file's; what is written into the run directory has every value spelled out.

mod embedded;
mod overrides;

pub use embedded::{EmbeddedRecipe, embedded};

use crate::Error;
use crate::tasks::{Task, classify, complete, forecast, language, memory, music, tag, translate};
use recurra_train::TrainConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// A checked recipe of one of the tasks.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipe {
    /// Predict the next value of a series.
    Forecast(forecast::Recipe),
    /// Complete words letter by letter.
    Complete(complete::Recipe),
    /// Tell classes of sequences apart.
    Classify(Box<classify::Recipe>),
    /// Continue running text.
    Language(Box<language::Recipe>),
    /// Remember over many steps.
    Memory(memory::Recipe),
    /// Continue tunes.
    Music(music::Recipe),
    /// Translate texts.
    Translate(Box<translate::Recipe>),
    /// Label every word of a sentence.
    Tag(Box<tag::Recipe>),
}

/// The text of a recipe and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeSource {
    /// The recipe's name: that of the built-in one, or the file's without `.toml`.
    pub name: String,
    /// What errors call it: the file's path, or "recipe `name`".
    pub origin: String,
    /// TOML.
    pub text: String,
}

impl RecipeSource {
    /// The built-in recipe of this name, or the file at this path.
    ///
    /// # Errors
    /// [`Error::UnknownRecipe`] or [`Error::RecipeFile`].
    pub fn find(name_or_path: &str) -> Result<Self, Error> {
        if let Some(recipe) = embedded().iter().find(|recipe| recipe.name == name_or_path) {
            return Ok(Self {
                name: recipe.name.to_owned(),
                origin: format!("recipe `{}`", recipe.name),
                text: recipe.text.to_owned(),
            });
        }
        let path = Path::new(name_or_path);
        let looks_like_path = path.extension().is_some() || path.components().count() > 1;
        if !looks_like_path && !path.is_file() {
            return Err(Error::UnknownRecipe {
                name: name_or_path.to_owned(),
                suggestion: most_similar(name_or_path, embedded().iter().map(|r| r.name)),
            });
        }
        let text = std::fs::read_to_string(path).map_err(|source| Error::RecipeFile {
            path: path.to_owned(),
            source,
        })?;
        let stem = path.file_stem().unwrap_or(path.as_os_str());
        Ok(Self {
            name: stem.to_string_lossy().into_owned(),
            origin: path.display().to_string(),
            text,
        })
    }

    /// The checked recipe, with `overrides` (`key=value`) applied in order.
    ///
    /// # Errors
    /// [`Error::Recipe`] naming the key at fault, [`Error::Override`], or the range
    /// check of whatever section is wrong.
    pub fn resolve(&self, overrides: &[String]) -> Result<Recipe, Error> {
        let mut table: toml::Table = toml::from_str(&self.text).map_err(|error| {
            // With line and column, as the text is at hand.
            self.wrong(error.to_string().trim_end().to_owned(), None)
        })?;
        for given in overrides {
            overrides::apply(&mut table, given)?;
        }
        let task = match table.get("task") {
            Some(toml::Value::String(task)) => task.clone(),
            Some(_) => return Err(self.wrong("`task` should be a string".to_owned(), None)),
            None => {
                let message = format!("`task` is missing; it is one of {}", TASKS.join(", "));
                return Err(self.wrong(message, None));
            }
        };
        let recipe = match task.as_str() {
            forecast::NAME => Recipe::Forecast(self.read(table)?),
            complete::NAME => Recipe::Complete(self.read(table)?),
            classify::NAME => Recipe::Classify(Box::new(self.read(table)?)),
            language::NAME => Recipe::Language(Box::new(self.read(table)?)),
            memory::NAME => Recipe::Memory(self.read(table)?),
            music::NAME => Recipe::Music(self.read(table)?),
            translate::NAME => Recipe::Translate(Box::new(self.read(table)?)),
            tag::NAME => Recipe::Tag(Box::new(self.read(table)?)),
            _ => {
                let message = format!("no task `{task}`; there are {}", TASKS.join(", "));
                return Err(self.wrong(message, most_similar(&task, TASKS.iter().copied())));
            }
        };
        recipe.validate()?;
        Ok(recipe)
    }

    fn read<R: DeserializeOwned>(&self, table: toml::Table) -> Result<R, Error> {
        table.try_into().map_err(|error: toml::de::Error| {
            let message = error.to_string().trim_end().replace('\n', " ");
            let suggestion = unknown_and_known(error.message())
                .and_then(|(unknown, known)| most_similar(unknown, known.into_iter()));
            self.wrong(message, suggestion)
        })
    }

    fn wrong(&self, message: String, suggestion: Option<String>) -> Error {
        Error::Recipe {
            origin: self.origin.clone(),
            message,
            suggestion,
        }
    }
}

/// The names of all tasks.
pub const TASKS: [&str; 8] = [
    forecast::NAME,
    complete::NAME,
    classify::NAME,
    language::NAME,
    memory::NAME,
    music::NAME,
    translate::NAME,
    tag::NAME,
];

/// The same expression on whichever task's recipe it is.
macro_rules! each_recipe {
    ($any:expr, $recipe:ident => $expression:expr) => {
        match $any {
            Recipe::Forecast($recipe) => $expression,
            Recipe::Complete($recipe) => $expression,
            Recipe::Classify($recipe) => $expression,
            Recipe::Language($recipe) => $expression,
            Recipe::Memory($recipe) => $expression,
            Recipe::Music($recipe) => $expression,
            Recipe::Translate($recipe) => $expression,
            Recipe::Tag($recipe) => $expression,
        }
    };
}

impl Recipe {
    /// The recipe of a run directory.
    ///
    /// # Errors
    /// As [`RecipeSource::resolve`].
    pub fn of_run(run: &recurra_train::Run) -> Result<Self, Error> {
        Self::of_run_with(run, &[])
    }

    /// The recipe of a run directory, with `overrides` of what training does not depend on: the
    /// values of `decode`.
    pub(crate) fn of_run_with(
        run: &recurra_train::Run,
        overrides: &[String],
    ) -> Result<Self, Error> {
        if let Some(other) = overrides.iter().find(|one| !one.starts_with("decode.")) {
            return Err(Error::Override {
                given: other.clone(),
                message: "a run that is trained has only values of `decode` to replace".to_owned(),
            });
        }
        let source = RecipeSource {
            name: run.task().to_owned(),
            origin: run.path("recipe.toml")?.display().to_string(),
            text: run.read_recipe()?,
        };
        source.resolve(overrides)
    }

    /// The task's name.
    pub fn task(&self) -> &'static str {
        self.as_task().name()
    }

    /// One line on what the recipe shows.
    pub fn about(&self) -> &str {
        each_recipe!(self, recipe => &recipe.about)
    }

    /// The `[train]` section.
    pub fn train(&self) -> &TrainConfig {
        each_recipe!(self, recipe => &recipe.train)
    }

    /// TOML with every value spelled out.
    pub fn to_toml(&self) -> String {
        each_recipe!(self, recipe => spelled_out(recipe))
    }

    /// What the verbs ask.
    pub(crate) fn as_task(&self) -> &dyn Task {
        match self {
            Self::Forecast(recipe) => recipe,
            Self::Complete(recipe) => recipe,
            Self::Classify(recipe) => recipe.as_ref(),
            Self::Language(recipe) => recipe.as_ref(),
            Self::Memory(recipe) => recipe,
            Self::Music(recipe) => recipe,
            Self::Translate(recipe) => recipe.as_ref(),
            Self::Tag(recipe) => recipe.as_ref(),
        }
    }

    fn validate(&self) -> Result<(), Error> {
        self.train().validate()?;
        self.as_task().validate()
    }
}

fn spelled_out<R: Serialize>(recipe: &R) -> String {
    toml::to_string_pretty(recipe).expect("a recipe was TOML and can be again")
}

/// The most similar of `candidates`, if any is similar enough to be meant.
pub(crate) fn most_similar<'a>(
    given: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<String> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(given, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// The names between backticks in serde's message on an unknown field or variant.
fn unknown_and_known(message: &str) -> Option<(&str, Vec<&str>)> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    Some((names.next()?, names.collect()))
}
