//! A support vector machine over naive Bayes' log-count ratios.

use crate::baseline::linear::Rows;
use crate::baseline::linear::Stop;
use crate::baseline::linear::{Cost, LinearModel};

/// Added to each count.
const SMOOTHING: f64 = 1.0;
/// How much of the machine's own weights is kept beside their mean size.
const INTERPOLATION: f64 = 0.25;

/// Fits `score = w'·(r ∘ row) + b` for each class, or for class 1 of two, and folds r into w'.
///
/// With p and q the smoothed counts of each term in texts of the class and in all others,
/// `r = ln((p/‖p‖₁) / (q/‖q‖₁))`; w is the L2-penalised squared-hinge machine on `r ∘ row`, and
/// `w' = (1 − β)·mean|w| + β·w` with β = 1/4.
///
/// # Source
/// Wang & Manning 2012, *Baselines and bigrams: simple, good sentiment and topic classification*.
pub(super) fn fit(
    rows: &Rows,
    labels: &[u32],
    [num_terms, num_classes]: [usize; 2],
    inverse_l2: f64,
    stop: Stop,
) -> LinearModel {
    let classes: Vec<u32> = if num_classes == 2 {
        vec![1]
    } else {
        (0..).take(num_classes).collect()
    };
    let mut model = LinearModel {
        num_outputs: classes.len(),
        weights: vec![0.0; num_terms * classes.len()],
        bias: Vec::new(),
    };
    for (output, &class) in classes.iter().enumerate() {
        let binary: Vec<u32> = labels
            .iter()
            .map(|&label| u32::from(label == class))
            .collect();
        let ratios = log_count_ratios(rows, &binary, num_terms);
        let mut scaled = rows.clone();
        scaled.scale_terms(&ratios);
        let shape = [num_terms, 2];
        let machine = LinearModel::fit(
            &scaled,
            &binary,
            shape,
            Cost::SquaredHinge,
            inverse_l2,
            stop,
        );
        let size: f64 = machine.weights.iter().map(|weight| weight.abs()).sum();
        let mean = size / num_terms.max(1) as f64;
        for (term, (weight, ratio)) in machine.weights.iter().zip(&ratios).enumerate() {
            let weight = (1.0 - INTERPOLATION) * mean + INTERPOLATION * weight;
            model.weights[term * classes.len() + output] = weight * ratio;
        }
        model.bias.extend(&machine.bias);
    }
    model
}

fn log_count_ratios(rows: &Rows, labels: &[u32], num_terms: usize) -> Vec<f64> {
    let mut counts = [vec![SMOOTHING; num_terms], vec![SMOOTHING; num_terms]];
    for (row, &label) in rows.iter().zip(labels) {
        for (term, value) in row.iter() {
            counts[label as usize][term] += value;
        }
    }
    let [q, p] = counts;
    let balance = (q.iter().sum::<f64>() / p.iter().sum::<f64>()).ln();
    p.iter()
        .zip(&q)
        .map(|(p, q)| (p / q).ln() + balance)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_smoothed_counts() {
        let mut rows = Rows::new();
        rows.push([(0, 1.0), (1, 1.0)]);
        rows.push([(0, 1.0)]);
        rows.push([(2, 1.0)]);
        let ratios = log_count_ratios(&rows, &[1, 1, 0], 3);
        // p = (3, 2, 1), q = (1, 1, 2).
        let expected = [
            (3.0_f64 / 6.0) / (1.0 / 4.0),
            (2.0 / 6.0) / (1.0 / 4.0),
            (1.0 / 6.0) / (2.0 / 4.0),
        ];
        for (ratio, expected) in ratios.iter().zip(expected) {
            assert!((ratio - expected.ln()).abs() < 1e-12);
        }
    }
}
