//! Why training was stopped when numbers ceased to make sense, and what to do.

use std::fmt;
use std::path::PathBuf;

/// A loss this many times larger than the first ones counts as an explosion.
pub const EXPLOSION_FACTOR: f64 = 1e6;

/// How many of the first losses say what size is normal.
const FIRST_LOSSES: u64 = 10;

/// Smaller first losses are taken for this, so that a model that starts out perfect may
/// become slightly worse.
const SMALLEST_REFERENCE: f64 = 1e-3;

/// How many gradient norms are remembered.
const HISTORY: usize = 20;

/// The first value that is wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Symptom {
    /// The loss is NaN or infinite although all weights are finite.
    Loss {
        /// Its value.
        value: f64,
    },
    /// The loss is finite, and absurd.
    Explosion {
        /// Its value.
        value: f64,
        /// What it may be at most: [`EXPLOSION_FACTOR`] times the first losses.
        limit: f64,
    },
    /// The loss is finite and a gradient is not.
    Gradient {
        /// The first parameter with such a gradient.
        name: String,
    },
    /// A weight is NaN or infinite.
    Weight {
        /// The first such parameter.
        name: String,
    },
    /// A metric is NaN or infinite.
    Metric {
        /// Its name.
        name: String,
        /// Its value.
        value: f64,
    },
}

/// What most likely led there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Gradients grew and nothing clips them.
    UnclippedGradients,
    /// Gradients grew or weights overflowed: the steps are too long.
    LearningRate,
    /// Weights and gradients were in order: the numbers that came in were not, or the loss
    /// took the logarithm of 0 or divided by 0.
    InputsOrLoss,
    /// Only the backward pass overflowed.
    BackwardPass,
    /// Training is in order and only the held-out figure is not.
    Metric,
}

/// Everything known about a run that blew up; its `Display` is the message to the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// The update that was being made, counted from 1.
    pub update: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// The first value that is wrong.
    pub symptom: Symptom,
    /// The examples of the update.
    pub batch: Vec<usize>,
    /// Norms of the gradients before clipping in the updates before, oldest first.
    pub gradient_norms: Vec<f64>,
    /// The learning rate.
    pub learning_rate: f64,
    /// The clipping threshold, if gradients are clipped.
    pub clip_norm: Option<f64>,
    /// The last good checkpoint.
    pub checkpoint: Option<PathBuf>,
}

impl Diagnosis {
    /// The likeliest cause, from the symptom and the norms before it.
    pub fn cause(&self) -> Cause {
        match &self.symptom {
            Symptom::Metric { .. } => Cause::Metric,
            _ if self.gradients_grew() && self.clip_norm.is_none() => Cause::UnclippedGradients,
            _ if self.gradients_grew() => Cause::LearningRate,
            Symptom::Weight { .. } | Symptom::Explosion { .. } => Cause::LearningRate,
            Symptom::Loss { .. } => Cause::InputsOrLoss,
            Symptom::Gradient { .. } => Cause::BackwardPass,
        }
    }

    /// Whether the last norm is ten times the median of those before.
    fn gradients_grew(&self) -> bool {
        let Some((last, before)) = self.gradient_norms.split_last() else {
            return false;
        };
        let mut sorted = before.to_vec();
        sorted.sort_by(f64::total_cmp);
        match sorted.get(sorted.len() / 2) {
            Some(median) => *last > 10.0 * median,
            None => false,
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "training stopped at update {} (epoch {}): ",
            self.update, self.epoch
        )?;
        match &self.symptom {
            Symptom::Loss { value } => write!(f, "the loss is {value}")?,
            Symptom::Explosion { value, limit } => write!(
                f,
                "the loss exploded to {value:.4e} (above {limit:.4e}, a million times the first losses)"
            )?,
            Symptom::Gradient { name } => write!(f, "the gradient of `{name}` is not finite")?,
            Symptom::Weight { name } => write!(f, "the weights `{name}` are not finite")?,
            Symptom::Metric { name, value } => write!(f, "the metric `{name}` is {value}")?,
        }
        write!(f, "\nlikely cause: ")?;
        match self.cause() {
            Cause::UnclippedGradients => write!(
                f,
                "gradients grew and are not clipped; set train.clip_norm (1 is usual), or lower train.optimizer.learning_rate (now {:e})",
                self.learning_rate
            )?,
            Cause::LearningRate => write!(
                f,
                "the steps are too long; lower train.optimizer.learning_rate (now {:e}) to a third or a tenth, or add a warm-up",
                self.learning_rate
            )?,
            Cause::InputsOrLoss => write!(
                f,
                "the data or the loss, since weights and gradients were in order: look for NaN, infinity or huge numbers among the examples {}, and for a logarithm of 0 or a division by 0 in the loss",
                first_of(&self.batch)
            )?,
            Cause::BackwardPass => write!(
                f,
                "an overflow in the backward pass: a very long sequence, or a derivative without bound (square root or logarithm near 0) in the examples {}; shorter sequences or smaller inputs help",
                first_of(&self.batch)
            )?,
            Cause::Metric => write!(
                f,
                "the held-out data or the metric, since the training loss is in order: look for NaN, infinity or labels without probability there"
            )?,
        }
        if !self.gradient_norms.is_empty() {
            let norms: Vec<String> = self
                .gradient_norms
                .iter()
                .map(|norm| format!("{norm:.3e}"))
                .collect();
            write!(f, "\ngradient norms before: {}", norms.join(" "))?;
        }
        match &self.checkpoint {
            Some(path) => write!(f, "\nlast good checkpoint: {}", path.display()),
            None => write!(f, "\nno checkpoint had been written"),
        }
    }
}

