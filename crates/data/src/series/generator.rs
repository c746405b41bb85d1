//! Kinds of generated series. Each draws its parameters at random and then follows its equation.

use std::f64::consts::TAU;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::rng::Rng;
use crate::series::Interval;

/// A kind of series; in a recipe a table with the key `kind` and the ranges of its parameters.
///
/// | `kind` | equation, for step t = 0, 1, 2, … |
/// |---|---|
/// | `ramp` | start + step·t |
/// | `sine` | offset + amplitude·sin(2π·t / period + phase) |
/// | `decay` | level + distance·ratioᵗ |
/// | `noise` | independent normal values with mean 0 |
/// | `mixture` | the sum of one draw of each part |
///
/// # Example
/// ```
/// use recurra_data::rng::rng;
/// use recurra_data::series::{Generator, Interval, Ramp};
///
/// let one = Interval::new(1.0, 1.0)?;
/// let ramp = Generator::Ramp(Ramp { start: one, step: one });
/// assert_eq!(ramp.draw(4, &mut rng(7, 0)), [1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Generator {
    /// Equal steps.
    Ramp(Ramp),
    /// A wave.
    Sine(Sine),
    /// An exponential approach to a level.
    Decay(Decay),
    /// Chance alone.
    Noise(Noise),
    /// A sum of others.
    Mixture(Mixture),
}

/// `start + step·t`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ramp {
    /// The first value.
    pub start: Interval,
    /// What is added from one value to the next.
    pub step: Interval,
}

impl Default for Ramp {
    /// Start within ±100, step within ±10.
    fn default() -> Self {
        Self {
            start: Interval::known(-100.0, 100.0),
            step: Interval::known(-10.0, 10.0),
        }
    }
}

/// `offset + amplitude·sin(2π·t / period + phase)`, with a phase drawn from the whole circle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sine {
    /// The level around which the wave swings.
    pub offset: Interval,
    /// Half the height of the wave.
    pub amplitude: Interval,
    /// Steps from crest to crest; above 2, or the wave cannot be told from a longer one.
    pub period: Interval,
}

impl Default for Sine {
    /// Offset within ±10, amplitude 0.5 to 5, period 6 to 40 steps.
    fn default() -> Self {
        Self {
            offset: Interval::known(-10.0, 10.0),
            amplitude: Interval::known(0.5, 5.0),
            period: Interval::known(6.0, 40.0),
        }
    }
}

/// `level + distance·ratioᵗ`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decay {
    /// What the series comes ever nearer to.
    pub level: Interval,
    /// How far from it the series begins, and on which side.
    pub distance: Interval,
    /// The share of the distance that is left after a step; within (0, 1).
    pub ratio: Interval,
}

impl Default for Decay {
    /// Level within ±10, distance within ±10, ratio 0.5 to 0.95.
    fn default() -> Self {
        Self {
            level: Interval::known(-10.0, 10.0),
            distance: Interval::known(-10.0, 10.0),
            ratio: Interval::known(0.5, 0.95),
        }
    }
}

/// Independent normal values with mean 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Noise {
    /// The standard deviation, drawn once a series; not negative.
    pub deviation: Interval,
}

impl Default for Noise {
    /// Standard deviation 0.01 to 0.1.
    fn default() -> Self {
        Self {
            deviation: Interval::known(0.01, 0.1),
        }
    }
}

/// The sum of one draw of each part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// What is summed, at least one.
    pub parts: Vec<Generator>,
}

