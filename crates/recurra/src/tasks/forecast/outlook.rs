//! What is said of one value: a number, or how likely each number is.

use super::config::Head;
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

/// What is said of one value, as a change in the window's unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outlook {
    /// The value alone.
    Point(f64),
    /// Where a distribution lies, and how wide it is.
    Located { location: f64, scale: f64 },
    /// Quantiles, ascending.
    Quantiles { median: f64, values: Vec<f64> },
}

impl Outlook {
    /// A value alone.
    pub(super) fn of_point(change: f64) -> Self {
        Self::Point(change)
    }

    /// The value.
    pub(super) fn point(&self) -> f64 {
        match self {
            Self::Point(value) => *value,
            Self::Located { location, .. } => *location,
            Self::Quantiles { median, .. } => *median,
        }
    }
}

impl Head {
    /// What the network's numbers say.
    pub(super) fn outlook(&self, said: &[f32]) -> Outlook {
        let mut values: Vec<f64> = said.iter().map(|&value| f64::from(value)).collect();
        match self {
            Self::Point {} => Outlook::Point(values[0]),
            Self::Gaussian {} | Self::StudentT { .. } => Outlook::Located {
                location: values[0],
                // ln(1 + e^x), without overflow.
                scale: values[1].max(0.0) + (-values[1].abs()).exp().ln_1p() + LEAST_SCALE,
            },
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

    /// `said [batch, steps, width]` with every value moved by `by [batch, steps]`.
    pub(super) fn moved(&self, said: Tensor<3>, by: Tensor<2>) -> Tensor<3> {
        let by = by.unsqueeze_dim::<3>(2);
        match self {
            Self::Point {} | Self::Quantiles { .. } => said + by,
            Self::Gaussian {} | Self::StudentT { .. } => {
                let location = said.clone().narrow(2, 0, 1) + by;
                Tensor::cat(vec![location, said.narrow(2, 1, 1)], 2)
            }
        }
    }
}

/// Mean loss of what is said, `[batch, steps, width]`, of targets `[batch, steps]`; shape `[1]`.
///
/// Squared error of a point; `ln σ + z²/2` of a normal distribution, `z = (y − μ)/σ`; `ln σ +
/// (ν + 1)/2 · ln(1 + z²/ν)` of Student's; of quantiles the mean of `max(q·e, (q − 1)·e)`, `e = y − f`.
/// Constants are left out.
pub(super) fn loss_of(
    head: &Head,
    said: Tensor<3>,
    targets: Tensor<2>,
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
        let mut levels: Vec<f64> = (0..NUM_QUANTILES)
            .map(|part| (part as f64 + 0.5) / NUM_QUANTILES as f64)
            .filter(|level| *level > 0.5)
            .collect();
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
}

impl Sureness {
    /// Of a head, for intervals that hold `share`; nothing where it says a value alone.
    pub(super) fn new(head: &Head, share: f64) -> Option<Self> {
        match head {
            Head::Point {} => None,
            Head::Quantiles { levels } => {
                let place = |wanted: f64| {
                    let near = |level: &f64| (level - wanted).abs() < 1e-9;
                    levels.iter().position(near)
                };
                let ends = [place(0.5 - share / 2.0)?, place(0.5 + share / 2.0)?];
                let levels = levels.clone();
                Some(Self::Quantiles { levels, ends })
            }
            _ => Standard::new(head, share).map(Self::Located),
        }
    }

    /// From where to where the value is to be, as changes in the window's unit.
    pub(super) fn interval(&self, outlook: &Outlook) -> [f64; 2] {
        match (self, outlook) {
            (Self::Located(standard), Outlook::Located { location, scale }) => {
                standard.interval.map(|end| location + scale * end)
            }
            (Self::Quantiles { ends, .. }, Outlook::Quantiles { values, .. }) => {
                ends.map(|end| values[end])
            }
            _ => [outlook.point(); 2],
        }
    }

    /// The CRPS of a change that came, in the window's unit.
    pub(super) fn crps(&self, outlook: &Outlook, came: f64) -> Result<f64, TrainError> {
        match (self, outlook) {
            (Self::Located(standard), Outlook::Located { location, scale }) => {
                let samples = standard.quantiles.iter().map(|q| location + scale * q);
                crps_samples(&samples.collect::<Vec<f64>>(), came)
            }
            (Self::Quantiles { levels, .. }, Outlook::Quantiles { values, .. }) => {
                crps_quantiles(levels, values, came)
            }
            _ => Ok((came - outlook.point()).abs()),
        }
    }

    /// The negative logarithm of the density of a change that came, in the window's unit; nothing
    /// of quantiles.
    pub(super) fn nats(&self, outlook: &Outlook, came: f64) -> Option<f64> {
        match (self, outlook) {
            (Self::Located(standard), Outlook::Located { location, scale }) => {
                Some(scale.ln() + standard.nats((came - location) / scale))
            }
            _ => None,
        }
    }
}
