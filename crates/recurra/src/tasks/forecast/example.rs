//! A window of a series as the network meets it.

use super::config::Head;
use super::covariates::{Covariates, InputScale};
use recurra_data::series::{ScaleBy, WindowScale};
use recurra_data::{DataError, SeriesBatch, SeriesRow};
use std::ops::Range;
use std::sync::Arc;

/// Numbers that the network reads of a column at a step: the change and the level.
pub(super) const COLUMN_SIZE: usize = 2;

/// A target that is further away than this many units of its window, for each step ahead, counts as
/// this far while training: one leap out of a quiet stretch would drown every other example.
const TARGET_LIMIT: f64 = 10.0;

/// A window, the value after it, and the scale that was fitted on the window alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    /// Shared by all windows of a series, which overlap.
    series: Arc<[f64]>,
    window: Range<usize>,
    pub(super) target: f64,
    /// How many steps behind the last value that is seen the target comes: 1 for the next.
    pub(super) ahead: usize,
    /// Where the values behind the target are, for a model that says several.
    later: Range<usize>,
    beside: Option<Beside>,
    /// Which family it is of; 0 for a column.
    pub(super) family: usize,
    scale: WindowScale,
}

/// What stands beside the series.
#[derive(Debug, Clone, PartialEq)]
struct Beside {
    covariates: Arc<Covariates>,
    /// The row of the covariates that the series' first value stands in.
    first_row: usize,
    /// Of each input column, in this window.
    scales: Vec<InputScale>,
}

impl Example {
    /// The window of `series`, and the value that follows.
    pub(super) fn new(
        series: &Arc<[f64]>,
        window: Range<usize>,
        target: f64,
        family: usize,
        by: ScaleBy,
    ) -> Result<Self, DataError> {
        Ok(Self {
            scale: WindowScale::fit(&series[window.clone()], by)?,
            series: Arc::clone(series),
            later: 0..0,
            window,
            target,
            ahead: 1,
            beside: None,
            family,
        })
    }

    /// A window that nothing is known to follow; its target is its last value.
    pub(super) fn open_ended(inputs: &[f64], by: ScaleBy) -> Result<Self, DataError> {
        let target = inputs.last().copied().unwrap_or(f64::NAN);
        Self::new(&inputs.into(), 0..inputs.len(), target, 0, by)
    }

    /// The same window, and of the values behind it the one this many steps ahead, from 1 on.
    pub(super) fn at_step(&self, ahead: usize) -> Self {
        let target = match ahead.checked_sub(2) {
            None => self.target,
            Some(place) => self.later()[place],
        };
        Self {
            target,
            ahead,
            later: 0..0,
            ..self.clone()
        }
    }

    fn later(&self) -> &[f64] {
        &self.series[self.later.clone()]
    }

    /// The values that came behind the window.
    pub(super) fn targets(&self) -> Vec<f64> {
        [self.target]
            .into_iter()
            .chain(self.later().iter().copied())
            .collect()
    }

    /// All values of the series.
    pub(super) fn series(&self) -> &[f64] {
        &self.series
    }

    /// All values of the series up to the last that is seen.
    pub(super) fn past(&self) -> &[f64] {
        &self.series[..self.window.end]
    }

    /// The window a step later, with `value` in the place of the one that is to come.
    ///
    /// # Errors
    /// As [`WindowScale::fit`] for a value that is not finite.
    pub(super) fn moved_on(&self, value: f64, by: ScaleBy) -> Result<Self, DataError> {
        let values = self.inputs().iter().copied().chain([value]);
        let series: Arc<[f64]> = values.skip(1).collect();
        let mut moved = Self::new(&series, 0..series.len(), value, self.family, by)?;
        moved.beside = self.beside.as_ref().map(|beside| Beside {
            covariates: Arc::clone(&beside.covariates),
            first_row: beside.first_row + self.window.start + 1,
            scales: Vec::new(),
        });
        Ok(moved)
    }

