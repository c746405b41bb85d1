//! `[data]` with `source = "panel"`.

use super::super::config::{check_horizon, check_season_len, check_window_len};
use crate::Error;
use recurra_data::source::ColumnSelector;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Most parts of a series that a recipe may ask to be judged by.
const MAX_FOLDS: usize = 100;

/// Several series that one network learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelConfig {
    /// A data set by its place in the folder of data sets, or the folder given as `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The file, CSV, also compressed. Without `by` each row is a series: its name, then its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// What came after each series, as a data set of the same form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_dataset: Option<String>,
    /// The same as a file. Without either the test is the end of each series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// The column that says which series a row is of, for a file with a row for each value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ColumnSelector>,
    /// The column of values, beside `by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnSelector>,
    /// The column of dates, beside `by`: each is later than the one before of the same series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<ColumnSelector>,
    /// How many values are seen before some are forecast.
    pub window_len: usize,
    /// How many values ahead are forecast.
    pub horizon: usize,
    /// Values in a season, if the series have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season_len: Option<usize>,
    /// How many times `horizon` values of each series, one behind the other, are the test. Default 1.
    #[serde(default = "one")]
    pub folds: usize,
}

fn one() -> usize {
    1
}

impl PanelConfig {
    /// Values at the end of each series that are the test; as many before them are watched.
    pub(in super::super) fn held_out(&self) -> usize {
        self.folds * self.horizon
    }

    /// Values that a series must have: one window to learn from, and its held-out parts.
    pub(super) fn least_len(&self) -> usize {
        self.window_len + self.horizon + 2 * self.held_out()
    }

    pub(in super::super) fn validate(&self) -> Result<(), Error> {
        check_window_len(self.window_len)?;
        check_horizon(self.horizon)?;
        check_season_len(self.season_len, self.window_len)?;
        if !(1..=MAX_FOLDS).contains(&self.folds) {
            let want = format!("1 to {MAX_FOLDS}");
            return Err(Error::config("data.folds", want, self.folds));
        }
        if self.dataset.is_none() && self.path.is_none() {
            return Err(Error::config("data", "`path` or `dataset`", "none of them"));
        }
        match (&self.by, &self.column, &self.dates) {
            (None, None, None) | (Some(_), Some(_), _) => Ok(()),
            (Some(_), None, _) => {
                let want = "the column of values, as `data.by` says that each row is one value";
                Err(Error::config("data.column", want, "none"))
            }
            (None, ..) => {
                let want = "the column that says which series a row is of, beside other columns";
                Err(Error::config("data.by", want, "none"))
            }
        }
    }
}
