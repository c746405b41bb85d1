//! Fitting, and judging what came out.

use super::config::Recipe;
use super::data::{Tunes, read_tunes};
use super::infer::{Music, open};
use super::judge::{Habits, judge, judge_model, watched};
use super::model::MusicModel;
use super::windows::{Piece, RollBatch, Window, cut};
use crate::Error;
use crate::tasks::{Evaluation, Sample, Trained, fit_and_ship, judged, sampler, training_device};
use rand::RngExt;
use recurra_data::music::step_name;
use recurra_data::{BatchSampler, DataError};
use recurra_nn::streaming::Precision;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::Metrics;
use recurra_train::{Checkpoint, Control, Learner, Run};
use std::path::Path;

/// What the update loop is given.
struct Lesson<'a> {
    tunes: &'a Tunes,
    transpose: i32,
    windows: Vec<Window>,
    sampler: BatchSampler,
}

impl<'a> Lesson<'a> {
    fn new(recipe: &Recipe, tunes: &'a Tunes) -> Result<Self, Error> {
        let rolls = tunes.train.iter().map(|tune| &tune.roll);
        let windows = cut(rolls, recipe.data.window_len);
        let lengths: Vec<usize> = windows.iter().map(|window| window.len).collect();
        Ok(Self {
            tunes,
            transpose: i32::from(recipe.data.transpose),
            sampler: sampler(&lengths, &recipe.train)?,
            windows,
        })
    }
}

impl Learner for Lesson<'_> {
    type Model = MusicModel;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        self.sampler.batches(epoch)
    }

    fn loss(
        &self,
        model: &MusicModel,
        indices: &[usize],
        mut mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let mut piece = |&index: &usize| {
            let window = self.windows[index];
            let shift = match &mut mode {
                Mode::Train { rng, .. } if self.transpose > 0 => {
                    rng.random_range(-self.transpose..=self.transpose)
                }
                _ => 0,
            };
            Piece {
                roll: &self.tunes.train[window.tune].roll,
                start: window.start,
                len: window.len,
                shift,
            }
        };
        let pieces: Vec<Piece<'_>> = indices.iter().map(&mut piece).collect();
        let device = model.head.weight.val().device();
        model.loss(RollBatch::pad(&pieces, &device), mode)
    }

    fn evaluate(&self, model: &MusicModel) -> Result<Metrics, NnError> {
        Ok(watched(&judge_model(model, &self.tunes.valid)?))
    }
}

/// Finds out before a run directory is made whether there are tunes to train on.
pub(super) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Tunes::read(recipe).map(|_| ())
}

pub(super) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let tunes = if Checkpoint::newest(run)?.is_some() {
        Tunes::of_run(run)?
    } else {
        let tunes = Tunes::read(recipe)?;
        tunes.write(run)?;
        tunes
    };
    let progress = &control.progress;
    progress.note(&format!("{}: {}", tunes.origin.source, tunes.summary()));
    for note in &tunes.origin.notes {
        progress.note(note);
    }
    let model = recipe.model.build(recipe.train.seed, &training_device())?;
    let model = model.starting_from(&Habits::of(&tunes.train).log_odds());
    let lesson = Lesson::new(recipe, &tunes)?;
    let fitted = fit_and_ship(&lesson, model, &recipe.train, run, control)?;
    judged(fitted, |model| {
        let music = Music::new(model);
        let evaluation = on_test(&music, &tunes)?;
        Ok((vec![evaluation], samples(&music, &tunes)?))
    })
}

/// The figures of a run: on its own test tunes.
pub(super) fn on_test(music: &Music, tunes: &Tunes) -> Result<Evaluation, Error> {
    let habits = Habits::of(&tunes.train);
    let notes = Vec::new();
    Ok(judge(
        music.model(),
        &habits,
        &tunes.test,
        "test".to_owned(),
        notes,
    )?)
}

pub(super) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    let tunes = Tunes::of_run(run)?;
    let music = open(recipe, run, precision)?;
    let Some(path) = data else {
        return Ok(vec![on_test(&music, &tunes)?]);
    };
    let (mut other, notes) = read_tunes(path, &recipe.data)?;
    other.retain(|tune| tune.roll.len() > 1);
    if other.is_empty() {
        return Err(Error::Data(DataError::TooFew {
            what: path.display().to_string(),
            expected: 1,
            got: 0,
            unit: "tunes of two steps or more",
            advice: "give longer tunes",
        }));
    }
    let habits = Habits::of(&tunes.train);
    let split = path.display().to_string();
    Ok(vec![judge(music.model(), &habits, &other, split, notes)?])
}

/// The last steps of some test tunes, and what should come next.
fn samples(music: &Music, tunes: &Tunes) -> Result<Vec<Sample>, Error> {
    const COUNT: usize = 4;
    const STEPS: usize = 8;
    let mut samples = Vec::new();
    for tune in tunes.test.iter().take(COUNT) {
        let roll = tune.roll.beginning(STEPS);
        let (keys, _) = music.expect_next(&roll)?;
        let steps: Vec<String> = roll.steps().iter().map(|step| step_name(step)).collect();
        samples.push(Sample {
            input: steps.join(" "),
            output: step_name(&keys),
        });
    }
    Ok(samples)
}
