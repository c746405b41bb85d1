//! One column of numbers out of a CSV file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::DataError;
use crate::source::lines::{LineReader, read_lines};
use crate::source::numbers::{parse_finite, quoted};

/// Which column of a table is meant: by its name, or by its number counted from 1 as in `cut -f`.
///
/// In a recipe it is a string or an integer; on a command line digits alone are a number.
///
/// # Example
/// ```
/// use recurra_data::source::ColumnSelector;
///
/// assert_eq!("2".parse(), Ok(ColumnSelector::Number(2)));
/// assert_eq!("Close".parse(), Ok(ColumnSelector::Name("Close".into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnSelector {
    /// The name in the header line.
    Name(String),
    /// The position, counted from 1.
    Number(usize),
}

impl fmt::Display for ColumnSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for ColumnSelector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Name(text.to_owned()),
        })
    }
}

impl Serialize for ColumnSelector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Number(number) => serializer.serialize_u64(*number as u64),
        }
    }
}

impl<'de> Deserialize<'de> for ColumnSelector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumber;
        impl Visitor<'_> for NameOrNumber {
            type Value = ColumnSelector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or its number counted from 1")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<ColumnSelector, E> {
                Ok(ColumnSelector::Name(name.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ColumnSelector, E> {
                usize::try_from(number)
                    .ok()
                    .filter(|&number| number > 0)
                    .map(ColumnSelector::Number)
                    .ok_or_else(|| E::custom(format!("columns count from 1, got {number}")))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<ColumnSelector, E> {
                let number = u64::try_from(number)
                    .map_err(|_| E::custom(format!("columns count from 1, got {number}")))?;
                self.visit_u64(number)
            }
        }
        deserializer.deserialize_any(NameOrNumber)
    }
}

/// Reads one column of numbers from a CSV file, plain or gzip-compressed.
///
/// The delimiter is a comma; a first line without commas makes it a semicolon or a tab if it has
/// those. A column chosen by name needs a header line. Chosen by number, the first line is a
/// header when its cell in that column is no number. Other columns, dates for example, are not
/// looked at. Blank lines are skipped.
///
/// # Errors
/// [`DataError::NoColumn`] with the columns there are and the nearest name;
/// [`DataError::RaggedRow`], [`DataError::NotANumber`] (also for `nan`, `inf` and empty cells)
/// with line and column; [`DataError::Empty`] when no row follows; the errors of [`read_lines`].
///
/// # Example
/// ```
/// use recurra_data::source::{ColumnSelector, read_column};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("passengers.csv");
/// std::fs::write(&path, "Month,Passengers\n1949-01,112\n1949-02,118\n")?;
/// let series = read_column(&path, &ColumnSelector::Name("Passengers".into()))?;
/// assert_eq!(series, [112.0, 118.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_column(path: &Path, column: &ColumnSelector) -> Result<Vec<f64>, DataError> {
    let mut table = Table::open(path)?;
    let first = table.first_row()?;
    let index = find(path, column, &first)?;
    let has_header = match column {
        ColumnSelector::Name(_) => true,
        ColumnSelector::Number(_) => is_header(&first, index),
    };
    table.collect(vec![first], index, has_header)
}

