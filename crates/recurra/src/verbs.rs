//! What a user can ask for, on whichever task it is.

use crate::Error;
use crate::inspect::inspect;
use crate::recipe::Recipe;
use crate::tasks::classify::{self, Explanation};
use crate::tasks::{Evaluation, Predictor, RunReport, Trained, interrupted, keep, translate};
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run, Status};
use std::path::{Path, PathBuf};

/// Trains by `recipe` into the new directory `dir`.
///
/// # Errors
/// Whatever is wrong with the directory, the data, or the numbers.
pub fn train(recipe: &Recipe, dir: &Path, control: &Control) -> Result<Trained, Error> {
    // What cannot be read or built is found before a directory is made for it.
    inspect(recipe, None)?;
    recipe.as_task().check_data()?;
    let run = Run::create(dir, recipe.task())?;
    run.write_recipe(&recipe.to_toml())?;
    control
        .progress
        .note(&format!("run directory: {}", dir.display()));
    go_on(recipe, &run, control)
}

/// Goes on with a run that was interrupted or killed.
///
/// # Errors
/// [`Error::AlreadyFinished`] when there is nothing left to do; else as [`train`].
pub fn resume(dir: &Path, control: &Control) -> Result<Trained, Error> {
    let run = Run::open(dir)?;
    if run.status()? == Status::Finished {
        let dir = dir.to_owned();
        return Err(Error::AlreadyFinished { dir });
    }
    go_on(&Recipe::of_run(&run)?, &run, control)
}

fn go_on(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let trained = recipe.as_task().train(run, control)?;
    if interrupted(&trained.outcome) {
        run.set_status(Status::Interrupted)?;
    } else {
        keep(run, &trained.evaluations)?;
        // A run is finished when everything that it promises is there.
        write_report_of(recipe, run)?;
        run.set_status(Status::Finished)?;
    }
    Ok(trained)
}

/// Judges a finished run beside its baselines, on its own held-out data or on `data`.
///
/// # Errors
/// [`Error::Unfinished`] before the run has weights, or what is wrong with `data`.
pub fn evaluate(dir: &Path, data: Option<&Path>) -> Result<Vec<Evaluation>, Error> {
    evaluate_in(dir, data, Precision::F32)
}

/// [`evaluate`] with the weights that [`quantize`](crate::quantize) has made.
///
/// # Errors
/// As [`evaluate`]; [`Error::NotQuantized`] when there are none in that precision.
pub fn evaluate_in(
    dir: &Path,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    evaluate_with(dir, data, precision, &[])
}

/// [`evaluate_in`] with other values of the recipe's `decode`, as in `decode.search.width=8`.
///
/// # Errors
/// As [`evaluate_in`]; [`Error::Override`] for other keys, and whatever is wrong with the values.
pub fn evaluate_with(
    dir: &Path,
    data: Option<&Path>,
    precision: Precision,
    overrides: &[String],
) -> Result<Vec<Evaluation>, Error> {
    let (run, recipe) = finished_with(dir, overrides)?;
    recipe.as_task().evaluate(&run, data, precision)
}

/// Opens a finished run for prediction.
///
/// # Errors
/// [`Error::Unfinished`] before the run has weights, or what is wrong with its files.
pub fn open(dir: &Path) -> Result<Box<dyn Predictor>, Error> {
    open_in(dir, Precision::F32)
}

/// [`open`] with the weights that [`quantize`](crate::quantize) has made; it then reads one
/// step at a time.
///
/// # Errors
/// As [`open`]; [`Error::NotQuantized`] when there are none in that precision.
pub fn open_in(dir: &Path, precision: Precision) -> Result<Box<dyn Predictor>, Error> {
    open_with(dir, precision, &[])
}

