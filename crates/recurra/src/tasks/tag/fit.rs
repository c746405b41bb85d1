//! Fitting, and judging what came out.

use super::config::Recipe;
use super::data::{Batch, Corpus, Parts, Row, Vocabs};
use super::infer::{Tag, open};
use super::judge::{Judged, judge_file, judge_parts};
use super::model::{self, Tagger};
use crate::Error;
use crate::tasks::{
    Evaluation, Sample, Trained, evenly, fit_and_ship, judged, sampler, training_device,
};
use recurra_data::tagged::TaggedSentence;
use recurra_data::{BatchSampler, Specials, TokenId};
use recurra_nn::streaming::Precision;
use recurra_nn::{Mode, NnError, Tensor, token_dropout};
use recurra_train::metric::Metrics;
use recurra_train::{Checkpoint, Control, Learner, Run};
use std::path::Path;

/// What the update loop is given.
struct Lesson<'a> {
    recipe: &'a Recipe,
    vocabs: &'a Vocabs,
    corpus: Corpus,
    valid: Corpus,
    watched: &'a [TaggedSentence],
    /// How often training has each word.
    counts: Vec<usize>,
    sampler: BatchSampler,
}

impl<'a> Lesson<'a> {
    fn new(recipe: &'a Recipe, parts: &'a Parts, vocabs: &'a Vocabs) -> Result<Self, Error> {
        let corpus = Corpus::new(&parts.train, &recipe.data, vocabs);
        let mut counts = vec![0; vocabs.words.len()];
        for &word in corpus.rows.iter().flat_map(|row| &row.words) {
            counts[word as usize] += 1;
        }
        Ok(Self {
            recipe,
            vocabs,
            valid: Corpus::new(&parts.valid, &recipe.data, vocabs),
            watched: &parts.valid,
            counts,
            sampler: sampler(&corpus.lengths(), &recipe.train)?,
            corpus,
        })
    }

    fn drop_words(&self, words: &mut [TokenId], mode: Mode<'_>) {
        let a = self.recipe.model.word_dropout;
        let rate = |word: TokenId| match self.counts[word as usize] {
            0 => 0.0,
            count => a / (a + count as f64),
        };
        token_dropout(words, Specials::STANDARD.unk, rate, mode);
    }
}

impl Learner for Lesson<'_> {
    type Model = Tagger;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        self.sampler.batches(epoch)
    }

    fn loss(
        &self,
        model: &Tagger,
        indices: &[usize],
        mut mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let rows: Vec<&Row> = indices.iter().map(|&one| &self.corpus.rows[one]).collect();
        let mut batch = Batch::new(&self.corpus, &rows);
        self.drop_words(&mut batch.words, mode.reborrow());
        let emissions = model.emissions(&batch, mode)?;
        model.loss(emissions, &batch)
    }

    fn evaluate(&self, model: &Tagger) -> Result<Metrics, NnError> {
        let judged = Judged::new(model, &self.valid)?;
        Ok(judged.watched(self.watched, self.vocabs, self.recipe.data.labels))
    }
}

/// Finds out before a run directory is made whether there are sentences to train on.
pub(super) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Parts::read(recipe).map(|_| ())
}

pub(super) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let parts = if Checkpoint::newest(run)?.is_some() {
        Parts::of_run(run)?
    } else {
        let parts = Parts::read(recipe)?;
        parts.write(run)?;
        parts
    };
    control.progress.note(&parts.summary());
    for note in &parts.origin.notes {
        control.progress.note(note);
    }
    let vocabs = Vocabs::new(&parts.train, &recipe.data);
    vocabs.write(run)?;
    let model = model::build(recipe, &vocabs, &training_device())?;
    let lesson = Lesson::new(recipe, &parts, &vocabs)?;
    let fitted = fit_and_ship(&lesson, model, &recipe.train, run, control)?;
    judged(fitted, |model| {
        let predictor = Tag::new(recipe, vocabs.clone(), model);
        let judgement = judge_parts(recipe, &parts, &predictor)?;
        Ok((vec![judgement.evaluation], sample(&parts, &predictor)?))
    })
}

pub(super) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    let parts = Parts::of_run(run)?;
    let predictor = open(recipe, run, precision)?;
    let judgement = match data {
        Some(path) => judge_file(recipe, &parts, &predictor, path)?,
        None => judge_parts(recipe, &parts, &predictor)?,
    };
    Ok(vec![judgement.evaluation])
}

/// A few labelled sentences, evenly from those that the result is made on.
fn sample(parts: &Parts, predictor: &Tag) -> Result<Vec<Sample>, Error> {
    const COUNT: usize = 6;
    evenly(parts.test.len(), COUNT)
        .map(|place| &parts.test[place])
        .map(|sentence| {
            let tagged = predictor.tag(&sentence.words)?;
            Ok(Sample {
                input: sentence.words.join(" "),
                output: tagged.text(),
            })
        })
        .collect()
}
