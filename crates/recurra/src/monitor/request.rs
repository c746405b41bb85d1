//! What is asked of the monitor.

use recurra_data::source::ColumnSelector;
use std::path::PathBuf;

/// A table to be watched by a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorRequest {
    /// A finished run of task `classify`.
    pub run: PathBuf,
    /// A table (TSV, CSV) or JSON lines, plain or compressed.
    pub file: PathBuf,
    /// The column of the texts.
    pub text: ColumnSelector,
    /// What texts belong to.
    pub group: GroupBy,
    /// The column of the dates; without it there is no chart over time.
    pub date: Option<ColumnSelector>,
    /// Whether `3/4/2020` is the third of April; in ISO form the year comes first in any case.
    pub day_first: bool,
    /// The class whose share is drawn; by default `positive`, else the last.
    pub class: Option<String>,
    /// The folder that `report.html`, `groups.csv` and `bad_rows.csv` are written into.
    pub out: PathBuf,
}

/// What texts belong to: a brand, a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// All to one.
    Nothing,
    /// What stands in this column.
    Column(ColumnSelector),
    /// The one of these names, each a word or several in a row, that comes first in the text,
    /// whatever its case and with an `@` or a `#` before it or without; a text without any of
    /// them belongs to `(none of them)`.
    Mentions(Vec<String>),
}