/// Reads a series from a file of numbers or a CSV file, whichever it is.
///
/// With a `column` this is [`read_column`]. Without one: a file of one line is the series itself
/// (`1,2,3,4`); a file of one column is that column, with or without a header; and of a table the
/// only column with a number in its first row is taken, so that a column of dates is ignored.
///
/// # Errors
/// [`DataError::AmbiguousColumn`] when several columns hold numbers, and as [`read_column`].
///
/// # Example
/// ```
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("passengers.csv");
/// std::fs::write(&path, "Month,Passengers\n1949-01,112\n1949-02,118\n")?;
/// assert_eq!(recurra_data::source::read_series(&path, None)?, [112.0, 118.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_series(path: &Path, column: Option<&ColumnSelector>) -> Result<Vec<f64>, DataError> {
    if let Some(column) = column {
        return read_column(path, column);
    }
    let mut table = Table::open(path)?;
    let first = table.first_row()?;
    let Some(second) = table.next_row()? else {
        let cells = first.cells.iter().enumerate();
        return cells
            .map(|(index, cell)| {
                parse_finite(cell)
                    .ok_or_else(|| table.not_a_number(first.line, (index + 1).to_string(), cell))
            })
            .collect();
    };
    let numeric: Vec<usize> = (0..first.cells.len())
        .filter(|&index| first.cells.len() == 1 || second.cells[index].parse::<f64>().is_ok())
        .collect();
    match numeric[..] {
        [index] => {
            let has_header = is_header(&first, index);
            table.collect(vec![first, second], index, has_header)
        }
        [] => Err(DataError::NoColumn {
            path: path.to_owned(),
            wanted: format!("with numbers in line {}", second.line),
            available: available(&second),
            nearest: None,
        }),
        _ => {
            let has_header = is_header(&first, numeric[0]);
            let names = numeric
                .iter()
                .map(|&index| title(&first, index, has_header));
            Err(DataError::AmbiguousColumn {
                path: path.to_owned(),
                available: names
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
        }
    }
}

/// One row of a table.
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) cells: StringRecord,
}

/// A CSV file whose rows all have as many cells as the first.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<LineReader>,
    first: Option<(usize, usize)>,
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let mut lines = LineReader::new(read_lines(path)?);
        let delimiter = match lines.peek()? {
            Some(line) if line.contains(',') => b',',
            Some(line) if line.contains(';') => b';',
            Some(line) if line.contains('\t') => b'\t',
            _ => b',',
        };
        Ok(Self::of(path, lines, delimiter, true))
    }

    /// A table of text: with a tab in its first line cells are divided by tabs and quotes are
    /// text, otherwise it is CSV.
    pub(super) fn open_text(path: &Path) -> Result<Self, DataError> {
        let mut lines = LineReader::new(read_lines(path)?);
        let tabs = lines.peek()?.is_some_and(|line| line.contains('\t'));
        if tabs {
            Ok(Self::of(path, lines, b'\t', false))
        } else {
            Self::open(path)
        }
    }

    fn of(path: &Path, lines: LineReader, delimiter: u8, quoting: bool) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true) // we report ragged rows in our own words
            .trim(Trim::All)
            .delimiter(delimiter)
            .quoting(quoting)
            .from_reader(lines);
        Self {
            path: path.to_owned(),
            reader,
            first: None,
        }
    }

    fn first_row(&mut self) -> Result<Row, DataError> {
        self.next_row()?.ok_or_else(|| self.empty())
    }

    pub(super) fn next_row(&mut self) -> Result<Option<Row>, DataError> {
        let mut cells = StringRecord::new();
        loop {
            let read = self.reader.read_record(&mut cells);
            if !read.map_err(|error| self.csv_error(error))? {
                return Ok(None);
            }
            // A line of blanks is one empty cell; a line without anything is skipped by the reader.
            if cells.len() > 1 || cells.iter().any(|cell| !cell.is_empty()) {
                break;
            }
        }
        // The reader's own idea of where a record starts is the line after the previous record,
        // blank lines or not; where it ends is certain.
        let inner_line_ends: usize = cells.iter().map(|cell| cell.matches('\n').count()).sum();
        let end = usize::try_from(self.reader.position().line()).unwrap_or(usize::MAX);
        let line = end.saturating_sub(1 + inner_line_ends);
        let (first_line, expected) = *self.first.get_or_insert((line, cells.len()));
        if cells.len() != expected {
            return Err(DataError::RaggedRow {
                path: self.path.clone(),
                line,
                first_line,
                expected,
                got: cells.len(),
            });
        }
        Ok(Some(Row { line, cells }))
    }

    /// The numbers of a column; `rows` were already read, the header among them.
    fn collect(
        mut self,
        rows: Vec<Row>,
        index: usize,
        has_header: bool,
    ) -> Result<Vec<f64>, DataError> {
        let name = title(&rows[0], index, has_header);
        let mut numbers = Vec::new();
        let mut ready = rows.into_iter().skip(usize::from(has_header));
        loop {
            let row = match ready.next() {
                Some(row) => row,
                None => match self.next_row()? {
                    Some(row) => row,
                    None => break,
                },
            };
            let cell = &row.cells[index];
            let number = parse_finite(cell)
                .ok_or_else(|| self.not_a_number(row.line, name.clone(), cell))?;
            numbers.push(number);
        }
        if numbers.is_empty() {
            return Err(self.empty());
        }
        Ok(numbers)
    }

    fn empty(&self) -> DataError {
        DataError::Empty {
            path: self.path.clone(),
            expected: "rows of numbers",
        }
    }

    fn not_a_number(&self, line: usize, column: String, cell: &str) -> DataError {
        DataError::NotANumber {
            path: self.path.clone(),
            line,
            column,
            got: quoted(cell),
        }
    }

    fn csv_error(&self, error: csv::Error) -> DataError {
        let problem = error.to_string();
        let path = self.path.clone();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => match error.downcast::<DataError>() {
                Ok(inner) => inner,
                Err(source) => DataError::Io { path, source },
            },
            _ => DataError::Csv { path, problem },
        }
    }
}

