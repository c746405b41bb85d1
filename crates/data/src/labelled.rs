//! Texts with a label each, and the rows that have none.

use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::fault::{RowFault, RowFaults};
use crate::source::{ColumnSelector, Records};

/// A text and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledText {
    /// Where it is in its file, counted from 1.
    pub line: usize,
    /// As it stands there.
    pub text: String,
    /// As it stands there.
    pub label: String,
}

/// The rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelledTexts {
    /// Where they are from.
    pub path: PathBuf,
    /// Rows with a text and a label, in the order of the file.
    pub texts: Vec<LabelledText>,
    /// Rows without, or that are no rows.
    pub faults: RowFaults,
}

/// Reads a file of labelled texts; faulty rows are gathered and do not end the reading.
///
/// # Errors
/// As [`Records::open`] and [`Records::next_record`], but for those of one row.
///
/// # Example
/// ```
/// use recurra_data::labelled::read_labelled;
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("reviews.tsv");
/// std::fs::write(&path, "label\ttext\ngood\tI like it\n\tno label\n")?;
/// let read = read_labelled(&path, &"text".parse()?, &"label".parse()?)?;
/// assert_eq!(read.texts[0].label, "good");
/// assert_eq!(read.faults.to_string(), "line 3, column `label`: expected a label, got an empty cell");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_labelled(
    path: &Path,
    text: &ColumnSelector,
    label: &ColumnSelector,
) -> Result<LabelledTexts, DataError> {
    let mut records = Records::open(path, &[text.clone(), label.clone()])?;
    let mut read = LabelledTexts {
        path: path.to_owned(),
        ..LabelledTexts::default()
    };
    loop {
        let record = match records.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(read),
            Err(error) => {
                read.faults.add(error.into_row_fault()?);
                continue;
            }
        };
        let line = record.line;
        let mut empty = |column: &ColumnSelector, what: &str| {
            read.faults.add(RowFault {
                line,
                column: column.to_string(),
                problem: format!("expected {what}, got an empty cell"),
            });
        };
        let mut fields = record.fields.into_iter();
        let (cell_text, cell_label) = (
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        if cell_text.trim().is_empty() {
            empty(text, "a text");
        } else if cell_label.trim().is_empty() {
            empty(label, "a label");
        } else {
            read.texts.push(LabelledText {
                line,
                text: cell_text,
                label: cell_label.trim().to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_another_width_is_gathered_with_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        std::fs::write(&path, "text,label\na,1\nb\n,1\nc,0\n").unwrap();
        let name = |name: &str| ColumnSelector::Name(name.to_owned());
        let read = read_labelled(&path, &name("text"), &name("label")).unwrap();
        let texts: Vec<&str> = read.texts.iter().map(|row| &row.text[..]).collect();
        assert_eq!(texts, ["a", "c"]);
        assert_eq!(
            read.faults.to_string(),
            "line 3: expected 2 columns as in line 1, got 1; line 4, column `text`: expected a \
             text, got an empty cell"
        );
    }

    #[test]
    fn many_faults_are_counted_and_few_are_shown() {
        let mut faults = RowFaults::default();
        for line in 1..=1200 {
            faults.add(RowFault {
                line,
                column: String::new(),
                problem: String::from("x"),
            });
        }
        assert_eq!((faults.count, faults.first.len()), (1200, RowFaults::KEPT));
        assert!(faults.to_string().ends_with("line 10: x; and 1190 more"));
    }
}