    /// The values that are seen.
    pub(super) fn inputs(&self) -> &[f64] {
        &self.series[self.window.clone()]
    }

    /// The last value seen, from which changes are counted.
    pub(super) fn last(&self) -> f64 {
        self.scale.centre()
    }

    /// What the network is to say: the changes from the last value, in the window's unit.
    pub(super) fn scaled_targets(&self) -> Vec<f32> {
        let targets = self.targets().into_iter();
        let limits = (1..).map(|ahead| TARGET_LIMIT * f64::from(ahead));
        let limited = targets.zip(limits).map(|(value, limit)| {
            let scaled = self.scaled(value);
            scaled.clamp(-limit, limit) as f32
        });
        limited.collect()
    }

    /// The change to a value in the window's unit; 0 where all its values are the same.
    pub(super) fn scaled(&self, value: f64) -> f64 {
        self.scale.apply(value)
    }

    /// How much a value changes as the scaled change to it does; nothing where all values are the
    /// same.
    pub(super) fn slope(&self, value: f64) -> Option<f64> {
        (!self.scale.is_constant()).then(|| self.scale.slope(value))
    }

    /// The size of its values, at least 1: one more than their mean.
    pub(super) fn level(&self) -> f64 {
        let inputs = self.inputs();
        1.0 + (inputs.iter().sum::<f64>() / inputs.len() as f64).max(0.0)
    }

    /// What the network said, as a value of the series.
    pub(super) fn forecast(&self, scaled_change: f64) -> f64 {
        self.scale.invert(scaled_change)
    }

    /// What the network reads: a step for each value but the first, with the change to that
    /// value and where it lies, as seen from the last one.
    ///
    /// The change is in units of the window. The level is divided by the number of changes
    /// as well, so that it stays within ±1 however long the window is. A head for counts says a
    /// multiple of the window's own level, and so the change and the value itself are read in that.
    /// Behind them stand those of each input column ([`InputScale::features`]), and what was known
    /// beforehand of the step.
    ///
    /// # Shapes
    /// `[len - 1, COLUMN_SIZE · (1 + inputs) + known]`
    pub(super) fn features(&self, head: &Head) -> Vec<f32> {
        let steps = (self.window.len() - 1) as f64;
        let (level, counts) = (self.level(), *head == (Head::NegativeBinomial {}));
        let mut features = Vec::new();
        for at in self.window.start + 1..self.window.end {
            let [before, value] = [at - 1, at].map(|at| match counts {
                true => self.series[at] / level,
                false => self.scale.apply(self.series[at]),
            });
            let place = if counts { value } else { value / steps };
            features.extend([(value - before) as f32, place as f32]);
            if let Some(beside) = &self.beside {
                let row = beside.first_row + at;
                let columns = beside.covariates.inputs.iter().zip(&beside.scales);
                features.extend(
                    columns
                        .flat_map(|(column, scale)| scale.features(column[row - 1], column[row])),
                );
                features.extend(beside.known(row));
            }
        }
        features
    }

    /// What is known beforehand of the next `steps` steps, `[steps, known]`; zeros beyond what the
    /// columns say.
    pub(super) fn future(&self, steps: usize) -> Vec<f32> {
        let Some(beside) = &self.beside else {
            return Vec::new();
        };
        let first = beside.first_row + self.window.end;
        (first..first + steps)
            .flat_map(|row| beside.known(row))
            .collect()
    }
}

impl Beside {
    fn known(&self, row: usize) -> impl Iterator<Item = f32> {
        let known = self.covariates.known.iter();
        known.map(move |column| column.get(row).copied().unwrap_or(0.0) as f32)
    }
}

/// Windows side by side.
#[derive(Debug)]
pub(super) struct Batch {
    /// Features, and the targets of all steps that are said.
    pub(super) series: SeriesBatch,
    /// Of each window, `[batch]`.
    pub(super) levels: Vec<f32>,
    /// What is known beforehand of these steps, `[batch, steps · known]`.
    pub(super) future: Vec<f32>,
}

