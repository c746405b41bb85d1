//! Whether a forecast says anything, or only repeats the last value.

use super::{LossDifference, check};
use crate::TrainError;

/// Fewer steps than this tell nothing.
const FEW: usize = 20;
/// A mean gain this many standard errors above zero is no chance: one in a hundred, one-sided.
const SURE: f64 = 2.326;
/// Forecast changes up to so many times the true ones still look like the series, shifted.
const WILD: f64 = 2.0;

/// What was found about a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copying {
    /// There are fewer than 20 steps, or the series never changes.
    Unknown,
    /// Its changes follow the true ones: it says more than the last value.
    Follows,
    /// It stays near the last value, and where it leaves it, it does not come nearer the next.
    Copies,
    /// It leaves the last value by more than the series does, and not towards the next.
    Wild,
}

/// The lag-1 copy detector.
///
/// A forecast that repeats yesterday's value looks excellent in a chart, as its curve is the true one
/// shifted by a step. So what counts is the forecast *change* `dᶠ = forecast − last` beside the
/// true one `d = actual − last`. The squared error of `last + λ·dᶠ` falls from λ = 0 on exactly when
/// `mean(dᶠ·d) > 0`: when going from yesterday's value towards the forecast, by however little, comes
/// nearer to today's. The statistic is that mean over its standard error. Above 2.33 (a chance of
/// one in a hundred for a forecast that knows nothing of the next change) the forecast *follows*;
/// otherwise it *copies*, or is *wild* when its changes are more than twice the size of the true ones.
///
/// On a random walk nothing follows, whatever the model: the best forecast copies, and is told so. A
/// forecast that adds noise to the last value, shrinks it or repeats the value of two days ago
/// copies too. To follow does not mean to be better than the last value: a forecast may
/// overshoot. [`CopyCheck::gain`] says that.
///
/// # Example
/// ```
/// use recurra_train::metric::{CopyCheck, Copying};
/// let series: Vec<f64> = (0..100).map(|t| (0.3 * f64::from(t)).sin()).collect();
/// let (last, actual) = (&series[..99], &series[1..]);
/// let copy = CopyCheck::new(last, actual, last)?;
/// assert_eq!(copy.found, Copying::Copies);
/// assert!(copy.sentence().starts_with("the forecast only repeats the last value"));
/// let good = CopyCheck::new(actual, actual, last)?;
/// assert_eq!(good.found, Copying::Follows);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CopyCheck {
    /// The verdict.
    pub found: Copying,
    /// The root mean square of the forecast changes over that of the true ones.
    pub change_size: f64,
    /// `mean(dᶠ·d)` over its standard error.
    pub statistic: f64,
    /// λ = `Σ dᶠ·d / Σ dᶠ²`, the share of the forecast changes that would have been best: 1 for an
    /// honest forecast, 0 when they say nothing.
    pub best_share: f64,
    /// The squared errors compared with those of the last value, where that can be tested.
    pub gain: Option<LossDifference>,
}

impl CopyCheck {
    /// Looks at forecasts of the next value, with the values that came and the last ones before.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for unlike lengths or values that are not finite.
    pub fn new(forecasts: &[f64], actuals: &[f64], last: &[f64]) -> Result<Self, TrainError> {
        check(
            "copy_check",
            forecasts,
            &[("actuals", actuals), ("last", last)],
        )?;
        let changes = |values: &[f64]| -> Vec<f64> {
            values
                .iter()
                .zip(last)
                .map(|(value, last)| value - last)
                .collect()
        };
        let (said, truth) = (changes(forecasts), changes(actuals));
        let square = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
        let (said_square, true_square) = (square(&said), square(&truth));
        let products: Vec<f64> = said.iter().zip(&truth).map(|(a, b)| a * b).collect();
        let count = products.len() as f64;
        let sum: f64 = products.iter().sum();
        let spread: f64 = products.iter().map(|p| (p - sum / count).powi(2)).sum();
        let statistic = finite(sum / count / (spread.sqrt() / count));
        // A forecast whose gain is the same at every step has no spread, and surely follows.
        let follows = statistic > SURE || (sum > 0.0 && spread <= 1e-24 * square(&products));
        let change_size = finite((said_square / true_square).sqrt());
        let found = if products.len() < FEW || true_square == 0.0 {
            Copying::Unknown
        } else if follows {
            Copying::Follows
        } else if change_size <= WILD {
            Copying::Copies
        } else {
            Copying::Wild
        };
        let losses: Vec<f64> = said
            .iter()
            .zip(&truth)
            .map(|(a, b)| (a - b).powi(2))
            .collect();
        let naive: Vec<f64> = truth.iter().map(|d| d * d).collect();
        Ok(Self {
            found,
            change_size,
            statistic,
            best_share: finite(sum / said_square),
            gain: LossDifference::new(&losses, &naive, 1)?,
        })
    }

