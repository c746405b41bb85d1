//! Fitting, and judging what came out.

use super::config::{Form, Recipe};
use super::data::{Corpus, Examples, Words, write_vocab};
use super::hit_rate::half;
use super::infer::{Complete, Completed, line_of, open};
use super::judge::{judge, judge_model};
use super::model::CompletionModel;
use crate::Error;
use crate::quantize::{Steppers, write_weights};
use crate::tasks::{
    Evaluation, Sample, Trained, evenly, fit_and_ship, judged, sampler, training_device,
};
use recurra_data::{BatchSampler, TokenId};
use recurra_nn::streaming::Precision;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::{ACCURACY, BITS_PER_CHAR, LOSS, Metrics};
use recurra_train::{Checkpoint, Control, Learner, Run};
use std::path::Path;

/// Completions that a sample shows.
const SHOWN: usize = 5;

/// What the update loop is given.
struct Lesson<'a> {
    form: Form,
    corpus: &'a Corpus,
    sampler: BatchSampler,
}

impl<'a> Lesson<'a> {
    fn new(recipe: &Recipe, corpus: &'a Corpus) -> Result<Self, Error> {
        let rows = corpus.rows_of(&corpus.split.train);
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        Ok(Self {
            form: recipe.data.form,
            corpus,
            sampler: sampler(&lengths, &recipe.train)?,
        })
    }

    /// The rows that evaluations during training are made on.
    fn judged(&self) -> Vec<&'a [TokenId]> {
        self.corpus.rows_of(match self.form {
            Form::LastLetter => &self.corpus.split.train,
            Form::AnyPrefix => &self.corpus.split.valid,
        })
    }
}

impl Learner for Lesson<'_> {
    type Model = CompletionModel;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        self.sampler.batches(epoch)
    }

    fn loss(
        &self,
        model: &CompletionModel,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let train = &self.corpus.split.train;
        let indices: Vec<usize> = indices.iter().map(|&index| train[index]).collect();
        let examples = Examples::new(self.form, &self.corpus.rows_of(&indices))
            .expect("encoded words have letters and no specials");
        model.loss(self.form, &examples, mode)
    }

    fn evaluate(&self, model: &CompletionModel) -> Result<Metrics, NnError> {
        let tally = judge_model(model, self.form, &self.judged())?;
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, tally.entropy.nats());
        if self.form == Form::AnyPrefix {
            metrics.set(BITS_PER_CHAR.name, tally.entropy.bits());
        }
        metrics.set(ACCURACY.name, tally.accuracy.value());
        Ok(metrics)
    }
}

/// Finds out before a run directory is made whether there are words to train on.
pub(crate) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Corpus::new(recipe, Words::read(&recipe.data)?).map(|_| ())
}

pub(crate) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let words = if Checkpoint::newest(run)?.is_some() {
        Words::of_run(run)?
    } else {
        let words = Words::read(&recipe.data)?;
        words.write(run)?;
        words
    };
    let corpus = Corpus::new(recipe, words)?;
    let origin = &corpus.origin;
    control
        .progress
        .note(&format!("{}: {}", origin.source, origin.summary));
    write_vocab(run, &corpus.vocab)?;
    let model = recipe
        .model
        .build(corpus.vocab.len(), recipe.train.seed, &training_device())?;
    let lesson = Lesson::new(recipe, &corpus)?;
    let fitted = fit_and_ship(&lesson, model, &recipe.train, run, control)?;
    judged(fitted, |model| {
        let predictor = Complete::new(recipe, corpus.vocab.clone(), model);
        let evaluation = judge(recipe, &corpus, &predictor, None)?;
        Ok((vec![evaluation], sample(recipe, &corpus, &predictor)?))
    })
}

pub(crate) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    let corpus = Corpus::of_run(recipe, run)?;
    let predictor = open(recipe, run, precision)?;
    Ok(vec![judge(recipe, &corpus, &predictor, data)?])
}

/// Writes the weights in `precision`; the network in f32, and in what was written.
pub(crate) fn quantize(
    recipe: &Recipe,
    run: &Run,
    precision: Precision,
) -> Result<Steppers, Error> {
    let predictor = open(recipe, run, Precision::F32)?;
    let model = predictor.model();
    let streamer = |precision| Ok(model.streamed(precision)?.streamer().clone());
    write_weights(run, model, precision, streamer)
}

/// A prefix, the words that should come out, and those that did.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) prefix: String,
    pub(super) expected: Vec<String>,
    pub(super) completed: Vec<Completed>,
}

/// Completions to look at: of prefixes that several words share when the words were
/// learnt by heart, of halves of unseen words otherwise.
pub(super) fn show(
    recipe: &Recipe,
    corpus: &Corpus,
    predictor: &Complete,
    count: usize,
) -> Result<Vec<Shown>, Error> {
    let unit = recipe.data.unit;
    let prefixes = match recipe.data.form {
        Form::LastLetter => shared_prefixes(corpus, unit, count),
        Form::AnyPrefix => evenly(corpus.split.test.len(), count)
            .map(|place| {
                let word = &corpus.words[corpus.split.test[place]];
                let units = unit.segment(word);
                (units[..half(units.len())].to_vec(), vec![word.clone()])
            })
            .collect(),
    };
    let show = |(units, expected): (Vec<String>, Vec<String>)| {
        Ok(Shown {
            prefix: unit.join(&units),
            expected,
            completed: predictor.complete_units(&units, SHOWN)?,
        })
    };
    prefixes.into_iter().map(show).collect()
}

/// Beginnings with the words that share them, evenly from those with most words to one.
fn shared_prefixes(
    corpus: &Corpus,
    unit: recurra_data::text::Unit,
    count: usize,
) -> Vec<(Vec<String>, Vec<String>)> {
    let mut by_prefix = std::collections::BTreeMap::<Vec<String>, Vec<String>>::new();
    for word in &corpus.words {
        let mut units = unit.segment(word);
        units.pop();
        by_prefix.entry(units).or_default().push(word.clone());
    }
    let mut shared: Vec<_> = by_prefix.into_iter().collect();
    shared.sort_by_key(|(_, words)| std::cmp::Reverse(words.len())); // stable: then by letters
    let half = shared.len().div_ceil(2).max(count.min(shared.len()));
    evenly(half, count)
        .map(|place| shared[place].clone())
        .collect()
}

fn sample(recipe: &Recipe, corpus: &Corpus, predictor: &Complete) -> Result<Vec<Sample>, Error> {
    const COUNT: usize = 6;
    let shown = show(recipe, corpus, predictor, COUNT)?;
    let line = |one: Shown| Sample {
        input: one.prefix,
        output: line_of(&one.completed),
    };
    Ok(shown.into_iter().map(line).collect())
}
