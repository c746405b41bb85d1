//! How well a model translates.

use super::config::Recipe;
use super::data::{Corpus, Pairs, Row, encode};
use super::model::{loss, translate};
use crate::Error;
use crate::tasks::Evaluation;
use recurra_data::TokenId;
use recurra_nn::decode::DecodeConfig;
use recurra_nn::seq2seq::{LossOptions, Seq2Seq};
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::metric::{ACCURACY, CROSS_ENTROPY, Metrics};
use std::collections::BTreeMap;
use std::path::Path;

/// Rows that go through the network at once.
const BATCH_SIZE: usize = 64;

/// Cross-entropy of a target's unit in nats, and the share of sources that are translated
/// exactly as the list does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judgement {
    pub(super) nats: f64,
    pub(super) accuracy: f64,
}

pub(super) fn judge_model(
    model: &Seq2Seq,
    rows: &[&Row],
    config: &DecodeConfig,
) -> Result<Judgement, NnError> {
    let mut by_len = rows.to_vec();
    by_len.sort_by_key(|row| (row.source.len(), row.target.len()));
    let (mut nats, mut units, mut right) = (0.0, 0, 0);
    for rows in by_len.chunks(BATCH_SIZE) {
        let mean = loss(model, rows, LossOptions::default(), Mode::Eval)?;
        let count: usize = rows.iter().map(|row| row.target.len() + 1).sum();
        nats += f64::from(values(&mean)[0]) * count as f64;
        units += count;
        let sources: Vec<&[TokenId]> = rows.iter().map(|row| &row.source[..]).collect();
        let found = translate(model, &sources, config)?;
        let pairs = rows.iter().zip(&found);
        right += pairs
            .filter(|(row, found)| found.first().is_some_and(|best| best.ids == row.target))
            .count();
    }
    Ok(Judgement {
        nats: nats / units as f64,
        accuracy: right as f64 / rows.len() as f64,
    })
}

/// Judges a model on the pairs that it did not learn, on those that it did if none were kept,
/// or on the pairs of a file.
pub(super) fn judge(
    recipe: &Recipe,
    corpus: &Corpus,
    model: &Seq2Seq,
    data: Option<&Path>,
) -> Result<Evaluation, Error> {
    let mut notes = Vec::new();
    let foreign;
    let (split, rows): (String, Vec<&Row>) = match data {
        Some(path) => {
            let pairs = Pairs::read_file(path, &recipe.data)?;
            notes.push(format!("{}: {}", path.display(), pairs.origin.summary));
            foreign = encode(&pairs.pairs, &recipe.data, &corpus.vocabs);
            (path.display().to_string(), foreign.iter().collect())
        }
        None => {
            let (split, indices) = corpus.judged();
            notes.push(match split {
                "train" => "judged on the pairs that it was trained on: the exercise is to \
                            remember them"
                    .to_owned(),
                _ => format!("{} pairs that were not trained on", indices.len()),
            });
            (split.to_owned(), corpus.rows_of(indices))
        }
    };
    if rows.is_empty() {
        let want = "a file with pairs that fit `data.max_len`";
        return Err(Error::config("--data", want, "none"));
    }
    let judgement = judge_model(model, &rows, &recipe.decode)?;
    let mut metrics = Metrics::new();
    metrics.set(ACCURACY.name, judgement.accuracy);
    metrics.set(CROSS_ENTROPY.name, judgement.nats);
    let (name, accuracy) = always_the_commonest(corpus, &rows);
    let mut always = Metrics::new();
    always.set(ACCURACY.name, accuracy);
    Ok(Evaluation {
        task: super::NAME,
        split,
        metrics,
        baselines: BTreeMap::from([(name, always)]),
        notes,
    })
}

/// What saying the commonest target of the training pairs, whatever the source, is worth.
fn always_the_commonest(corpus: &Corpus, rows: &[&Row]) -> (String, f64) {
    let mut counts = BTreeMap::<&[TokenId], (usize, usize)>::new();
    for &index in &corpus.split.train {
        let target = &corpus.rows[index].target[..];
        counts.entry(target).or_insert((0, index)).0 += 1;
    }
    let commonest = counts
        .values()
        .max_by_key(|(count, index)| (*count, std::cmp::Reverse(*index)));
    let index = commonest.map_or(0, |&(_, index)| index);
    let target = &corpus.rows[index].target;
    let right = rows.iter().filter(|row| row.target == *target).count();
    let name = format!("always `{}`", corpus.pairs[index].target);
    (name, right as f64 / rows.len() as f64)
}