    /// The verdict in words.
    pub fn sentence(&self) -> String {
        let size = 100.0 * self.change_size;
        match self.found {
            Copying::Unknown => format!(
                "whether the forecast only repeats the last value cannot be told: there are fewer \
                 than {FEW} steps, or the series never changes"
            ),
            Copying::Copies if self.change_size < 0.1 => format!(
                "the forecast only repeats the last value: the changes it forecasts are {size:.1} % \
                 of the true ones in size"
            ),
            Copying::Copies => String::from(
                "the forecast only repeats the last value: where it leaves it, it does not come \
                 nearer to the next one, and its curve looks right only because it is the true \
                 one a step late",
            ),
            Copying::Wild => format!(
                "the forecast does not follow the series: it changes {:.1} times as much, and not \
                 towards the next value",
                self.change_size
            ),
            Copying::Follows => match self.gain {
                Some(gain) if gain.is_better() => String::from(
                    "the forecast says more than the last value, and its squared error is smaller",
                ),
                Some(gain) if gain.is_worse() => format!(
                    "the forecast changes the right way but by too much: its squared error is \
                     larger than that of the last value; {:.0} % of its changes would be best",
                    100.0 * self.best_share
                ),
                _ => String::from(
                    "the forecast changes the right way more often than by chance, but its squared \
                     error is not surely smaller than that of the last value",
                ),
            },
        }
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use recurra_data::rng::rng;

    /// A random walk; the sum of twelve uniform numbers less six is nearly normal.
    fn walk(seed: u64, len: usize) -> (Vec<f64>, Vec<f64>) {
        let mut rng = rng(seed, 0);
        let mut noise = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let steps: Vec<f64> = (0..len).map(|_| noise()).collect();
        let noise = (0..len).map(|_| noise()).collect();
        let walk = steps.iter().scan(0.0, |at, step| {
            *at += step;
            Some(*at)
        });
        (walk.collect(), noise)
    }

    fn check_of(series: &[f64], forecast: impl Fn(usize) -> f64) -> CopyCheck {
        let forecasts: Vec<f64> = (3..series.len()).map(forecast).collect();
        CopyCheck::new(&forecasts, &series[3..], &series[2..series.len() - 1]).unwrap()
    }

    #[test]
    fn on_random_walks_every_way_of_copying_is_seen() {
        let mut followed = [0; 5];
        for seed in 0..200 {
            let (walk, noise) = walk(seed, 203);
            let ways: [&dyn Fn(usize) -> f64; 5] = [
                &|t| walk[t - 1],
                &|t| walk[t - 1] + 0.3 * noise[t],
                &|t| 0.98 * walk[t - 1],
                &|t| walk[t - 2],
                &|t| (walk[t - 1] + walk[t - 2] + walk[t - 3]) / 3.0,
            ];
            for (followed, way) in followed.iter_mut().zip(ways) {
                let check = check_of(&walk, way);
                *followed += usize::from(check.found == Copying::Follows);
                assert_ne!(check.found, Copying::Unknown);
            }
        }
        // One in a hundred by chance, so 2 of 200.
        assert_eq!(followed[0], 0);
        assert!(followed.iter().all(|&count| count <= 8), "{followed:?}");
    }

    #[test]
    fn a_copy_of_a_structured_series_is_seen_too() {
        let (_, noise) = walk(7, 400);
        let series: Vec<f64> = (0..400).map(|t| (0.2 * t as f64).sin() * 10.0).collect();
        let copy = check_of(&series, |t| series[t - 1] + 0.2 * noise[t]);
        assert_eq!(copy.found, Copying::Copies);
        let smooth = check_of(&series, |t| (series[t - 1] + series[t - 2]) / 2.0);
        assert_eq!(smooth.found, Copying::Copies);
        insta::assert_snapshot!(smooth.sentence(), @"the forecast only repeats the last value: where it leaves it, it does not come nearer to the next one, and its curve looks right only because it is the true one a step late");
    }

    #[test]
    fn a_good_forecast_of_a_structured_series_is_no_copy() {
        let (_, noise) = walk(3, 400);
        let wave = |t: usize| (0.2 * t as f64).sin() * 10.0;
        let series: Vec<f64> = (0..400).map(|t| wave(t) + 0.3 * noise[t]).collect();
        let good = check_of(&series, wave);
        assert_eq!(good.found, Copying::Follows);
        assert!((good.best_share - 1.0).abs() < 0.1);
        insta::assert_snapshot!(good.sentence(), @"the forecast says more than the last value, and its squared error is smaller");
        let overshoot = check_of(&series, |t| series[t - 1] + 3.0 * (wave(t) - series[t - 1]));
        assert_eq!(overshoot.found, Copying::Follows);
        insta::assert_snapshot!(overshoot.sentence(), @"the forecast changes the right way but by too much: its squared error is larger than that of the last value; 33 % of its changes would be best");
    }

    #[test]
    fn what_has_nothing_to_do_with_the_series_is_wild() {
        let (walk, noise) = walk(11, 300);
        let wild = check_of(&walk, |t| walk[t - 1] + 5.0 * noise[t]);
        assert_eq!(wild.found, Copying::Wild);
    }

    #[test]
    fn a_constant_or_short_series_tells_nothing() {
        let constant = [2.0; 50];
        let check = CopyCheck::new(&constant, &constant, &constant).unwrap();
        assert_eq!(check.found, Copying::Unknown);
        assert_eq!(
            CopyCheck::new(&[], &[], &[]).unwrap().found,
            Copying::Unknown
        );
        assert!(CopyCheck::new(&[1.0], &[], &[1.0]).is_err());
    }
}
