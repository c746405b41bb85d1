//! One number that makes confidence honest: the temperature of the softmax.

use super::confusion::check_classes;
use super::roc_auc::check_rows;
use crate::TrainError;
use serde::{Deserialize, Serialize};

/// The range in which a temperature is sought: held-out examples that are all right would
/// otherwise make a model infinitely sure.
const RANGE: [f64; 2] = [0.05, 20.0];
const OP: &str = "temperature";

/// A temperature that was fitted, and what it gained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// What logits are divided by before the softmax: above 1 the model was too sure.
    pub temperature: f64,
    /// Mean cross-entropy of the held-out labels before, in nats.
    pub nats_before: f64,
    /// The same with the temperature.
    pub nats_after: f64,
}

impl Temperature {
    /// Finds `T` that minimises the mean of `−log softmax(logits / T)[label]` on held-out
    /// examples, between 1/20 and 20.
    ///
    /// The likeliest class stays the likeliest, so accuracy does not change. Examples that the
    /// model was trained on would show it as surer than it may be: give held-out ones. The
    /// cross-entropy is convex in `1/T`, and its derivative there is brought to zero by bisection.
    ///
    /// # Shapes
    /// `logits [num_examples, num_classes]`, row-major.
    ///
    /// # Errors
    /// [`TrainError::Argument`] when the logits do not fit the labels, a label is no class, a logit
    /// is not finite or there is no example.
    ///
    /// # Source
    /// Guo, Pleiss, Sun & Weinberger 2017, *On calibration of modern neural networks*.
    ///
    /// # Example
    /// ```
    /// use recurra_train::metric::Temperature;
    /// // Sure as 9 to 1 (a logit of ln 9) but right 3 times of 4: T is ln 9 / ln 3 = 2.
    /// let logits = [0.0, 9.0_f64.ln()].repeat(4);
    /// let fitted = Temperature::fit(&logits, &[1, 1, 1, 0], 2)?;
    /// assert!((fitted.temperature - 2.0).abs() < 1e-9);
    /// assert!((fitted.probs(&[0.0, 9.0_f64.ln()])[1] - 0.75).abs() < 1e-9);
    /// # Ok::<(), recurra_train::TrainError>(())
    /// ```
    pub fn fit(logits: &[f64], labels: &[u32], num_classes: usize) -> Result<Self, TrainError> {
        check_rows(OP, "logits", logits.len(), labels.len(), num_classes)?;
        check_classes(OP, "labels", labels, num_classes)?;
        if labels.is_empty() {
            return Err(TrainError::argument(OP, "labels", "at least 1 example", 0));
        }
        if let Some(index) = logits.iter().position(|logit| !logit.is_finite()) {
            let got = format_args!("{} at index {index}", logits[index]);
            return Err(TrainError::argument(OP, "logits", "finite", got));
        }
        let at = |temperature: f64| mean_nats(logits, labels, num_classes, 1.0 / temperature);
        let [mut cold, mut hot] = RANGE;
        // 80 halvings of ln T are beyond the precision of f64.
        for _ in 0..80 {
            let middle = (cold * hot).sqrt();
            // The derivative by 1/T is negative where being surer would help.
            if at(middle).1 < 0.0 {
                hot = middle;
            } else {
                cold = middle;
            }
        }
        let temperature = (cold * hot).sqrt();
        Ok(Self {
            temperature,
            nats_before: at(1.0).0,
            nats_after: at(temperature).0,
        })
    }

    /// `softmax(logits / T)` of one example.
    pub fn probs(&self, logits: &[f64]) -> Vec<f64> {
        let mut probs: Vec<f64> = logits.iter().map(|l| l / self.temperature).collect();
        softmax(&mut probs);
        probs
    }
}

/// The mean cross-entropy at `1/T = scale`, and its derivative by that scale,
/// `mean(Σ p·logit − logit[label])`.
fn mean_nats(logits: &[f64], labels: &[u32], num_classes: usize, scale: f64) -> (f64, f64) {
    let (mut nats, mut slope) = (0.0, 0.0);
    for (row, &label) in logits.chunks(num_classes).zip(labels) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut weighted) = (0.0, 0.0);
        for &logit in row {
            let weight = ((logit - largest) * scale).exp();
            sum += weight;
            weighted += weight * (logit - largest);
        }
        let right = row[label as usize] - largest;
        nats += sum.ln() - right * scale;
        slope += weighted / sum - right;
    }
    let count = labels.len() as f64;
    (nats / count, slope / count)
}

/// Logits to probabilities, in place.
pub(crate) fn softmax(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in row {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_model_keeps_its_temperature() {
        // Says 3 to 1 and is right 3 times of 4.
        let logits = [3.0_f64.ln(), 0.0].repeat(4);
        let fitted = Temperature::fit(&logits, &[0, 0, 1, 0], 2).unwrap();
        assert!((fitted.temperature - 1.0).abs() < 1e-9);
        assert!((fitted.nats_before - fitted.nats_after).abs() < 1e-12);
    }

    #[test]
    fn a_model_without_mistakes_or_without_merit_stays_in_range() {
        let always = Temperature::fit(&[2.0, 0.0], &[0], 2).unwrap();
        let never = Temperature::fit(&[2.0, 0.0], &[1], 2).unwrap();
        assert!((always.temperature - 0.05).abs() < 1e-9);
        assert!((never.temperature - 20.0).abs() < 1e-9);
        let huge = Temperature::fit(&[1e300, 0.0], &[1], 2).unwrap();
        assert!(huge.nats_after.is_finite());
    }

    #[test]
    fn bad_input_is_named() {
        let error = Temperature::fit(&[1.0, f64::INFINITY], &[0], 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "temperature: `logits` should be finite, got inf at index 1"
        );
        assert!(Temperature::fit(&[], &[], 2).is_err());
        assert!(Temperature::fit(&[1.0], &[0], 2).is_err());
        assert!(Temperature::fit(&[1.0, 2.0], &[2], 2).is_err());
    }
}
