//! A trained model at work.

use super::config::{DataConfig, Recipe};
use super::data::Vocabs;
use super::model;
use crate::Error;
use crate::tasks::{PredictOptions, Prediction, Predictor, device};
use recurra_data::TokenId;
use recurra_nn::NnError;
use recurra_nn::decode::{DecodeConfig, Hypothesis, Search};
use recurra_nn::seq2seq::Seq2Seq;
use recurra_train::Run;
use serde_json::{Value, json};

/// An open run of this task: a text in, its translation out.
#[derive(Debug)]
pub struct Translate {
    config: DataConfig,
    decode: DecodeConfig,
    vocabs: Vocabs,
    model: Seq2Seq,
}

/// A translation with what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Translation {
    pub(super) text: String,
    pub(super) units: Vec<String>,
    pub(super) hypothesis: Hypothesis,
}

pub(crate) fn open(recipe: &Recipe, run: &Run) -> Result<Translate, Error> {
    let vocabs = Vocabs::read(run)?;
    let model = model::build(recipe, &vocabs, &device())?;
    let (model, _) = run.read_model(model)?;
    Ok(Translate::new(recipe, vocabs, model))
}

impl Translate {
    pub(super) fn new(recipe: &Recipe, vocabs: Vocabs, model: Seq2Seq) -> Self {
        Self {
            config: recipe.data.clone(),
            decode: recipe.decode.clone(),
            vocabs,
            model,
        }
    }

    pub(super) fn model(&self) -> &Seq2Seq {
        &self.model
    }

    /// At most `count` translations, best first; one unless the run searches with a beam.
    pub(super) fn translate(
        &self,
        source: &[TokenId],
        count: usize,
    ) -> Result<Vec<Translation>, NnError> {
        let mut config = self.decode.clone();
        if let Search::Beam(beam) = &mut config.search {
            beam.n_best = count.clamp(1, beam.width);
        }
        let found = model::translate(&self.model, &[source], &config)?;
        let in_words = |hypothesis: Hypothesis| {
            let unit = |&id: &TokenId| self.vocabs.target.token(id).map(str::to_owned);
            let units: Vec<String> = hypothesis.ids.iter().filter_map(unit).collect();
            Translation {
                text: self.config.target_unit.join(&units),
                units,
                hypothesis,
            }
        };
        Ok(found.into_iter().flatten().map(in_words).collect())
    }
}

impl Predictor for Translate {
    fn predict(
        &self,
        input: &str,
        _line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, Error> {
        let mut units = self
            .config
            .source_unit
            .segment(&self.config.case.apply(input.trim()));
        let mut notices = Vec::new();
        let most = self.config.max_len;
        if units.len() > most {
            notices.push(format!(
                "{} units, of which the first {most} are read (`data.max_len` of this run)",
                units.len()
            ));
            units.truncate(most);
        }
        if units.is_empty() {
            return Ok(Prediction {
                text: String::new(),
                json: json!({ "input": input, "translations": [] }),
                notices,
            });
        }
        let encoded = self.vocabs.source.encode(&units);
        if !encoded.unknown.is_empty() {
            notices.push(format!(
                "units that the run was not trained on: {}; the translation is a guess",
                encoded.unknown
            ));
        }
        let found = self.translate(&encoded.ids, options.top_k)?;
        let translations: Vec<Value> = found
            .iter()
            .map(|one| {
                json!({
                    "text": one.text,
                    "tokens": one.units,
                    "score": one.hypothesis.score,
                    "log_prob": one.hypothesis.log_prob,
                    "alignment": one.hypothesis.alignment,
                })
            })
            .collect();
        Ok(Prediction {
            text: found
                .first()
                .map_or_else(String::new, |one| one.text.clone()),
            json: json!({
                "input": input,
                "source_tokens": units,
                "translations": translations,
            }),
            notices,
        })
    }
}
