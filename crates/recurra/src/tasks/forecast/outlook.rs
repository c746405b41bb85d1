//! What is said of one value: a number, or how likely each number is.

use super::config::{Ahead, Head, ModelConfig};
use super::counts::{self, NegativeBinomial, softplus_of};
use super::example::Example;
use burn::tensor::activation::softplus;
use recurra_nn::loss::mse;
use recurra_nn::{Activation, NnError, Tensor};
use recurra_train::TrainError;
use recurra_train::metric::{crps_quantiles, crps_samples};

/// A scale is never smaller, in units of the window: a spread of nothing would make the first
/// surprise endless.
const LEAST_SCALE: f64 = 1e-3;
/// Quantiles by which a distribution is scored.
const NUM_QUANTILES: usize = 99;

/// What is said of one value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outlook {
    /// The value alone, as a change in the window's unit.
    Point(f64),
    /// Where a distribution of the change lies, and how wide it is, in the window's unit.
    Located { location: f64, scale: f64 },
    /// Quantiles of the change, ascending, in the window's unit.
    Quantiles { median: f64, values: Vec<f64> },
    /// How likely each count is.
    Counts(NegativeBinomial),
    /// What was drawn, path by path, in the series' own numbers.
    Drawn(Vec<f64>),
}

impl Outlook {
    /// The value, behind `window`, in the series' own numbers.
    pub(super) fn value(&self, window: &Example) -> f64 {
        match self {
            Self::Point(change) => window.forecast(*change),
            Self::Located { location, .. } => window.forecast(*location),
            Self::Quantiles { median, .. } => window.forecast(*median),
            Self::Counts(counts) => counts.mean,
            Self::Drawn(values) => values.iter().sum::<f64>() / values.len() as f64,
        }
    }
}

impl Head {
    /// What the network's numbers say of a value behind `window`.
    pub(super) fn outlook(&self, said: &[f32], window: &Example) -> Outlook {
        let mut values: Vec<f64> = said.iter().map(|&value| f64::from(value)).collect();
        match self {
            Self::Point {} => Outlook::Point(values[0]),
            Self::Gaussian {} | Self::StudentT { .. } => Outlook::Located {
                location: values[0],
                scale: softplus_of(values[1]) + LEAST_SCALE,
            },
            Self::NegativeBinomial {} => {
                let counts = NegativeBinomial::of([values[0], values[1]], window.level());
                Outlook::Counts(counts)
            }
            Self::Quantiles { levels } => {
                // Nothing keeps quantiles from crossing while they are learnt.
                values.sort_by(f64::total_cmp);
                let median = levels.iter().position(|level| *level == 0.5);
                Outlook::Quantiles {
                    median: values[median.unwrap_or(0)],
                    values,
                }
            }
        }
    }

    /// What the network is fitted to: counts as they are, else changes in the window's unit.
    pub(super) fn targets(&self, window: &Example) -> Vec<f32> {
        match self {
            Self::NegativeBinomial {} => {
                window.targets().iter().map(|&value| value as f32).collect()
            }
            _ => window.scaled_targets(),
        }
    }

    /// `said [batch, steps, width]` with every value moved by `by [batch, steps]`.
    pub(super) fn moved(&self, said: Tensor<3>, by: Tensor<2>) -> Tensor<3> {
        let by = by.unsqueeze_dim::<3>(2);
        match self {
            Self::Point {} | Self::Quantiles { .. } => said + by,
            _ => {
                let location = said.clone().narrow(2, 0, 1) + by;
                Tensor::cat(vec![location, said.narrow(2, 1, 1)], 2)
            }
        }
    }
}

