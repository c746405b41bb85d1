//! Figures of a whole corpus, which is the sum of its segments.

use std::ops::AddAssign;

use crate::TrainError;
use crate::metric::MetricInfo;

/// What a figure counts in a segment.
pub trait SegmentStatistics: Copy + Default + AddAssign {
    /// Points from 0 to 100 of a segment, or of the sum of several.
    fn points(&self) -> f64;
}

/// A figure over lines, each with one reference: counted a segment at a time, summed, and only
/// then made points.
pub trait CorpusMetric {
    /// What is counted.
    type Statistics: SegmentStatistics;

    /// What it is called.
    const INFO: MetricInfo;

    /// Takes a line and its reference.
    fn add(&mut self, hypothesis: &str, reference: &str);

    /// What was counted in each segment, for [`paired_bootstrap`](super::paired_bootstrap).
    fn segments(&self) -> &[Self::Statistics];

    /// How it was computed, in the words of sacreBLEU.
    fn signature(&self) -> String;

    /// Takes lines and their references.
    ///
    /// # Errors
    /// [`TrainError::MetricLengths`] when there is not one reference each.
    fn add_all<S: AsRef<str>>(
        &mut self,
        hypotheses: &[S],
        references: &[S],
    ) -> Result<(), TrainError> {
        if hypotheses.len() != references.len() {
            return Err(TrainError::MetricLengths {
                metric: Self::INFO.name,
                predictions: hypotheses.len(),
                targets: references.len(),
            });
        }
        for (hypothesis, reference) in hypotheses.iter().zip(references) {
            self.add(hypothesis.as_ref(), reference.as_ref());
        }
        Ok(())
    }

    /// Points from 0 to 100; `None` before the first line.
    fn value(&self) -> Option<f64> {
        let segments = self.segments();
        let mut sum = Self::Statistics::default();
        segments.iter().for_each(|&segment| sum += segment);
        (!segments.is_empty()).then(|| sum.points())
    }
}