/// [`open_in`] with other values of the recipe's `decode`, as in `decode.search.width=8`.
///
/// # Errors
/// As [`open_in`]; [`Error::Override`] for other keys, and whatever is wrong with the values.
pub fn open_with(
    dir: &Path,
    precision: Precision,
    overrides: &[String],
) -> Result<Box<dyn Predictor>, Error> {
    let (run, recipe) = finished_with(dir, overrides)?;
    recipe.as_task().open(&run, precision)
}

/// Compares a finished run, its weights in `precision`, with another on the same lines, its own
/// held-out ones or those of `data`.
///
/// # Errors
/// As [`evaluate_in`]; [`Error::NotOfTask`] for a run of another task, and
/// [`Error::Config`](crate::Error) when the runs are judged on other pairs.
pub fn compare(
    dir: &Path,
    against: &Path,
    data: Option<&Path>,
    precision: Precision,
) -> Result<translate::Comparison, Error> {
    let (this, other) = (finished(dir)?, finished(against)?);
    let translates = |dir: &Path, (_, recipe): &(Run, Recipe)| match recipe {
        Recipe::Translate(recipe) => Ok(recipe.clone()),
        _ => Err(Error::NotOfTask {
            dir: dir.to_owned(),
            task: recipe.task(),
            why: "is not compared line by line; translate runs are",
        }),
    };
    let recipes = [translates(dir, &this)?, translates(against, &other)?];
    let runs = [
        (&*recipes[0], &this.0, precision),
        (&*recipes[1], &other.0, Precision::F32),
    ];
    translate::compare(runs, data)
}

/// Begins a conversation with a finished run, its weights in `precision`, that answers texts with
/// texts.
///
/// # Errors
/// As [`open_in`]; [`Error::NotOfTask`] for a run of another task.
pub fn chat(
    dir: &Path,
    options: translate::ChatOptions,
    precision: Precision,
) -> Result<translate::Chat, Error> {
    let (run, recipe) = finished(dir)?;
    let Recipe::Translate(recipe) = &recipe else {
        return Err(Error::NotOfTask {
            dir: dir.to_owned(),
            task: recipe.task(),
            why: "has no conversations; translate runs do",
        });
    };
    translate::Chat::new(translate::open(recipe, &run, precision)?, options)
}

/// Says which words moved a classifier's answer to a text.
///
/// # Errors
/// [`Error::NotOfTask`] for a run of another task; as [`open`]; [`Error::Input`] for an empty text.
pub fn explain(dir: &Path, text: &str) -> Result<Explanation, Error> {
    let (run, recipe) = finished(dir)?;
    match &recipe {
        Recipe::Classify(recipe) => classify::explain(recipe, &run, text),
        other => Err(Error::NotOfTask {
            dir: dir.to_owned(),
            task: other.task(),
            why: "sorts no texts into classes; classify runs do",
        }),
    }
}

/// Writes `report.html` and `plots/*.svg` into a finished run; returns the page's path.
///
/// # Errors
/// As [`evaluate`].
pub fn write_report(dir: &Path) -> Result<PathBuf, Error> {
    let (run, recipe) = finished(dir)?;
    write_report_of(&recipe, &run)
}

fn write_report_of(recipe: &Recipe, run: &Run) -> Result<PathBuf, Error> {
    let RunReport { page, plots } = recipe.as_task().report(run)?;
    for (name, svg) in plots {
        run.write(&format!("plots/{name}.svg"), svg.as_str().as_bytes())?;
    }
    run.write("report.html", page.to_html().as_bytes())?;
    Ok(run.path("report.html")?)
}

pub(crate) fn finished(dir: &Path) -> Result<(Run, Recipe), Error> {
    finished_with(dir, &[])
}

fn finished_with(dir: &Path, overrides: &[String]) -> Result<(Run, Recipe), Error> {
    let run = Run::open(dir)?;
    if run.status()? != Status::Finished {
        let dir = dir.to_owned();
        return Err(Error::Unfinished { dir });
    }
    let recipe = Recipe::of_run_with(&run, overrides)?;
    Ok((run, recipe))
}
