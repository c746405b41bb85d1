//! What needs no network: the commonest class, and linear models over terms.

use super::config::DataConfig;
use super::data::Corpus;
use super::scored::{answers, area, nats};
use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_nn::likeliest;
use recurra_train::Run;
use recurra_train::baseline::{TextClassifier, TextRule};
use recurra_train::metric::{CROSS_ENTROPY, Metrics, ROC_AUC};
use std::collections::BTreeMap;

const BASELINES: &str = "baselines.json";

/// The metrics of each baseline by its name.
pub(super) type Baselines = BTreeMap<String, Metrics>;

/// Fits every baseline on the training part, and judges it on these texts.
pub(super) fn judge_baselines(
    config: &DataConfig,
    corpus: &Corpus,
    texts: &[&str],
    labels: &[u32],
) -> Result<Baselines, Error> {
    let train = &corpus.split.train;
    let num_classes = corpus.num_classes();
    let training: Vec<&str> = train.iter().map(|&i| &corpus.texts[i][..]).collect();
    let training_labels = corpus.labels_of(train);
    let DataConfig::Texts(config) = config;
    let rules = TextRule::ALL.into_iter();
    rules
        .map(|rule| {
            let fitted = TextClassifier::fit(
                rule,
                &training,
                &training_labels,
                num_classes,
                &config.baseline(),
            )?;
            let name = match rule {
                TextRule::Majority => {
                    format!(
                        "always `{}`",
                        corpus.origin.classes[fitted.predict("") as usize]
                    )
                }
                linear => linear.name().to_owned(),
            };
            Ok((name, judge_one(&fitted, texts, labels, num_classes)?))
        })
        .collect()
}

fn judge_one(
    fitted: &TextClassifier,
    texts: &[&str],
    labels: &[u32],
    num_classes: usize,
) -> Result<Metrics, Error> {
    let scores: Vec<f64> = texts.iter().flat_map(|text| fitted.scores(text)).collect();
    let said: Vec<u32> = scores
        .chunks(num_classes)
        .map(|row| likeliest(row) as u32)
        .collect();
    let mut metrics = answers(&said, labels, num_classes)?;
    if fitted.rule() != TextRule::Majority {
        metrics.set(ROC_AUC.name, area(&scores, labels, num_classes)?);
    }
    let probs: Option<Vec<Vec<f64>>> = texts.iter().map(|text| fitted.probs(text)).collect();
    let probs = probs.map(|rows| rows.concat());
    let entropy = probs.and_then(|probs| nats(&probs, labels, num_classes));
    metrics.set(CROSS_ENTROPY.name, entropy);
    Ok(metrics)
}

/// Puts figures into a run, as fitting linear models to many texts takes its time.
pub(super) fn write(run: &Run, baselines: &Baselines) -> Result<(), Error> {
    write_json(run, BASELINES, baselines)
}

/// Takes them out of a run.
pub(super) fn read(run: &Run) -> Result<Baselines, Error> {
    read_json(run, BASELINES)
}
