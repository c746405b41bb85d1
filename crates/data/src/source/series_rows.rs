//! Series that stand in rows, one a row, each as long as it is.

use std::collections::HashMap;
use std::path::Path;

use crate::error::DataError;
use crate::source::column::Table;
use crate::source::numbers::{parse_finite, quoted};

/// A series by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedSeries {
    /// What the file calls it.
    pub name: String,
    /// The line that it begins in, counted from 1.
    pub line: usize,
    /// Its values in order of time.
    pub values: Vec<f64>,
}

/// Reads series from a CSV file in which each row is one: its name, then its values, then as many
/// empty cells as a longer row needs. So the files of the M4 competition are laid out.
///
/// The first row is a header when no cell behind its first is a number. One whose numbers count up
/// by one, as years do, above others is refused: it may be either.
///
/// # Errors
/// [`DataError::NotANumber`] with line and column, also for an empty cell between two values;
/// [`DataError::TooFew`] for a row without values; [`DataError::RepeatedName`];
/// [`DataError::Setting`] for what may be a header of years; [`DataError::RaggedRow`],
/// [`DataError::Empty`] and those of
/// [`read_lines`](super::read_lines).
///
/// # Example
/// ```
/// use recurra_data::source::read_series_rows;
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("hourly.csv");
/// std::fs::write(&path, "V1,V2,V3,V4\nH1,605,586,586\nH2,3124,2990,\n")?;
/// let series = read_series_rows(&path)?;
/// assert_eq!((series[1].name.as_str(), &series[1].values[..]), ("H2", &[3124.0, 2990.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_series_rows(path: &Path) -> Result<Vec<NamedSeries>, DataError> {
    let mut table = Table::open(path)?;
    let mut series = Vec::new();
    let mut lines = HashMap::new();
    let (mut is_first, mut has_header) = (true, false);
    while let Some(row) = table.next_row()? {
        let mut behind = row.cells.iter().skip(1);
        let is_header =
            std::mem::take(&mut is_first) && behind.all(|cell| parse_finite(cell).is_none());
        if is_header {
            has_header = true;
            continue;
        }
        let filled = |&index: &usize| !row.cells[index].is_empty();
        let end = (0..row.cells.len()).rev().find(filled);
        let cells = row.cells.iter().enumerate();
        let values = cells.skip(1).take(end.unwrap_or(0)).map(|(index, cell)| {
            parse_finite(cell).ok_or_else(|| DataError::NotANumber {
                path: path.to_owned(),
                line: row.line,
                column: (index + 1).to_string(),
                got: quoted(cell),
            })
        });
        let values: Vec<f64> = values.collect::<Result<_, _>>()?;
        let name = row.cells[0].to_owned();
        if values.is_empty() {
            return Err(DataError::TooFew {
                what: format!("{}:{}: series `{name}`", path.display(), row.line),
                expected: 1,
                got: 0,
                unit: "values",
                advice: "a row is a name and the series' values, with commas between",
            });
        }
        if let Some(first_line) = lines.insert(name.clone(), row.line) {
            return Err(DataError::RepeatedName {
                path: path.to_owned(),
                line: row.line,
                first_line,
                name,
            });
        }
        series.push(NamedSeries {
            name,
            line: row.line,
            values,
        });
    }
    if let [first, _, ..] = &series[..]
        && !has_header
        && counts_up(&first.values)
    {
        return Err(DataError::Setting {
            key: format!("{}:{}", path.display(), first.line),
            expected: "a series, or a header of names".to_owned(),
            got: format!(
                "`{}` and numbers that count up by one, as a header of years does; name the columns \
                 with a letter (y1960), or, if it is a series, put a header above it",
                first.name
            ),
        });
    }
    if series.is_empty() {
        return Err(DataError::Empty {
            path: path.to_owned(),
            expected: "rows of a name and numbers",
        });
    }
    Ok(series)
}

/// Whether three or more values are whole and each is one more than the one before.
fn counts_up(values: &[f64]) -> bool {
    let steps = values.windows(2).all(|pair| pair[1] - pair[0] == 1.0);
    values.len() >= 3 && steps && values[0].fract() == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Vec<NamedSeries>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        std::fs::write(&path, content).unwrap();
        let dir = format!("{}/", dir.path().display());
        read_series_rows(&path).map_err(|error| error.to_string().replace(&dir, ""))
    }

    #[test]
    fn rows_end_where_their_last_value_is() {
        let series = read("\"a\",\"1\",\"2\",\"4\"\n\"b\",\"4\",,\n").unwrap();
        assert_eq!(series[0].values, [1.0, 2.0, 4.0]);
        assert_eq!((series[1].line, &series[1].values[..]), (2, &[4.0][..]));
        assert_eq!(read("name,v1\na,1\n").unwrap().len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told_by_line_and_column() {
        insta::assert_snapshot!(read("a,1,,3\n").unwrap_err(), @"x.csv:1: column `3`: expected a finite number, got an empty cell; correct or remove this row");
        assert!(
            read("a,,3\nb,1,2\n")
                .unwrap_err()
                .contains("x.csv:1: column `2`")
        );
        insta::assert_snapshot!(read("a,1\nb,\n").unwrap_err(), @"x.csv:2: series `b`: expected at least 1 values, got 0; a row is a name and the series' values, with commas between");
        insta::assert_snapshot!(read("a,1\na,2\n").unwrap_err(), @"x.csv:2: `a` again, as in line 1; a name is of one series");
        let years = "country,1960,1961,1962\nKorea,98,97,100\n";
        let told = read(years).unwrap_err();
        assert!(
            told.contains("x.csv:1") && told.contains("as a header of years"),
            "{told}"
        );
        assert_eq!(read(&format!("name,y,y,y\n{years}")).unwrap().len(), 2);
        insta::assert_snapshot!(read("a,v\n").unwrap_err(), @"x.csv: expected rows of a name and numbers, got an empty file; give a file with content");
    }
}
