//! A window of a series as the network meets it.

use recurra_data::series::{ScaleBy, WindowScale};
use recurra_data::{DataError, SeriesBatch, SeriesRow};
use std::ops::Range;
use std::sync::Arc;

/// Numbers that the network reads at a step: the change and the level.
pub(super) const INPUT_SIZE: usize = 2;

/// A target that is further away than this many units of its window counts as this far
/// while training: one leap out of a quiet stretch would drown every other example.
const TARGET_LIMIT: f64 = 10.0;

/// A window, the value after it, and the scale that was fitted on the window alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    /// Shared by all windows of a series, which overlap.
    series: Arc<[f64]>,
    window: Range<usize>,
    pub(super) target: f64,
    /// Which family it is of; 0 for a column.
    pub(super) family: usize,
    scale: WindowScale,
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
            window,
            target,
            family,
        })
    }

    /// A window that nothing is known to follow; its target is its last value.
    pub(super) fn open_ended(inputs: &[f64], by: ScaleBy) -> Result<Self, DataError> {
        let target = inputs.last().copied().unwrap_or(f64::NAN);
        Self::new(&inputs.into(), 0..inputs.len(), target, 0, by)
    }

    /// The values that are seen.
    pub(super) fn inputs(&self) -> &[f64] {
        &self.series[self.window.clone()]
    }

    /// The last value seen, from which changes are counted.
    pub(super) fn last(&self) -> f64 {
        self.scale.centre()
    }

    /// What the network is to say: the change from the last value, in the window's unit.
    pub(super) fn scaled_target(&self) -> f64 {
        self.scale
            .apply(self.target)
            .clamp(-TARGET_LIMIT, TARGET_LIMIT)
    }

    /// What the network said, as a value of the series.
    pub(super) fn forecast(&self, scaled_change: f64) -> f64 {
        self.scale.invert(scaled_change)
    }

    /// A difference of two values in the window's unit; 0 where all its values are the same.
    pub(super) fn units(&self, difference: f64) -> f64 {
        if self.scale.is_constant() {
            return 0.0;
        }
        difference / self.scale.unit()
    }

    /// The same the other way.
    pub(super) fn of_units(&self, units: f64) -> f64 {
        units * self.scale.unit()
    }

    /// What the network reads: a step for each value but the first, with the change to that
    /// value and where it lies, as seen from the last one.
    ///
    /// The change is in units of the window. The level is divided by the number of changes
    /// as well, so that it stays within ±1 however long the window is.
    ///
    /// # Shapes
    /// `[len - 1, INPUT_SIZE]`
    pub(super) fn features(&self) -> Vec<f32> {
        let steps = (self.window.len() - 1) as f64;
        let scaled = |value: f64| self.scale.apply(value);
        self.inputs()
            .windows(2)
            .flat_map(|pair| {
                let (before, value) = (scaled(pair[0]), scaled(pair[1]));
                [(value - before) as f32, (value / steps) as f32]
            })
            .collect()
    }
}

/// Pads the windows of `examples` into one batch of features and scaled targets.
pub(super) fn collate(examples: &[&Example]) -> Result<SeriesBatch, DataError> {
    let rows: Vec<(Vec<f32>, [f32; 1])> = examples
        .iter()
        .map(|example| (example.features(), [example.scaled_target() as f32]))
        .collect();
    let rows: Vec<SeriesRow<'_>> = rows
        .iter()
        .map(|(values, target)| SeriesRow { values, target })
        .collect();
    SeriesBatch::pad(&rows, INPUT_SIZE)
}

/// Every value with enough values before it as the target of one window, which has up to
/// `most` values and never fewer than `least`.
pub(super) fn windows_of(
    series: &[f64],
    [least, most]: [usize; 2],
    by: ScaleBy,
) -> Result<Vec<Example>, DataError> {
    if series.len() <= least {
        return Err(DataError::TooFew {
            what: format!("series to be cut into windows of {least} values and the next"),
            expected: least + 1,
            got: series.len(),
            unit: "values",
            advice: "give a longer series or a shorter window",
        });
    }
    let series: Arc<[f64]> = series.into();
    (least..series.len())
        .map(|at| {
            let window = at.saturating_sub(most)..at;
            Example::new(&series, window, series[at], 0, by)
        })
        .collect()
}
