//! Whether a model's confidence can be believed.

use super::confusion::check_classes;
use super::roc_auc::{check_numbers, check_rows};
use super::{Better, MetricInfo};
use crate::TrainError;
use recurra_nn::likeliest;

/// Expected calibration error.
pub const CALIBRATION_ERROR: MetricInfo = MetricInfo {
    name: "calibration_error",
    title: "expected calibration error",
    unit: "",
    better: Better::Lower,
};

/// The examples whose confidence is in `(lower, upper]`; the first bin has 0 too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Where the bin begins.
    pub lower: f64,
    /// Where it ends.
    pub upper: f64,
    /// Examples in it.
    pub count: u64,
    /// Their mean confidence; the middle of an empty bin.
    pub confidence: f64,
    /// The share of them that is right; 0 for an empty bin.
    pub accuracy: f64,
}

/// Confidence against accuracy in bins of equal width.
///
/// `ECE = Σ over bins of count/n · |accuracy − mean confidence|`.
///
/// # Source
/// Guo, Pleiss, Sun & Weinberger 2017, *On calibration of modern neural networks*.
///
/// # Example
/// ```
/// use recurra_train::metric::Calibration;
/// let mut calibration = Calibration::new(10)?;
/// calibration.add(&[0.75, 0.75, 0.75, 0.75], &[true, true, true, false])?;
/// assert_eq!(calibration.expected_error(), Some(0.0));
/// calibration.add(&[1.0], &[false])?; // sure, and wrong
/// assert_eq!(calibration.expected_error(), Some(0.2));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    bins: Vec<Sums>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sums {
    count: u64,
    right: u64,
    confidence: f64,
}

impl Calibration {
    /// No examples yet; 10 to 20 bins are usual.
    ///
    /// # Errors
    /// [`TrainError::Argument`] unless there are 1 to 1,000 bins.
    pub fn new(num_bins: usize) -> Result<Self, TrainError> {
        if !(1..=1000).contains(&num_bins) {
            let want = "from 1 to 1,000";
            return Err(TrainError::argument(
                CALIBRATION_ERROR.name,
                "num_bins",
                want,
                num_bins,
            ));
        }
        Ok(Self {
            bins: vec![Sums::default(); num_bins],
        })
    }

    /// Takes the confidence in some answers, in [0, 1], and whether they were right.
    ///
    /// # Errors
    /// [`TrainError::MetricLengths`] when there is not one answer for each confidence;
    /// [`TrainError::Argument`] for a confidence that is no probability. Then nothing is counted.
    pub fn add(&mut self, confidence: &[f64], right: &[bool]) -> Result<(), TrainError> {
        if confidence.len() != right.len() {
            return Err(TrainError::MetricLengths {
                metric: CALIBRATION_ERROR.name,
                predictions: confidence.len(),
                targets: right.len(),
            });
        }
        let outside = |value: &f64| !(0.0..=1.0 + 1e-6).contains(value);
        if let Some(index) = confidence.iter().position(outside) {
            return Err(TrainError::argument(
                CALIBRATION_ERROR.name,
                "confidence",
                "probabilities",
                format_args!("{} at index {index}", confidence[index]),
            ));
        }
        let num_bins = self.bins.len();
        for (&confidence, &right) in confidence.iter().zip(right) {
            let bin = (confidence * num_bins as f64).ceil() as usize;
            let sums = &mut self.bins[bin.clamp(1, num_bins) - 1];
            sums.count += 1;
            sums.right += u64::from(right);
            sums.confidence += confidence;
        }
        Ok(())
    }

    /// Takes the probabilities of all classes; the confidence is that of the likeliest, the
    /// first of equally likely ones.
    ///
    /// # Shapes
    /// `probs [num_examples, num_classes]`, row-major.
    ///
    /// # Errors
    /// As [`Calibration::add`], and when the probabilities do not fit the labels.
    pub fn add_probs(
        &mut self,
        probs: &[f64],
        labels: &[u32],
        num_classes: usize,
    ) -> Result<(), TrainError> {
        const OP: &str = CALIBRATION_ERROR.name;
        check_rows(OP, "probs", probs.len(), labels.len(), num_classes)?;
        check_classes(OP, "labels", labels, num_classes)?;
        check_numbers(OP, "probs", probs)?;
        let (confidence, right): (Vec<f64>, Vec<bool>) = probs
            .chunks(num_classes)
            .zip(labels)
            .map(|(row, &label)| {
                let likeliest = likeliest(row);
                (row[likeliest], likeliest == label as usize)
            })
            .unzip();
        self.add(&confidence, &right)
    }

    /// The bins, for a reliability diagram.
    pub fn bins(&self) -> Vec<ReliabilityBin> {
        let width = 1.0 / self.bins.len() as f64;
        self.bins
            .iter()
            .enumerate()
            .map(|(index, sums)| {
                let (lower, count) = (index as f64 * width, sums.count.max(1) as f64);
                let middle = lower + width / 2.0;
                let mean = sums.confidence / count;
                ReliabilityBin {
                    lower,
                    upper: lower + width,
                    count: sums.count,
                    confidence: if sums.count == 0 { middle } else { mean },
                    accuracy: sums.right as f64 / count,
                }
            })
            .collect()
    }

    /// The expected calibration error; `None` before the first example.
    pub fn expected_error(&self) -> Option<f64> {
        let total: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let gap = |bin: &Sums| (bin.right as f64 - bin.confidence).abs();
        (total > 0).then(|| self.bins.iter().map(gap).sum::<f64>() / total as f64)
    }

    /// The largest gap between accuracy and confidence in any bin; `None` before the first
    /// example.
    pub fn largest_error(&self) -> Option<f64> {
        self.bins()
            .iter()
            .filter(|bin| bin.count > 0)
            .map(|bin| (bin.accuracy - bin.confidence).abs())
            .max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_of_each_bin_counts_by_its_size() {
        let mut calibration = Calibration::new(2).unwrap();
        // Low: confidence 0.25 and 0.5 (a bin's upper end is its own), none right: gap 0.375.
        calibration.add(&[0.25, 0.5], &[false, false]).unwrap();
        // High: 0.75 and 1, both right: gap 0.125.
        calibration.add(&[0.75, 1.0], &[true, true]).unwrap();
        assert_eq!(calibration.expected_error(), Some(0.25));
        assert_eq!(calibration.largest_error(), Some(0.375));
        let counts: Vec<u64> = calibration.bins().iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2, 2]);
    }

    #[test]
    fn the_confidence_is_that_of_the_likeliest_class() {
        let mut calibration = Calibration::new(4).unwrap();
        calibration
            .add_probs(&[0.125, 0.625, 0.25, 0.5, 0.5, 0.0], &[1, 1], 3)
            .unwrap();
        // 0.625 right; 0.5 for class 0, wrong.
        assert_eq!(calibration.expected_error(), Some((0.375 + 0.5) / 2.0));
        assert_eq!(calibration.bins()[0].confidence, 0.125);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let mut calibration = Calibration::new(10).unwrap();
        assert!(calibration.add(&[1.5], &[true]).is_err());
        assert!(calibration.add(&[f64::NAN], &[true]).is_err());
        assert!(calibration.add(&[0.5], &[]).is_err());
        assert!(calibration.add_probs(&[0.5, 0.5], &[2], 2).is_err());
        assert_eq!(calibration.expected_error(), None);
        assert!(Calibration::new(0).is_err());
    }
}