impl Generator {
    /// Checks the ranges; `key` is the place in the recipe, for the message.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a period of 2 or less, a ratio outside (0, 1), a negative
    /// deviation, or a mixture of nothing.
    pub fn check(&self, key: &str) -> Result<(), DataError> {
        let require = |holds: bool, name: &str, expected: &str, range: Interval| {
            if holds {
                return Ok(());
            }
            Err(DataError::Setting {
                key: format!("{key}.{name}"),
                expected: expected.to_owned(),
                got: format!("[{}, {}]", range.low(), range.high()),
            })
        };
        match self {
            Self::Ramp(_) => Ok(()),
            Self::Sine(Sine { period, .. }) => {
                require(period.low() > 2.0, "period", "a range above 2", *period)
            }
            Self::Decay(Decay { ratio, .. }) => {
                let inside = ratio.low() > 0.0 && ratio.high() < 1.0;
                require(inside, "ratio", "a range within (0, 1)", *ratio)
            }
            Self::Noise(Noise { deviation }) => {
                let holds = deviation.low() >= 0.0;
                require(holds, "deviation", "a range from 0 up", *deviation)
            }
            Self::Mixture(Mixture { parts }) => {
                if parts.is_empty() {
                    return Err(DataError::Setting {
                        key: format!("{key}.parts"),
                        expected: String::from("at least one generator"),
                        got: String::from("none"),
                    });
                }
                parts
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, part)| part.check(&format!("{key}.parts[{index}]")))
            }
        }
    }

    /// Draws parameters from their ranges and gives the first `num_values` values.
    pub fn draw(&self, num_values: usize, rng: &mut Rng) -> Vec<f64> {
        let steps = (0..num_values).map(|step| step as f64);
        match self {
            Self::Ramp(ramp) => {
                let start = ramp.start.draw(rng);
                let step = ramp.step.draw(rng);
                steps.map(|t| start + step * t).collect()
            }
            Self::Sine(sine) => {
                let offset = sine.offset.draw(rng);
                let amplitude = sine.amplitude.draw(rng);
                let period = sine.period.draw(rng);
                let phase = TAU * rng.random::<f64>();
                steps
                    .map(|t| offset + amplitude * (TAU * t / period + phase).sin())
                    .collect()
            }
            Self::Decay(decay) => {
                let level = decay.level.draw(rng);
                let distance = decay.distance.draw(rng);
                let ratio = decay.ratio.draw(rng);
                steps.map(|t| level + distance * ratio.powf(t)).collect()
            }
            Self::Noise(noise) => {
                let deviation = noise.deviation.draw(rng);
                steps.map(|_| deviation * standard_normal(rng)).collect()
            }
            Self::Mixture(mixture) => {
                let mut sum = vec![0.0; num_values];
                for part in &mixture.parts {
                    for (sum, value) in sum.iter_mut().zip(part.draw(num_values, rng)) {
                        *sum += value;
                    }
                }
                sum
            }
        }
    }
}

