//! The rows of a file, checked: dates in order, no series mixed with another.

use super::config::ColumnConfig;
use super::covariates::Covariates;
use crate::Error;
use recurra_data::source::{ColumnSelector, Moment, TextRow, read_series, read_text_columns};
use std::path::Path;

/// What a file says, row by row.
#[derive(Debug)]
pub(super) struct Rows {
    /// The column to forecast.
    pub(super) values: Vec<f64>,
    /// What stands beside it; what is known beforehand goes on behind the last value, where it is read
    /// for what comes.
    pub(super) covariates: Covariates,
    /// Where the dates leave gaps.
    pub(super) notes: Vec<String>,
}

/// The columns of a file, in the order of its rows.
pub(super) fn read(path: &Path, data: &ColumnConfig) -> Result<Rows, Error> {
    read_up_to(path, data, End::Known)
}

/// The same of a file whose last rows may have nothing in the column to forecast: they are to come,
/// and say what is known of them.
pub(super) fn read_with_future(path: &Path, data: &ColumnConfig) -> Result<Rows, Error> {
    read_up_to(path, data, End::Open)
}

/// Whether the last rows may be yet to come.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Known,
    Open,
}

fn read_up_to(path: &Path, data: &ColumnConfig, end: End) -> Result<Rows, Error> {
    let plain = data.rows.is_none()
        && data.dates.is_none()
        && data.not_negative.is_empty()
        && data.inputs.is_empty()
        && data.known.is_empty();
    let Some(column) = data.column.as_ref().filter(|_| !plain) else {
        if plain {
            return Ok(Rows {
                values: read_series(path, data.column.as_ref())?,
                covariates: Covariates::default(),
                notes: Vec::new(),
            });
        }
        let want = "the column to forecast, as other columns are named beside it";
        return Err(Error::config("data.column", want, "none"));
    };
    let mut columns = vec![column];
    columns.extend(&data.inputs);
    columns.extend(&data.known);
    columns.extend(data.rows.as_ref().map(|rows| &rows.column));
    columns.extend(&data.dates);
    columns.extend(&data.not_negative);
    let mut rows = read_text_columns(path, &columns)?;
    let beside = 1 + data.inputs.len() + data.known.len();
    let mut place = beside;
    if let Some(filter) = &data.rows {
        let meant = filter.equals.trim();
        rows.retain(|row| row.cells[place].trim() == meant);
        if rows.is_empty() {
            let want = format!("what column {} says in some row", filter.column);
            return Err(Error::config(
                "data.rows.equals",
                want,
                format!("`{meant}`"),
            ));
        }
        place += 1;
    }
    let file = File { path };
    let mut notes = Vec::new();
    let mut moments = Vec::new();
    if let Some(dates) = &data.dates {
        moments = file.dates(&rows, place, dates)?;
        notes.extend(gaps(&moments, &rows, place));
        place += 1;
    }
    let has_value = |row: &TextRow| !row.cells[0].trim().is_empty();
    let seen = match rows.iter().rposition(has_value) {
        Some(last) if end == End::Open => &rows[..=last],
        _ => &rows[..],
    };
    for (index, column) in data.not_negative.iter().enumerate() {
        for row in seen {
            if file.number(row, place + index, column)? < 0.0 {
                let problem = format!(
                    "expected no negative number, got {}",
                    row.cells[place + index]
                );
                return Err(file.wrong(row, column, &problem));
            }
        }
    }
    let numbers = |rows: &[TextRow], place: usize, column: &ColumnSelector| {
        let cells = rows.iter().map(|row| file.number(row, place, column));
        cells.collect::<Result<Vec<f64>, Error>>()
    };
    let several = |rows: &[TextRow], first: usize, columns: &[ColumnSelector]| {
        let columns = (first..).zip(columns);
        let read = columns.map(|(place, column)| numbers(rows, place, column));
        read.collect::<Result<Vec<Vec<f64>>, Error>>()
    };
    let mut known = several(&rows, 1 + data.inputs.len(), &data.known)?;
    let cycles = data.calendar.iter();
    known.extend(cycles.flat_map(|cycle| cycle.columns(&moments)));
    Ok(Rows {
        values: numbers(seen, 0, column)?,
        covariates: Covariates {
            inputs: several(seen, 1, &data.inputs)?,
            known,
        },
        notes,
    })
}

/// A file by its name in errors.
pub(super) struct File<'a> {
    pub(super) path: &'a Path,
}

impl File<'_> {
    pub(super) fn wrong(&self, row: &TextRow, column: &ColumnSelector, problem: &str) -> Error {
        Error::Row {
            path: self.path.to_owned(),
            line: row.line,
            column: column.to_string(),
            problem: problem.to_owned(),
        }
    }

    pub(super) fn number(
        &self,
        row: &TextRow,
        place: usize,
        column: &ColumnSelector,
    ) -> Result<f64, Error> {
        let cell = row.cells[place].trim();
        let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| {
            let got = if cell.is_empty() {
                "an empty cell"
            } else {
                cell
            };
            self.wrong(row, column, &format!("expected a finite number, got {got}"))
        })
    }

    /// The rows' dates, each later than that of the row before.
    pub(super) fn dates(
        &self,
        rows: &[TextRow],
        place: usize,
        column: &ColumnSelector,
    ) -> Result<Vec<Moment>, Error> {
        let mut dates: Vec<Moment> = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let cell = row.cells[place].trim();
            let date = Moment::parse(cell).ok_or_else(|| {
                let problem = if cell.is_empty() {
                    "the date is missing".to_owned()
                } else {
                    format!("expected a date such as 2024-01-31 or 2024-01-31 09:30, got `{cell}`")
                };
                self.wrong(row, column, &problem)
            })?;
            if let Some(&earlier) = dates.last() {
                let line = rows[index - 1].line;
                if date == earlier {
                    let problem = format!("the date {cell} again, as in line {line}");
                    return Err(self.wrong(row, column, &problem));
                }
                if date < earlier {
                    let problem = format!(
                        "{cell} is earlier than the date of line {line}; sort the rows, oldest \
                         first"
                    );
                    return Err(self.wrong(row, column, &problem));
                }
            }
            dates.push(date);
        }
        Ok(dates)
    }
}

/// A step between dates that is as many times the usual one is a gap: holidays are none.
const GAP: i64 = 15;
/// Gaps that are named one by one.
const NAMED_GAPS: usize = 3;

/// Where dates leave out far more than they usually do, in a sentence: the series is taken as if
/// nothing were missing.
fn gaps(dates: &[Moment], rows: &[TextRow], place: usize) -> Option<String> {
    let steps = dates.windows(2).map(|pair| pair[1].since(pair[0]));
    let steps: Vec<i64> = steps.collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let usual = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    let gaps: Vec<usize> = (0..steps.len())
        .filter(|&at| steps[at] >= GAP * usual)
        .collect();
    let named = gaps.iter().take(NAMED_GAPS).map(|&at| {
        let cell = |row: &TextRow| format!("{} in line {}", row.cells[place].trim(), row.line);
        format!("from {} to {}", cell(&rows[at]), cell(&rows[at + 1]))
    });
    let named: Vec<String> = named.collect();
    let more = match gaps.len() - named.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    (!named.is_empty()).then(|| {
        format!(
            "gaps in the dates, which the series takes as single steps: {}{more}",
            named.join("; ")
        )
    })
}
