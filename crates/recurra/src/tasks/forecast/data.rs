//! From series to windows, and from windows to what the network is fitted on.

use super::config::{ColumnConfig, DataConfig, GeneratedConfig, Recipe};
use crate::Error;
use recurra_data::rng::rng;
use recurra_data::series::{Interval, ScaleBy, SeriesSet, WindowScale};
use recurra_data::source::{read_numbers, read_series};
use recurra_data::{DataError, SeriesBatch, SeriesRow, Split};
use recurra_train::{Run, Stream};
use std::path::Path;

/// Numbers that the network reads at a step: the change and the level.
pub(super) const INPUT_SIZE: usize = 2;

/// A target that is further away than this many units of its window counts as this far
/// while training: one leap out of a quiet stretch would drown every other example.
const TARGET_LIMIT: f64 = 10.0;

/// The column that a run was begun with, one value a line.
const SERIES_FILE: &str = "series.txt";

/// A window, the value after it, and the scale that was fitted on the window alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) inputs: Vec<f64>,
    pub(super) target: f64,
    /// Which family it is of; 0 for a column.
    pub(super) family: usize,
    scale: WindowScale,
}

impl Example {
    pub(super) fn new(
        inputs: &[f64],
        target: f64,
        family: usize,
        by: ScaleBy,
    ) -> Result<Self, DataError> {
        Ok(Self {
            scale: WindowScale::fit(inputs, by)?,
            inputs: inputs.to_vec(),
            target,
            family,
        })
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

    /// What the network reads: a step for each value but the first, with the change to that
    /// value and where it lies, as seen from the last one.
    ///
    /// The change is in units of the window. The level is divided by the number of changes
    /// as well, so that it stays within ±1 however long the window is.
    ///
    /// # Shapes
    /// `[len - 1, INPUT_SIZE]`
    fn features(&self) -> Vec<f32> {
        let steps = (self.inputs.len() - 1) as f64;
        let scaled = |value: f64| self.scale.apply(value);
        self.inputs
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

/// What a run is fitted on and judged by.
#[derive(Debug)]
pub(super) struct Dataset {
    pub(super) train: Training,
    pub(super) valid: Vec<Example>,
    pub(super) test: Vec<Example>,
    /// Names of the families; one name for a column.
    pub(super) families: Vec<String>,
    /// The values after which nothing is known yet: the end of a column.
    pub(super) latest: Option<Vec<f64>>,
}

/// Where training examples come from.
#[derive(Debug)]
pub(super) enum Training {
    Generated(Generated),
    Windows(Vec<Example>),
}

/// Windows by number, each a pure function of the seed and its number.
#[derive(Debug)]
pub(super) struct Generated {
    set: SeriesSet,
    /// The most of each family, and the range that a length is drawn from.
    window_len: Vec<(usize, Interval)>,
    longest: usize,
    examples_per_epoch: usize,
    by: ScaleBy,
    seed: u64,
}

/// Numbers of held-out windows start here; training counts from 0 and never gets so far.
const VALID_FROM: u64 = 1 << 40;
const TEST_FROM: u64 = 1 << 41;

impl Dataset {
    /// The data that the recipe names.
    pub(super) fn read(recipe: &Recipe) -> Result<Self, Error> {
        match &recipe.data {
            DataConfig::Generated(data) => Self::generated(data, recipe),
            DataConfig::Column(data) => {
                Self::from_series(&column_of_file(data)?, data, recipe.model.scale_by)
            }
        }
    }

    /// The data that `run` was begun with: what the file of a column said then.
    pub(super) fn of_run(recipe: &Recipe, run: &Run) -> Result<Self, Error> {
        match &recipe.data {
            DataConfig::Generated(data) => Self::generated(data, recipe),
            DataConfig::Column(data) => {
                let kept = read_numbers(&run.path(SERIES_FILE)?)?;
                Self::from_series(&kept, data, recipe.model.scale_by)
            }
        }
    }

    fn generated(data: &GeneratedConfig, recipe: &Recipe) -> Result<Self, Error> {
        let generated = Generated::new(data, recipe)?;
        let held_out = |from: u64, count: usize| -> Result<Vec<Example>, DataError> {
            let numbers = from..from + count as u64;
            numbers.map(|number| generated.example(number)).collect()
        };
        Ok(Self {
            valid: held_out(VALID_FROM, data.num_valid)?,
            test: held_out(TEST_FROM, data.num_test)?,
            families: data.families.iter().map(|f| f.name.clone()).collect(),
            latest: None,
            train: Training::Generated(generated),
        })
    }

    /// Cuts a series in order of time. Every target of `valid` is later than every value
    /// that training sees, and every target of `test` is later still.
    pub(super) fn from_series(
        series: &[f64],
        data: &ColumnConfig,
        by: ScaleBy,
    ) -> Result<Self, Error> {
        let short = |error| about_file(error, &data.path);
        let all = windows_of(series, [data.window_len; 2], by).map_err(short)?;
        let split = Split::in_order(all.len(), &data.split).map_err(short)?;
        let part = |indices: &[usize]| indices.iter().map(|&index| all[index].clone()).collect();
        let name = data.column.as_ref().map_or_else(
            || "the series".to_owned(),
            |column| format!("column {column}"),
        );
        Ok(Self {
            train: Training::Windows(part(&split.train)),
            valid: part(&split.valid),
            test: part(&split.test),
            families: vec![name],
            latest: Some(series[series.len() - data.window_len..].to_vec()),
        })
    }
}

impl Training {
    /// Training examples in an epoch.
    pub(super) fn examples_per_epoch(&self) -> usize {
        match self {
            Self::Generated(generated) => generated.examples_per_epoch,
            Self::Windows(windows) => windows.len(),
        }
    }

    /// The number of the first example of an epoch.
    pub(super) fn first_of(&self, epoch: u64) -> u64 {
        match self {
            Self::Generated(generated) => epoch * generated.examples_per_epoch as u64,
            Self::Windows(_) => 0,
        }
    }

    /// How many values the window of an example has.
    pub(super) fn len_of(&self, number: u64) -> usize {
        match self {
            Self::Generated(generated) => generated.len_of(number).1,
            Self::Windows(windows) => windows[number as usize].inputs.len(),
        }
    }

    /// The example of this number.
    pub(super) fn example(&self, number: u64) -> Result<Example, DataError> {
        match self {
            Self::Generated(generated) => generated.example(number),
            Self::Windows(windows) => Ok(windows[number as usize].clone()),
        }
    }
}

impl Generated {
    fn new(data: &GeneratedConfig, recipe: &Recipe) -> Result<Self, Error> {
        let seed = recipe.train.seed;
        let window_len = data.families.iter().map(|family| {
            let [least, most] = family.window_len;
            // The whole part of a number of this range: each length is as likely.
            let range = Interval::new(least as f64, (most + 1) as f64)?;
            Ok((most, range))
        });
        Ok(Self {
            set: data.series(seed)?,
            window_len: window_len.collect::<Result<_, DataError>>()?,
            longest: recipe.window_len()[1],
            examples_per_epoch: data.examples_per_epoch,
            by: recipe.model.scale_by,
            seed,
        })
    }

    /// The family of a window and how many values it has.
    fn len_of(&self, number: u64) -> (usize, usize) {
        let (family, _) = self.set.series(number, 0);
        let (most, range) = self.window_len[family];
        let mut rng = rng(self.seed, Stream::Data.number() + number);
        (family, (range.draw(&mut rng) as usize).min(most))
    }

    fn example(&self, number: u64) -> Result<Example, DataError> {
        let (family, len) = self.len_of(number);
        let (_, series) = self.set.series(number, self.longest + 1);
        Example::new(&series[..len], series[len], family, self.by)
    }
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
    (least..series.len())
        .map(|at| {
            let inputs = &series[at.saturating_sub(most)..at];
            Example::new(inputs, series[at], 0, by)
        })
        .collect()
}

/// The windows of another file: its values are forecast one by one, each from the ones
/// before it.
pub(super) fn windows_of_file(
    recipe: &Recipe,
    path: &Path,
) -> Result<(Vec<Example>, Option<String>), Error> {
    let column = match &recipe.data {
        DataConfig::Column(data) => data.column.as_ref(),
        DataConfig::Generated(_) => None,
    };
    let (series, note) = match (read_series(path, column), column) {
        // A file of numbers has no name over them.
        (Err(DataError::NoColumn { .. }), Some(column)) => {
            let note = format!(
                "{} has no column {column}; its only column of numbers was taken",
                path.display()
            );
            (read_series(path, None)?, Some(note))
        }
        (read, _) => (read?, None),
    };
    let windows = windows_of(&series, recipe.window_len(), recipe.model.scale_by)
        .map_err(|error| about_file(error, path))?;
    Ok((windows, note))
}

/// The same error with the file that is too short, or holds the value that is too large.
fn about_file(error: DataError, path: &Path) -> DataError {
    match error {
        DataError::TooFew {
            what,
            expected,
            got,
            unit,
            advice,
        } => DataError::TooFew {
            what: format!("{}: {what}", path.display()),
            expected,
            got,
            unit,
            advice,
        },
        DataError::Value {
            what,
            index,
            expected,
            got,
        } => DataError::Value {
            what: format!("{}: {what}", path.display()),
            index,
            expected,
            got,
        },
        other => other,
    }
}

fn column_of_file(data: &ColumnConfig) -> Result<Vec<f64>, Error> {
    if !data.path.exists() {
        return Err(Error::config(
            "data.path",
            "a CSV file of yours, as in --set data.path=FILE",
            format!("`{}`, which is not there", data.path.display()),
        ));
    }
    Ok(read_series(&data.path, data.column.as_ref())?)
}

/// Puts the column into the run, so that the run needs no other file and is continued on
/// what it was begun with.
pub(super) fn keep_series(recipe: &Recipe, run: &Run) -> Result<(), Error> {
    if let DataConfig::Column(data) = &recipe.data {
        let series = column_of_file(data)?;
        // `{:?}` writes the fewest digits that read back as the same number.
        let text: String = series.iter().map(|value| format!("{value:?}\n")).collect();
        run.write(SERIES_FILE, text.as_bytes())?;
    }
    Ok(())
}
