//! A word a line, its label beside it, an empty line behind a sentence.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::source::read_lines;

/// Which columns of a file are words and labels.
///
/// Cells are divided by tabs in a line that has one, otherwise by white space. A recipe for
/// CoNLL-U: `{ word = 2, label = 4, comment = "#", skip_ranges = true }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaggedColumns {
    /// The column of the word, counted from 1. Default 1.
    pub word: usize,
    /// The column of the label, counted from 1. Default 2.
    pub label: usize,
    /// How lines begin that are no words. Default: there are none, and a hashtag is a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether lines whose first cell is a range (`3-4`) or a decimal (`3.1`) are left out: in
    /// CoNLL-U they are contractions and unspoken words, beside the words themselves.
    pub skip_ranges: bool,
}

impl Default for TaggedColumns {
    fn default() -> Self {
        Self {
            word: 1,
            label: 2,
            comment: None,
            skip_ranges: false,
        }
    }
}

/// A sentence as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaggedSentence {
    /// Where each word is in its file, counted from 1.
    pub lines: Vec<usize>,
    /// What is read.
    pub words: Vec<String>,
    /// What each word is, as many as words.
    pub labels: Vec<String>,
}

/// Reads the sentences of a file that is plain, `.gz` or `.zst`. What a file does not have is a
/// sentence without words: several empty lines count as one.
///
/// # Errors
/// [`DataError::RaggedRow`] for a line with other than the first line's number of cells,
/// [`DataError::NoColumn`] when there are too few, [`DataError::EmptyCell`] for a word or a label
/// of nothing, [`DataError::Empty`] without any sentence, [`DataError::Setting`] for a column 0,
/// and the errors of [`read_lines`].
///
/// # Example
/// ```
/// use recurra_data::tagged::{TaggedColumns, read_tagged};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("two.conll");
/// std::fs::write(&path, "She PRP B-NP\nsleeps VBZ B-VP\n\nYes UH B-INTJ\n")?;
/// let columns = TaggedColumns { label: 3, ..TaggedColumns::default() };
/// let sentences = read_tagged(&path, &columns)?;
/// assert_eq!(sentences[0].words, ["She", "sleeps"]);
/// assert_eq!(sentences[1].labels, ["B-INTJ"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_tagged(path: &Path, columns: &TaggedColumns) -> Result<Vec<TaggedSentence>, DataError> {
    columns.check()?;
    let mut reader = Reader {
        path: path.to_owned(),
        columns,
        first: None,
        sentences: Vec::new(),
        open: TaggedSentence::default(),
    };
    for line in read_lines(path)? {
        let line = line?;
        reader.add(line.number, &line.text)?;
    }
    reader.end_sentence();
    if reader.sentences.is_empty() {
        return Err(DataError::Empty {
            path: path.to_owned(),
            expected: "sentences, a word and its label a line",
        });
    }
    Ok(reader.sentences)
}

impl TaggedColumns {
    /// Refuses a column that there cannot be.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming it.
    pub fn check(&self) -> Result<(), DataError> {
        for (key, column) in [("word", self.word), ("label", self.label)] {
            if column == 0 {
                return Err(DataError::Setting {
                    key: format!("columns.{key}"),
                    expected: String::from("a column, counted from 1"),
                    got: String::from("0"),
                });
            }
        }
        if self.comment.as_ref().is_some_and(String::is_empty) {
            return Err(DataError::Setting {
                key: String::from("columns.comment"),
                expected: String::from("how a comment begins, or no such key"),
                got: String::from("nothing, which every line begins with"),
            });
        }
        Ok(())
    }
}

struct Reader<'a> {
    path: PathBuf,
    columns: &'a TaggedColumns,
    /// The first line with cells, and how many it has.
    first: Option<(usize, usize)>,
    sentences: Vec<TaggedSentence>,
    open: TaggedSentence,
}

