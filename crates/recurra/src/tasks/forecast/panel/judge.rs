//! How forecasts of several series are judged: one vote for each series, beside Naive2.

use super::super::config::Recipe;
use super::super::example::Example;
use super::super::intervals::Spread;
use super::super::judge::COVERAGE;
use crate::Error;
use crate::report::chart::compact;
use crate::tasks::Evaluation;
use recurra_train::TrainError;
use recurra_train::baseline::{ForecastRule, naive2};
use recurra_train::metric::{
    LossDifference, M4Score, MASE, Metrics, NEGATIVE_LOG_LIKELIHOOD, OWA, SMAPE, mase, smape,
};
use std::collections::BTreeMap;

/// The name of the first baseline.
pub(in super::super) const NAIVE2: &str = "Naive2";

/// All values ahead of every window, by the model and by each baseline.
#[derive(Debug)]
pub(in super::super) struct Judgement<'a> {
    examples: &'a [Example],
    season_len: usize,
    /// The model first.
    said: Vec<Said>,
}

/// What one of them says, window by window.
#[derive(Debug)]
struct Said {
    name: &'static str,
    values: Vec<Vec<f64>>,
}

impl<'a> Judgement<'a> {
    /// Beside the recipe's baselines; `values` are the model's, window by window.
    pub(in super::super) fn new(
        recipe: &Recipe,
        examples: &'a [Example],
        values: Vec<Vec<f64>>,
    ) -> Self {
        let (horizon, season_len) = (recipe.horizon(), recipe.season_len().unwrap_or(1));
        let by = |name: &'static str, forecast: &dyn Fn(&Example) -> Option<Vec<f64>>| {
            let values = examples.iter().map(forecast).collect::<Option<_>>()?;
            Some(Said { name, values })
        };
        let mut said = vec![Said {
            name: "model",
            values,
        }];
        said.extend(by(NAIVE2, &|example| {
            naive2(example.past(), season_len, horizon)
        }));
        for rule in recipe.rules() {
            said.extend(by(ForecastRule::name(rule), &|example| {
                rule.forecast(example.inputs(), horizon)
            }));
        }
        Self {
            examples,
            season_len,
            said,
        }
    }

    /// sMAPE, MASE and OWA beside the baselines', and in words whether it is better than Naive2; and
    /// how its intervals did. A CRPS would be that of the series with the largest numbers.
    pub(in super::super) fn evaluation(
        &self,
        split: String,
        spread: Option<Spread>,
    ) -> Result<Evaluation, Error> {
        let scores = self.said.iter().map(|said| self.score(&said.values));
        let scores: Vec<M4Score> = scores.collect::<Result<_, _>>()?;
        let naive = self.said.iter().position(|said| said.name == NAIVE2);
        let metrics = |score: &M4Score| {
            let mut metrics = Metrics::new();
            metrics.set(SMAPE.name, score.smape());
            metrics.set(MASE.name, score.mase());
            metrics.set(OWA.name, naive.and_then(|at| score.owa(&scores[at])));
            metrics
        };
        let mut own = metrics(&scores[0]);
        own.set(COVERAGE, spread.and_then(|spread| spread.inside.share()));
        own.set(
            NEGATIVE_LOG_LIKELIHOOD.name,
            spread.and_then(|spread| spread.nats),
        );
        let baselines: BTreeMap<String, Metrics> = self.said[1..]
            .iter()
            .zip(&scores[1..])
            .map(|(said, score)| (said.name.to_owned(), metrics(score)))
            .collect();
        let mut notes = Vec::new();
        if let Some(naive) = naive {
            notes.push(self.verdict(&own, &self.said[naive])?);
        }
        notes.extend(better_baseline(&own, &baselines));
        notes.extend(spread.and_then(|spread| spread.note()));
        Ok(Evaluation {
            task: super::super::NAME,
            split,
            metrics: own,
            baselines,
            notes,
        })
    }

    fn score(&self, values: &[Vec<f64>]) -> Result<M4Score, TrainError> {
        let mut score = M4Score::default();
        for (example, said) in self.examples.iter().zip(values) {
            score.add(said, &example.targets(), example.past(), self.season_len)?;
        }
        Ok(score)
    }

    /// The mean over a series' windows of the error over the series' own.
    fn errors(&self, said: &Said) -> Result<Vec<Option<f64>>, TrainError> {
        let count = self.examples.iter().map(|example| example.family + 1).max();
        let mut sums = vec![(0.0, 0_u32); count.unwrap_or(0)];
        for (example, values) in self.examples.iter().zip(&said.values) {
            let error = mase(values, &example.targets(), example.past(), self.season_len)?;
            if let Some(error) = error {
                let (sum, count) = &mut sums[example.family];
                *sum += error;
                *count += 1;
            }
        }
        let mean = |(sum, count)| (count > 0).then(|| sum / f64::from(count));
        Ok(sums.into_iter().map(mean).collect())
    }

    /// Whether the model is better than Naive2, and whether that may be chance: by its error on each
    /// series.
    fn verdict(&self, own: &Metrics, naive: &Said) -> Result<String, TrainError> {
        let pairs = self
            .errors(&self.said[0])?
            .into_iter()
            .zip(self.errors(naive)?);
        let (ours, theirs): (Vec<f64>, Vec<f64>) =
            pairs.filter_map(|(ours, theirs)| ours.zip(theirs)).unzip();
        let owa = own.get(OWA.name).map_or("unknown".to_owned(), compact);
        let count = ours.len();
        let Some(difference) = LossDifference::new(&ours, &theirs, 1)? else {
            return Ok(format!(
                "Whether the model beats {NAIVE2} cannot be told from {count} series: its OWA is \
                 {owa}."
            ));
        };
        let mean = theirs.iter().sum::<f64>() / count as f64;
        if mean == 0.0 {
            return Ok(format!(
                "The model does not beat {NAIVE2}, which is always right on these {count} series."
            ));
        }
        // A share is never negative, though the interval of a mean may be.
        let share = |value: f64| format!("{:.1} %", 100.0 * (1.0 + value / mean).max(0.0));
        let (verb, luck) = match (difference.is_better(), difference.is_worse()) {
            (true, _) => ("beats", ""),
            (_, true) => ("does not beat", ", which is surely worse"),
            _ => ("does not beat", ", which is no more than luck can do"),
        };
        Ok(format!(
            "The model {verb} {NAIVE2}, the last value with the season put back: its OWA is {owa}, \
             and over {count} series its MASE is {} of {NAIVE2}'s (95 % confidence: {} to {}){luck}.",
            share(difference.mean),
            share(difference.interval[0]),
            share(difference.interval[1]),
        ))
    }

    /// For each of them, the model first, the mean sMAPE of each step ahead.
    pub(super) fn by_step(&self) -> Vec<(&'static str, Vec<Option<f64>>)> {
        let horizon = self.said[0].values.first().map_or(0, Vec::len);
        let came: Vec<Vec<f64>> = self.examples.iter().map(Example::targets).collect();
        let at = |values: &[Vec<f64>], step: usize| -> Vec<f64> {
            values.iter().map(|values| values[step]).collect()
        };
        let of = |said: &Said| {
            let steps = 0..horizon;
            let errors = steps.map(|step| smape(&at(&said.values, step), &at(&came, step)).ok()?);
            (said.name, errors.collect())
        };
        self.said.iter().map(of).collect()
    }

    /// The windows, and what the model says of them.
    pub(super) fn windows(&self) -> impl Iterator<Item = (&Example, &[f64])> {
        let said = self.said[0].values.iter();
        self.examples.iter().zip(said.map(Vec::as_slice))
    }
}

/// Whether something simpler does as well.
fn better_baseline(own: &Metrics, baselines: &BTreeMap<String, Metrics>) -> Option<String> {
    let ours = own.get(OWA.name)?;
    let scored = baselines.iter();
    let (owa, name) = scored
        .filter_map(|(name, metrics)| Some((metrics.get(OWA.name)?, name)))
        .min_by(|a, b| a.0.total_cmp(&b.0))?;
    (owa <= ours).then(|| {
        format!(
            "`{name}` is better (OWA {} against {}): use it on series like these",
            compact(owa),
            compact(ours)
        )
    })
}
