//! How likely each number of events is.

use burn::tensor::activation::softplus;
use rand::Rng;
use rand_distr::{Distribution, Gamma, Poisson};
use recurra_nn::Tensor;

/// A dispersion is never smaller: with less the distribution is Poisson's as far as f32 can tell.
const LEAST_DISPERSION: f64 = 1e-3;
/// A mean is never smaller, in units of the window's level.
const LEAST_MEAN: f64 = 1e-6;

/// A negative binomial distribution of mean μ and variance `μ + α·μ²`.
///
/// # Source
/// Salinas et al. 2020, "DeepAR: probabilistic forecasting with autoregressive recurrent networks",
/// section 3.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NegativeBinomial {
    /// μ
    pub(super) mean: f64,
    /// α
    pub(super) dispersion: f64,
}

impl NegativeBinomial {
    /// What two numbers of the network say, for a window of this level: `μ = level·softplus(a)`,
    /// `α = softplus(b)`.
    pub(super) fn of([mean, dispersion]: [f64; 2], level: f64) -> Self {
        Self {
            mean: level * (softplus_of(mean) + LEAST_MEAN),
            dispersion: softplus_of(dispersion) + LEAST_DISPERSION,
        }
    }

    /// `ln p(count)`; nothing of what is no count.
    pub(super) fn ln_prob(&self, count: f64) -> Option<f64> {
        if count < 0.0 || count.fract() != 0.0 {
            return None;
        }
        let (r, product) = (1.0 / self.dispersion, self.dispersion * self.mean);
        let ways = libm::lgamma(count + r) - libm::lgamma(r) - libm::lgamma(count + 1.0);
        Some(ways - r * product.ln_1p() + count * (product / (1.0 + product)).ln())
    }

    /// The smallest counts below or at which these shares of all lie, for ascending levels; of large
    /// counts to a hundredth of their standard deviation.
    pub(super) fn quantiles(&self, levels: &[f64]) -> Vec<f64> {
        let deviation = (self.mean * (1.0 + self.dispersion * self.mean)).sqrt();
        // So many counts at once, each as likely as the one in the middle.
        let stride = (deviation / 100.0).floor().max(1.0);
        let middle = ((stride - 1.0) / 2.0).floor();
        let share = |count: f64| {
            let ln_prob = self.ln_prob(count + middle);
            stride * ln_prob.map_or(0.0, f64::exp)
        };
        // Far behind the mean the rest is rounding.
        let end = self.mean + 60.0 * deviation + 60.0;
        let (mut count, mut here, mut below) = (0.0, share(0.0), 0.0);
        let mut found = Vec::with_capacity(levels.len());
        for &level in levels {
            while below + here < level && count < end {
                below += here;
                count += stride;
                here = share(count);
            }
            found.push(count + middle);
        }
        found
    }

    /// A count that it may give: a Poisson variable whose rate has a gamma distribution.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> f64 {
        let rate = Gamma::new(1.0 / self.dispersion, self.dispersion * self.mean);
        let rate = rate.map_or(self.mean, |rate| rate.sample(rng));
        // A rate may be as good as 0, or too large for Poisson's algorithm.
        Poisson::new(rate).map_or(rate.round(), |counts: Poisson<f64>| counts.sample(rng))
    }
}

/// Larger counts than this are numbers like any other, and 32 bits no longer tell them apart.
const MOST: f64 = 1e6;

/// Whether a value is a number of events, up to [`MOST`].
pub(super) fn is_count(value: f64) -> bool {
    (0.0..=MOST).contains(&value) && value.fract() == 0.0
}

