//! A linear model over sparse rows, with an L2 penalty.

use super::minimise::{Stop, minimise};
use super::rows::{Row, Rows};

/// What a wrong score costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::baseline) enum Cost {
    /// `−log softmax(scores)[label]`: logistic regression.
    Logistic,
    /// `Σ over classes of max(0, 1 − y·score)²`, y = ±1: one support vector machine for each class.
    SquaredHinge,
}

/// `scores = W·row + bias`.
///
/// Two classes have one output, for class 1; the score of class 0 is then 0 (logistic) or the
/// negative (hinge).
#[derive(Debug, Clone)]
pub(in crate::baseline) struct LinearModel {
    pub(in crate::baseline) num_outputs: usize,
    /// `[num_terms, num_outputs]`
    pub(in crate::baseline) weights: Vec<f64>,
    pub(in crate::baseline) bias: Vec<f64>,
}

impl LinearModel {
    /// Minimises `C·Σ cost + ½‖W‖²`; the bias is not penalised.
    pub(in crate::baseline) fn fit(
        rows: &Rows,
        labels: &[u32],
        [num_terms, num_classes]: [usize; 2],
        cost: Cost,
        inverse_l2: f64,
        stop: Stop,
    ) -> Self {
        let num_outputs = if num_classes == 2 { 1 } else { num_classes };
        let num_weights = num_terms * num_outputs;
        // Divided by C·n, so that the tolerance means the same for any number of texts.
        let penalty = 1.0 / (inverse_l2 * rows.len() as f64);
        let share = 1.0 / rows.len() as f64;
        let mut parameters = vec![0.0; num_weights + num_outputs];
        let mut scores = vec![0.0; num_outputs];
        let objective = |parameters: &[f64], gradient: &mut [f64]| {
            let (weights, bias) = parameters.split_at(num_weights);
            let (d_weights, d_bias) = gradient.split_at_mut(num_weights);
            let mut square = 0.0;
            for (slope, weight) in d_weights.iter_mut().zip(weights) {
                *slope = penalty * weight;
                square += weight * weight;
            }
            d_bias.fill(0.0);
            let mut total = 0.0;
            for (row, &label) in rows.iter().zip(labels) {
                scores.copy_from_slice(bias);
                multiply(row, weights, &mut scores);
                total += cost.value(&mut scores, label as usize);
                // `scores` are now the derivatives of the cost.
                scores.iter_mut().for_each(|slope| *slope *= share);
                if scores.iter().all(|&slope| slope == 0.0) {
                    continue;
                }
                for (d_bias, slope) in d_bias.iter_mut().zip(&scores) {
                    *d_bias += slope;
                }
                multiply_back(row, &scores, d_weights);
            }
            share * total + 0.5 * penalty * square
        };
        minimise(&mut parameters, objective, stop);
        let bias = parameters.split_off(num_weights);
        Self {
            num_outputs,
            weights: parameters,
            bias,
        }
    }

    /// The score of each output.
    pub(in crate::baseline) fn outputs(&self, row: Row<'_>) -> Vec<f64> {
        let mut scores = self.bias.clone();
        multiply(row, &self.weights, &mut scores);
        scores
    }
}

impl Cost {
    /// The cost of these scores, which become its derivatives.
    fn value(self, scores: &mut [f64], label: usize) -> f64 {
        match (self, scores) {
            (Self::Logistic, [score]) => {
                let sign = if label == 1 { 1.0 } else { -1.0 };
                let margin = sign * *score;
                // e to a power that is never positive.
                let small = (-margin.abs()).exp();
                let wrong = if margin > 0.0 { small } else { 1.0 } / (1.0 + small);
                *score = -sign * wrong;
                small.ln_1p() + (-margin).max(0.0)
            }
            (Self::Logistic, scores) => {
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let right = scores[label] - largest;
                let mut sum = 0.0;
                for score in scores.iter_mut() {
                    *score = (*score - largest).exp();
                    sum += *score;
                }
                scores.iter_mut().for_each(|score| *score /= sum);
                scores[label] -= 1.0;
                sum.ln() - right
            }
            (Self::SquaredHinge, scores) => {
                let single = scores.len() == 1;
                let mut cost = 0.0;
                for (output, score) in scores.iter_mut().enumerate() {
                    let class = if single { 1 } else { output };
                    let sign = if label == class { 1.0 } else { -1.0 };
                    let short = (1.0 - sign * *score).max(0.0);
                    cost += short * short;
                    *score = -2.0 * sign * short;
                }
                cost
            }
        }
    }
}

/// `scores += W·row`
fn multiply(row: Row<'_>, weights: &[f64], scores: &mut [f64]) {
    if let [score] = scores {
        *score += row
            .iter()
            .map(|(term, value)| value * weights[term])
            .sum::<f64>();
        return;
    }
    let num_outputs = scores.len();
    for (term, value) in row.iter() {
        let of_term = &weights[term * num_outputs..][..num_outputs];
        for (score, weight) in scores.iter_mut().zip(of_term) {
            *score += value * weight;
        }
    }
}

/// `d_weights += row ⊗ slopes`
fn multiply_back(row: Row<'_>, slopes: &[f64], d_weights: &mut [f64]) {
    if let [slope] = slopes {
        for (term, value) in row.iter() {
            d_weights[term] += value * slope;
        }
        return;
    }
    for (term, value) in row.iter() {
        let of_term = &mut d_weights[term * slopes.len()..][..slopes.len()];
        for (d_weight, slope) in of_term.iter_mut().zip(slopes) {
            *d_weight += value * slope;
        }
    }
}
