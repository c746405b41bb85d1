//! The one error of this crate.
//!
//! Every message names where (file, line, column or key), what was expected, what was found and
//! what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::fault::{RowFault, RowFaults};

/// What can be wrong with data or with the description of data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused to read.
    #[error("{}: cannot read: {source}; check that the path is a readable file", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A compressed file ends early or is damaged.
    #[error(
        "{}: the {format} data is damaged or cut short after line {line} ({source}); \
         copy the file again", path.display()
    )]
    Compressed {
        /// The file.
        path: PathBuf,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// The last line that could be read, counted from 1; 0 when there was none.
        line: usize,
        /// What the decompressor said.
        source: io::Error,
    },

    /// Nothing was given and nothing was found for a named data set.
    #[error(
        "no data for `{name}`: {tried}. Give it with `--data PATH`, or set \
         `RECURRA_DATA` to a folder that holds `{name}`{}",
        hint.as_ref().map(|hint| format!(". {hint}")).unwrap_or_default()
    )]
    NotFound {
        /// The name that was looked for.
        name: String,
        /// Where it was looked for.
        tried: String,
        /// Where the public original is, when the caller knows.
        hint: Option<String>,
    },

    /// A byte that is not part of valid UTF-8.
    #[error(
        "{}:{line}: byte column {column}: expected UTF-8 text, got byte 0x{byte:02x}; \
         convert the file to UTF-8", path.display()
    )]
    Utf8 {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Byte within the line, counted from 1.
        column: usize,
        /// The offending byte.
        byte: u8,
    },

    /// A line longer than any text line should be; the file is probably not text.
    #[error(
        "{}:{line}: expected a line of at most {max_len} bytes, got a longer one; \
         is this a text file with line ends?", path.display()
    )]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The limit in bytes.
        max_len: usize,
    },

    /// A file without content of the kind that is wanted.
    #[error("{}: expected {expected}, got an empty file; give a file with content", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },

    /// A cell that is not a finite number.
    #[error(
        "{}:{line}: column `{column}`: expected a finite number, got {got}; \
         correct or remove this row", path.display()
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The column's name, or its number from 1 when there is no header.
        column: String,
        /// What is there.
        got: String,
    },

    /// A row with more or fewer cells than the first row.
    #[error(
        "{}:{line}: expected {expected} columns as in line {first_line}, got {got}; \
         correct the row, or quote cells that hold the delimiter", path.display()
    )]
    RaggedRow {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Where the first row is.
        first_line: usize,
        /// Cells in the first row.
        expected: usize,
        /// Cells in this row.
        got: usize,
    },

    /// A cell of nothing where something is needed.
    #[error(
        "{}:{line}: column {column} (the {what}) is empty; give a value, or take the line out",
        path.display()
    )]
    EmptyCell {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What should be there.
        what: &'static str,
    },

    /// Two rows by one name.
    #[error(
        "{}:{line}: `{name}` again, as in line {first_line}; a name is of one series",
        path.display()
    )]
    RepeatedName {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Where the name was first.
        first_line: usize,
        /// The name.
        name: String,
    },

    /// A column that the file does not have.
    #[error(
        "{}: expected column {wanted}, got {available}; {}", path.display(),
        nearest.as_ref().map_or_else(
            || String::from("name one of these"),
            |nearest| format!("did you mean `{nearest}`?")
        )
    )]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        wanted: String,
        /// The columns that are there, as text.
        available: String,
        /// The nearest name, if one is near.
        nearest: Option<String>,
    },

    /// Several columns could be meant.
    #[error(
        "{}: expected one column of numbers, got several: {available}; \
         choose one by name or number", path.display()
    )]
    AmbiguousColumn {
        /// The file.
        path: PathBuf,
        /// The columns that hold numbers.
        available: String,
    },

    /// A file that the CSV reader cannot make sense of.
    #[error("{}: cannot read as CSV: {problem}; check the quotes", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the CSV reader said.
        problem: String,
    },

    /// Data that is too short for what is asked of it.
    #[error("{what}: expected at least {expected} {unit}, got {got}; {advice}")]
    TooFew {
        /// The thing that is too short.
        what: String,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        got: usize,
        /// What is counted, in the plural.
        unit: &'static str,
        /// What to do.
        advice: &'static str,
    },

    /// Every entry of a list was dropped by the filter.
    #[error("{}: no word is left: {summary}; loosen the filter", path.display())]
    NothingLeft {
        /// The file.
        path: PathBuf,
        /// What was dropped and why.
        summary: String,
    },

    /// A setting that cannot be.
    #[error("`{key}`: expected {expected}, got {got}")]
    Setting {
        /// The setting, dotted as in a recipe.
        key: String,
        /// What it may be.
        expected: String,
        /// What it is.
        got: String,
    },

    /// A value in memory that is not a finite number, or is too large to compute with.
    #[error("{what}: value {index}: expected {expected}, got {got}; remove or correct it")]
    Value {
        /// The thing that holds the value.
        what: String,
        /// Which value, counted from 0.
        index: usize,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        got: f64,
    },

    /// A vocabulary file that is not one, or is damaged.
    #[error(
        "{}:{line}: expected {expected}, got {got}; write the vocabulary again or use the \
         file of the run", path.display()
    )]
    VocabFile {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What should be there.
        expected: String,
        /// What is there.
        got: String,
    },

    /// The same token twice.
    #[error("vocabulary: expected distinct tokens, got `{token}` as token {first} and {second}")]
    DuplicateToken {
        /// The token.
        token: String,
        /// Its first position in the list, counted from 0.
        first: usize,
        /// Its second position.
        second: usize,
    },

    /// A token id that the vocabulary does not have.
    #[error("token {index} of a sequence: expected an id below {vocab_size}, got {id}")]
    TokenId {
        /// Where in the sequence, counted from 0.
        index: usize,
        /// The id.
        id: u32,
        /// The vocabulary's size.
        vocab_size: usize,
    },

    /// Two files that should have a line each for the other's, and do not.
    #[error(
        "{} has {source_lines} lines and {} has {target_lines}; line N of one should be the \
         translation of line N of the other: find where they part, or give the file that belongs",
        source_path.display(), target_path.display()
    )]
    LineCounts {
        /// The file of the source side.
        source_path: PathBuf,
        /// Its lines.
        source_lines: usize,
        /// The file of the target side.
        target_path: PathBuf,
        /// Its lines.
        target_lines: usize,
    },

    /// A line that is no JSON object with the wanted text.
    #[error(
        "{}:{line}: expected a JSON object with text under `{key}`, got {got}; \
         correct or remove this line", path.display()
    )]
    JsonLine {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The key that was looked for.
        key: String,
        /// What is there.
        got: String,
    },

    /// Rows that cannot be used, where none may be left out.
    #[error(
        "{}: {} of {num_rows} rows cannot be used: {faults}; {advice}", path.display(), faults.count
    )]
    BadRows {
        /// The file.
        path: PathBuf,
        /// Its rows, the bad ones among them.
        num_rows: usize,
        /// Which rows, and why.
        faults: Box<RowFaults>,
        /// What to do.
        advice: &'static str,
    },

    /// A MIDI file, piano roll or text of tunes that cannot be read.
    #[error("{}: {place}: {problem}", path.display())]
    Music {
        /// The file.
        path: PathBuf,
        /// Where in it: a byte, a line, or a tune and its step.
        place: String,
        /// What was expected, and what came.
        problem: String,
    },

    /// A file of images or of their labels that cannot be read.
    #[error("{}: {problem}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What was expected, and what came.
        problem: String,
    },

    /// Dialogues that cannot be read.
    #[error(
        "{}: no dialogues: {problem}; expected YAML with `conversations`, a list of lists of lines",
        path.display()
    )]
    Dialogues {
        /// The file.
        path: PathBuf,
        /// What does not fit, and where.
        problem: String,
    },

    /// A tokenizer file that is not one, or is damaged.
    #[error("{}: not a tokenizer of this program ({problem}); use the file of the run", path.display())]
    TokenizerFile {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },

    /// Subwords cannot be learnt from this text.
    #[error("cannot learn {pieces} pieces: {problem}; {advice}")]
    Subwords {
        /// The kind of pieces.
        pieces: &'static str,
        /// What went wrong.
        problem: String,
        /// What to do.
        advice: &'static str,
    },

    /// Rows that do not form a batch.
    #[error("batch: {what}: expected {expected}, got {got}")]
    Batch {
        /// Which part of the batch.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
}

