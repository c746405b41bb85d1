//! `metrics.jsonl`: one line for each evaluation.

use crate::TrainError;
use crate::metric::Metrics;
use crate::run::{METRICS, Run};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;

/// What was known at one evaluation; a line of `metrics.jsonl`.
///
/// There is no clock time in it, so that a run that was killed and resumed leaves the
/// same file as one that was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Updates made before it.
    pub update: u64,
    /// The epoch of the last of them, counted from 1.
    pub epoch: u64,
    /// Mean training loss since the evaluation before.
    pub train_loss: f64,
    /// Mean norm of the gradients, before clipping, since the evaluation before.
    pub gradient_norm: f64,
    /// Learning rate of the last update.
    pub learning_rate: f64,
    /// What was measured on held-out data.
    pub metrics: Metrics,
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "update {}  epoch {}  training loss {:.4}",
            self.update, self.epoch, self.train_loss
        )?;
        for (name, value) in self.metrics.iter() {
            write!(f, "  {name} {}", short(value))?;
        }
        Ok(())
    }
}

/// Four digits after the point, or an exponent where those would hide the value.
fn short(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

/// All evaluations of a run; a last line that was cut off by a kill is left out.
///
/// # Errors
/// [`TrainError::Io`], or [`TrainError::BadLine`] for a whole line that is no evaluation.
pub fn read_history(run: &Run) -> Result<Vec<Evaluation>, TrainError> {
    let path = run.path(METRICS)?;
    let text = run.read_text(METRICS)?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| TrainError::BadLine {
                path: path.clone(),
                line: index + 1,
                reason: error.to_string(),
            })
        })
        .collect()
}

/// Replaces the file by these evaluations: none at the start, those before the
/// checkpoint when resuming.
pub(crate) fn rewrite(run: &Run, history: &[Evaluation]) -> Result<(), TrainError> {
    let lines: String = history.iter().map(line).collect();
    run.write(METRICS, lines.as_bytes())
}

/// Adds a line. A kill may cut it off; resuming rewrites the file.
pub(crate) fn append(run: &Run, evaluation: &Evaluation) -> Result<(), TrainError> {
    let path = run.path(METRICS)?;
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(line(evaluation).as_bytes()))
        .map_err(TrainError::io(&path, "write"))
}

fn line(evaluation: &Evaluation) -> String {
    let json = serde_json::to_string(evaluation)
        .expect("an evaluation is names and numbers, which JSON holds");
    format!("{json}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(update: u64) -> Evaluation {
        Evaluation {
            update,
            epoch: 1,
            train_loss: 0.25,
            gradient_norm: 1.5,
            learning_rate: 1e-3,
            metrics: [("accuracy", 0.5), ("loss", 1e-7)].into_iter().collect(),
        }
    }

    #[test]
    fn lines_are_read_back_and_a_torn_one_is_left_out() {
        let place = tempfile::tempdir().unwrap();
        let run = Run::create(place.path(), "forecast").unwrap();
        rewrite(&run, &[evaluation(1)]).unwrap();
        append(&run, &evaluation(2)).unwrap();
        let mut torn = run.read(METRICS).unwrap();
        torn.extend_from_slice(br#"{"update":3,"ep"#);
        run.write(METRICS, &torn).unwrap();
        assert_eq!(read_history(&run).unwrap(), [evaluation(1), evaluation(2)]);
    }

    #[test]
    fn a_foreign_line_is_named() {
        let place = tempfile::tempdir().unwrap();
        let run = Run::create(place.path(), "forecast").unwrap();
        rewrite(&run, &[evaluation(1)]).unwrap();
        let mut foreign = run.read(METRICS).unwrap();
        foreign.extend_from_slice(b"hello\n");
        run.write(METRICS, &foreign).unwrap();
        let error = read_history(&run).unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl: line 2: "), "{error}");
    }

    #[test]
    fn a_line_for_people_shows_small_values() {
        assert_eq!(
            evaluation(7).to_string(),
            "update 7  epoch 1  training loss 0.2500  accuracy 0.5000  loss 1.000e-7"
        );
    }
}
