//! How well a model classifies.

use super::baseline::{self, judge_on_texts};
use super::config::{DataConfig, Recipe};
use super::data::{Batch, Corpus, Sequences, encode, read_tokenizer};
use super::infer::Classify;
use super::model::Classifier;
use super::scored::Scored;
use super::texts::Part;
use crate::Error;
use crate::tasks::Evaluation;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::Run;
use recurra_train::metric::{ACCURACY, Temperature};
use std::path::Path;

/// Rows that go through the network at once.
const BATCH_SIZE: usize = 64;

/// The scores of examples, in their order, `[num_examples, num_classes]`; rows of like length go
/// through the network together.
pub(super) fn logits_of(
    indices: &[usize],
    sequences: &Sequences,
    num_classes: usize,
    mut logits: impl FnMut(&Batch) -> Result<Vec<f32>, NnError>,
) -> Result<Vec<f64>, NnError> {
    let mut by_len: Vec<usize> = (0..indices.len()).collect();
    by_len.sort_by_key(|&place| sequences.num_steps(indices[place]));
    let mut all = vec![0.0; indices.len() * num_classes];
    for places in by_len.chunks(BATCH_SIZE) {
        let rows: Vec<usize> = places.iter().map(|&place| indices[place]).collect();
        let scores = logits(&sequences.batch(&rows))?;
        for (row, &place) in scores.chunks(num_classes).zip(places) {
            for (to, &from) in all[place * num_classes..].iter_mut().zip(row) {
                *to = f64::from(from);
            }
        }
    }
    Ok(all)
}

/// The same by a model as it stands.
pub(super) fn model_logits(
    model: &Classifier,
    indices: &[usize],
    sequences: &Sequences,
) -> Result<Vec<f64>, NnError> {
    logits_of(indices, sequences, model.num_classes(), |batch| {
        Ok(values(&model.logits(batch, Mode::Eval)?))
    })
}

/// Finds the temperature of a model on the part that it is chosen by.
pub(super) fn temper(model: &Classifier, corpus: &Corpus) -> Result<Temperature, Error> {
    let valid = &corpus.split.valid;
    let logits = model_logits(model, valid, &corpus.sequences)?;
    let labels = corpus.labels_of(valid);
    Ok(Temperature::fit(&logits, &labels, corpus.num_classes())?)
}

/// Judges an open run on its own test part.
pub(super) fn judge_own(
    corpus: &Corpus,
    classify: &Classify,
    baselines: baseline::Baselines,
) -> Result<(Evaluation, Scored), Error> {
    let test = &corpus.split.test;
    let scored = classify.score(test, &corpus.sequences, corpus.labels_of(test))?;
    let notes = vec![
        format!("{} examples that were not trained on", test.len()),
        in_words(classify.temperature()),
    ];
    let evaluation = Evaluation {
        task: super::NAME,
        split: "test".to_owned(),
        metrics: scored.metrics()?,
        baselines,
        notes,
    };
    Ok((evaluation.with_verdict(ACCURACY), scored))
}

/// Judges an open run on the examples of a file; the baselines are fitted again, if what they
/// were fitted on is still there.
pub(super) fn judge_file(
    recipe: &Recipe,
    run: &Run,
    classify: &Classify,
    path: &Path,
) -> Result<Evaluation, Error> {
    let DataConfig::Texts(config) = &recipe.data else {
        let want = "nothing: images are judged on those that the recipe keeps for the test";
        return Err(Error::config("--data", want, path.display()));
    };
    let classes = classify.classes();
    let advice = "correct them, or take them out of the file";
    let part = Part::read(path, config, Some(classes), advice)?;
    let labels = part.ids(classes);
    if labels.is_empty() {
        let want = "a file with texts and labels";
        return Err(Error::config("--data", want, "none"));
    }
    let mut notes = vec![part.summary.clone()];
    let (rows, long) = encode(&part.texts, config, &read_tokenizer(run)?);
    if long > 0 {
        notes.push(format!("{long} were cut to {} pieces", config.max_len));
    }
    let indices: Vec<usize> = (0..rows.len()).collect();
    let scored = classify.score(&indices, &Sequences::Tokens(rows), labels.clone())?;
    notes.push(in_words(classify.temperature()));
    let texts: Vec<&str> = part.texts.iter().map(String::as_str).collect();
    let fitted = Corpus::read(recipe, run, None)
        .and_then(|corpus| judge_on_texts(config, &corpus, &texts, &labels));
    let baselines = fitted.unwrap_or_else(|error| {
        notes.push(format!(
            "no baselines, which need what was trained on: {error}"
        ));
        baseline::Baselines::new()
    });
    Ok(Evaluation {
        task: super::NAME,
        split: path.display().to_string(),
        metrics: scored.metrics()?,
        baselines,
        notes,
    }
    .with_verdict(ACCURACY))
}

/// A temperature in a sentence.
pub(super) fn in_words(found: &Temperature) -> String {
    let Temperature {
        temperature,
        nats_before,
        nats_after,
    } = found;
    format!(
        "probabilities are at temperature {temperature:.2}, found on the part for choosing \
         (cross-entropy there {nats_before:.3} before, {nats_after:.3} after)"
    )
}