/// A normal value with mean 0 and deviation 1, by the method of Box and Muller (1958).
fn standard_normal(rng: &mut Rng) -> f64 {
    let share: f64 = 1.0 - rng.random::<f64>(); // within (0, 1]: the logarithm is finite
    let angle = TAU * rng.random::<f64>();
    (-2.0 * share.ln()).sqrt() * angle.cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::rng;

    fn draw(generator: &Generator, stream: u64) -> Vec<f64> {
        generator.draw(30, &mut rng(5, stream))
    }

    #[test]
    fn a_ramp_has_equal_steps_within_its_range() {
        let ramp = Generator::Ramp(Ramp::default());
        for stream in 0..50 {
            let series = draw(&ramp, stream);
            let step = series[1] - series[0];
            assert!((-100.0..=100.0).contains(&series[0]) && step.abs() <= 10.0);
            let bends = series
                .windows(3)
                .map(|three| three[2] - 2.0 * three[1] + three[0]);
            assert!(bends.map(f64::abs).fold(0.0, f64::max) < 1e-10);
        }
    }

    #[test]
    fn a_sine_obeys_the_recurrence_of_its_period() {
        // x(t+1) + x(t-1) = 2 cos(2π/period) x(t) for a wave around 0.
        let period = Interval::known(12.0, 12.0);
        let offset = Interval::known(0.0, 0.0);
        let sine = Generator::Sine(Sine {
            offset,
            period,
            ..Sine::default()
        });
        for stream in 0..50 {
            for three in draw(&sine, stream).windows(3) {
                let expected = 3f64.sqrt() * three[1];
                assert!((three[0] + three[2] - expected).abs() < 1e-10);
                assert!(three[1].abs() <= 5.0);
            }
        }
    }

    #[test]
    fn a_decay_loses_the_same_share_of_its_distance_each_step() {
        let decay = Generator::Decay(Decay {
            level: Interval::known(3.0, 3.0),
            distance: Interval::known(4.0, 4.0),
            ratio: Interval::known(0.5, 0.5),
        });
        assert_eq!(draw(&decay, 0)[..4], [7.0, 5.0, 4.0, 3.5]);
    }

    #[test]
    fn noise_has_the_mean_and_deviation_that_it_says() {
        let two = Interval::known(2.0, 2.0);
        let noise = Generator::Noise(Noise { deviation: two });
        let n = 40_000;
        let series = noise.draw(n, &mut rng(1, 1));
        let mean = series.iter().sum::<f64>() / n as f64;
        let variance = series.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        // Four standard errors: 2/√n for the mean, 4·√(2/n) for the variance.
        assert!(mean.abs() < 4.0 * 2.0 / (n as f64).sqrt(), "{mean}");
        assert!((variance - 4.0).abs() < 4.0 * 4.0 * (2.0 / n as f64).sqrt());
    }

    #[test]
    fn a_mixture_is_the_sum_of_its_parts() {
        let parts = vec![
            Generator::Ramp(Ramp::default()),
            Generator::Sine(Sine::default()),
        ];
        let mut generator = rng(5, 9);
        let ramp = parts[0].draw(10, &mut generator);
        let sine = parts[1].draw(10, &mut generator);
        let sum = Generator::Mixture(Mixture { parts }).draw(10, &mut rng(5, 9));
        for step in 0..10 {
            assert_eq!(sum[step], ramp[step] + sine[step]);
        }
    }

    #[test]
    fn a_recipe_may_leave_ranges_out_but_not_invent_any() {
        let sine: Generator = toml::from_str("kind = \"sine\"\nperiod = [4, 8.5]").unwrap();
        let Generator::Sine(sine) = &sine else {
            panic!("{sine:?}");
        };
        assert_eq!(sine.period, Interval::known(4.0, 8.5));
        assert_eq!(sine.amplitude, Sine::default().amplitude);
        for bad in [
            "kind = \"sine\"\nperiode = [4.0, 8.0]",
            "kind = \"sinus\"",
            "kind = \"ramp\"\nstep = [2.0, 1.0]",
            "kind = \"ramp\"\nstep = [nan, 1.0]",
            "kind = \"ramp\"\nstep = [1.0]",
            "kind = \"mixture\"\nparts = [{ kind = \"ramp\", stepp = [0.0, 1.0] }]",
        ] {
            assert!(toml::from_str::<Generator>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_resolved_form_says_every_range_and_is_read_back() {
        let mixture = Generator::Mixture(Mixture {
            parts: vec![
                Generator::Ramp(Ramp::default()),
                Generator::Noise(Noise::default()),
            ],
        });
        let text = toml::to_string(&mixture).unwrap();
        insta::assert_snapshot!(text, @r#"
        kind = "mixture"

        [[parts]]
        kind = "ramp"
        start = [-100.0, 100.0]
        step = [-10.0, 10.0]

        [[parts]]
        kind = "noise"
        deviation = [0.01, 0.1]
        "#);
        assert_eq!(toml::from_str::<Generator>(&text).unwrap(), mixture);
    }

    #[test]
    fn impossible_ranges_are_named_with_their_place() {
        let bad = Generator::Mixture(Mixture {
            parts: vec![Generator::Decay(Decay {
                ratio: Interval::known(0.5, 1.0),
                ..Decay::default()
            })],
        });
        insta::assert_snapshot!(bad.check("data.families[1].generator").unwrap_err(), @"`data.families[1].generator.parts[0].ratio`: expected a range within (0, 1), got [0.5, 1]");
        let empty = Generator::Mixture(Mixture { parts: Vec::new() });
        assert!(empty.check("g").is_err());
        let fast = Generator::Sine(Sine {
            period: Interval::known(2.0, 3.0),
            ..Sine::default()
        });
        assert!(fast.check("g").is_err());
        assert!(Generator::Sine(Sine::default()).check("g").is_ok());
    }
}
