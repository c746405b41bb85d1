//! What a threshold on the score would give: precision against recall, answers against silence.

use super::roc_auc::check_numbers;
use crate::TrainError;

/// What happens when every example that scores at least `threshold` is called positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The score from which on an example is called positive.
    pub threshold: f64,
    /// The share of all examples that is called positive.
    pub selected: f64,
    /// Of those called positive, the share that is; 1 when none is called so, as nothing wrong was
    /// said.
    pub precision: f64,
    /// Of the positives, the share that is called so; 0 when there are none.
    pub recall: f64,
    /// `2·precision·recall / (precision + recall)`, 0 when both are 0.
    pub f1: f64,
}

/// Precision, recall and the selected share at each of `thresholds`.
///
/// Called with confidences and whether each answer was right, the same table says what silence
/// below a confidence would give: `selected` is the share that is answered and `precision` the
/// accuracy of those answers.
///
/// # Errors
/// [`TrainError::MetricLengths`] when there is not one answer for each score;
/// [`TrainError::Argument`] for a score or threshold that is not a number.
///
/// # Example
/// ```
/// use recurra_train::metric::threshold_report;
/// let (scores, positive) = ([0.9, 0.8, 0.6, 0.1], [true, false, true, false]);
/// let rows = threshold_report(&scores, &positive, &[0.5, 0.85])?;
/// assert_eq!((rows[0].precision, rows[0].recall), (2.0 / 3.0, 1.0));
/// assert_eq!((rows[1].precision, rows[1].recall), (1.0, 0.5));
/// assert_eq!(rows[1].selected, 0.25);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn threshold_report(
    scores: &[f64],
    positive: &[bool],
    thresholds: &[f64],
) -> Result<Vec<Threshold>, TrainError> {
    let curve = Curve::new(scores, positive)?;
    check_numbers(OP, "thresholds", thresholds)?;
    Ok(thresholds.iter().map(|&t| curve.at(t)).collect())
}

/// The threshold, among the scores themselves, with the highest F1; the highest of equally good
/// ones. `None` when no example is positive.
///
/// # Errors
/// As [`threshold_report`].
///
/// # Example
/// ```
/// use recurra_train::metric::best_f1_threshold;
/// let best = best_f1_threshold(&[0.9, 0.7, 0.6, 0.1], &[true, true, false, false])?;
/// assert_eq!(best.map(|row| (row.threshold, row.f1)), Some((0.7, 1.0)));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn best_f1_threshold(
    scores: &[f64],
    positive: &[bool],
) -> Result<Option<Threshold>, TrainError> {
    let curve = Curve::new(scores, positive)?;
    let rows = curve.descending.iter().map(|&(score, _)| curve.at(score));
    let best = rows.fold(None, |best: Option<Threshold>, row| match best {
        Some(best) if best.f1 >= row.f1 => Some(best),
        _ => Some(row),
    });
    Ok(best.filter(|_| curve.num_positive > 0))
}

const OP: &str = "threshold_report";

struct Curve {
    /// Distinct scores, highest first, with how many examples score that or more, and how many of
    /// them are positive.
    descending: Vec<(f64, [usize; 2])>,
    num_examples: usize,
    num_positive: usize,
}

impl Curve {
    fn new(scores: &[f64], positive: &[bool]) -> Result<Self, TrainError> {
        if scores.len() != positive.len() {
            return Err(TrainError::MetricLengths {
                metric: OP,
                predictions: scores.len(),
                targets: positive.len(),
            });
        }
        check_numbers(OP, "scores", scores)?;
        let mut pairs: Vec<(f64, bool)> = scores
            .iter()
            .copied()
            .zip(positive.iter().copied())
            .collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut selected, mut right) = (0, 0);
        let mut descending = Vec::new();
        for ties in pairs.chunk_by(|a, b| a.0 == b.0) {
            selected += ties.len();
            right += ties.iter().filter(|(_, positive)| *positive).count();
            descending.push((ties[0].0, [selected, right]));
        }
        Ok(Self {
            descending,
            num_examples: selected,
            num_positive: right,
        })
    }

    fn at(&self, threshold: f64) -> Threshold {
        let above = self
            .descending
            .partition_point(|(score, _)| *score >= threshold);
        let [selected, right] = match above {
            0 => [0, 0],
            above => self.descending[above - 1].1,
        };
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        Threshold {
            threshold,
            selected: share(selected, self.num_examples),
            precision: if selected == 0 {
                1.0
            } else {
                share(right, selected)
            },
            recall: share(right, self.num_positive),
            f1: share(2 * right, selected + self.num_positive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_are_called_together() {
        let scores = [0.5, 0.5, 0.5, 0.2];
        let positive = [true, false, true, true];
        let rows = threshold_report(&scores, &positive, &[0.5, 0.2, 0.6]).unwrap();
        assert_eq!(rows[0].selected, 0.75);
        assert_eq!((rows[0].precision, rows[0].recall), (2.0 / 3.0, 2.0 / 3.0));
        assert_eq!((rows[1].precision, rows[1].recall), (0.75, 1.0));
        assert_eq!((rows[2].precision, rows[2].recall), (1.0, 0.0));
    }

    #[test]
    fn the_best_threshold_need_not_be_a_half() {
        // Calling the first three gives 2·2/(3 + 2), the first alone 2/(1 + 2).
        let best = best_f1_threshold(&[0.3, 0.2, 0.1, 0.05], &[true, false, true, false]);
        let best = best.unwrap().unwrap();
        assert_eq!((best.threshold, best.f1), (0.1, 0.8));
        assert_eq!(best_f1_threshold(&[0.3], &[false]).unwrap(), None);
        assert_eq!(best_f1_threshold(&[], &[]).unwrap(), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(threshold_report(&[f64::NAN], &[true], &[0.5]).is_err());
        assert!(threshold_report(&[0.5], &[true], &[f64::NAN]).is_err());
        assert!(threshold_report(&[0.5], &[], &[]).is_err());
    }
}
