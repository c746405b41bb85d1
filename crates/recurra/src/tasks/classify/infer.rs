//! A trained model at work.

use super::config::{DataConfig, Recipe, TextsConfig};
use super::data::{Batch, Corpus, Origin, Sequences, read_tokenizer};
use super::judge::logits_of;
use super::model::{self, Classifier};
use super::scored::{Scored, read_temperature};
use super::streamed::StreamedClassifier;
use super::texts::cut;
use crate::Error;
use crate::artifact;
use crate::tasks::{PredictOptions, Prediction, Predictor, device};
use recurra_data::source::parse_numbers;
use recurra_data::vocab::Unknown;
use recurra_data::{TokenId, Tokenizer};
use recurra_nn::streaming::Precision;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::Run;
use recurra_train::metric::Temperature;
use serde_json::{Map, Value, json};
use std::path::Path;

/// An open run of this task: a text in, or the pixels of an image, and its class out.
#[derive(Debug)]
pub struct Classify {
    reading: Reading,
    classes: Vec<String>,
    temperature: Temperature,
    model: Classifier,
    /// What answers instead, in a precision of fewer bits.
    streamed: Option<StreamedClassifier>,
}

/// What a line of input is.
#[derive(Debug)]
enum Reading {
    /// A text.
    Texts {
        config: Box<TextsConfig>,
        tokenizer: Box<Tokenizer>,
    },
    /// The pixels of an image, row by row.
    Images {
        step_size: usize,
        /// The places of an image in the order in which they are read.
        order: Vec<usize>,
    },
}

impl Reading {
    fn new(data: &DataConfig, tokenizer: Option<Tokenizer>, image_size: Option<usize>) -> Self {
        match data {
            DataConfig::Texts(config) => Self::Texts {
                config: Box::new(config.clone()),
                tokenizer: Box::new(tokenizer.expect("a run of texts has a tokenizer")),
            },
            DataConfig::Images(config) => Self::Images {
                step_size: config.step_size,
                order: config.order(image_size.unwrap_or(config.step_size)),
            },
        }
    }
}

/// A text as the model reads it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadText {
    pub(crate) ids: Vec<TokenId>,
    pub(super) unknown: Unknown,
    /// Pieces before it was cut.
    pub(super) num_pieces: usize,
}

/// [`open`] for whoever has texts.
pub(crate) fn open_for_texts(
    recipe: &Recipe,
    run: &Run,
    precision: Precision,
) -> Result<Classify, Error> {
    match &recipe.data {
        DataConfig::Texts(_) => open(recipe, run, precision),
        DataConfig::Images(_) => Err(Error::NotOfTask {
            dir: run.dir().to_owned(),
            task: super::NAME,
            why: "of images reads no texts",
        }),
    }
}

pub(crate) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Classify, Error> {
    let Origin {
        classes,
        image_size,
        ..
    } = Origin::read(run)?;
    let input = model::input(recipe, Some(run))?;
    let model = recipe
        .model
        .build(input, classes.len(), recipe.train.seed, &device())?;
    let (model, _) = artifact::read(run, model, precision)?;
    let streamed = match precision {
        Precision::F32 => None,
        _ => Some(StreamedClassifier::new(&model, precision)?),
    };
    let tokenizer = match &recipe.data {
        DataConfig::Texts(_) => Some(read_tokenizer(run)?),
        DataConfig::Images(_) => None,
    };
    Ok(Classify {
        reading: Reading::new(&recipe.data, tokenizer, image_size),
        classes,
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
            reading: Reading::new(
                &recipe.data,
                corpus.tokenizer.clone(),
                corpus.origin.image_size,
            ),
            classes: corpus.origin.classes.clone(),
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
        let count = texts.len();
        self.probs_of(&Sequences::Tokens(texts), count)
    }

    /// Those of so many sequences.
    fn probs_of(&self, sequences: &Sequences, count: usize) -> Result<Vec<Vec<f64>>, NnError> {
        let indices: Vec<usize> = (0..count).collect();
        let scored = self.score(&indices, sequences, vec![0; count])?;
        Ok(indices.iter().map(|&i| scored.row(i).to_vec()).collect())
    }

    /// The pieces of a text, as many as the model reads.
    pub(crate) fn read_text(&self, text: &str) -> ReadText {
        let Reading::Texts { config, tokenizer } = &self.reading else {
            unreachable!("a run of images is not opened for texts");
        };
        let encoded = tokenizer.encode(&config.markup.apply(text));
        let num_pieces = encoded.ids.len();
        ReadText {
            ids: cut(encoded.ids, config.max_len, config.keep).0,
            unknown: encoded.unknown,
            num_pieces,
        }
    }

    /// The pixels of a line, row by row, as the model reads them.
    fn read_pixels(&self, input: &str, line: usize) -> Result<Sequences, Error> {
        let Reading::Images { step_size, order } = &self.reading else {
            unreachable!("a run of texts is not asked for pixels");
        };
        let refused = |message: String| Error::Input { line, message };
        let numbers = parse_numbers(input, Path::new("<input>"), line)?;
        if numbers.len() != order.len() {
            let (want, got) = (order.len(), numbers.len());
            return Err(refused(format!(
                "expected the {want} pixels of an image, got {got} numbers"
            )));
        }
        let level = |&number: &f64| {
            let whole = number.fract() == 0.0 && (0.0..=255.0).contains(&number);
            match whole {
                true => Ok(number as u8),
                false => Err(refused(format!(
                    "expected pixels from 0 to 255, got {number}"
                ))),
            }
        };
        let pixels: Vec<u8> = numbers.iter().map(level).collect::<Result<_, Error>>()?;
        Ok(Sequences::Pixels {
            pixels: order.iter().map(|&place| pixels[place]).collect(),
            seq_len: order.len() / step_size,
            input_size: *step_size,
        })
    }

    /// What is said of a line whose classes have these probabilities.
    fn prediction(&self, input: &str, probs: &[f64], options: PredictOptions) -> Prediction {
        let order = ranked(probs);
        let all: Map<String, Value> = order
            .iter()
            .map(|&class| (self.classes[class].clone(), json!(probs[class])))
            .collect();
        Prediction {
            text: line_of(&self.classes, probs, options.top_k),
            json: json!({
                "input": input,
                "label": self.classes[order[0]],
                "probability": probs[order[0]],
                "probabilities": all,
            }),
            notices: Vec::new(),
            ranked: Vec::new(),
            alignment: None,
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
        if let Reading::Images { .. } = &self.reading {
            let probs = self.probs_of(&self.read_pixels(input, line)?, 1)?.concat();
            return Ok(self.prediction(input, &probs, options));
        }
        let text = self.read_text(input);
        if text.ids.is_empty() {
            let message = "expected a text, got no visible letter".to_owned();
            return Err(Error::Input { line, message });
        }
        let notices = self.notices(&text);
        let ReadText { ids, unknown, .. } = text;
        let num_pieces = ids.len();
        let probs = self.probs(vec![ids])?.concat();
        let mut prediction = self.prediction(input, &probs, options);
        prediction.json["pieces"] = json!(num_pieces);
        prediction.json["unknown"] = json!(unknown.counts);
        prediction.notices = notices;
        Ok(prediction)
    }
}
