//! What needs no network: the commonest class, and linear models over terms.

use super::config::{DataConfig, TextsConfig};
use super::data::{Corpus, Sequences};
use super::scored::{answers, area, nats};
use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_nn::likeliest;
use recurra_train::Run;
use recurra_train::baseline::{PixelClassifier, TextClassifier, TextRule, TextRuleConfig};
use recurra_train::metric::{CROSS_ENTROPY, Metrics, ROC_AUC};
use std::collections::BTreeMap;

const BASELINES: &str = "baselines.json";

/// The metrics of each baseline by its name.
pub(super) type Baselines = BTreeMap<String, Metrics>;

/// Fits every baseline on the training part, and judges it on the test.
pub(super) fn judge_baselines(data: &DataConfig, corpus: &Corpus) -> Result<Baselines, Error> {
    let test = &corpus.split.test;
    let labels = corpus.labels_of(test);
    let texts: Vec<&str> = test.iter().map(|&i| &corpus.texts[i][..]).collect();
    match (data, &corpus.sequences) {
        (DataConfig::Texts(config), _) => judge_on_texts(config, corpus, &texts, &labels),
        (DataConfig::Images(_), Sequences::Pixels { pixels, .. }) => {
            let size = pixels.len() / corpus.labels.len().max(1);
            let image = |&index: &usize| &pixels[index * size..][..size];
            let train = &corpus.split.train;
            let images: Vec<&[u8]> = train.iter().map(image).collect();
            let training_labels = corpus.labels_of(train);
            let num_classes = corpus.num_classes();
            let fitted = PixelClassifier::fit(&images, &training_labels, num_classes)?;
            let probs = test.iter().flat_map(|index| fitted.probs(image(index)));
            let probs: Vec<f64> = probs.collect();
            let mut metrics = judged(&probs, Some(probs.clone()), &labels, num_classes)?;
            metrics.set(ROC_AUC.name, area(&probs, &labels, num_classes)?);
            let rule = TextRule::Majority;
            let config = TextRuleConfig::words();
            let mut baselines = judge_rules(&[rule], &config, corpus, &texts, &labels)?;
            baselines.insert(PixelClassifier::NAME.to_owned(), metrics);
            Ok(baselines)
        }
        (DataConfig::Images(_), Sequences::Tokens(_)) => {
            unreachable!("images are sequences of pixels")
        }
    }
}

/// [`judge_baselines`] on texts of one's own.
pub(super) fn judge_on_texts(
    config: &TextsConfig,
    corpus: &Corpus,
    texts: &[&str],
    labels: &[u32],
) -> Result<Baselines, Error> {
    judge_rules(&TextRule::ALL, &config.baseline(), corpus, texts, labels)
}

fn judge_rules(
    rules: &[TextRule],
    config: &TextRuleConfig,
    corpus: &Corpus,
    texts: &[&str],
    labels: &[u32],
) -> Result<Baselines, Error> {
    let train = &corpus.split.train;
    let num_classes = corpus.num_classes();
    let training: Vec<&str> = train.iter().map(|&i| &corpus.texts[i][..]).collect();
    let training_labels = corpus.labels_of(train);
    let one = |&rule: &TextRule| {
        let fitted = TextClassifier::fit(rule, &training, &training_labels, num_classes, config)?;
        let name = match rule {
            TextRule::Majority => {
                let class = fitted.predict("") as usize;
                format!("always `{}`", corpus.origin.classes[class])
            }
            linear => linear.name().to_owned(),
        };
        let scores: Vec<f64> = texts.iter().flat_map(|text| fitted.scores(text)).collect();
        let probs: Option<Vec<Vec<f64>>> = texts.iter().map(|text| fitted.probs(text)).collect();
        let probs = probs.map(|rows| rows.concat());
        let mut metrics = judged(&scores, probs, labels, num_classes)?;
        if rule != TextRule::Majority {
            metrics.set(ROC_AUC.name, area(&scores, labels, num_classes)?);
        }
        Ok((name, metrics))
    };
    rules.iter().map(one).collect()
}

/// What scores of the classes are worth, `[num_examples, num_classes]`, and probabilities, where
/// there are any.
fn judged(
    scores: &[f64],
    probs: Option<Vec<f64>>,
    labels: &[u32],
    num_classes: usize,
) -> Result<Metrics, Error> {
    let said: Vec<u32> = scores
        .chunks(num_classes)
        .map(|row| likeliest(row) as u32)
        .collect();
    let mut metrics = answers(&said, labels, num_classes)?;
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
