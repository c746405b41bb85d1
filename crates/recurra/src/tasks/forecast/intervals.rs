//! How far a forecast may be off: by the errors on the validation part, in each window's own unit,
//! or as the head itself says.

use super::example::Example;
use super::outlook::{Outlook, Sureness};
use recurra_train::TrainError;
use recurra_train::metric::{Proportion, coverage, crps_samples};

/// The share of values that an interval is to hold.
pub(super) const LEVEL: f64 = 0.8;

/// So much more or less than [`LEVEL`] is no matter, however sure.
const MARGIN: f64 = 0.05;

/// Fewer errors than this make no quantiles.
const FEW: usize = 20;
/// More errors than this make the score no better, only slower.
const MANY: usize = 400;

/// Errors of forecasts of values that were not trained on, from the smallest up.
///
/// The interval of a forecast runs between two of their quantiles, in the unit of its window: a
/// calm window has a narrow one. It holds as many values as it should when the future errs as
/// the validation part did (split conformal prediction).
///
/// # Source
/// Papadopoulos et al. 2002, *Inductive confidence machines for regression*; the quantiles are
/// those of Lei et al. 2018, one tail each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Intervals {
    errors: Vec<f64>,
}

/// How intervals did on values that came later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// The values inside.
    pub(super) inside: Proportion,
    /// The mean continuous ranked probability score.
    pub(super) crps: f64,
    /// The mean negative logarithm of the density at the values, where a density is said.
    pub(super) nats: Option<f64>,
}

impl Spread {
    /// Judges what a head says of values that came.
    pub(super) fn of_said(
        sureness: &Sureness,
        said: &[&Outlook],
        examples: &[Example],
    ) -> Result<Option<Self>, TrainError> {
        let pairs = || said.iter().zip(examples);
        let (lower, upper): (Vec<f64>, Vec<f64>) = pairs()
            .map(|(said, example)| sureness.interval(said, example).into())
            .unzip();
        let actuals: Vec<f64> = examples.iter().map(|example| example.target).collect();
        let inside = coverage(&lower, &upper, &actuals)?.inside;
        let (mut crps, mut nats, mut with_density) = (0.0, 0.0, 0);
        for (said, example) in pairs() {
            crps += sureness.crps(said, example)?;
            if let Some(surprise) = sureness.nats(said, example) {
                nats += surprise;
                with_density += 1;
            }
        }
        Ok((!examples.is_empty()).then(|| Self {
            inside,
            crps: crps / examples.len() as f64,
            nats: (with_density > 0).then(|| nats / f64::from(with_density)),
        }))
    }

    /// That of several steps together, each as often judged; nothing where one has none.
    pub(super) fn mean(steps: &[Option<Self>]) -> Option<Self> {
        let steps: Vec<Self> = steps.iter().copied().collect::<Option<_>>()?;
        let count = steps.len() as f64;
        let nats: Option<Vec<f64>> = steps.iter().map(|step| step.nats).collect();
        (!steps.is_empty()).then(|| Self {
            inside: Proportion {
                hits: steps.iter().map(|step| step.inside.hits).sum(),
                count: steps.iter().map(|step| step.inside.count).sum(),
            },
            crps: steps.iter().map(|step| step.crps).sum::<f64>() / count,
            nats: nats.map(|nats| nats.iter().sum::<f64>() / count),
        })
    }

    /// Says so when the intervals hold far more or fewer values than they should, and surely so.
    pub(super) fn note(&self) -> Option<String> {
        let [low, high] = self.inside.interval();
        let share = self.inside.share()?;
        if (share - LEVEL).abs() < MARGIN {
            return None;
        }
        let fault = match (high < LEVEL, low > LEVEL) {
            (true, _) => "too narrow for what came",
            (_, true) => "wider than what came needs",
            _ => return None,
        };
        Some(format!(
            "the {:.0} % intervals hold {:.1} % of {} values (95 % confidence: {:.1} % to {:.1} %), \
             so they are {fault}",
            100.0 * LEVEL,
            100.0 * share,
            self.inside.count,
            100.0 * low,
            100.0 * high
        ))
    }
}

impl Intervals {
    /// From forecasts of held-out windows; nothing for few of them.
    pub(super) fn new(forecasts: &[f64], examples: &[Example]) -> Option<Self> {
        if examples.len() < FEW {
            return None;
        }
        let pairs = forecasts.iter().zip(examples);
        let mut errors: Vec<f64> = pairs
            .map(|(&said, example)| example.scaled(example.target) - example.scaled(said))
            .collect();
        errors.sort_by(f64::total_cmp);
        Some(Self { errors })
    }

    /// The ends of the interval around a forecast.
    pub(super) fn around(&self, forecast: f64, example: &Example) -> [f64; 2] {
        let tail = (1.0 - LEVEL) / 2.0;
        let count = self.errors.len();
        // The k-th smallest of n errors, k = ⌊(n + 1)·tail⌋, lets at most that share below it.
        let low = ((count + 1) as f64 * tail).floor() as usize;
        let low = low.clamp(1, count) - 1;
        let high = count - 1 - low;
        let said = example.scaled(forecast);
        [low, high].map(|at| example.forecast(said + self.errors[at]))
    }

    /// Judges the intervals around forecasts of later windows.
    pub(super) fn judge(
        &self,
        forecasts: &[f64],
        examples: &[Example],
    ) -> Result<Option<Spread>, TrainError> {
        let pairs = || forecasts.iter().zip(examples);
        let (lower, upper): (Vec<f64>, Vec<f64>) = pairs()
            .map(|(&said, example)| self.around(said, example).into())
            .unzip();
        let actuals: Vec<f64> = examples.iter().map(|example| example.target).collect();
        let inside = coverage(&lower, &upper, &actuals)?.inside;
        let errors = self.thinned();
        let mut crps = 0.0;
        for (said, example) in pairs() {
            let said = example.scaled(*said);
            let samples = errors.iter().map(|&error| example.forecast(said + error));
            crps += crps_samples(&samples.collect::<Vec<f64>>(), example.target)?;
        }
        Ok((!examples.is_empty()).then(|| Spread {
            inside,
            crps: crps / examples.len() as f64,
            nats: None,
        }))
    }

    /// At most [`MANY`] errors that are spread as all are: what lies in the middle of each of so
    /// many equal shares, so that neither side weighs more.
    fn thinned(&self) -> Vec<f64> {
        let count = self.errors.len();
        let kept = count.min(MANY);
        let middle = |share: usize| {
            let rank = (share as f64 + 0.5) * count as f64 / kept as f64 - 0.5;
            let (below, part) = (rank.floor() as usize, rank.fract());
            let above = self.errors[(below + 1).min(count - 1)];
            self.errors[below] * (1.0 - part) + above * part
        };
        (0..kept).map(middle).collect()
    }
}
