//! Some columns of text out of a table.

use std::path::Path;

use crate::error::DataError;
use crate::source::column::{ColumnSelector, Table, find};

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
