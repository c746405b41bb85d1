//! What was taken for what: the confusion matrix and the figures that follow from it.

use super::{Better, MetricInfo};
use crate::TrainError;
use std::fmt::Write;

/// F1 of the classes, averaged with one vote for each class.
pub const MACRO_F1: MetricInfo = MetricInfo {
    name: "macro_f1",
    title: "macro F1",
    unit: "",
    better: Better::Higher,
};

/// F1 of the classes, averaged with one vote for each example.
pub const WEIGHTED_F1: MetricInfo = MetricInfo {
    name: "weighted_f1",
    title: "weighted F1",
    unit: "",
    better: Better::Higher,
};

/// How the F1 of several classes becomes one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// Every class that occurs, as a label or as a prediction, counts once.
    Macro,
    /// Right and wrong answers of all classes are summed first; with one label for each example
    /// this is the accuracy.
    Micro,
    /// Every class counts as often as it is a label.
    Weighted,
}

/// How well one class is told from the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassScores {
    /// Of the examples that were said to be of this class, the share that is; 0 when none was.
    pub precision: f64,
    /// Of the examples of this class, the share that was found; 0 when there are none.
    pub recall: f64,
    /// `2·precision·recall / (precision + recall)`, 0 when both are 0.
    pub f1: f64,
    /// Examples of this class.
    pub num_labels: u64,
    /// Examples that were said to be of this class.
    pub num_predictions: u64,
}

/// How often each class was taken for each.
///
/// `precision = TP / (TP + FP)`, `recall = TP / (TP + FN)`, `F1 = 2·TP / (2·TP + FP + FN)`; a
/// quotient by zero is 0, as in scikit-learn with `zero_division=0`.
///
/// # Example
/// ```
/// use recurra_train::metric::{Average, ConfusionMatrix};
/// let mut matrix = ConfusionMatrix::new(2)?;
/// matrix.add(&[0, 1, 1, 1], &[0, 0, 1, 1])?;
/// assert_eq!(matrix.count(0, 1), 1); // one 0 was taken for a 1
/// assert_eq!(matrix.accuracy(), Some(0.75));
/// // F1 is 2/3 for class 0 and 4/5 for class 1.
/// assert_eq!(matrix.f1(Average::Macro), Some((2.0 / 3.0 + 0.8) / 2.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    num_classes: usize,
    /// Row-major: label, then prediction.
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// No examples yet of classes `0..num_classes`.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for less than one class, or more than 65,536.
    pub fn new(num_classes: usize) -> Result<Self, TrainError> {
        if !(1..=1 << 16).contains(&num_classes) {
            let want = "from 1 to 65,536";
            return Err(TrainError::argument(
                "confusion_matrix",
                "num_classes",
                want,
                num_classes,
            ));
        }
        Ok(Self {
            num_classes,
            counts: vec![0; num_classes * num_classes],
        })
    }

    /// Takes some predicted classes and their labels.
    ///
    /// # Errors
    /// [`TrainError::MetricLengths`] when there is not one label each;
    /// [`TrainError::Argument`] for a class that there is not. Then nothing is counted.
    pub fn add(&mut self, predictions: &[u32], labels: &[u32]) -> Result<(), TrainError> {
        const OP: &str = "confusion_matrix";
        if predictions.len() != labels.len() {
            return Err(TrainError::MetricLengths {
                metric: OP,
                predictions: predictions.len(),
                targets: labels.len(),
            });
        }
        for (arg, classes) in [("predictions", predictions), ("labels", labels)] {
            check_classes(OP, arg, classes, self.num_classes)?;
        }
        for (&prediction, &label) in predictions.iter().zip(labels) {
            self.counts[label as usize * self.num_classes + prediction as usize] += 1;
        }
        Ok(())
    }

    /// How many examples of class `label` were taken for class `prediction`; 0 for a class that
    /// there is not.
    pub fn count(&self, label: usize, prediction: usize) -> u64 {
        let inside = label < self.num_classes && prediction < self.num_classes;
        if inside {
            self.counts[label * self.num_classes + prediction]
        } else {
            0
        }
    }

    /// How many classes there are.
    pub fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// Examples so far.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share of examples on the diagonal; `None` before the first.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = (0..self.num_classes).map(|c| self.count(c, c)).sum();
        let total = self.total();
        (total > 0).then(|| right as f64 / total as f64)
    }

    /// The figures of each class, in the order of the classes.
    pub fn classes(&self) -> Vec<ClassScores> {
        let each = || 0..self.num_classes;
        each()
            .map(|class| {
                let right = self.count(class, class);
                let num_labels: u64 = each().map(|other| self.count(class, other)).sum();
                let num_predictions: u64 = each().map(|other| self.count(other, class)).sum();
                ClassScores {
                    precision: share(right, num_predictions),
                    recall: share(right, num_labels),
                    f1: share(2 * right, num_labels + num_predictions),
                    num_labels,
                    num_predictions,
                }
            })
            .collect()
    }

    /// One F1 for all classes; `None` before the first example.
    pub fn f1(&self, average: Average) -> Option<f64> {
        let classes = self.classes();
        let weighted = |weight: &dyn Fn(&ClassScores) -> f64| {
            let sum: f64 = classes.iter().map(|class| class.f1 * weight(class)).sum();
            let weights: f64 = classes.iter().map(weight).sum();
            (weights > 0.0).then(|| sum / weights)
        };
        match average {
            Average::Micro => self.accuracy(),
            Average::Weighted => weighted(&|class| class.num_labels as f64),
            Average::Macro => {
                weighted(&|class| f64::from(u8::from(class.num_labels + class.num_predictions > 0)))
            }
        }
    }

    /// The table of classes as text: precision, recall, F1 and the number of examples.
    ///
    /// # Errors
    /// [`TrainError::Argument`] when there is not one name for each class.
    pub fn table(&self, names: &[impl AsRef<str>]) -> Result<String, TrainError> {
        if names.len() != self.num_classes {
            let want = format!("{} names, one for each class", self.num_classes);
            return Err(TrainError::argument(
                "confusion_matrix",
                "names",
                want,
                names.len(),
            ));
        }
        let name_len = |name: &str| name.chars().count();
        let longest = names.iter().map(|name| name_len(name.as_ref())).max();
        let width = longest.unwrap_or(0).max("class".len());
        let mut table = format!("{:width$}  precision  recall      F1  examples\n", "class");
        for (name, class) in names.iter().zip(self.classes()) {
            let ClassScores {
                precision,
                recall,
                f1,
                num_labels,
                ..
            } = class;
            let name = name.as_ref();
            writeln!(
                table,
                "{name:width$}  {precision:9.4}  {recall:6.4}  {f1:6.4}  {num_labels:8}"
            )
            .expect("a String takes everything");
        }
        Ok(table)
    }
}

