//! Fitting, and judging what came out.

use super::adversarial;
use super::baseline::{self, judge_baselines};
use super::config::{DataConfig, Recipe};
use super::data::{Batch, Corpus};
use super::images::Images;
use super::infer::{Classify, line_of, open};
use super::judge::{judge_file, judge_own, model_logits, temper};
use super::model::{Classifier, Criterion};
use super::pretrained::Pretrained;
use super::scored::{Scored, answers, nats, read_temperature, write_temperature};
use super::texts::Texts;
use crate::Error;
use crate::quantize::{Steppers, write_weights};
use crate::report::excerpt;
use crate::tasks::{
    Evaluation, Sample, Trained, evenly, fit_and_ship, judged, sampler, training_device,
};
use recurra_data::BatchSampler;
use recurra_nn::streaming::{Precision, Streamer};
use recurra_nn::{Mode, NnError, Tensor, likeliest};
use recurra_train::metric::{LOSS, Metrics, Temperature};
use recurra_train::{Checkpoint, Control, Differentiated, Learner, Run};
use std::path::Path;

/// What the update loop is given.
struct Lesson<'a> {
    corpus: &'a Corpus,
    criterion: Criterion,
    /// How far vectors are moved to where the loss grows, over their length; 0 for not at all.
    adversarial: f64,
    /// Of recurrent layers.
    num_layers: usize,
    sampler: BatchSampler,
}

impl<'a> Lesson<'a> {
    fn new(recipe: &Recipe, corpus: &'a Corpus) -> Result<Self, Error> {
        let train = &corpus.split.train;
        let lengths = train.iter().map(|&index| corpus.sequences.num_steps(index));
        let lengths: Vec<usize> = lengths.collect();
        Ok(Self {
            corpus,
            criterion: Criterion::new(recipe.loss, corpus),
            adversarial: recipe.loss.adversarial,
            num_layers: recipe.model.stack.expanded()?.len(),
            sampler: sampler(&lengths, &recipe.train)?,
        })
    }

    /// The examples of a batch, and their labels.
    fn examples(&self, indices: &[usize]) -> (Batch, Vec<u32>) {
        let train = &self.corpus.split.train;
        let indices: Vec<usize> = indices.iter().map(|&index| train[index]).collect();
        let batch = self.corpus.sequences.batch(&indices);
        (batch, self.corpus.labels_of(&indices))
    }
}

impl Learner for Lesson<'_> {
    type Model = Classifier;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        self.sampler.batches(epoch)
    }

    fn loss(
        &self,
        model: &Classifier,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let (batch, labels) = self.examples(indices);
        Ok(self.criterion.loss(model.logits(&batch, mode)?, &labels))
    }

    fn differentiate(
        &self,
        model: &Classifier,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Differentiated, NnError> {
        if self.adversarial == 0.0 {
            return Differentiated::of(model, self.loss(model, indices, mode)?);
        }
        let (batch, labels) = self.examples(indices);
        let loss = |logits| self.criterion.loss(logits, &labels);
        adversarial::differentiate(model, &batch, self.adversarial, mode, loss)
    }

    fn depth(&self, parameter: &str) -> Option<usize> {
        Classifier::depth(parameter, self.num_layers)
    }

    fn evaluate(&self, model: &Classifier) -> Result<Metrics, NnError> {
        let valid = &self.corpus.split.valid;
        let labels = self.corpus.labels_of(valid);
        let num_classes = self.corpus.num_classes();
        let logits = model_logits(model, valid, &self.corpus.sequences)?;
        let rows = logits.chunks(num_classes);
        let said: Vec<u32> = rows.map(|row| likeliest(row) as u32).collect();
        let plain = Temperature {
            temperature: 1.0,
            nats_before: 0.0,
            nats_after: 0.0,
        };
        let probs = logits.chunks(num_classes).flat_map(|row| plain.probs(row));
        let probs: Vec<f64> = probs.collect();
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, nats(&probs, &labels, num_classes));
        let found = answers(&said, &labels, num_classes)
            .expect("there is an answer for each label, and both are classes");
        for (name, value) in found.iter() {
            metrics.set(name, value);
        }
        Ok(metrics)
    }
}

/// Finds out before a run directory is made whether there is something to train on, and to begin
/// with.
pub(crate) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Pretrained::open(recipe)?;
    match &recipe.data {
        DataConfig::Texts(config) => Texts::read(config, recipe.train.seed).map(|_| ()),
        DataConfig::Images(config) => Images::read(config, recipe.train.seed).map(|_| ()),
    }
}

pub(crate) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    // What has made updates needs nothing to begin with.
    let pretrained = match Checkpoint::newest(run)? {
        Some(_) => None,
        None => Pretrained::open(recipe)?,
    };
    let corpus = Corpus::read(recipe, run, pretrained.as_ref())?;
    let note = |text: &str| control.progress.note(text);
    note(&corpus.origin.source);
    for line in &corpus.origin.summary {
        note(line);
    }
    let mut model = recipe.model.build(
        corpus.input(),
        corpus.num_classes(),
        recipe.train.seed,
        &training_device(),
    )?;
    if let Some(pretrained) = pretrained {
        model = pretrained.give(model)?;
    }
    let lesson = Lesson::new(recipe, &corpus)?;
    let fitted = fit_and_ship(&lesson, model, &recipe.train, run, control)?;
    judged(fitted, |model| {
        write_temperature(run, &temper(&model, &corpus)?)?;
        // As it is read again, to the last bit.
        let temperature = read_temperature(run)?;
        note("fitting the baselines");
        let baselines = judge_baselines(&recipe.data, &corpus)?;
        baseline::write(run, &baselines)?;
        let baselines = baseline::read(run)?;
        let classify = Classify::new(recipe, &corpus, model, temperature);
        let (evaluation, scored) = judge_own(&corpus, &classify, baselines)?;
        scored.write(run, &corpus.origin.classes)?;
        Ok((vec![evaluation], sample(&corpus, &scored)))
    })
}

pub(crate) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    let classify = open(recipe, run, precision)?;
    if let Some(path) = data {
        return Ok(vec![judge_file(recipe, run, &classify, path)?]);
    }
    let corpus = Corpus::read(recipe, run, None)?;
    let (evaluation, _) = judge_own(&corpus, &classify, baseline::read(run)?)?;
    Ok(vec![evaluation])
}

/// Writes the weights in `precision`; the network in f32, and in what was written.
pub(crate) fn quantize(
    recipe: &Recipe,
    run: &Run,
    precision: Precision,
) -> Result<Steppers, Error> {
    let classify = open(recipe, run, Precision::F32)?;
    let model = classify.model();
    let streamer = |precision| Streamer::new(&model.stack, None, precision);
    write_weights(run, model, precision, streamer)
}

fn sample(corpus: &Corpus, scored: &Scored) -> Vec<Sample> {
    const COUNT: usize = 6;
    const LETTERS: usize = 60;
    let test = &corpus.split.test;
    evenly(test.len(), COUNT)
        .map(|place| Sample {
            input: excerpt(&corpus.texts[test[place]], LETTERS),
            output: line_of(&corpus.origin.classes, scored.row(place), 2),
        })
        .collect()
}
