//! What a model said of examples: its probabilities, and what they are worth.

use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_nn::likeliest;
use recurra_train::Run;
use recurra_train::metric::{
    ACCURACY, Average, CALIBRATION_ERROR, CROSS_ENTROPY, Calibration, ConfusionMatrix, MACRO_F1,
    Metrics, ROC_AUC, Temperature, roc_auc, roc_auc_one_vs_rest,
};

const PREDICTIONS: &str = "predictions.tsv";
const TEMPERATURE: &str = "temperature.json";
/// Bins of a reliability diagram.
const BINS: usize = 10;

/// Puts the temperature into a run.
pub(super) fn write_temperature(run: &Run, found: &Temperature) -> Result<(), Error> {
    write_json(run, TEMPERATURE, found)
}

/// Takes it out of a run.
pub(super) fn read_temperature(run: &Run) -> Result<Temperature, Error> {
    read_json(run, TEMPERATURE)
}

/// Examples with the probabilities that a model gives their classes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scored {
    pub(super) labels: Vec<u32>,
    /// `[num_examples, num_classes]`
    pub(super) probs: Vec<f64>,
    pub(super) num_classes: usize,
}

impl Scored {
    /// From scores, through a temperature.
    pub(super) fn tempered(
        logits: &[f64],
        labels: Vec<u32>,
        num_classes: usize,
        by: &Temperature,
    ) -> Self {
        let probs = logits.chunks(num_classes).flat_map(|row| by.probs(row));
        Self {
            probs: probs.collect(),
            labels,
            num_classes,
        }
    }

    /// The same as the model gave them before its temperature.
    pub(super) fn untempered(&self, by: &Temperature) -> Self {
        let hot = Temperature {
            temperature: 1.0 / by.temperature,
            ..*by
        };
        let logits: Vec<f64> = self.probs.iter().map(|p| p.max(1e-300).ln()).collect();
        Self::tempered(&logits, self.labels.clone(), self.num_classes, &hot)
    }

    /// The probabilities of one example.
    pub(super) fn row(&self, index: usize) -> &[f64] {
        &self.probs[index * self.num_classes..][..self.num_classes]
    }

    /// The likeliest class of each example.
    pub(super) fn predictions(&self) -> Vec<u32> {
        let rows = self.probs.chunks(self.num_classes);
        rows.map(|row| likeliest(row) as u32).collect()
    }

    pub(super) fn confusion(&self) -> Result<ConfusionMatrix, Error> {
        let mut matrix = ConfusionMatrix::new(self.num_classes)?;
        matrix.add(&self.predictions(), &self.labels)?;
        Ok(matrix)
    }

    pub(super) fn calibration(&self) -> Result<Calibration, Error> {
        let mut calibration = Calibration::new(BINS)?;
        calibration.add_probs(&self.probs, &self.labels, self.num_classes)?;
        Ok(calibration)
    }

    /// Accuracy, macro F1, area under the ROC curve, cross-entropy, calibration error.
    pub(super) fn metrics(&self) -> Result<Metrics, Error> {
        let mut metrics = answers(&self.predictions(), &self.labels, self.num_classes)?;
        metrics.set(
            ROC_AUC.name,
            area(&self.probs, &self.labels, self.num_classes)?,
        );
        metrics.set(
            CROSS_ENTROPY.name,
            nats(&self.probs, &self.labels, self.num_classes),
        );
        metrics.set(CALIBRATION_ERROR.name, self.calibration()?.expected_error());
        Ok(metrics)
    }

    /// Puts them into a run, a line for each example, so that anybody can judge again.
    pub(super) fn write(&self, run: &Run, classes: &[String]) -> Result<(), Error> {
        let mut text = String::from("label\tpredicted");
        for class in classes {
            text.push_str(&format!("\tp({})", one_cell(class)));
        }
        text.push('\n');
        for (row, &label) in self.probs.chunks(self.num_classes).zip(&self.labels) {
            let (label, said) = (label as usize, likeliest(row));
            text.push_str(&format!(
                "{}\t{}",
                one_cell(&classes[label]),
                one_cell(&classes[said])
            ));
            for prob in row {
                text.push_str(&format!("\t{prob:e}"));
            }
            text.push('\n');
        }
        Ok(run.write(PREDICTIONS, text.as_bytes())?)
    }

    /// Takes them out of a run.
    pub(super) fn read(run: &Run, classes: &[String]) -> Result<Self, Error> {
        let damaged = |line: usize| Error::Damaged {
            path: run.dir().join(PREDICTIONS),
            reason: format!("line {line} is no prediction of this run"),
        };
        let names: Vec<String> = classes.iter().map(|class| one_cell(class)).collect();
        let text = run.read_text(PREDICTIONS)?;
        let (mut labels, mut probs) = (Vec::new(), Vec::new());
        for (line, row) in (1..).zip(text.lines()).skip(1) {
            let mut cells = row.split('\t');
            let label = cells
                .next()
                .and_then(|cell| names.iter().position(|name| name == cell));
            labels.push(label.ok_or_else(|| damaged(line))? as u32);
            let before = probs.len();
            for cell in cells.skip(1) {
                probs.push(cell.parse().map_err(|_| damaged(line))?);
            }
            if probs.len() != before + classes.len() {
                return Err(damaged(line));
            }
        }
        Ok(Self {
            labels,
            probs,
            num_classes: classes.len(),
        })
    }
}

/// A class's name where tabs and line ends divide.
fn one_cell(name: &str) -> String {
    name.replace(['\t', '\n', '\r'], " ")
}

/// What answers alone are worth.
pub(super) fn answers(
    predictions: &[u32],
    labels: &[u32],
    num_classes: usize,
) -> Result<Metrics, Error> {
    let mut matrix = ConfusionMatrix::new(num_classes)?;
    matrix.add(predictions, labels)?;
    let mut metrics = Metrics::new();
    metrics.set(ACCURACY.name, matrix.accuracy());
    metrics.set(MACRO_F1.name, matrix.f1(Average::Macro));
    Ok(metrics)
}

/// Of two classes that of the second; of more the mean of each against the rest.
pub(super) fn area(
    scores: &[f64],
    labels: &[u32],
    num_classes: usize,
) -> Result<Option<f64>, Error> {
    if num_classes != 2 {
        return Ok(roc_auc_one_vs_rest(scores, labels, num_classes)?);
    }
    let second: Vec<f64> = scores.chunks(2).map(|row| row[1] - row[0]).collect();
    let positive: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
    Ok(roc_auc(&second, &positive)?)
}

/// Mean cross-entropy; no probability counts as less than the smallest that f32 knows.
pub(super) fn nats(probs: &[f64], labels: &[u32], num_classes: usize) -> Option<f64> {
    let rows = probs.chunks(num_classes).zip(labels);
    let sum: f64 = rows
        .map(|(row, &label)| -row[label as usize].max(f64::from(f32::MIN_POSITIVE)).ln())
        .sum();
    (!labels.is_empty()).then(|| sum / labels.len() as f64)
}
