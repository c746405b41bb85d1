//! Whether a difference between two systems is more than chance.

use rand::RngExt as _;
use recurra_data::rng::rng;
use serde::Serialize;

use super::corpus::SegmentStatistics;
use crate::TrainError;

/// A figure with the interval that 95 of 100 resampled test sets give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Over the test set itself.
    pub value: f64,
    /// Over the resampled sets, the mean.
    pub mean: f64,
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// What [`paired_bootstrap`] found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bootstrap {
    /// The system that is compared with.
    pub baseline: Interval,
    /// The system in question.
    pub system: Interval,
    /// How likely a difference at least this large is if neither is better.
    pub p_value: f64,
}

/// Compares two systems on test sets that are drawn, with replacement, from the lines of one: both
/// are judged on the same lines each time.
///
/// `p = (#{|d| − m > |D|} + 1) / (n + 1)`, with `D` the difference on the test set, `d` those on the
/// `n` drawn ones and `m` the mean of their sizes; 1 where `D` is 0, which any difference reaches.
///
/// # Errors
/// [`TrainError::MetricLengths`] when the systems have not the same number of lines, or none.
///
/// # Source
/// Koehn 2004, "Statistical significance tests for machine translation evaluation"; the p-value is
/// sacreBLEU's but for two that are equal, where its formula gives a small one.
///
/// # Example
/// ```
/// use recurra_train::metric::translation::{Bleu, CorpusMetric, paired_bootstrap};
///
/// let (mut worse, mut better) = (Bleu::default(), Bleu::default());
/// for n in 0..50 {
///     let reference = format!("the {n} small dogs run over a green field");
///     worse.add("the dogs run over", &reference);
///     better.add("small dogs run over a field", &reference);
/// }
/// let found = paired_bootstrap(worse.segments(), better.segments(), 200, 1)?;
/// assert!(found.p_value < 0.05 && found.system.low > found.baseline.high);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn paired_bootstrap<S: SegmentStatistics>(
    baseline: &[S],
    system: &[S],
    num_samples: usize,
    seed: u64,
) -> Result<Bootstrap, TrainError> {
    if baseline.len() != system.len() || baseline.is_empty() {
        return Err(TrainError::MetricLengths {
            metric: "paired bootstrap",
            predictions: system.len(),
            targets: baseline.len(),
        });
    }
    let score = |segments: &[S], lines: &mut dyn Iterator<Item = usize>| {
        let mut sum = S::default();
        lines.for_each(|line| sum += segments[line]);
        sum.points()
    };
    let num_lines = baseline.len();
    let num_samples = num_samples.max(1);
    let (mut of_baseline, mut of_system) = (Vec::new(), Vec::new());
    for sample in 0..num_samples {
        let mut rng = rng(seed, sample as u64);
        let lines: Vec<usize> = (0..num_lines)
            .map(|_| rng.random_range(0..num_lines))
            .collect();
        of_baseline.push(score(baseline, &mut lines.iter().copied()));
        of_system.push(score(system, &mut lines.iter().copied()));
    }
    let differences = (of_baseline.iter().zip(&of_system)).map(|(a, b)| (a - b).abs());
    let differences: Vec<f64> = differences.collect();
    let mean_difference = differences.iter().sum::<f64>() / num_samples as f64;
    let baseline = interval(score(baseline, &mut (0..num_lines)), of_baseline);
    let system = interval(score(system, &mut (0..num_lines)), of_system);
    let difference = (baseline.value - system.value).abs();
    let by_chance = differences
        .iter()
        .filter(|&d| d - mean_difference > difference);
    let p_value = if difference == 0.0 {
        1.0
    } else {
        (by_chance.count() + 1) as f64 / (num_samples + 1) as f64
    };
    Ok(Bootstrap {
        p_value,
        baseline,
        system,
    })
}

fn interval(value: f64, mut samples: Vec<f64>) -> Interval {
    samples.sort_by(f64::total_cmp);
    let at = |fraction: f64| samples[(fraction * (samples.len() - 1) as f64).round() as usize];
    Interval {
        value,
        mean: samples.iter().sum::<f64>() / samples.len() as f64,
        low: at(0.025),
        high: at(0.975),
    }
}
