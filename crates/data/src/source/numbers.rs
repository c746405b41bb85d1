//! Plain numbers: one a line, or several a line with commas, semicolons or blanks between.

use std::path::Path;

use crate::error::DataError;
use crate::source::lines::read_lines;

/// Reads the numbers of one line of text.
///
/// Numbers stand apart by commas, semicolons or white space. `origin` and `line` are for the
/// error message alone (`Path::new("<stdin>")`, for example).
///
/// # Errors
/// [`DataError::NotANumber`] for a word that is not a finite number, or for an empty place
/// between two commas. A blank line has no numbers and is no error.
///
/// # Example
/// ```
/// use std::path::Path;
///
/// let numbers = recurra_data::source::parse_numbers("1, 2,3.5", Path::new("<stdin>"), 1)?;
/// assert_eq!(numbers, [1.0, 2.0, 3.5]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
pub fn parse_numbers(text: &str, origin: &Path, line: usize) -> Result<Vec<f64>, DataError> {
    let mut numbers = Vec::new();
    if text.trim().is_empty() {
        return Ok(numbers);
    }
    for place in text.split([',', ';']) {
        let mut words = place.split_whitespace().peekable();
        if words.peek().is_none() {
            return Err(not_a_number("", origin, line, numbers.len() + 1));
        }
        for word in words {
            match parse_finite(word) {
                Some(number) => numbers.push(number),
                None => return Err(not_a_number(word, origin, line, numbers.len() + 1)),
            }
        }
    }
    Ok(numbers)
}

/// Reads a file of plain numbers: one a line, or several a line with commas between.
///
/// # Errors
/// [`DataError::Empty`] when there is no number, [`DataError::NotANumber`] with line and position,
/// and the errors of [`read_lines`].
///
/// # Example
/// ```
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("numbers.txt");
/// std::fs::write(&path, "1\n2\n3, 4\n")?;
/// assert_eq!(recurra_data::source::read_numbers(&path)?, [1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_numbers(path: &Path) -> Result<Vec<f64>, DataError> {
    let mut numbers = Vec::new();
    for line in read_lines(path)? {
        let line = line?;
        numbers.extend(parse_numbers(&line.text, path, line.number)?);
    }
    if numbers.is_empty() {
        return Err(DataError::Empty {
            path: path.to_owned(),
            expected: "numbers",
        });
    }
    Ok(numbers)
}

/// A finite number, or nothing: `nan` and `inf` are no data.
pub(super) fn parse_finite(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|number: &f64| number.is_finite())
}

/// What a message says about a cell: quoted, shortened, or `an empty cell`.
pub(super) fn quoted(cell: &str) -> String {
    const MAX_CHARS: usize = 40;
    if cell.is_empty() {
        return String::from("an empty cell");
    }
    let mut shown: String = cell.chars().take(MAX_CHARS).collect();
    if shown.len() < cell.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn not_a_number(word: &str, origin: &Path, line: usize, position: usize) -> DataError {
    DataError::NotANumber {
        path: origin.to_owned(),
        line,
        column: position.to_string(),
        got: quoted(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<f64>, DataError> {
        parse_numbers(text, Path::new("<stdin>"), 3)
    }

    #[test]
    fn commas_semicolons_and_blanks_part_numbers() {
        assert_eq!(parse("1,2;3 4\t-5e1").unwrap(), [1., 2., 3., 4., -50.]);
        assert_eq!(parse("  ").unwrap(), [0.0; 0]);
    }

    #[test]
    fn a_word_that_is_no_finite_number_is_named() {
        insta::assert_snapshot!(parse("1,two").unwrap_err(), @"<stdin>:3: column `2`: expected a finite number, got `two`; correct or remove this row");
        insta::assert_snapshot!(parse("1,,3").unwrap_err(), @"<stdin>:3: column `2`: expected a finite number, got an empty cell; correct or remove this row");
        for text in ["nan", "1 inf", "-infinity", "1e999"] {
            assert!(matches!(parse(text), Err(DataError::NotANumber { .. })));
        }
    }
}