impl Reader<'_> {
    fn add(&mut self, number: usize, text: &str) -> Result<(), DataError> {
        if text.trim().is_empty() {
            self.end_sentence();
            return Ok(());
        }
        if let Some(comment) = &self.columns.comment
            && text.starts_with(comment)
        {
            return Ok(());
        }
        let cells: Vec<&str> = match text.contains('\t') {
            true => text.split('\t').collect(),
            false => text.split_whitespace().collect(),
        };
        // Parts of the text are parted by it in the shared tasks' files; it is not of the text.
        if cells[0] == "-DOCSTART-" || (self.columns.skip_ranges && is_range(cells[0])) {
            return Ok(());
        }
        let (first_line, expected) = *self.first.get_or_insert((number, cells.len()));
        if cells.len() != expected {
            return Err(DataError::RaggedRow {
                path: self.path.clone(),
                line: number,
                first_line,
                expected,
                got: cells.len(),
            });
        }
        let word = self.cell(number, &cells, self.columns.word, "word")?;
        let label = self.cell(number, &cells, self.columns.label, "label")?;
        self.open.lines.push(number);
        self.open.words.push(word.to_owned());
        self.open.labels.push(label.trim().to_owned());
        Ok(())
    }

    fn cell<'a>(
        &self,
        line: usize,
        cells: &[&'a str],
        column: usize,
        what: &'static str,
    ) -> Result<&'a str, DataError> {
        match cells.get(column - 1) {
            None => Err(DataError::NoColumn {
                path: self.path.clone(),
                wanted: format!("{column} (the {what})"),
                available: format!("{} in line {line}", cells.len()),
                nearest: None,
            }),
            // A word may be a space where characters are labelled.
            Some(cell) if cell.is_empty() || (what == "label" && cell.trim().is_empty()) => {
                Err(DataError::EmptyCell {
                    path: self.path.clone(),
                    line,
                    column,
                    what,
                })
            }
            Some(cell) => Ok(cell),
        }
    }

    fn end_sentence(&mut self) {
        if !self.open.words.is_empty() {
            self.sentences.push(std::mem::take(&mut self.open));
        }
    }
}

/// `3-4` or `3.1`.
fn is_range(cell: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    cell.split_once(['-', '.'])
        .is_some_and(|(from, to)| is_number(from) && is_number(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &TaggedColumns) -> Result<Vec<TaggedSentence>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.conll");
        std::fs::write(&path, text).unwrap();
        let folder = format!("{}/", dir.path().display());
        read_tagged(&path, columns).map_err(|error| error.to_string().replace(&folder, ""))
    }

    fn refusal(text: &str, columns: &TaggedColumns) -> String {
        read(text, columns).unwrap_err()
    }

    #[test]
    fn empty_lines_part_sentences_however_many() {
        let columns = TaggedColumns::default();
        let read = read("\n\na X\nb Y\n\n \t\n\nc\tZ", &columns).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(
            (&read[0].lines[..], &read[1].lines[..]),
            (&[3, 4][..], &[8][..])
        );
        assert_eq!(read[1].words, ["c"]);
    }

    #[test]
    fn a_space_is_a_word_between_tabs() {
        let columns = TaggedColumns {
            comment: Some("##".to_owned()),
            ..TaggedColumns::default()
        };
        let read = read("## a comment\tx\ty\n한\tB-LC\n \tO\n#tag\tO\n", &columns).unwrap();
        assert_eq!(read[0].words, ["한", " ", "#tag"]);
    }

    #[test]
    fn conllu_is_read_without_its_ranges() {
        let columns = TaggedColumns {
            word: 2,
            label: 4,
            comment: Some("#".to_owned()),
            skip_ranges: true,
        };
        let text = "# text = don't\n1-2\tdon't\t_\t_\n1\tdo\tdo\tAUX\n2\tn't\tnot\tPART\n\
                    2.1\tgo\tgo\tVERB\n3\t3-4\t_\tNUM\n";
        assert_eq!(
            read(text, &columns).unwrap()[0].labels,
            ["AUX", "PART", "NUM"]
        );
    }

    #[test]
    fn bad_lines_are_named() {
        let columns = TaggedColumns::default();
        insta::assert_snapshot!(refusal("a X\nb Y Z\n", &columns), @"a.conll:2: expected 2 columns as in line 1, got 3; correct the row, or quote cells that hold the delimiter");
        insta::assert_snapshot!(refusal("a\nb\n", &columns), @"a.conll: expected column 2 (the label), got 1 in line 1; name one of these");
        insta::assert_snapshot!(refusal("a\tX\nb\t \n", &columns), @"a.conll:2: column 2 (the label) is empty; give a value, or take the line out");
        insta::assert_snapshot!(refusal("a\tX\n\tX\n", &columns), @"a.conll:2: column 1 (the word) is empty; give a value, or take the line out");
        insta::assert_snapshot!(refusal("\n\n", &columns), @"a.conll: expected sentences, a word and its label a line, got an empty file; give a file with content");
        let zero = TaggedColumns {
            label: 0,
            ..TaggedColumns::default()
        };
        insta::assert_snapshot!(refusal("a X", &zero), @"`columns.label`: expected a column, counted from 1, got 0");
    }
}
