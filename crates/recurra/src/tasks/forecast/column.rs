//! A series of the user's own: the column of a file, and what a run keeps of it.

use super::config::{ColumnConfig, DataConfig, MadeKind, MadeSeries, Recipe};
use super::covariates::{Covariates, Standard};
use super::example::{Cut, Example};
use super::rows::{self, Rows};
use crate::Error;
use rand::RngExt;
use recurra_data::DataError;
use recurra_data::source::{ColumnSelector, locate, read_numbers, read_series};
use recurra_train::{Run, Stream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The column that a run was begun with, one value a line.
const SERIES_FILE: &str = "series.txt";
/// What stood beside it, row by row: inputs, then what is known beforehand.
const COVARIATES_FILE: &str = "covariates.csv";

/// The windows of another file: its values are forecast one by one, each from the ones
/// before it.
pub(super) fn windows_of_file(
    recipe: &Recipe,
    path: &Path,
    standards: &[Standard],
) -> Result<(Vec<Example>, Option<String>), Error> {
    let column = match &recipe.data {
        DataConfig::Column(data) if recipe.num_covariates() != [0, 0] => {
            let Rows {
                values, covariates, ..
            } = rows::read(path, data)?;
            let windows = cut(recipe, &values, covariates.standardised(standards)).windows();
            return Ok((windows.map_err(|error| error.about(path.display()))?, None));
        }
        DataConfig::Column(data) => data.column.as_ref(),
        DataConfig::Generated(_) | DataConfig::Panel(_) => None,
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
    let windows = cut(recipe, &series, Covariates::default()).windows();
    Ok((windows.map_err(|error| error.about(path.display()))?, note))
}

/// The end of a file's series, behind which nothing is known yet.
pub(super) fn end_of_file(
    recipe: &Recipe,
    data: &ColumnConfig,
    path: &Path,
    standards: &[Standard],
) -> Result<Example, Error> {
    let Rows {
        values, covariates, ..
    } = rows::read_with_future(path, data)?;
    let horizon = recipe.horizon();
    let known = covariates
        .known
        .first()
        .map(|column| column.len() - values.len());
    if let Some(ahead) = known.filter(|&ahead| ahead < horizon) {
        return Err(DataError::TooFew {
            what: format!(
                "{}: rows behind the last value, which say what is known of them",
                path.display()
            ),
            expected: horizon,
            got: ahead,
            unit: "rows",
            advice: "add them, with nothing in the column that is forecast",
        }
        .into());
    }
    let cut = cut(recipe, &values, covariates.standardised(standards));
    Ok(cut.end().map_err(|error| error.about(path.display()))?)
}

/// How a recipe cuts a series.
pub(super) fn cut<'a>(recipe: &Recipe, series: &'a [f64], covariates: Covariates) -> Cut<'a> {
    Cut {
        series,
        covariates: Arc::new(covariates),
        window_len: recipe.window_len(),
        horizon: recipe.horizon(),
        by: recipe.model.scale_by,
        family: 0,
    }
}

/// A column, the file that it is from, and what was noticed about it.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) values: Vec<f64>,
    /// What stands beside it.
    pub(super) covariates: Covariates,
    /// What errors call it.
    pub(super) origin: PathBuf,
    notes: Vec<String>,
}

impl Column {
    /// Values that no file says.
    pub(super) fn made(values: Vec<f64>) -> Self {
        Self {
            values,
            covariates: Covariates::default(),
            origin: PathBuf::from("the made-up series"),
            notes: Vec::new(),
        }
    }
}

/// The column that the recipe names.
pub(super) fn column_of_file(data: &ColumnConfig, seed: u64) -> Result<Column, Error> {
    let path = match (&data.dataset, &data.path, &data.made) {
        (None, None, Some(made)) => {
            return Ok(Column::made(made.draw(seed)));
        }
        (Some(name), path, _) => {
            let hint = "A CSV file of your own will do: --set data.path=FILE";
            locate(name, path.as_deref(), Some(hint))?
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
            path.to_owned()
        }
    };
    let Rows {
        values,
        covariates,
        notes,
    } = rows::read(&path, data)?;
    if let [first, _, ..] = values[..]
        && values.iter().all(|value| *value == first)
    {
        let got = format!("{} rows that all say {first}", values.len());
        return Err(Error::config("data.column", "a series that changes", got));
    }
    Ok(Column {
        values,
        covariates,
        origin: path,
        notes,
    })
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

/// Puts the column into the run; what was noticed about it.
pub(super) fn keep_column(data: &ColumnConfig, seed: u64, run: &Run) -> Result<Vec<String>, Error> {
    let Column {
        values,
        covariates,
        notes,
        ..
    } = column_of_file(data, seed)?;
    // `{:?}` writes the fewest digits that read back as the same number.
    let text: String = values.iter().map(|value| format!("{value:?}\n")).collect();
    run.write(SERIES_FILE, text.as_bytes())?;
    if !covariates.is_empty() {
        let columns = || covariates.inputs.iter().chain(&covariates.known);
        let row = |at: usize| {
            let cells = columns().map(|column| format!("{:?}", column[at]));
            cells.collect::<Vec<String>>().join(",") + "\n"
        };
        let text: String = (0..values.len()).map(row).collect();
        run.write(COVARIATES_FILE, text.as_bytes())?;
    }
    Ok(notes)
}

/// The column that the run was begun with, and what stood beside it.
pub(super) fn kept_column(recipe: &Recipe, run: &Run) -> Result<Column, Error> {
    let origin = run.path(SERIES_FILE)?;
    let values = read_numbers(&origin)?;
    let [inputs, known] = recipe.num_covariates();
    let mut columns = Vec::with_capacity(inputs + known);
    for number in 1..=inputs + known {
        let path = run.path(COVARIATES_FILE)?;
        let column = read_series(&path, Some(&ColumnSelector::Number(number)))?;
        if column.len() != values.len() {
            let reason = format!("{} rows beside {} values", column.len(), values.len());
            return Err(Error::Damaged { path, reason });
        }
        columns.push(column);
    }
    let known = columns.split_off(inputs);
    Ok(Column {
        values,
        covariates: Covariates {
            inputs: columns,
            known,
        },
        origin,
        notes: Vec::new(),
    })
}