/// Refuses ids that are no class.
pub(super) fn check_classes(
    op: &'static str,
    arg: &'static str,
    classes: &[u32],
    num_classes: usize,
) -> Result<(), TrainError> {
    match classes.iter().position(|&id| id as usize >= num_classes) {
        Some(index) => Err(TrainError::argument(
            op,
            arg,
            format_args!("classes below {num_classes}"),
            format_args!("{} at index {index}", classes[index]),
        )),
        None => Ok(()),
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three classes, 2 never predicted; counted by hand.
    fn matrix() -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(4).unwrap();
        matrix.add(&[0, 0, 1], &[0, 1, 1]).unwrap();
        matrix.add(&[1, 1, 0], &[1, 2, 2]).unwrap();
        matrix
    }

    #[test]
    fn each_class_has_its_own_figures() {
        let classes = matrix().classes();
        // Class 1: of 3 predictions 2 are right, of 3 labels 2 are found.
        assert_eq!(classes[1].precision, 2.0 / 3.0);
        assert_eq!(classes[1].recall, 2.0 / 3.0);
        // Class 0: of 3 predictions 1 is right, its one label is found: F1 = 2/(3 + 1).
        assert_eq!((classes[0].recall, classes[0].f1), (1.0, 0.5));
        assert_eq!((classes[2].f1, classes[2].num_labels), (0.0, 2));
        assert_eq!((classes[3].f1, classes[3].num_predictions), (0.0, 0));
    }

    #[test]
    fn a_class_that_never_occurs_does_not_count() {
        let matrix = matrix();
        // F1: 1/2, 2/3, 0.
        let f1 = |average| matrix.f1(average).unwrap();
        assert!((f1(Average::Macro) - (0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        assert!((f1(Average::Weighted) - (0.5 + 3.0 * 2.0 / 3.0) / 6.0).abs() < 1e-12);
        assert_eq!(f1(Average::Micro), 0.5);
        assert_eq!(ConfusionMatrix::new(2).unwrap().f1(Average::Macro), None);
    }

    #[test]
    fn the_table_reads_as_one() {
        insta::assert_snapshot!(matrix().table(&["bad", "good", "so-so", "no"]).unwrap(), @r"
        class  precision  recall      F1  examples
        bad       0.3333  1.0000  0.5000         1
        good      0.6667  0.6667  0.6667         3
        so-so     0.0000  0.0000  0.0000         2
        no        0.0000  0.0000  0.0000         0
        ");
        assert!(matrix().table(&["bad"]).is_err());
    }

    #[test]
    fn a_class_that_there_is_not_is_named_and_nothing_is_counted() {
        let mut matrix = matrix();
        let error = matrix.add(&[0, 1], &[0, 7]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "confusion_matrix: `labels` should be classes below 4, got 7 at index 1"
        );
        assert_eq!(matrix.total(), 6);
        assert!(matrix.add(&[0], &[]).is_err());
        assert!(ConfusionMatrix::new(0).is_err());
    }
}
