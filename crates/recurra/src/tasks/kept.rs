//! The judgement that training leaves in a run, so that its page needs no second one.

use super::Evaluation;
use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_train::Run;
use recurra_train::metric::Metrics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const EVALUATIONS: &str = "evaluations.json";

/// An [`Evaluation`] as a run keeps it; the run knows its task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    split: String,
    metrics: Metrics,
    baselines: BTreeMap<String, Metrics>,
    notes: Vec<String>,
}

/// Puts the evaluations of training into the run.
pub(crate) fn keep(run: &Run, evaluations: &[Evaluation]) -> Result<(), Error> {
    let kept = evaluations.iter().map(|one| Kept {
        split: one.split.clone(),
        metrics: one.metrics.clone(),
        baselines: one.baselines.clone(),
        notes: one.notes.clone(),
    });
    write_json(run, EVALUATIONS, &kept.collect::<Vec<Kept>>())
}

/// The evaluations that the run keeps; those of `judge` where it has none.
pub(crate) fn kept(
    run: &Run,
    task: &'static str,
    judge: impl FnOnce() -> Result<Vec<Evaluation>, Error>,
) -> Result<Vec<Evaluation>, Error> {
    if !run.path(EVALUATIONS)?.exists() {
        return judge();
    }
    let kept: Vec<Kept> = read_json(run, EVALUATIONS)?;
    let evaluation = |one: Kept| Evaluation {
        task,
        split: one.split,
        metrics: one.metrics,
        baselines: one.baselines,
        notes: one.notes,
    };
    Ok(kept.into_iter().map(evaluation).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_train::metric::ACCURACY;

    #[test]
    fn what_is_kept_is_read_and_not_judged_again() {
        let dir = tempfile::tempdir().unwrap();
        let run = Run::create(&dir.path().join("run"), "tag").unwrap();
        let metrics = |value| -> Metrics { [(ACCURACY.name, value)].into_iter().collect() };
        let judged = vec![Evaluation {
            task: "tag",
            split: "test".to_owned(),
            metrics: metrics(0.25),
            baselines: BTreeMap::from([("luck".to_owned(), metrics(0.5))]),
            notes: vec!["of ten".to_owned()],
        }];
        assert_eq!(kept(&run, "tag", || Ok(judged.clone())).unwrap(), judged);
        keep(&run, &judged).unwrap();
        assert_eq!(kept(&run, "tag", || Ok(Vec::new())).unwrap(), judged);
    }
}
