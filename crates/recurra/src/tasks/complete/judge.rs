//! A model and its baselines on the same words.

use super::config::{Form, Recipe};
use super::data::{Corpus, Examples, encode, read_foreign};
use super::hit_rate::{HIT_K, HitRate};
use super::infer::Complete;
use super::model::CompletionModel;
use crate::Error;
use crate::tasks::streamed::log_softmax;
use crate::tasks::{Evaluation, evenly};
use recurra_data::{DataError, Specials, TokenId};
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError, likeliest};
use recurra_train::baseline::{NgramConfig, NgramModel, best_last_letter};
use recurra_train::metric::{
    ACCURACY, Accuracy, BITS_PER_CHAR, CROSS_ENTROPY, CrossEntropy, Metrics, PERPLEXITY,
};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Rows that go through the network at once.
const BATCH_SIZE: usize = 256;
/// Words whose completions are searched for, at most: each is a search.
const MOST_SEARCHED: usize = 200;
/// Letters of an n-gram of the baseline: with [`Form::AnyPrefix`] of the usual five; with
/// [`Form::LastLetter`] three, since five would be the whole word, learnt by heart.
pub(super) const ORDERS: (usize, usize) = (5, 3);
/// What [`best_last_letter`] is called.
pub(super) const BEST_POSSIBLE: &str = "best possible";

/// How well labels were predicted.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) entropy: CrossEntropy,
    pub(super) accuracy: Accuracy,
    /// By how many letters were seen.
    pub(super) by_len: Vec<CrossEntropy>,
}

impl Tally {
    /// One prediction, after `len` letters.
    pub(super) fn add(&mut self, len: usize, log_probs: &[f32], label: TokenId) {
        let log_prob = log_probs[label as usize];
        self.entropy.add_log_probs(&[log_prob]);
        if self.by_len.len() <= len {
            self.by_len.resize(len + 1, CrossEntropy::default());
        }
        self.by_len[len].add_log_probs(&[log_prob]);
        let likeliest = likeliest(log_probs) as TokenId;
        self.accuracy
            .add(&[likeliest], &[label])
            .expect("one prediction and one label");
    }
}

/// The network's predictions on rows.
pub(super) fn judge_model(
    model: &CompletionModel,
    form: Form,
    rows: &[&[TokenId]],
) -> Result<Tally, NnError> {
    let mut by_len = rows.to_vec();
    by_len.sort_by_key(|row| row.len()); // so that little is padded
    let mut tally = Tally::default();
    for rows in by_len.chunks(BATCH_SIZE) {
        let Examples { input, labels } =
            Examples::new(form, rows).expect("encoded words have letters and no specials");
        let logits = values(&model.logits(form, &input, Mode::Eval)?);
        let mut steps = logits.chunks_exact(model.vocab_size());
        for (row, &len) in labels.ids.chunks_exact(labels.seq_len).zip(&input.lengths) {
            for (step, &label) in row.iter().enumerate() {
                let logits = steps.next().expect("logits for every label");
                match form {
                    Form::AnyPrefix if step < len => tally.add(step, &log_softmax(logits), label),
                    Form::AnyPrefix => {}
                    Form::LastLetter => tally.add(len, &log_softmax(logits), label),
                }
            }
        }
    }
    Ok(tally)
}

/// The n-gram model's predictions on rows.
pub(super) fn judge_ngram(
    model: &NgramModel,
    form: Form,
    rows: &[&[TokenId]],
) -> Result<Tally, DataError> {
    let mut tally = Tally::default();
    for row in rows {
        let events = row.iter().chain([&Specials::STANDARD.eos]).enumerate();
        let asked = events.filter(|(len, _)| match form {
            Form::AnyPrefix => true,
            Form::LastLetter => len + 1 == row.len(),
        });
        for (len, &label) in asked {
            let log_probs = model.log_probs(&row[..len])?;
            let log_probs: Vec<f32> = log_probs.into_iter().map(|p| p as f32).collect();
            tally.add(len, &log_probs, label);
        }
    }
    Ok(tally)
}

/// The baseline of letters, fitted on what the model was fitted on.
pub(super) fn ngram(corpus: &Corpus, form: Form) -> Result<NgramModel, DataError> {
    let order = match form {
        Form::AnyPrefix => ORDERS.0,
        Form::LastLetter => ORDERS.1,
    };
    let rows = corpus.rows_of(&corpus.split.train);
    NgramModel::train(&rows, corpus.vocab.len(), NgramConfig { order })
}

