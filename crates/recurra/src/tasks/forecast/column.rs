//! A series of the user's own: the column of a file, and what a run keeps of it.

use super::config::{ColumnConfig, DataConfig, MadeKind, MadeSeries, Recipe};
use super::example::{Example, windows_of};
use super::rows;
use crate::Error;
use rand::RngExt;
use recurra_data::DataError;
use recurra_data::source::{locate, read_numbers, read_series};
use recurra_train::{Run, Stream};
use std::path::Path;

/// The column that a run was begun with, one value a line.
const SERIES_FILE: &str = "series.txt";

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
pub(super) fn about_file(error: DataError, path: &Path) -> DataError {
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

/// The column that the recipe names.
pub(super) fn column_of_file(data: &ColumnConfig, seed: u64) -> Result<Vec<f64>, Error> {
    let series = match (&data.dataset, &data.path, &data.made) {
        (None, None, Some(made)) => return Ok(made.draw(seed)),
        (Some(name), path, _) => {
            let hint = "A CSV file of your own will do: --set data.path=FILE";
            rows::read(&locate(name, path.as_deref(), Some(hint))?, data)?
        }
        (None, path, _) => {
            let path = path.as_deref().unwrap_or(Path::new(""));
            if !path.exists() {
                return Err(Error::config(
                    "data.path",
                    "a CSV file of yours, as in --set data.path=FILE",
                    format!("`{}`, which is not there", path.display()),
                ));
            }
            rows::read(path, data)?
        }
    };
    if let [first, _, ..] = series[..]
        && series.iter().all(|value| *value == first)
    {
        let got = format!("{} rows that all say {first}", series.len());
        return Err(Error::config("data.column", "a series that changes", got));
    }
    Ok(series)
}

impl MadeSeries {
    /// Its values, a pure function of the seed.
    fn draw(&self, seed: u64) -> Vec<f64> {
        let mut rng = Stream::Data.rng(seed);
        // The sum of twelve uniform numbers less six is nearly normal, with variance 1.
        let mut noise = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let (mut value, mut change) = (100.0, 0.3_f64);
        let values = (0..self.num_values).map(|_| {
            change = match self.kind {
                MadeKind::RandomWalk => noise(),
                MadeKind::FoldedWalk => 1.0 - 1.8 * change.abs() + 0.1 * noise(),
            };
            // Noise may throw it out of the fold, from where it would never return.
            if self.kind == MadeKind::FoldedWalk {
                change = change.clamp(-1.0, 1.1);
            }
            value += change;
            value
        });
        values.collect()
    }
}

/// Puts the column into the run, so that the run needs no other file and is continued on
/// what it was begun with.
pub(super) fn keep_column(recipe: &Recipe, run: &Run) -> Result<(), Error> {
    if let DataConfig::Column(data) = &recipe.data {
        let series = column_of_file(data, recipe.train.seed)?;
        // `{:?}` writes the fewest digits that read back as the same number.
        let text: String = series.iter().map(|value| format!("{value:?}\n")).collect();
        run.write(SERIES_FILE, text.as_bytes())?;
    }
    Ok(())
}

/// The column that the run was begun with.
pub(super) fn kept_column(run: &Run) -> Result<Vec<f64>, Error> {
    Ok(read_numbers(&run.path(SERIES_FILE)?)?)
}
