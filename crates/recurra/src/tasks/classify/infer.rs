//! A trained model at work.

use super::config::{DataConfig, Recipe};
use super::data::{Batch, Corpus, Origin, Sequences, read_tokenizer};
use super::judge::logits_of;
use super::model::{self, Classifier};
use super::scored::{Scored, read_temperature};
use super::streamed::StreamedClassifier;
use super::texts::{clean, cut};
use crate::Error;
use crate::artifact;
use crate::tasks::{PredictOptions, Prediction, Predictor, device};
use recurra_data::vocab::Unknown;
use recurra_data::{TokenId, Tokenizer};
use recurra_nn::streaming::Precision;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::Run;
use recurra_train::metric::Temperature;
use serde_json::{Map, Value, json};

/// An open run of this task: a text in, its class out.
#[derive(Debug)]
pub struct Classify {
    data: DataConfig,
    classes: Vec<String>,
    tokenizer: Tokenizer,
    temperature: Temperature,
    model: Classifier,
    /// What answers instead, in a precision of fewer bits.
    streamed: Option<StreamedClassifier>,
}

/// A text as the model reads it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadText {
    pub(crate) ids: Vec<TokenId>,
    pub(super) unknown: Unknown,
    /// Pieces before it was cut.
    pub(super) num_pieces: usize,
}

pub(crate) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Classify, Error> {
    let classes = Origin::read(run)?.classes;
    let input = model::input(recipe, Some(run))?;
    let model = recipe
        .model
        .build(input, classes.len(), recipe.train.seed, &device())?;
    let (model, _) = artifact::read(run, model, precision)?;
    let streamed = match precision {
        Precision::F32 => None,
        _ => Some(StreamedClassifier::new(&model, precision)?),
    };
    Ok(Classify {
        data: recipe.data.clone(),
        classes,
        tokenizer: read_tokenizer(run)?,
        temperature: read_temperature(run)?,
        model,
        streamed,
    })
}

impl Classify {
    /// A model that was just fitted.
    pub(super) fn new(
        recipe: &Recipe,
        corpus: &Corpus,
        model: Classifier,
        temperature: Temperature,
    ) -> Self {
        Self {
            data: recipe.data.clone(),
            classes: corpus.origin.classes.clone(),
            tokenizer: corpus
                .tokenizer
                .clone()
                .expect("a corpus of texts has a tokenizer"),
            temperature,
            model,
            streamed: None,
        }
    }

    /// What a text can be, in the order of the probabilities.
    pub(crate) fn classes(&self) -> &[String] {
        &self.classes
    }

    pub(super) fn model(&self) -> &Classifier {
        &self.model
    }

    pub(super) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    pub(super) fn temperature(&self) -> &Temperature {
        &self.temperature
    }

    /// The probabilities of examples.
    pub(super) fn score(
        &self,
        indices: &[usize],
        sequences: &Sequences,
        labels: Vec<u32>,
    ) -> Result<Scored, NnError> {
        let num_classes = self.classes.len();
        let logits = logits_of(indices, sequences, num_classes, |batch| self.logits(batch))?;
        Ok(Scored::tempered(
            &logits,
            labels,
            num_classes,
            &self.temperature,
        ))
    }

    /// Scores of a batch, row by row.
    pub(super) fn logits(&self, batch: &Batch) -> Result<Vec<f32>, NnError> {
        match &self.streamed {
            None => Ok(values(&self.model.logits(batch, Mode::Eval)?)),
            Some(streamed) => streamed.logits(batch),
        }
    }

    /// The probabilities of texts that were read.
    pub(crate) fn probs(&self, texts: Vec<Vec<TokenId>>) -> Result<Vec<Vec<f64>>, NnError> {
        let indices: Vec<usize> = (0..texts.len()).collect();
        let labels = vec![0; texts.len()];
        let scored = self.score(&indices, &Sequences::Tokens(texts), labels)?;
        Ok(indices.iter().map(|&i| scored.row(i).to_vec()).collect())
    }

    /// The pieces of a text, as many as the model reads.
    pub(crate) fn read_text(&self, text: &str) -> ReadText {
        let DataConfig::Texts(config) = &self.data;
        let encoded = self.tokenizer.encode(&clean(text, config.markup));
        let num_pieces = encoded.ids.len();
        ReadText {
            ids: cut(encoded.ids, config.max_len, config.keep).0,
            unknown: encoded.unknown,
            num_pieces,
        }
    }

    fn notices(&self, text: &ReadText) -> Vec<String> {
        let mut notices = Vec::new();
        if text.ids.len() < text.num_pieces {
            notices.push(format!(
                "{} pieces, of which {} are read (`data.max_len` of this run)",
                text.num_pieces,
                text.ids.len()
            ));
        }
        let unknown = text.unknown.total();
        if unknown * 2 > text.num_pieces {
            notices.push(format!(
                "{unknown} of {} pieces are none that the run was trained on: {}; the class is a \
                 guess",
                text.num_pieces, text.unknown
            ));
        }
        notices
    }
}

/// `positive 0.97  negative 0.03`; what would round to nothing has two digits more.
pub(super) fn line_of(classes: &[String], probs: &[f64], most: usize) -> String {
    let each = ranked(probs).into_iter().take(most).map(|class| {
        let digits = if probs[class] < 0.005 { 4 } else { 2 };
        format!("{} {:.digits$}", classes[class], probs[class])
    });
    each.collect::<Vec<String>>().join("  ")
}

/// The classes, likeliest first.
fn ranked(probs: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probs.len()).collect();
    order.sort_by(|&a, &b| probs[b].total_cmp(&probs[a]));
    order
}

impl Predictor for Classify {
    fn predict(
        &self,
        input: &str,
        line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, Error> {
        let text = self.read_text(input);
        if text.ids.is_empty() {
            let message = "expected a text, got no visible letter".to_owned();
            return Err(Error::Input { line, message });
        }
        let notices = self.notices(&text);
        let ReadText { ids, unknown, .. } = text;
        let num_pieces = ids.len();
        let probs = self.probs(vec![ids])?.concat();
        let order = ranked(&probs);
        let all: Map<String, Value> = order
            .iter()
            .map(|&class| (self.classes[class].clone(), json!(probs[class])))
            .collect();
        Ok(Prediction {
            text: line_of(&self.classes, &probs, options.top_k),
            json: json!({
                "input": input,
                "label": self.classes[order[0]],
                "probability": probs[order[0]],
                "probabilities": all,
                "pieces": num_pieces,
                "unknown": unknown.counts,
            }),
            notices,
            ranked: Vec::new(),
            alignment: None,
        })
    }
}