/// Judges an open run on the words that it did not learn (or, in the form of the exercise,
/// on those that it did), or on the words of a file.
pub(super) fn judge(
    recipe: &Recipe,
    corpus: &Corpus,
    predictor: &Complete,
    data: Option<&Path>,
) -> Result<Evaluation, Error> {
    let form = recipe.data.form;
    let mut notes = Vec::new();
    let foreign;
    let (split, rows): (String, Vec<&[TokenId]>) = match (data, form) {
        (Some(path), _) => {
            let list = read_foreign(path, &recipe.data)?;
            notes.push(format!("{}: {list}", path.display()));
            notes.extend(acquainted(corpus, &list.words));
            let unit = recipe.data.unit;
            let units = list.words.iter().flat_map(|word| unit.segment(word));
            let unknown = corpus.vocab.encode(units).unknown;
            if !unknown.is_empty() {
                notes.push(format!(
                    "letters that the run was not trained on: {unknown}"
                ));
            }
            foreign = encode(&list.words, unit, &corpus.vocab);
            (
                path.display().to_string(),
                foreign.iter().map(|row| &row[..]).collect(),
            )
        }
        (None, Form::AnyPrefix) => {
            notes.push(format!(
                "{} words that were not trained on; {}: {}",
                corpus.split.test.len(),
                corpus.origin.source,
                corpus.origin.summary
            ));
            ("test".to_owned(), corpus.rows_of(&corpus.split.test))
        }
        (None, Form::LastLetter) => {
            notes.push(
                "judged on the words that it was trained on: the exercise is to remember them"
                    .to_owned(),
            );
            ("train".to_owned(), corpus.rows_of(&corpus.split.train))
        }
    };
    let ngram = ngram(corpus, form)?;
    let of_model = predictor.tally(&rows)?;
    let of_ngram = judge_ngram(&ngram, form, &rows)?;
    let mut metrics = metrics(form, &of_model);
    let mut ngram_metrics = self::metrics(form, &of_ngram);
    let mut baselines = BTreeMap::new();
    match form {
        Form::LastLetter => baselines.extend(other_baselines(corpus, &rows, &mut notes)?),
        Form::AnyPrefix => {
            let some = evenly(rows.len(), MOST_SEARCHED).map(|place| rows[place]);
            let some: Vec<&[TokenId]> = some.collect();
            HitRate::count(&some, |prefix| -> Result<_, Error> {
                let found = predictor.complete(prefix, HIT_K)?;
                Ok(found.into_iter().map(|one| one.ids).collect())
            })?
            .set(&mut metrics);
            HitRate::count(&some, |prefix| -> Result<_, Error> {
                let most = recipe.data.max_len.saturating_sub(prefix.len());
                let found = ngram.complete(prefix, HIT_K, most)?;
                Ok(found.into_iter().map(|one| one.ids).collect())
            })?
            .set(&mut ngram_metrics);
            notes.push(format!(
                "bits per letter count every letter and the end of each word; hit rates say how \
                 often a word is the likeliest completion of its first half, or among the {HIT_K} \
                 likeliest, on {} of {} words",
                some.len(),
                rows.len()
            ));
            if data.is_none() {
                notes.push(
                    "a list of the training words would complete none of these: no word is twice \
                     in it"
                        .to_owned(),
                );
            }
        }
    }
    baselines.insert(format!("{}-gram", ngram.order()), ngram_metrics);
    Ok(Evaluation {
        task: super::NAME,
        split,
        metrics,
        baselines,
        notes,
    })
}

fn metrics(form: Form, tally: &Tally) -> Metrics {
    let mut metrics = Metrics::new();
    metrics.set(ACCURACY.name, tally.accuracy.value());
    match form {
        Form::LastLetter => metrics.set(CROSS_ENTROPY.name, tally.entropy.nats()),
        Form::AnyPrefix => {
            metrics.set(BITS_PER_CHAR.name, tally.entropy.bits());
            metrics.set(PERPLEXITY.name, tally.entropy.perplexity());
        }
    }
    metrics
}

/// What can be known of the last letter without a network.
fn other_baselines(
    corpus: &Corpus,
    rows: &[&[TokenId]],
    notes: &mut Vec<String>,
) -> Result<Vec<(String, Metrics)>, Error> {
    let best = best_last_letter(rows)?;
    notes.push(format!(
        "the best possible predictor is right on {} of {} words: several share all letters but \
         the last",
        best.num_right, best.num_words
    ));
    let mut ceiling = Metrics::new();
    ceiling.set(ACCURACY.name, best.accuracy());
    ceiling.set(CROSS_ENTROPY.name, least_nats(rows));
    let last = |row: &&[TokenId]| row.last().copied();
    let learnt = corpus.rows_of(&corpus.split.train);
    let counts = counted(learnt.iter().filter_map(last));
    let commonest = counts
        .iter()
        .max_by_key(|(id, count)| (**count, std::cmp::Reverse(**id)));
    let commonest = commonest.map_or(Specials::STANDARD.unk, |(&id, _)| id);
    let right = rows.iter().filter_map(last).filter(|&id| id == commonest);
    let mut always = Metrics::new();
    always.set(ACCURACY.name, right.count() as f64 / rows.len() as f64);
    let name = corpus.vocab.name(commonest).unwrap_or_default();
    Ok(vec![
        (BEST_POSSIBLE.to_owned(), ceiling),
        (format!("always `{name}`"), always),
    ])
}

/// The cross-entropy of a perfect memory: each last letter as likely as it is frequent
/// among the words that share the letters before it.
fn least_nats(rows: &[&[TokenId]]) -> f64 {
    let prefix = |row: &[TokenId]| row[..row.len().saturating_sub(1)].to_vec();
    let shared = counted(rows.iter().map(|row| prefix(row)));
    let same = counted(rows.iter().map(|row| row.to_vec()));
    let nats = rows.iter().map(|row| {
        let share = same[*row] as f64 / shared[&prefix(row)] as f64;
        -share.ln()
    });
    nats.sum::<f64>() / rows.len() as f64
}

fn counted<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// A warning when words of a foreign list were trained on.
fn acquainted(corpus: &Corpus, words: &[String]) -> Option<String> {
    let trained = corpus.split.train.iter().map(|&index| &corpus.words[index]);
    let trained: HashSet<&String> = trained.collect();
    let known = words.iter().filter(|word| trained.contains(word)).count();
    (known > 0).then(|| format!("{known} of the {} words were trained on", words.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_by_what_was_seen() {
        let mut tally = Tally::default();
        let probs = [0.5f32, 0.25, 0.25].map(f32::ln);
        tally.add(0, &probs, 0);
        tally.add(2, &probs, 1);
        assert_eq!(tally.accuracy.value(), Some(0.5));
        assert!((tally.entropy.bits().unwrap() - 1.5).abs() < 1e-6);
        assert!((tally.by_len[2].bits().unwrap() - 2.0).abs() < 1e-6);
        assert_eq!(tally.by_len[1].bits(), None);
    }
}