impl DataError {
    /// The same error of data in memory, with the place that the data is from: a file that is too
    /// short, or that holds a value which is too large. Other errors name their place themselves.
    ///
    /// # Example
    /// ```
    /// use recurra_data::DataError;
    /// let error = DataError::Value {
    ///     what: "series".to_owned(),
    ///     index: 2,
    ///     expected: "a finite number",
    ///     got: f64::NAN,
    /// };
    /// let message = error.about("prices.csv").to_string();
    /// assert!(message.starts_with("prices.csv: series: value 2"), "{message}");
    /// ```
    #[must_use]
    pub fn about(mut self, place: impl fmt::Display) -> Self {
        if let Self::TooFew { what, .. } | Self::Value { what, .. } = &mut self {
            *what = format!("{place}: {what}");
        }
        self
    }

    /// Whether the error is of one row alone, so that a reader may go on with the next.
    pub fn is_of_one_row(&self) -> bool {
        matches!(self, Self::RaggedRow { .. } | Self::JsonLine { .. })
    }

    /// The same as a fault of its row.
    ///
    /// # Errors
    /// The error itself when it is not of one row.
    pub fn into_row_fault(self) -> Result<RowFault, Self> {
        match self {
            Self::RaggedRow {
                line,
                first_line,
                expected,
                got,
                ..
            } => Ok(RowFault {
                line,
                column: String::new(),
                problem: format!("expected {expected} columns as in line {first_line}, got {got}"),
            }),
            Self::JsonLine { line, key, got, .. } => Ok(RowFault {
                line,
                column: format!("`{key}`"),
                problem: format!("expected a JSON object with text there, got {got}"),
            }),
            other => Err(other),
        }
    }
}
