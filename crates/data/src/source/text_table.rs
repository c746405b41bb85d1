//! Some columns of text out of a table.

use std::path::Path;

use crate::error::DataError;
use crate::source::column::{ColumnSelector, Table, find};

/// A row of some columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Its cells, in the order in which the columns were asked for.
    pub cells: Vec<String>,
}

/// Reads some columns of a CSV file as text, as [`read_column`](super::read_column) reads one of
/// numbers; the first row is a header when a column is wanted by its name.
///
/// # Errors
/// As [`read_column`](super::read_column), except that a cell may be anything.
///
/// # Example
/// ```
/// use recurra_data::source::{ColumnSelector, read_text_columns};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("prices.csv");
/// std::fs::write(&path, "Date,Close\n2024-01-02,10\n")?;
/// let rows = read_text_columns(&path, &[&ColumnSelector::Name("Date".into())])?;
/// assert_eq!((rows[0].line, rows[0].cells[0].as_str()), (2, "2024-01-02"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_text_columns(
    path: &Path,
    columns: &[&ColumnSelector],
) -> Result<Vec<TextRow>, DataError> {
    let mut table = TextTable::open(path, columns)?;
    let mut rows = Vec::new();
    while let Some((line, cells)) = table.next_row()? {
        rows.push(TextRow { line, cells });
    }
    Ok(rows)
}

/// The rows of a table, reduced to the wanted columns.
pub(crate) struct TextTable {
    table: Table,
    indices: Vec<usize>,
    first: Option<(usize, Vec<String>)>,
}

impl TextTable {
    /// Opens a table and finds the columns. The first row is a header when a column is wanted by
    /// its name.
    pub(crate) fn open(path: &Path, columns: &[&ColumnSelector]) -> Result<Self, DataError> {
        let mut table = Table::open_text(path)?;
        let first = table.next_row()?.ok_or_else(|| DataError::Empty {
            path: path.to_owned(),
            expected: "rows of text",
        })?;
        let indices = columns.iter().map(|column| find(path, column, &first));
        let indices = indices.collect::<Result<Vec<_>, _>>()?;
        let by_name = |column: &&ColumnSelector| matches!(column, ColumnSelector::Name(_));
        let has_header = columns.iter().any(by_name);
        let cells = indices.iter().map(|&index| first.cells[index].to_owned());
        let first = (!has_header).then(|| (first.line, cells.collect()));
        Ok(Self {
            table,
            indices,
            first,
        })
    }

    /// The next row: its line and the wanted cells, in the order in which they were asked for.
    pub(crate) fn next_row(&mut self) -> Result<Option<(usize, Vec<String>)>, DataError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(row) = self.table.next_row()? else {
            return Ok(None);
        };
        let cells = self
            .indices
            .iter()
            .map(|&index| row.cells[index].to_owned());
        Ok(Some((row.line, cells.collect())))
    }
}
