//! The rows of a file, checked: dates in order, no series mixed with another.

use super::config::ColumnConfig;
use crate::Error;
use recurra_data::source::{ColumnSelector, TextRow, read_series, read_text_columns};
use std::path::Path;

/// The column of a file, in the order of its rows.
pub(super) fn read(path: &Path, data: &ColumnConfig) -> Result<Vec<f64>, Error> {
    let plain = data.rows.is_none() && data.dates.is_none() && data.not_negative.is_empty();
    let Some(column) = data.column.as_ref().filter(|_| !plain) else {
        if plain {
            return Ok(read_series(path, data.column.as_ref())?);
        }
        let want = "the column to forecast, as `rows`, `dates` or `not_negative` are given";
        return Err(Error::config("data.column", want, "none"));
    };
    let mut columns = vec![column];
    columns.extend(data.rows.as_ref().map(|rows| &rows.column));
    columns.extend(&data.dates);
    columns.extend(&data.not_negative);
    let mut rows = read_text_columns(path, &columns)?;
    let mut place = 1;
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
    if let Some(dates) = &data.dates {
        file.check_dates(&rows, place, dates)?;
        place += 1;
    }
    for (index, column) in data.not_negative.iter().enumerate() {
        for row in &rows {
            if file.number(row, place + index, column)? < 0.0 {
                let problem = format!(
                    "expected no negative number, got {}",
                    row.cells[place + index]
                );
                return Err(file.wrong(row, column, &problem));
            }
        }
    }
    rows.iter().map(|row| file.number(row, 0, column)).collect()
}

/// A file by its name in errors.
struct File<'a> {
    path: &'a Path,
}

impl File<'_> {
    fn wrong(&self, row: &TextRow, column: &ColumnSelector, problem: &str) -> Error {
        Error::Row {
            path: self.path.to_owned(),
            line: row.line,
            column: column.to_string(),
            problem: problem.to_owned(),
        }
    }

    fn number(&self, row: &TextRow, place: usize, column: &ColumnSelector) -> Result<f64, Error> {
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

    /// Each row's date is later than that of the row before.
    fn check_dates(
        &self,
        rows: &[TextRow],
        place: usize,
        column: &ColumnSelector,
    ) -> Result<(), Error> {
        let mut before: Option<(Moment, usize)> = None;
        for row in rows {
            let cell = row.cells[place].trim();
            let date = Moment::parse(cell).ok_or_else(|| {
                let problem = if cell.is_empty() {
                    "the date is missing".to_owned()
                } else {
                    format!("expected a date such as 2024-01-31 or 2024-01-31 09:30, got `{cell}`")
                };
                self.wrong(row, column, &problem)
            })?;
            if let Some((earlier, line)) = &before {
                if date == *earlier {
                    let problem = format!("the date {cell} again, as in line {line}");
                    return Err(self.wrong(row, column, &problem));
                }
                if date < *earlier {
                    let problem = format!(
                        "{cell} is earlier than the date of line {line}; sort the rows, oldest \
                         first"
                    );
                    return Err(self.wrong(row, column, &problem));
                }
            }
            before = Some((date, row.line));
        }
        Ok(())
    }
}

/// A date, perhaps with a time: year, month, day, hour, minute, second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment([u32; 6]);

impl Moment {
    /// `2024-01-31`, `2024/1/31`, `20240131`, `2024-01`, each perhaps with ` 09:30` or
    /// `T09:30:00` behind it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once([' ', 'T']) {
            Some((date, time)) => (date, time.trim_end_matches('Z')),
            None => (text, ""),
        };
        let mut parts = [0; 6];
        let compact = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        let date: Vec<&str> = if compact {
            vec![&date[..4], &date[4..6], &date[6..]]
        } else {
            date.split(['-', '/']).collect()
        };
        if !(2..=3).contains(&date.len()) || date[0].is_empty() {
            return None;
        }
        parts[2] = 1;
        for (part, text) in parts.iter_mut().zip(&date) {
            *part = text.parse().ok()?;
        }
        if !time.is_empty() {
            let time: Vec<&str> = time.split(':').collect();
            if time.len() > 3 {
                return None;
            }
            for (part, text) in parts[3..].iter_mut().zip(&time) {
                let whole = text.split('.').next().unwrap_or(text);
                *part = whole.parse().ok()?;
            }
        }
        let [_, month, day, hour, minute, second] = parts;
        let days = match month {
            2 if is_leap(parts[0]) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = (1..=12).contains(&month)
            && (1..=days).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then_some(Self(parts))
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}
