//! A trained model at work.

use super::config::{DataConfig, LabelKind, Recipe};
use super::data::{Batch, Corpus, Vocabs};
use super::model::{self, Tagger};
use super::scheme::spans_of;
use crate::Error;
use crate::tasks::{PredictOptions, Prediction, Predictor, Task, device};
use recurra_data::Specials;
use recurra_data::tagged::TaggedSentence;
use recurra_nn::Mode;
use recurra_nn::streaming::Precision;
use recurra_train::Run;
use recurra_train::metric::Span;
use serde_json::{Value, json};

/// An open run of this task: a sentence in, each word with its label out.
#[derive(Debug)]
pub struct Tag {
    config: DataConfig,
    vocabs: Vocabs,
    model: Tagger,
}

/// A sentence with what the model says of each word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tagged {
    pub(super) words: Vec<String>,
    pub(super) labels: Vec<String>,
    /// The probability of each word's labels, in the order of the vocabulary.
    pub(super) probs: Vec<Vec<f32>>,
    /// Words without a vector of their own.
    pub(super) unknown: Vec<String>,
}

impl Tagged {
    /// `word/label` for each word.
    pub(super) fn text(&self) -> String {
        let pairs = self.words.iter().zip(&self.labels);
        let pairs: Vec<String> = pairs
            .map(|(word, label)| format!("{word}/{label}"))
            .collect();
        pairs.join(" ")
    }
}

pub(super) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Tag, Error> {
    recipe.only_f32(run, precision)?;
    let vocabs = Vocabs::read(run)?;
    let model = model::build(recipe, &vocabs, &device())?;
    let (model, _) = run.read_model(model)?;
    Ok(Tag::new(recipe, vocabs, model))
}

impl Tag {
    pub(super) fn new(recipe: &Recipe, vocabs: Vocabs, model: Tagger) -> Self {
        Self {
            config: recipe.data.clone(),
            vocabs,
            model,
        }
    }

    pub(super) fn model(&self) -> &Tagger {
        &self.model
    }

    pub(super) fn vocabs(&self) -> &Vocabs {
        &self.vocabs
    }

    /// Labels words, in pieces where there are more than the run's `max_len`.
    pub(super) fn tag(&self, words: &[String]) -> Result<Tagged, Error> {
        let mut tagged = Tagged {
            words: words.to_vec(),
            labels: Vec::with_capacity(words.len()),
            probs: Vec::with_capacity(words.len()),
            unknown: Vec::new(),
        };
        let names = self.vocabs.labels.tokens();
        for piece in words.chunks(self.config.max_len) {
            let sentence = TaggedSentence {
                words: piece.to_vec(),
                ..TaggedSentence::default()
            };
            let corpus = Corpus::new(&[sentence], &self.config, &self.vocabs);
            let rows: Vec<_> = corpus.rows.iter().collect();
            let batch = Batch::new(&corpus, &rows);
            let emissions = self.model.emissions(&batch, Mode::Eval)?;
            let found = self.model.decode(emissions.clone(), &batch.lengths)?;
            let probs = self.model.probs(emissions, &batch.lengths)?;
            let labels = found.concat().into_iter();
            tagged
                .labels
                .extend(labels.map(|id| names[id as usize].clone()));
            let probs = probs.concat();
            tagged
                .probs
                .extend(probs.chunks(names.len()).map(<[f32]>::to_vec));
            let words = piece.iter().zip(&corpus.rows[0].words);
            let unknown = words.filter(|(_, id)| **id == Specials::STANDARD.unk);
            tagged.unknown.extend(unknown.map(|(word, _)| word.clone()));
        }
        Ok(tagged)
    }

    fn token(&self, tagged: &Tagged, at: usize, top_k: usize) -> Value {
        let names = self.vocabs.labels.tokens();
        let probs = &tagged.probs[at];
        let of_label = |label: &String| {
            let place = names.iter().position(|name| name == label);
            place.map_or(0.0, |place| probs[place])
        };
        let mut ranked: Vec<usize> = (0..names.len()).collect();
        ranked.sort_by(|&a, &b| probs[b].total_cmp(&probs[a]));
        let likeliest = ranked.into_iter().take(top_k.max(1));
        let likeliest: Vec<Value> = likeliest
            .map(|place| json!({ "label": names[place], "probability": probs[place] }))
            .collect();
        json!({
            "word": tagged.words[at],
            "label": tagged.labels[at],
            "probability": of_label(&tagged.labels[at]),
            "likeliest": likeliest,
        })
    }

    fn span(tagged: &Tagged, span: &Span) -> Value {
        json!({
            "start": span.start,
            "end": span.end,
            "label": span.label,
            "text": tagged.words[span.start..span.end].join(" "),
        })
    }
}

impl Predictor for Tag {
    fn predict(
        &self,
        input: &str,
        _line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, Error> {
        let words: Vec<String> = input.split_whitespace().map(str::to_owned).collect();
        let tagged = self.tag(&words)?;
        let mut notices = Vec::new();
        if words.len() > self.config.max_len {
            notices.push(format!(
                "{} words, read in pieces of {} (`data.max_len` of this run)",
                words.len(),
                self.config.max_len
            ));
        }
        let tokens: Vec<Value> = (0..words.len())
            .map(|at| self.token(&tagged, at, options.top_k))
            .collect();
        let mut json = json!({
            "input": input,
            "tokens": tokens,
            "unknown_words": tagged.unknown,
        });
        if self.config.labels == LabelKind::Spans {
            let spans = spans_of(&tagged.labels)?;
            let spans: Vec<Value> = spans.iter().map(|span| Self::span(&tagged, span)).collect();
            json["spans"] = Value::from(spans);
        }
        Ok(Prediction {
            text: tagged.text(),
            json,
            notices,
            ranked: Vec::new(),
            alignment: None,
        })
    }
}
