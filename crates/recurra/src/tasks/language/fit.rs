//! Fitting, and judging what came out.

use super::config::{Recipe, Unit};
use super::data::{Corpus, Texts};
use super::generate::continue_text;
use super::infer::{Language, open};
use super::judge::{judge, judge_model};
use super::model::LanguageModel;
use crate::quantize::{Steppers, write_weights};
use crate::tasks::{Evaluation, Sample, Trained, evenly, fit_and_ship, judged, training_device};
use crate::{Error, GenerateOptions};
use recurra_data::{Contiguous, TokenId};
use recurra_nn::streaming::Precision;
use recurra_nn::weights::NamedTensor;
use recurra_nn::{Mode, NnError, StackState, Tensor};
use recurra_train::metric::{LOSS, Metrics};
use recurra_train::{Checkpoint, Control, Learner, Run};
use std::cell::RefCell;
use std::path::Path;

/// Rows that the text is watched on: fast, and as good as one.
const WATCHED_ROWS: usize = 20;

/// What the update loop is given.
struct Lesson<'a> {
    recipe: &'a Recipe,
    corpus: &'a Corpus,
    rows: Contiguous<'a>,
    /// Behind the window before; cut off from how it came about.
    state: RefCell<Option<StackState>>,
}

impl Learner for Lesson<'_> {
    type Model = LanguageModel;

    fn batches(&self, _: u64) -> Vec<Vec<usize>> {
        let windows = self.rows.num_windows(self.recipe.data.tbptt_len);
        (0..windows).map(|index| vec![index]).collect()
    }

    fn loss(
        &self,
        model: &LanguageModel,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let index = indices[0];
        let window = self.rows.window(index, self.recipe.data.tbptt_len);
        // Every pass begins anew.
        let state = self.state.take().filter(|_| index > 0);
        let (loss, state) = model.loss(&window, state, mode)?;
        self.state.replace(Some(state.detach()));
        Ok(loss)
    }

    fn evaluate(&self, model: &LanguageModel) -> Result<Metrics, NnError> {
        let valid = &self.corpus.valid;
        let tally = judge_model(model, valid, WATCHED_ROWS)?;
        let mut metrics = tally.metrics(self.recipe.data.unit, valid);
        metrics.set(LOSS.name, tally.mean());
        Ok(metrics)
    }

    fn carried(&self) -> Vec<NamedTensor> {
        self.state
            .borrow()
            .as_ref()
            .map_or_else(Vec::new, StackState::export)
    }

    fn carry_on(&self, carried: Vec<NamedTensor>) -> Result<(), NnError> {
        let state = match carried.is_empty() {
            true => None,
            false => Some(StackState::import(carried, &training_device())?),
        };
        self.state.replace(state);
        Ok(())
    }
}

/// Finds out before a run directory is made whether there is text to train on.
pub(super) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Corpus::new(recipe, Texts::read(&recipe.data)?, None).map(|_| ())
}

pub(super) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let corpus = if Checkpoint::newest(run)?.is_some() {
        Corpus::of_run(recipe, run)?
    } else {
        let corpus = Corpus::new(recipe, Texts::read(&recipe.data)?, None)?;
        corpus.write(run)?;
        corpus
    };
    let origin = &corpus.origin;
    control
        .progress
        .note(&format!("{}: {}", origin.source, origin.summary));
    let model = recipe.model.build(
        corpus.cutter.vocab().len(),
        recipe.train.seed,
        &training_device(),
    )?;
    let lesson = Lesson {
        recipe,
        corpus: &corpus,
        rows: corpus.training_rows(recipe.train.batch_size)?,
        state: RefCell::new(None),
    };
    let fitted = fit_and_ship(&lesson, model, &recipe.train, run, control)?;
    judged(fitted, |model| {
        let predictor = Language::new(recipe, corpus.cutter.clone(), model);
        let evaluation = judge(recipe, &corpus, &predictor, None)?;
        Ok((vec![evaluation], samples(&corpus, &predictor)?))
    })
}

pub(super) fn evaluate(
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
pub(super) fn quantize(
    recipe: &Recipe,
    run: &Run,
    precision: Precision,
) -> Result<Steppers, Error> {
    let predictor = open(recipe, run, Precision::F32)?;
    let model = predictor.model();
    let streamer = |precision| Ok(model.streamed(precision)?.streamer().clone());
    write_weights(run, model, precision, streamer)
}

/// Lines of the text that was not learnt, each with how the model goes on from its middle.
fn samples(corpus: &Corpus, predictor: &Language) -> Result<Vec<Sample>, Error> {
    const COUNT: usize = 4;
    let (least, length) = match predictor.unit() {
        Unit::Word | Unit::Piece => (6, 15),
        Unit::Letter | Unit::Jamo => (16, 60),
    };
    let rows = corpus.test.rows();
    let long: Vec<&&[TokenId]> = rows.iter().filter(|row| row.len() >= least).collect();
    evenly(long.len(), COUNT)
        .map(|place| long[place])
        .map(|row| {
            let input = predictor.cutter().written(&row[..least / 2]);
            let options = GenerateOptions {
                prime: Some(input.clone()),
                length,
                temperature: 0.5,
                stop: vec!["\n".to_owned()],
                ..GenerateOptions::default()
            };
            let generated = continue_text(predictor, &options, &mut |_| Ok(()))?;
            Ok(Sample {
                input,
                output: generated.text.trim().to_owned(),
            })
        })
        .collect()
}