/// Whether the first row names the columns: its cell in this column is no number. An empty cell
/// tells nothing, so there the other cells decide.
fn is_header(first: &Row, index: usize) -> bool {
    let is_number = |cell: &str| cell.parse::<f64>().is_ok();
    let cell = &first.cells[index];
    if cell.is_empty() {
        !first.cells.iter().any(is_number)
    } else {
        !is_number(cell)
    }
}

fn title(first: &Row, index: usize, has_header: bool) -> String {
    if has_header && !first.cells[index].is_empty() {
        first.cells[index].to_owned()
    } else {
        (index + 1).to_string()
    }
}

pub(super) fn find(path: &Path, column: &ColumnSelector, first: &Row) -> Result<usize, DataError> {
    let mut nearest = None;
    match column {
        ColumnSelector::Number(number) => {
            if (1..=first.cells.len()).contains(number) {
                return Ok(number - 1);
            }
        }
        ColumnSelector::Name(name) => {
            let matches: Vec<usize> = (0..first.cells.len())
                .filter(|&index| &first.cells[index] == name)
                .collect();
            match matches[..] {
                [index] => return Ok(index),
                [] => nearest = nearest_name(name, &first.cells),
                _ => {
                    let numbers = matches.iter().map(|index| (index + 1).to_string());
                    let numbers = numbers.collect::<Vec<_>>().join(", ");
                    return Err(DataError::AmbiguousColumn {
                        path: path.to_owned(),
                        available: format!("`{name}` is the name of columns {numbers}"),
                    });
                }
            }
        }
    }
    Err(DataError::NoColumn {
        path: path.to_owned(),
        wanted: column.to_string(),
        available: available(first),
        nearest,
    })
}

fn available(row: &Row) -> String {
    const MAX_SHOWN: usize = 20;
    let shown = row.cells.iter().take(MAX_SHOWN).map(quoted);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if row.cells.len() > MAX_SHOWN {
        text.push_str(", …");
    }
    format!("{} columns: {text}", row.cells.len())
}

fn nearest_name(wanted: &str, names: &StringRecord) -> Option<String> {
    const NEAR: f64 = 0.8;
    let wanted = wanted.to_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    let name = names
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(name) >= NEAR).then(|| name.to_owned())
}

#[cfg(test)]
#[path = "column_tests.rs"]
mod tests;