/// Mean loss of what is said, `[batch, steps, width]`, of [`Head::targets`] `[batch, steps]`, of windows
/// of these `levels [batch, 1]`; shape `[1]`.
///
/// Squared error of a point; `ln σ + z²/2` of a normal distribution, `z = (y − μ)/σ`; `ln σ +
/// (ν + 1)/2 · ln(1 + z²/ν)` of Student's; minus the log-probability of counts; of quantiles the mean
/// of `max(q·e, (q − 1)·e)`, `e = y − f`. Constants are left out.
pub(super) fn loss_of(
    head: &Head,
    said: Tensor<3>,
    targets: Tensor<2>,
    levels: Tensor<2>,
) -> Result<Tensor<1>, NnError> {
    let column = |index: usize| said.clone().narrow(2, index, 1).squeeze_dim::<2>(2);
    let z_and_scale = || {
        let scale = softplus(column(1), 1.0).add_scalar(LEAST_SCALE);
        ((targets.clone() - column(0)) / scale.clone(), scale)
    };
    Ok(match head {
        Head::Point {} => return mse(column(0), targets, None),
        Head::Gaussian {} => {
            let (z, scale) = z_and_scale();
            (scale.log() + (z.clone() * z).mul_scalar(0.5)).mean()
        }
        Head::StudentT { degrees } => {
            let (z, scale) = z_and_scale();
            let surprise = (z.clone() * z).div_scalar(*degrees).add_scalar(1.0).log();
            (scale.log() + surprise.mul_scalar((degrees + 1.0) / 2.0)).mean()
        }
        Head::NegativeBinomial {} => counts::loss(said, targets, levels),
        Head::Quantiles { levels } => {
            let losses = levels.iter().enumerate().map(|(index, &level)| {
                let short = targets.clone() - column(index);
                let over = Activation::Relu.apply(short.clone().neg());
                Activation::Relu.apply(short).mul_scalar(level) + over.mul_scalar(1.0 - level)
            });
            let sum = losses.reduce(|sum, loss| sum + loss);
            let sum = sum.ok_or_else(|| NnError::Config {
                key: "model.head.levels".to_owned(),
                want: "at least 1".to_owned(),
                got: "0".to_owned(),
            })?;
            sum.mean().div_scalar(levels.len() as f64)
        }
    })
}

/// A distribution with location 0 and scale 1, in numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standard {
    /// At the middles of [`NUM_QUANTILES`] equal parts, and at the ends of the interval.
    quantiles: Vec<f64>,
    interval: [f64; 2],
    /// ln of what its density has to be divided by.
    ln_total: f64,
    head: Head,
}

impl Standard {
    /// Of a head with a location and a scale, for intervals that hold `share`; nothing for others.
    pub(super) fn new(head: &Head, share: f64) -> Option<Self> {
        /// Far out even for Student's of 2 degrees, and fine enough for three digits.
        const END: f64 = 400.0;
        const STEP: f64 = 1e-3;
        if !matches!(head, Head::Gaussian {} | Head::StudentT { .. }) {
            return None;
        }
        // By halves, as it is symmetric: the upper half is summed up.
        let count = (END / STEP) as usize;
        let middle = |index: usize| (index as f64 + 0.5) * STEP;
        let half: f64 = (0..count)
            .map(|index| STEP * (-surprise(head, middle(index))).exp())
            .sum();
        let mut levels = middles();
        levels.retain(|level| *level > 0.5);
        let upper = 0.5 + share / 2.0;
        levels.push(upper);
        levels.sort_by(f64::total_cmp);
        let (mut above, mut index) = (0.0, 0);
        let found: Vec<(f64, f64)> = levels
            .iter()
            .map(|&level| {
                while index < count && above < (level - 0.5) * 2.0 * half {
                    above += STEP * (-surprise(head, middle(index))).exp();
                    index += 1;
                }
                (level, index as f64 * STEP)
            })
            .collect();
        let end = found.iter().find(|(level, _)| *level == upper)?.1;
        let ups = found.iter().filter(|(level, _)| *level != upper);
        let ups: Vec<f64> = ups.map(|(_, value)| *value).collect();
        let downs = ups.iter().rev().map(|value| -value);
        Some(Self {
            quantiles: downs.chain([0.0]).chain(ups.iter().copied()).collect(),
            interval: [-end, end],
            ln_total: (2.0 * half).ln(),
            head: head.clone(),
        })
    }

    /// The negative logarithm of its density.
    fn nats(&self, z: f64) -> f64 {
        surprise(&self.head, z) + self.ln_total
    }
}

/// The negative logarithm of a density, up to a constant.
fn surprise(head: &Head, z: f64) -> f64 {
    match head {
        Head::StudentT { degrees } => (degrees + 1.0) / 2.0 * (z * z / degrees).ln_1p(),
        _ => z * z / 2.0,
    }
}

