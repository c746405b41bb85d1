//! A language model whose pieces, vectors and layers a classifier begins with.

use super::config::{DataConfig, Recipe};
use super::data::read_tokenizer;
use super::model::Classifier;
use crate::tasks::language;
use crate::verbs::finished;
use crate::{Error, artifact};
use recurra_data::Tokenizer;
use recurra_nn::streaming::Precision;
use recurra_nn::weights::{self, NamedTensor};
use recurra_nn::{LayerConfig, StackConfig};
use recurra_train::Run;
use std::collections::BTreeMap;
use std::path::Path;

/// What is taken of the language model, by the beginnings of names: not its output.
const TAKEN: [&str; 2] = ["embedding.", "stack."];

/// A finished run of a language model that fits a classifier.
///
/// # Source
/// Dai and Le 2015, "Semi-supervised sequence learning" (LM-LSTM); Howard and Ruder 2018, "Universal
/// language model fine-tuning for text classification".
#[derive(Debug)]
pub(super) struct Pretrained {
    run: Run,
    tokenizer: Tokenizer,
}

impl Pretrained {
    /// Opens what `model.init_from` names, if it names anything.
    ///
    /// # Errors
    /// [`Error::NotOfTask`] for a run of another task; [`Error::Config`] naming the first key of
    /// the recipe that does not fit the run.
    pub(super) fn open(recipe: &Recipe) -> Result<Option<Self>, Error> {
        let Some(dir) = &recipe.model.init_from else {
            return Ok(None);
        };
        let (run, of_run) = finished(dir)?;
        let crate::Recipe::Language(language) = &of_run else {
            return Err(Error::NotOfTask {
                dir: dir.clone(),
                task: of_run.task(),
                why: "is nothing that a classifier can begin with; a language run is",
            });
        };
        check_text(&recipe.data, &language.data, dir)?;
        let embed_size = language.model.embed_size;
        if recipe.model.embed_size != Some(embed_size) {
            let got = recipe.model.embed_size.unwrap_or_default();
            return Err(misfit("model.embed_size", embed_size, dir, got));
        }
        check_stack(&recipe.model.stack, &language.model.stack, dir)?;
        let tokenizer = read_tokenizer(&run)?;
        Ok(Some(Self { run, tokenizer }))
    }

    /// What its text was cut with.
    pub(super) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The classifier with the vectors and layers of the language model.
    pub(super) fn give(&self, model: Classifier) -> Result<Classifier, Error> {
        let name = artifact::file_name(Precision::F32);
        let path = self.run.path(&name)?;
        let (learnt, _) = weights::read_safetensors(&self.run.read(&name)?, &path)?;
        let learnt = learnt
            .into_iter()
            .map(|tensor| (tensor.name.clone(), tensor));
        let mut learnt: BTreeMap<String, NamedTensor> = learnt.collect();
        learnt.retain(|name, _| TAKEN.iter().any(|part| name.starts_with(part)));
        for tensor in weights::export(&model) {
            if !TAKEN.iter().any(|part| tensor.name.starts_with(part)) {
                learnt.insert(tensor.name.clone(), tensor);
            }
        }
        let origin = path.display().to_string();
        Ok(weights::import(
            model,
            learnt.into_values().collect(),
            &origin,
        )?)
    }
}

/// A key that is not as in the run.
fn misfit(
    key: &str,
    want: impl std::fmt::Display,
    dir: &Path,
    got: impl std::fmt::Display,
) -> Error {
    let want = format!(
        "{want}, as in {}, which `model.init_from` names",
        dir.display()
    );
    Error::config(key, want, got)
}

/// Both have to read alike.
fn check_text(own: &DataConfig, learnt: &language::DataConfig, dir: &Path) -> Result<(), Error> {
    let DataConfig::Texts(own) = own else {
        let want = "nothing, as images have no pieces of text";
        return Err(Error::config("model.init_from", want, dir.display()));
    };
    let Some(tokenizer) = &learnt.tokenizer else {
        let want = "a run whose text a tokenizer cuts (`data.unit = \"piece\"`)";
        let got = format!("{}, of {}s", dir.display(), learnt.unit.singular());
        return Err(Error::config("model.init_from", want, got));
    };
    if own.markup != learnt.markup {
        let [want, got] = [learnt.markup, own.markup].map(shown);
        return Err(misfit("data.markup", want, dir, got));
    }
    match difference(tokenizer, &own.tokenizer) {
        Some((key, want, got)) => {
            let key = format!("data.tokenizer.{key}");
            Err(misfit(&key, want, dir, got))
        }
        None => Ok(()),
    }
}

/// The layers have to be of the same cells and sizes; noise and first weights may differ.
fn check_stack(own: &StackConfig, learnt: &StackConfig, dir: &Path) -> Result<(), Error> {
    let [own_layers, learnt_layers] = [own.expanded()?, learnt.expanded()?];
    if own_layers.iter().any(|layer| layer.bidirectional.is_some()) {
        let key = "model.stack.layer.bidirectional";
        let want = format!("nothing, as {} has learnt to read forward", dir.display());
        return Err(Error::config(key, want, "a merge"));
    }
    if own_layers.len() != learnt_layers.len() {
        let [want, got] = [learnt_layers.len(), own_layers.len()];
        return Err(misfit("model.stack.num_layers", want, dir, got));
    }
    let bare = |layer: &LayerConfig| LayerConfig {
        forget_bias: None,
        recurrent_dropout: None,
        zoneout_hidden: None,
        zoneout_cell: None,
        weight_drop: None,
        init: None,
        ..layer.clone()
    };
    for (own, learnt) in own_layers.iter().zip(&learnt_layers) {
        if let Some((key, want, got)) = difference(&bare(learnt), &bare(own)) {
            let key = format!("model.stack.layer.{key}");
            return Err(misfit(&key, want, dir, got));
        }
    }
    let between = |stack: &StackConfig| StackConfig {
        layer_norm: stack.layer_norm,
        residual_from: stack.residual_from,
        highway_from: stack.highway_from,
        ..StackConfig::default()
    };
    match difference(&between(learnt), &between(own)) {
        Some((key, want, got)) => Err(misfit(&format!("model.stack.{key}"), want, dir, got)),
        None => Ok(()),
    }
}

/// The first key in which two sections differ, with both values as a recipe has them.
fn difference<S: serde::Serialize>(want: &S, got: &S) -> Option<(String, String, String)> {
    let table = |section: &S| toml::Table::try_from(section).unwrap_or_default();
    let (want, got) = (table(want), table(got));
    let show = |value: Option<&toml::Value>| {
        value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
    };
    let key = want
        .keys()
        .chain(got.keys())
        .find(|&key| want.get(key) != got.get(key))?;
    Some((key.clone(), show(want.get(key)), show(got.get(key))))
}

/// As a recipe has it.
fn shown(value: impl serde::Serialize) -> String {
    toml::Value::try_from(value).map_or_else(|_| String::new(), |value| value.to_string())
}
