//! `recurra train`: from a recipe to a run.

use crate::args::Train;
use crate::commands::Ending;
use crate::error::CliError;
use crate::free_directory::FreeDirectory;
use crate::output::Output;
use crate::table::{Align, Table};
use crate::wording::{self, duration, program, quoted, updates};
use recurra::fitting::{Control, Interrupt, Outcome, progress};
use recurra::{RecipeSource, Trained};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) fn run(args: &Train, output: &mut Output<'_>) -> Result<Ending, CliError> {
    if let Some(threads) = args.threads {
        start_threads(threads)?;
    }
    let started = Instant::now();
    let (dir, trained) = match (&args.resume, &args.recipe) {
        (Some(dir), _) => (dir.clone(), recurra::resume(dir, &control()?)?),
        (None, Some(recipe)) => by_recipe(recipe, args)?,
        (None, None) => unreachable!("clap asks for a recipe where there is no --resume"),
    };
    let time = started.elapsed();
    if output.json() {
        output.object(&as_json(&dir, &trained, time))?;
    } else {
        output.line(for_people(&dir, &trained, time).join("\n"))?;
    }
    Ok(match trained.outcome {
        Outcome::Interrupted { .. } => Ending::Interrupted,
        _ => Ending::Fine,
    })
}

fn by_recipe(name: &str, args: &Train) -> Result<(PathBuf, Trained), CliError> {
    let source = RecipeSource::find(name).map_err(CliError::of_request)?;
    let recipe = source
        .resolve(&overrides(args)?)
        .map_err(CliError::of_request)?;
    let train = |dir: &Path| {
        let trained = recurra::train(&recipe, dir, &control()?).map_err(CliError::of_request)?;
        Ok((dir.to_owned(), trained))
    };
    match &args.out {
        Some(dir) => train(dir),
        None => train(FreeDirectory::claim(Path::new("runs"), &source.name)?.path()),
    }
}

/// `--set`, then the flags that have their own name.
fn overrides(args: &Train) -> Result<Vec<String>, CliError> {
    let mut overrides = args.overrides.clone();
    if let Some(seed) = args.seed {
        overrides.push(format!("train.seed={seed}"));
    }
    if let Some(path) = &args.data {
        // Absolute, as the run may be used from another folder; quoted, as it is a string
        // even if it looks like a number.
        let absolute = std::path::absolute(path).map_err(|source| CliError::Read {
            origin: path.display().to_string(),
            source,
        })?;
        let text = absolute
            .to_str()
            .ok_or_else(|| CliError::PathEncoding { path: path.clone() })?;
        overrides.push(format!("data.path={}", json!(text)));
    }
    Ok(overrides)
}

fn control() -> Result<Control, CliError> {
    Ok(Control {
        interrupt: Interrupt::on_signals()?,
        progress: progress::for_stderr(),
    })
}

/// Before anything else computes: the pool is made once per process.
fn start_threads(threads: u16) -> Result<(), CliError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .build_global()
        .map_err(|error| CliError::Threads {
            threads,
            reason: error.to_string(),
        })
}

fn as_json(dir: &Path, trained: &Trained, time: Duration) -> Value {
    let mut object = json!({
        "run": dir.display().to_string(),
        "outcome": outcome_name(&trained.outcome),
        "updates": trained.updates,
        "seconds": time.as_secs_f64(),
        "evaluations": trained.evaluations,
        "samples": trained.samples,
    });
    if let Outcome::Interrupted { how_to_resume } = &trained.outcome {
        object["resume"] = json!(how_to_resume);
    }
    object
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Finished => "finished",
        Outcome::StoppedEarly => "stopped_early",
        Outcome::Interrupted { .. } => "interrupted",
        _ => "ended",
    }
}

fn for_people(dir: &Path, trained: &Trained, time: Duration) -> Vec<String> {
    let made = updates(trained.updates);
    let time = duration(time);
    let run = wording::path(dir);
    let program = program();
    let first = match &trained.outcome {
        Outcome::Interrupted { .. } => {
            return vec![
                format!("Interrupted after {made}; everything is saved. To go on:"),
                format!("  {program} train --resume {run}"),
            ];
        }
        Outcome::StoppedEarly => {
            format!("Stopped after {made}, as it no longer improved; {time}.")
        }
        _ => format!("Finished: {made} in {time}."),
    };
    let mut lines = vec![first];
    if !trained.evaluations.is_empty() {
        lines.push(String::new());
        lines.extend(wording::evaluations(&trained.evaluations));
    }
    if !trained.samples.is_empty() {
        let mut table = Table::new([("input", Align::Left), ("output", Align::Left)]);
        for sample in &trained.samples {
            table.row([&sample.input, &sample.output]);
        }
        lines.push(String::new());
        lines.push("Samples:".to_owned());
        lines.extend(table.lines(2));
    }
    lines.push(String::new());
    lines.push(format!("Run:    {}", dir.display()));
    lines.push(format!("Report: {}", dir.join("report.html").display()));
    lines.push("Next:".to_owned());
    if let Some(sample) = trained.samples.first() {
        lines.push(format!(
            "  echo {} | {program} predict {run}",
            quoted(&sample.input)
        ));
    } else {
        lines.push(format!("  {program} eval {run}"));
    }
    lines.push(format!("  {program} inspect {run} --graph graph.svg"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained(outcome: Outcome) -> Trained {
        Trained {
            outcome,
            updates: 1200,
            evaluations: Vec::new(),
            samples: Vec::new(),
        }
    }

    #[test]
    fn an_interruption_says_how_to_go_on() {
        let interrupted = trained(Outcome::Interrupted {
            how_to_resume: "recurra train --resume runs/a".to_owned(),
        });
        let lines = for_people(Path::new("runs/my run"), &interrupted, Duration::ZERO);
        assert_eq!(
            lines[0],
            "Interrupted after 1,200 updates; everything is saved. To go on:"
        );
        assert!(lines[1].ends_with(" train --resume 'runs/my run'"));
        let object = as_json(Path::new("runs/a"), &interrupted, Duration::ZERO);
        assert_eq!(object["outcome"], "interrupted");
        assert_eq!(object["resume"], "recurra train --resume runs/a");
    }

    #[test]
    fn a_run_without_predictions_suggests_none() {
        let lines = for_people(
            Path::new("runs/memory"),
            &trained(Outcome::Finished),
            Duration::from_secs(30),
        );
        assert_eq!(lines[0], "Finished: 1,200 updates in 30 s.");
        assert!(lines.iter().any(|line| line.ends_with("eval runs/memory")));
        assert!(!lines.iter().any(|line| line.contains("predict")));
    }

    #[test]
    fn flags_come_after_sets() {
        let args = Train {
            recipe: Some("memory".to_owned()),
            overrides: vec!["train.seed=1".to_owned()],
            out: None,
            seed: Some(2),
            data: Some(PathBuf::from("/tmp/a \"b\".csv")),
            resume: None,
            threads: None,
        };
        assert_eq!(
            overrides(&args).unwrap(),
            [
                "train.seed=1",
                "train.seed=2",
                r#"data.path="/tmp/a \"b\".csv""#,
            ]
        );
    }
}