/// Pads the windows of `examples` into one batch for a network that reads `input_size` numbers a
/// step and says `steps` values by `head`.
pub(super) fn collate(
    examples: &[&Example],
    head: &Head,
    input_size: usize,
    steps: usize,
) -> Result<Batch, DataError> {
    let rows: Vec<(Vec<f32>, Vec<f32>)> = examples
        .iter()
        .map(|example| {
            let mut targets = head.targets(example);
            // An open end has none; what stands there is not looked at.
            targets.resize(steps, 0.0);
            (example.features(head), targets)
        })
        .collect();
    let rows: Vec<SeriesRow<'_>> = rows
        .iter()
        .map(|(values, target)| SeriesRow { values, target })
        .collect();
    let future = examples.iter().flat_map(|example| example.future(steps));
    Ok(Batch {
        series: SeriesBatch::pad(&rows, input_size)?,
        levels: examples
            .iter()
            .map(|example| example.level() as f32)
            .collect(),
        future: future.collect(),
    })
}

/// A series to be cut, and what stands beside it.
#[derive(Debug, Clone)]
pub(super) struct Cut<'a> {
    pub(super) series: &'a [f64],
    pub(super) covariates: Arc<Covariates>,
    /// The fewest and the most values of a window.
    pub(super) window_len: [usize; 2],
    /// How many values behind a window are its targets.
    pub(super) horizon: usize,
    pub(super) by: ScaleBy,
    /// Which of several series it is; 0 for the only one.
    pub(super) family: usize,
}

impl Cut<'_> {
    /// The window behind which nothing is known yet; its target is its last value.
    pub(super) fn end(&self) -> Result<Example, DataError> {
        let [least, most] = self.window_len;
        if self.series.len() < least {
            return Err(DataError::TooFew {
                what: "series to go on with".to_owned(),
                expected: least,
                got: self.series.len(),
                unit: "values",
                advice: "give as many values as a window of the run has",
            });
        }
        let (series, at): (Arc<[f64]>, usize) = (self.series.into(), self.series.len());
        self.example(&series, at.saturating_sub(most)..at, series[at - 1])
    }

    fn example(
        &self,
        series: &Arc<[f64]>,
        window: Range<usize>,
        target: f64,
    ) -> Result<Example, DataError> {
        let mut example = Example::new(series, window.clone(), target, self.family, self.by)?;
        if !self.covariates.is_empty() {
            let inputs = self.covariates.inputs.iter();
            let scales = inputs.map(|column| InputScale::fit(&column[window.clone()], self.by));
            example.beside = Some(Beside {
                covariates: Arc::clone(&self.covariates),
                first_row: 0,
                scales: scales.collect::<Result<_, _>>()?,
            });
        }
        Ok(example)
    }

    /// Every window that has all its targets behind it, in order.
    pub(super) fn windows(&self) -> Result<Vec<Example>, DataError> {
        let [least, most] = self.window_len;
        let last = self.series.len().checked_sub(self.horizon);
        let Some(last) = last.filter(|&last| last >= least) else {
            let next = match self.horizon {
                1 => "the next".to_owned(),
                horizon => format!("the next {horizon}"),
            };
            return Err(DataError::TooFew {
                what: format!("series to be cut into windows of {least} values and {next}"),
                expected: least + self.horizon,
                got: self.series.len(),
                unit: "values",
                advice: "give a longer series or a shorter window",
            });
        };
        let series: Arc<[f64]> = self.series.into();
        let window = |at: usize| {
            let window = at.saturating_sub(most)..at;
            let mut example = self.example(&series, window, series[at])?;
            example.later = at + 1..at + self.horizon;
            Ok(example)
        };
        (least..=last).map(window).collect()
    }
}
