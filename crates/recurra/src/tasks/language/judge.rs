//! A model and its baselines on the same text.

use super::config::{Recipe, Unit};
use super::data::{Corpus, Part, read_foreign};
use super::infer::Language;
use super::model::LanguageModel;
use crate::Error;
use crate::tasks::Evaluation;
use crate::tasks::streamed::{Reader, StreamedModel, log_softmax};
use recurra_data::{Contiguous, DataError};
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::baseline::{NgramConfig, NgramModel};
use recurra_train::metric::{BITS_PER_CHAR, CROSS_ENTROPY, Metrics, PERPLEXITY};
use std::collections::BTreeMap;
use std::path::Path;

/// Steps that are read at once.
const STEPS: usize = 100;
/// Tokens of a row, where there are several.
const LEAST_ROW: usize = 1000;

/// How well a text was predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    /// Minus the logarithm of its probability.
    pub(super) nats: f64,
    /// Predictions.
    pub(super) events: usize,
}

impl Tally {
    /// Per token.
    pub(super) fn mean(&self) -> f64 {
        self.nats / self.events.max(1) as f64
    }

    /// In the unit's own measure: perplexity per word or piece, or bits per letter whatever a letter is cut
    /// into, so that Jamo and syllables compare.
    pub(super) fn metrics(&self, unit: Unit, part: &Part) -> Metrics {
        let mut metrics = Metrics::new();
        metrics.set(CROSS_ENTROPY.name, self.mean());
        match unit {
            Unit::Word | Unit::Piece => metrics.set(PERPLEXITY.name, self.mean().exp()),
            Unit::Letter | Unit::Jamo => {
                let per_char = part.ids.len() as f64 / part.chars.max(1) as f64;
                let bits = self.mean() / std::f64::consts::LN_2 * per_char;
                metrics.set(BITS_PER_CHAR.name, bits);
            }
        }
        metrics
    }
}

/// The network's predictions of a stream that is read as `rows` rows, each from a state of zeros.
pub(super) fn judge_model(
    model: &LanguageModel,
    part: &Part,
    rows: usize,
) -> Result<Tally, NnError> {
    // Fewer rows for a text that is short: each begins without knowing what stands before it.
    let rows = rows.min(part.ids.len() / LEAST_ROW).max(1);
    let text = Contiguous::new(&part.ids, rows)
        .expect("a part has two tokens, and a thousand for each of several rows");
    let mut state = None;
    let mut tally = Tally::default();
    for index in 0..text.num_windows(STEPS) {
        let window = text.window(index, STEPS);
        let (loss, next) = model.loss(&window, state.take(), Mode::Eval)?;
        state = Some(next);
        let mean: f64 = values(&loss).iter().map(|&nats| f64::from(nats)).sum();
        tally.nats += mean * window.input.len() as f64;
        tally.events += window.input.len();
    }
    Ok(tally)
}

/// The same, token by token.
pub(super) fn judge_streamed(model: &StreamedModel, part: &Part) -> Result<Tally, NnError> {
    let mut reader = Reader::new(model);
    let mut tally = Tally::default();
    for pair in part.ids.windows(2) {
        reader.read(pair[0])?;
        tally.nats -= f64::from(log_softmax(&reader.logits)[pair[1] as usize]);
        tally.events += 1;
    }
    Ok(tally)
}

/// How many units an n-gram model counts together, the last of which it says: fewer words than
/// letters, and fewer letters than Jamo, as each of these tells less.
pub(super) fn order(unit: Unit) -> usize {
    match unit {
        Unit::Word | Unit::Piece => 5,
        Unit::Letter => 6,
        Unit::Jamo => 8,
    }
}

/// Kneser-Ney over the lines of the training text.
pub(super) fn ngram(corpus: &Corpus, order: usize) -> Result<NgramModel, DataError> {
    let rows = corpus.train.rows();
    NgramModel::train(&rows, corpus.cutter.vocab().len(), NgramConfig { order })
}

/// Its predictions of every token of a part.
pub(super) fn judge_ngram(model: &NgramModel, part: &Part) -> Result<Tally, DataError> {
    let mut tally = Tally::default();
    for row in part.rows() {
        tally.nats -= model.log_prob(row)?;
        tally.events += row.len() + 1;
    }
    Ok(tally)
}

/// Judges an open run on the text that it did not learn, or on that of a file.
pub(super) fn judge(
    recipe: &Recipe,
    corpus: &Corpus,
    predictor: &Language,
    data: Option<&Path>,
) -> Result<Evaluation, Error> {
    let unit = recipe.data.unit;
    let foreign;
    let (split, part) = match data {
        Some(path) => {
            foreign = read_foreign(path, &recipe.data, &corpus.cutter)?;
            (path.display().to_string(), &foreign)
        }
        None => ("test".to_owned(), &corpus.test),
    };
    let mut notes = vec![format!(
        "{} tokens in {} letters, read as one stream; {} unknown",
        part.ids.len(),
        part.chars,
        part.unknown
    )];
    if data.is_none() {
        notes.push(format!(
            "{}: {}",
            corpus.origin.source, corpus.origin.summary
        ));
    }
    let mut baselines = BTreeMap::new();
    for order in [1, order(unit)] {
        let model = ngram(corpus, order)?;
        let name = match order {
            1 => "unigram".to_owned(),
            order => format!("{order}-gram"),
        };
        baselines.insert(name, judge_ngram(&model, part)?.metrics(unit, part));
    }
    Ok(Evaluation {
        task: super::NAME,
        split,
        metrics: predictor.tally(part)?.metrics(unit, part),
        baselines,
        notes,
    }
    .with_verdict(CROSS_ENTROPY))
}