/// How sure a head is of what it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sureness {
    /// By a location and a scale.
    Located(Standard),
    /// By quantiles of these levels; the places of the interval's ends among them.
    Quantiles { levels: Vec<f64>, ends: [usize; 2] },
    /// By counts, or values that were drawn, of which an interval holds this share.
    Values { share: f64 },
}

impl Sureness {
    /// Of a model, for intervals that hold `share`; nothing where it says a value alone.
    pub(super) fn new(model: &ModelConfig, share: f64) -> Option<Self> {
        match &model.head {
            Head::Point {} => None,
            _ if model.ahead == Ahead::Recursive => Some(Self::Values { share }),
            Head::NegativeBinomial {} => Some(Self::Values { share }),
            Head::Quantiles { levels } => {
                let place = |wanted: f64| {
                    let near = |level: &f64| (level - wanted).abs() < 1e-9;
                    levels.iter().position(near)
                };
                let ends = [place(0.5 - share / 2.0)?, place(0.5 + share / 2.0)?];
                let levels = levels.clone();
                Some(Self::Quantiles { levels, ends })
            }
            head => Standard::new(head, share).map(Self::Located),
        }
    }

    /// From where to where the value behind `window` is to be.
    pub(super) fn interval(&self, said: &Outlook, window: &Example) -> [f64; 2] {
        match (self, said) {
            (Self::Located(standard), Outlook::Located { location, scale }) => {
                (standard.interval).map(|end| window.forecast(location + scale * end))
            }
            (Self::Quantiles { ends, .. }, Outlook::Quantiles { values, .. }) => {
                ends.map(|end| window.forecast(values[end]))
            }
            (Self::Values { share }, Outlook::Counts(counts)) => {
                let found = counts.quantiles(&[0.5 - share / 2.0, 0.5 + share / 2.0]);
                [found[0], found[1]]
            }
            (Self::Values { share }, Outlook::Drawn(drawn)) => {
                let mut values = drawn.clone();
                values.sort_by(f64::total_cmp);
                [0.5 - share / 2.0, 0.5 + share / 2.0].map(|level| quantile(&values, level))
            }
            _ => [said.value(window); 2],
        }
    }

    /// The CRPS of the value that came behind `window`, its target.
    pub(super) fn crps(&self, said: &Outlook, window: &Example) -> Result<f64, TrainError> {
        let came = window.target;
        match (self, said) {
            (Self::Located(standard), Outlook::Located { location, scale }) => {
                let values = standard.quantiles.iter();
                let values = values.map(|q| window.forecast(location + scale * q));
                crps_samples(&values.collect::<Vec<f64>>(), came)
            }
            (Self::Quantiles { levels, .. }, Outlook::Quantiles { values, .. }) => {
                let values = values.iter().map(|&value| window.forecast(value));
                crps_quantiles(levels, &values.collect::<Vec<f64>>(), came)
            }
            (_, Outlook::Counts(counts)) => crps_samples(&counts.quantiles(&middles()), came),
            (_, Outlook::Drawn(values)) => crps_samples(values, came),
            _ => Ok((came - said.value(window)).abs()),
        }
    }

    /// The negative logarithm of the density, or of the probability, of the value that came behind
    /// `window`; nothing where neither is said, nor of a window whose values are all the same.
    pub(super) fn nats(&self, said: &Outlook, window: &Example) -> Option<f64> {
        match (self, said) {
            (Self::Located(standard), Outlook::Located { location, scale }) => {
                let slope = window.slope(window.target)?;
                let came = window.scaled(window.target);
                Some((slope * scale).ln() + standard.nats((came - location) / scale))
            }
            (_, Outlook::Counts(counts)) => counts.ln_prob(window.target).map(|ln_prob| -ln_prob),
            _ => None,
        }
    }
}

/// The middles of [`NUM_QUANTILES`] equal parts.
fn middles() -> Vec<f64> {
    (0..NUM_QUANTILES)
        .map(|part| (part as f64 + 0.5) / NUM_QUANTILES as f64)
        .collect()
}

/// The value at a level, of some in ascending order, in proportion between the two around it.
fn quantile(values: &[f64], level: f64) -> f64 {
    let place = level * (values.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let above = values[(below + 1).min(values.len() - 1)];
    values[below] + part * (above - values[below])
}