impl std::error::Error for Diagnosis {}

fn first_of(batch: &[usize]) -> String {
    let shown: Vec<String> = batch.iter().take(8).map(usize::to_string).collect();
    let more = if batch.len() > 8 { ", ..." } else { "" };
    format!("[{}{more}]", shown.join(", "))
}

/// What the watch over losses and gradients remembers; part of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    largest_first_loss: f64,
    losses: u64,
    gradient_norms: Vec<f64>,
}

impl Watch {
    /// Judges a loss, and learns from the first ones what is normal.
    ///
    /// Not finite is wrong; so is more than [`EXPLOSION_FACTOR`] times the largest of the
    /// first ten losses (or of 0.001 if they are smaller).
    pub fn loss(&mut self, value: f64) -> Option<Symptom> {
        if !value.is_finite() {
            return Some(Symptom::Loss { value });
        }
        let limit = EXPLOSION_FACTOR * self.largest_first_loss.max(SMALLEST_REFERENCE);
        if self.losses > 0 && value.abs() > limit {
            return Some(Symptom::Explosion { value, limit });
        }
        if self.losses < FIRST_LOSSES {
            self.largest_first_loss = self.largest_first_loss.max(value.abs());
        }
        self.losses += 1;
        None
    }

    /// Remembers the norm of an update's gradients before clipping.
    pub fn gradient_norm(&mut self, norm: f64) {
        if self.gradient_norms.len() == HISTORY {
            self.gradient_norms.remove(0);
        }
        self.gradient_norms.push(norm);
    }

    /// The last norms, oldest first.
    pub fn gradient_norms(&self) -> &[f64] {
        &self.gradient_norms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnosis(symptom: Symptom, gradient_norms: &[f64], clip_norm: Option<f64>) -> Diagnosis {
        Diagnosis {
            update: 417,
            epoch: 2,
            symptom,
            batch: (10..20).collect(),
            gradient_norms: gradient_norms.to_vec(),
            learning_rate: 0.01,
            clip_norm,
            checkpoint: Some("runs/a/checkpoints/update-00000400".into()),
        }
    }

    #[test]
    fn growing_gradients_without_clipping_ask_for_clipping() {
        let norms = [1.0, 1.2, 0.9, 40.0, 3e9];
        let found = diagnosis(Symptom::Loss { value: f64::NAN }, &norms, None);
        assert_eq!(found.cause(), Cause::UnclippedGradients);
        insta::assert_snapshot!(found, @r"
        training stopped at update 417 (epoch 2): the loss is NaN
        likely cause: gradients grew and are not clipped; set train.clip_norm (1 is usual), or lower train.optimizer.learning_rate (now 1e-2)
        gradient norms before: 1.000e0 1.200e0 9.000e-1 4.000e1 3.000e9
        last good checkpoint: runs/a/checkpoints/update-00000400
        ");
    }

    #[test]
    fn each_symptom_with_calm_gradients_has_its_own_cause() {
        let calm = [1.0, 1.1, 0.9, 1.0];
        let name = || "rnn.layers.0.w_hh".to_owned();
        let causes = [
            (Symptom::Loss { value: f64::NAN }, Cause::InputsOrLoss),
            (Symptom::Gradient { name: name() }, Cause::BackwardPass),
            (Symptom::Weight { name: name() }, Cause::LearningRate),
            (
                Symptom::Metric {
                    name: "loss".into(),
                    value: f64::INFINITY,
                },
                Cause::Metric,
            ),
        ];
        for (symptom, cause) in causes {
            assert_eq!(diagnosis(symptom, &calm, None).cause(), cause);
        }
        let growing = diagnosis(
            Symptom::Gradient { name: name() },
            &[1.0, 1.0, 99.0],
            Some(1.0),
        );
        assert_eq!(growing.cause(), Cause::LearningRate);
    }

    #[test]
    fn bad_input_is_placed_by_its_examples() {
        let found = diagnosis(
            Symptom::Loss {
                value: f64::INFINITY,
            },
            &[],
            Some(1.0),
        );
        let text = found.to_string();
        assert!(text.contains("the loss is inf"), "{text}");
        assert!(
            text.contains("[10, 11, 12, 13, 14, 15, 16, 17, ...]"),
            "{text}"
        );
    }

    #[test]
    fn an_explosion_is_measured_against_the_first_losses() {
        let mut watch = Watch::default();
        // The very first loss may be of any size.
        assert_eq!(watch.loss(2e7), None);
        for _ in 0..20 {
            assert_eq!(watch.loss(1e6), None);
        }
        assert_eq!(watch.loss(1.9e13), None);
        let limit = 2e13;
        assert_eq!(
            watch.loss(2.1e13),
            Some(Symptom::Explosion {
                value: 2.1e13,
                limit
            })
        );
    }

    #[test]
    fn a_perfect_start_may_become_a_little_worse() {
        let mut watch = Watch::default();
        assert_eq!(watch.loss(0.0), None);
        assert_eq!(watch.loss(0.5), None);
    }
}
