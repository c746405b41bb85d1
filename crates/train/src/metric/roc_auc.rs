//! Area under the ROC curve: how often a positive example is scored above a negative one.

use super::confusion::check_classes;
use super::{Better, MetricInfo};
use crate::TrainError;

/// Area under the ROC curve.
pub const ROC_AUC: MetricInfo = MetricInfo {
    name: "roc_auc",
    title: "ROC-AUC",
    unit: "",
    better: Better::Higher,
};

/// `P(score of a positive > score of a negative) + ½·P(equal)`, over all pairs.
///
/// By ranks, `(R₊ − n₊(n₊ + 1)/2) / (n₊·n₋)`, where equal scores share their mean rank and R₊ is
/// the sum of the positives' ranks. `None` when all examples are of one kind.
///
/// # Errors
/// [`TrainError::MetricLengths`] when there is not one answer for each score;
/// [`TrainError::Argument`] for a score that is not a number.
///
/// # Source
/// Hanley & McNeil 1982, *The meaning and use of the area under a ROC curve*.
///
/// # Example
/// ```
/// use recurra_train::metric::roc_auc;
/// // Of four pairs, two are in order and one is a tie.
/// let auc = roc_auc(&[0.1, 0.4, 0.4, 0.2], &[false, false, true, true])?;
/// assert_eq!(auc, Some(2.5 / 4.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn roc_auc(scores: &[f64], positive: &[bool]) -> Result<Option<f64>, TrainError> {
    if scores.len() != positive.len() {
        return Err(TrainError::MetricLengths {
            metric: ROC_AUC.name,
            predictions: scores.len(),
            targets: positive.len(),
        });
    }
    check_numbers(ROC_AUC.name, "scores", scores)?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut rank_sum, mut before) = (0.0, 0usize);
    for ties in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let mean_rank = before as f64 + (ties.len() + 1) as f64 / 2.0;
        let positives = ties.iter().filter(|&&index| positive[index]).count();
        rank_sum += mean_rank * positives as f64;
        before += ties.len();
    }
    let num_positive = positive.iter().filter(|&&positive| positive).count() as f64;
    let num_negative = positive.len() as f64 - num_positive;
    let pairs = num_positive * num_negative;
    let smallest = num_positive * (num_positive + 1.0) / 2.0;
    Ok((pairs > 0.0).then(|| (rank_sum - smallest) / pairs))
}

/// The mean over classes of [`roc_auc`] of the class against all others.
///
/// Classes without a label, or without any other label, are left out; `None` when that leaves none.
///
/// # Shapes
/// `scores [num_examples, num_classes]`, row-major.
///
/// # Errors
/// [`TrainError::Argument`] when the scores do not fit the labels, a label is no class, or a score
/// is not a number.
pub fn roc_auc_one_vs_rest(
    scores: &[f64],
    labels: &[u32],
    num_classes: usize,
) -> Result<Option<f64>, TrainError> {
    check_rows(
        ROC_AUC.name,
        "scores",
        scores.len(),
        labels.len(),
        num_classes,
    )?;
    check_classes(ROC_AUC.name, "labels", labels, num_classes)?;
    let (mut sum, mut count) = (0.0, 0usize);
    for class in 0..num_classes {
        let of_class: Vec<f64> = scores
            .iter()
            .skip(class)
            .step_by(num_classes)
            .copied()
            .collect();
        let positive: Vec<bool> = labels
            .iter()
            .map(|&label| label as usize == class)
            .collect();
        if let Some(auc) = roc_auc(&of_class, &positive)? {
            sum += auc;
            count += 1;
        }
    }
    Ok((count > 0).then(|| sum / count as f64))
}

/// Refuses anything but `num_rows * num_classes` values of at least one class.
pub(super) fn check_rows(
    op: &'static str,
    arg: &'static str,
    got: usize,
    num_rows: usize,
    num_classes: usize,
) -> Result<(), TrainError> {
    if num_classes == 0 {
        return Err(TrainError::argument(op, "num_classes", "at least 1", 0));
    }
    if num_rows.checked_mul(num_classes) != Some(got) {
        let want = format!("{num_rows} rows of {num_classes} values");
        return Err(TrainError::argument(
            op,
            arg,
            want,
            format_args!("{got} values"),
        ));
    }
    Ok(())
}

/// Refuses NaN, which has no place in any order.
pub(super) fn check_numbers<T: Copy + Into<f64>>(
    op: &'static str,
    arg: &'static str,
    values: &[T],
) -> Result<(), TrainError> {
    match values.iter().position(|&value| value.into().is_nan()) {
        Some(index) => Err(TrainError::argument(
            op,
            arg,
            "numbers",
            format_args!("NaN at index {index}"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_all_that_counts() {
        let positive = [false, true, false, true];
        assert_eq!(
            roc_auc(&[1.0, 2.0, -3.0, 1e9], &positive).unwrap(),
            Some(1.0)
        );
        assert_eq!(
            roc_auc(&[5.0, 2.0, 3.0, -1.0], &positive).unwrap(),
            Some(0.0)
        );
        assert_eq!(roc_auc(&[7.0; 4], &positive).unwrap(), Some(0.5));
        assert_eq!(roc_auc(&[0.0, -0.0], &[true, false]).unwrap(), Some(0.5));
    }

    #[test]
    fn one_kind_alone_has_no_area() {
        assert_eq!(roc_auc(&[1.0, 2.0], &[true, true]).unwrap(), None);
        assert_eq!(roc_auc(&[], &[]).unwrap(), None);
        assert_eq!(roc_auc_one_vs_rest(&[0.2, 0.8], &[1], 2).unwrap(), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let error = roc_auc(&[1.0, f64::NAN], &[true, false]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "roc_auc: `scores` should be numbers, got NaN at index 1"
        );
        assert!(roc_auc(&[1.0], &[]).is_err());
        assert!(roc_auc_one_vs_rest(&[0.5; 5], &[0, 1], 3).is_err());
    }
}