/// `ln(1 + e^x)`, without overflow.
pub(super) fn softplus_of(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The mean of `-ln p(value)` without `ln Γ(value + 1)`, shape `[1]`.
///
/// `said [batch, steps, 2]`, `values [batch, steps]`, `levels [batch, 1]`.
pub(super) fn loss(said: Tensor<3>, values: Tensor<2>, levels: Tensor<2>) -> Tensor<1> {
    let column = |index: usize| said.clone().narrow(2, index, 1).squeeze_dim::<2>(2);
    let mean = softplus(column(0), 1.0).add_scalar(LEAST_MEAN) * levels;
    let dispersion = softplus(column(1), 1.0).add_scalar(LEAST_DISPERSION);
    let r = dispersion.clone().recip();
    let product = dispersion * mean;
    let all = product.clone().add_scalar(1.0).log();
    let ways = ln_gamma(values.clone() + r.clone()) - ln_gamma(r.clone());
    (r * all.clone() - values * (product.log() - all) - ways).mean()
}

/// `ln Γ(x)` for x above 0: Stirling's series at `x + 6`, and back by `Γ(x + 1) = x·Γ(x)`.
fn ln_gamma(x: Tensor<2>) -> Tensor<2> {
    const STEPS: i32 = 6;
    let steps = (0..STEPS).map(|step| x.clone().add_scalar(step).log());
    let back = steps
        .reduce(|sum, ln| sum + ln)
        .unwrap_or_else(|| x.zeros_like());
    let z = x.add_scalar(STEPS);
    let half_ln_tau = 0.5 * std::f64::consts::TAU.ln();
    let stirling = z.clone().sub_scalar(0.5) * z.clone().log() - z.clone();
    let series = z.clone().recip().div_scalar(12.0) - z.powi_scalar(-3).div_scalar(360.0);
    stirling.add_scalar(half_ln_tau) + series - back
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::device;
    use recurra_data::rng::rng;
    use recurra_nn::weights::values;

    #[test]
    fn probabilities_are_those_worked_by_hand() {
        // α = 1: a geometric distribution, p(k) = 1/(1 + μ)·(μ/(1 + μ))^k.
        let geometric = NegativeBinomial {
            mean: 3.0,
            dispersion: 1.0,
        };
        for (count, prob) in [(0.0, 0.25), (1.0, 0.1875), (2.0, 0.140625)] {
            let found = geometric.ln_prob(count).unwrap().exp();
            assert!((found - prob).abs() < 1e-12, "{count}: {found}");
        }
        assert_eq!(geometric.ln_prob(0.5), None);
        assert_eq!(geometric.ln_prob(-1.0), None);
        // 1 - (3/4)^(k + 1) lies below or at k: half from 2 on, nine tenths from 8 on.
        assert_eq!(geometric.quantiles(&[0.1, 0.5, 0.9]), [0.0, 2.0, 8.0]);
        let large = NegativeBinomial {
            mean: 1e5,
            dispersion: 1e-3,
        };
        let [low, high] = large.quantiles(&[0.1, 0.9])[..] else {
            panic!("two levels")
        };
        // Nearly normal, with deviation √(1e5 + 1e7) = 3178; 1.2816 of them to either side.
        assert!(
            (low - 95_960.0).abs() < 60.0 && (high - 104_106.0).abs() < 60.0,
            "{low} {high}"
        );
    }

    #[test]
    fn what_is_drawn_has_the_mean_and_the_variance() {
        let counts = NegativeBinomial {
            mean: 4.0,
            dispersion: 0.5,
        };
        let mut rng = rng(1, 0);
        let drawn: Vec<f64> = (0..20_000).map(|_| counts.draw(&mut rng)).collect();
        let mean = drawn.iter().sum::<f64>() / 2e4;
        let variance = drawn.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 2e4;
        assert!(
            (mean - 4.0).abs() < 0.1 && (variance - 12.0).abs() < 0.6,
            "{mean} {variance}"
        );
        assert!(drawn.iter().all(|&one| is_count(one)));
    }

    #[test]
    fn the_loss_is_minus_the_log_probability_but_for_a_constant() {
        for (said, level, count) in [
            ([0.3, -1.0], 1.0, 0.0),
            ([0.3, -1.0], 5.0, 7.0),
            ([-2.0, 3.0], 40.0, 3.0),
            ([1.0, -9.0], 100.0, 130.0),
        ] {
            let raw = said.map(|value: f64| value as f32);
            let raw = Tensor::<1>::from_data(&raw[..], &device()).reshape([1, 1, 2]);
            let at = |value: f64| Tensor::<2>::from_data([[value as f32]], &device());
            let loss = f64::from(values(&loss(raw, at(count), at(level)))[0]);
            let exact = -NegativeBinomial::of(said, level).ln_prob(count).unwrap();
            let exact = exact - libm::lgamma(count + 1.0);
            assert!(
                (loss - exact).abs() < 2e-3 * exact.abs().max(1.0),
                "{said:?}: {loss} {exact}"
            );
        }
    }
}
