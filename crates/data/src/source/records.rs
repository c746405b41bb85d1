//! Wanted fields out of a table or out of JSON lines, row by row.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::DataError;
use crate::source::lines::{Lines, read_lines};
use crate::source::{ColumnSelector, TextTable};

/// Some fields of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// In the order in which they were asked for; what a JSON object does not have is empty.
    pub fields: Vec<String>,
}

/// The rows of a table (TSV, CSV) or the objects of JSON lines, one at a time.
///
/// What is JSON lines, [`is_json_lines`] says; in any other file, a tab in the first line divides cells and quotes are text, and without one it is CSV. All of them may be
/// compressed. Memory is that of one row.
///
/// # Example
/// ```
/// use recurra_data::source::{ColumnSelector, Records};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("reviews.csv");
/// std::fs::write(&path, "stars,text\n5,\"Good, very good\"\n")?;
/// let columns = ["text", "stars"].map(|name| ColumnSelector::Name(name.to_owned()));
/// let mut records = Records::open(&path, &columns)?;
/// let record = records.next_record()?.unwrap();
/// assert_eq!((record.line, &record.fields[..]), (2, &["Good, very good".into(), "5".into()][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Records {
    path: PathBuf,
    source: Source,
}

enum Source {
    Table(Box<TextTable>),
    JsonLines { lines: Lines, keys: Vec<String> },
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Records {
    /// Opens a file and finds the columns. A column by its name needs a header line.
    ///
    /// # Errors
    /// [`DataError::NoColumn`], [`DataError::AmbiguousColumn`], [`DataError::Empty`], and those of
    /// [`read_lines`]; [`DataError::Setting`] for a column of JSON lines by its number.
    pub fn open(path: &Path, columns: &[ColumnSelector]) -> Result<Self, DataError> {
        let source = if is_json_lines(path) {
            let keys = columns.iter().map(|column| match column {
                ColumnSelector::Name(name) => Ok(name.clone()),
                ColumnSelector::Number(number) => Err(DataError::Setting {
                    key: format!("column of {}", path.display()),
                    expected: String::from("a key by its name, as these are JSON lines"),
                    got: number.to_string(),
                }),
            });
            Source::JsonLines {
                keys: keys.collect::<Result<_, _>>()?,
                lines: read_lines(path)?,
            }
        } else {
            let columns: Vec<&ColumnSelector> = columns.iter().collect();
            Source::Table(Box::new(TextTable::open(path, &columns)?))
        };
        Ok(Self {
            path: path.to_owned(),
            source,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next row; nothing behind the last.
    ///
    /// # Errors
    /// [`DataError::RaggedRow`] and [`DataError::JsonLine`], behind which the next call goes on
    /// with the next row (see [`DataError::is_of_one_row`]); and those of [`read_lines`].
    pub fn next_record(&mut self) -> Result<Option<Record>, DataError> {
        match &mut self.source {
            Source::Table(table) => Ok(table
                .next_row()?
                .map(|(line, fields)| Record { line, fields })),
            Source::JsonLines { lines, keys } => {
                for line in lines {
                    let line = line?;
                    if line.text.trim().is_empty() {
                        continue;
                    }
                    return object(&self.path, line.number, &line.text, keys).map(Some);
                }
                Ok(None)
            }
        }
    }
}

/// Whether a file is JSON lines by its name: with `.jsonl` or `.ndjson` in it, compressed or not.
///
/// # Example
/// ```
/// use recurra_data::source::is_json_lines;
/// assert!(is_json_lines("reviews.jsonl.gz".as_ref()));
/// assert!(!is_json_lines("reviews.csv".as_ref()));
/// ```
pub fn is_json_lines(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.contains(".jsonl") || name.contains(".ndjson"))
}

fn object(path: &Path, line: usize, text: &str, keys: &[String]) -> Result<Record, DataError> {
    let problem = |key: &str, got: String| DataError::JsonLine {
        path: path.to_owned(),
        line,
        key: key.to_owned(),
        got,
    };
    let first = keys.first().map_or("", String::as_str);
    let object: Value =
        serde_json::from_str(text).map_err(|error| problem(first, format!("no JSON ({error})")))?;
    if !object.is_object() {
        return Err(problem(first, String::from("JSON that is no object")));
    }
    let field = |key: &String| match object.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(Value::Null) | None => Ok(String::new()),
        Some(Value::Array(_)) => Err(problem(key, String::from("a list"))),
        Some(Value::Object(_)) => Err(problem(key, String::from("an object"))),
    };
    let fields = keys.iter().map(field).collect::<Result<_, _>>()?;
    Ok(Record { line, fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(name: &str, content: &str, columns: &[&str]) -> Vec<Result<Record, String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        let columns: Vec<ColumnSelector> = columns.iter().map(|c| c.parse().unwrap()).collect();
        let mut records = Records::open(&path, &columns).unwrap();
        let mut rows = Vec::new();
        loop {
            match records.next_record() {
                Ok(Some(record)) => rows.push(Ok(record)),
                Ok(None) => return rows,
                Err(error) => {
                    assert!(error.is_of_one_row(), "{error}");
                    let dir = format!("{}/", dir.path().display());
                    rows.push(Err(error.to_string().replace(&dir, "")));
                }
            }
        }
    }

    #[test]
    fn a_bad_row_is_told_and_the_rest_is_read() {
        let rows = all("x.csv", "a,b\n1,2\n3\n4,5\n", &["b"]);
        assert_eq!(rows.len(), 3);
        let told = rows[1].as_ref().unwrap_err();
        assert!(told.starts_with("x.csv:3: expected 2 columns"), "{told}");
        let last = rows[2].as_ref().unwrap();
        assert_eq!((last.line, &last.fields[0][..]), (4, "5"));
    }

    #[test]
    fn json_values_become_text_and_missing_ones_are_empty() {
        let content = "{\"text\": \"a\", \"stars\": 5}\n\n{\"stars\": null}\nnot json\n[1]\n";
        let rows = all("x.jsonl", content, &["text", "stars"]);
        assert_eq!(rows[0].as_ref().unwrap().fields, ["a", "5"]);
        let second = rows[1].as_ref().unwrap();
        assert_eq!(
            (second.line, &second.fields[..]),
            (3, &["".into(), "".into()][..])
        );
        assert!(rows[2].as_ref().unwrap_err().starts_with("x.jsonl:4: "));
        assert!(rows[3].as_ref().unwrap_err().contains("no object"));
    }
}
