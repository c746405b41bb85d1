//! Pairs out of two line-aligned files, a table, JSON lines, or dialogues.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dialogues::read_dialogues;
use crate::error::DataError;
use crate::fault::RowFaults;
use crate::source::{ColumnSelector, Lines, TextTable, read_lines};
use crate::text::single_spaced;

/// The longest text that is kept, in characters; what is longer is cut there, with a notice.
pub const MAX_CHARS: usize = 20_000;

/// Where pairs are; each file plain, `.gz` or `.zst`.
///
/// In a recipe: `{ format = "lines", source = "train.en", target = "train.de" }`,
/// `{ format = "table", path = "pairs.tsv", source = 1, target = "german" }`,
/// `{ format = "json-lines", path = "pairs.jsonl", source = "question", target = "answer" }`, or
/// `{ format = "dialogues", path = "english" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ParallelFiles {
    /// Line N of one file belongs to line N of the other.
    Lines {
        /// The file of the source side.
        source: PathBuf,
        /// The file of the target side.
        target: PathBuf,
    },
    /// Two columns of one file. With a tab in its first line, cells are divided by tabs and quotes
    /// are text; otherwise it is CSV. Columns by name need a header line.
    Table {
        /// The file.
        path: PathBuf,
        /// The column of the source side.
        source: ColumnSelector,
        /// The column of the target side.
        target: ColumnSelector,
        /// Columns that say together which pairs belong to one chapter, speaker or the like.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        group: Vec<ColumnSelector>,
    },
    /// One JSON object a line.
    JsonLines {
        /// The file.
        path: PathBuf,
        /// The key of the source side.
        source: String,
        /// The key of the target side.
        target: String,
    },
    /// Dialogues in the YAML of ChatterBot, `conversations: [[line, answer, ...], ...]`: each line
    /// with its answer, which is the next pair's line.
    Dialogues {
        /// A file, or a folder with such files.
        path: PathBuf,
    },
}

/// A text and the one that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Where it is in its file, counted from 1; of a dialogue, about.
    pub line: usize,
    /// What is read.
    pub source: String,
    /// What is to be written.
    pub target: String,
    /// The cells of the `group` columns, if there are such, or a dialogue's first line.
    pub group: Option<String>,
}

/// The pairs of some files, and what was noticed while reading them.
///
/// White space is made single and control characters are taken out; nothing else is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParallelText {
    /// Pairs with text on both sides, in the order of the file.
    pub pairs: Vec<Pair>,
    /// How many lines, rows or objects were read.
    pub num_lines: usize,
    /// Lines that are left out because the source side is empty.
    pub empty_source: Vec<usize>,
    /// Lines that are left out because the target side is empty.
    pub empty_target: Vec<usize>,
    /// Lines that had control characters or zero-width ones.
    pub control: Vec<usize>,
    /// Lines that were cut at [`MAX_CHARS`].
    pub truncated: Vec<usize>,
}

impl ParallelText {
    pub(super) fn add(&mut self, line: usize, source: &str, target: &str, group: Option<String>) {
        self.num_lines += 1;
        let mut sides = [source, target].map(|text| {
            let invisible = |letter: char| {
                (letter.is_control() && !letter.is_whitespace())
                    || matches!(letter, '\u{feff}' | '\u{200b}')
            };
            let clean = single_spaced(text);
            let cut = clean.char_indices().nth(MAX_CHARS).map(|(end, _)| end);
            (text.contains(invisible), cut, clean)
        });
        if sides.iter().any(|(control, ..)| *control) {
            self.control.push(line);
        }
        if sides.iter().any(|(_, cut, _)| cut.is_some()) {
            self.truncated.push(line);
        }
        for (_, cut, clean) in &mut sides {
            if let Some(end) = *cut {
                clean.truncate(end);
            }
        }
        let [(.., source), (.., target)] = sides;
        if source.is_empty() {
            self.empty_source.push(line);
        }
        if target.is_empty() {
            self.empty_target.push(line);
        }
        if !source.is_empty() && !target.is_empty() {
            self.pairs.push(Pair {
                line,
                source,
                target,
                group,
            });
        }
    }

    /// Counts a source without a target.
    pub(super) fn count_unanswered(&mut self, line: usize) {
        self.num_lines += 1;
        self.empty_target.push(line);
    }

    /// Turned about: what was the target is the source.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        for pair in &mut self.pairs {
            std::mem::swap(&mut pair.source, &mut pair.target);
        }
        std::mem::swap(&mut self.empty_source, &mut self.empty_target);
        self
    }
}

/// Reads pairs, streaming: memory is bounded by what is kept.
///
/// # Errors
/// [`DataError::LineCounts`] when two files differ in their number of lines;
/// [`DataError::NoColumn`] and [`DataError::RaggedRow`] for tables, [`DataError::JsonLine`] for
/// JSON, [`DataError::Dialogues`] for YAML; [`DataError::Empty`] without a single pair; and the errors of
/// [`read_lines`](crate::source::read_lines).
///
/// # Example
/// ```
/// use recurra_data::parallel::{ParallelFiles, read_parallel};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("pairs.tsv");
/// std::fs::write(&path, "Hi.\t안녕.\n\t빈\n")?;
/// let files = ParallelFiles::Table { path, source: "1".parse()?, target: "2".parse()?, group: vec![] };
/// let text = read_parallel(&files)?;
/// assert_eq!(text.pairs[0].target, "안녕.");
/// assert_eq!(text.empty_source, [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_parallel(files: &ParallelFiles) -> Result<ParallelText, DataError> {
    let text = read_past(files, &mut Err)?;
    if text.pairs.is_empty() {
        return Err(no_pairs(files));
    }
    Ok(text)
}

/// Reads pairs past the rows of a table that have another number of cells, and past lines that are
/// not the JSON they should be; these are told beside them.
///
/// # Errors
/// Those of [`read_parallel`] that are not of one row.
///
/// # Example
/// ```
/// use recurra_data::parallel::{ParallelFiles, survey_parallel};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("pairs.tsv");
/// std::fs::write(&path, "Hi.\t안녕.\nHi.\nBye.\t안녕.\t?\n")?;
/// let files = ParallelFiles::Table { path, source: "1".parse()?, target: "2".parse()?, group: vec![] };
/// let (text, faults) = survey_parallel(&files)?;
/// assert_eq!((text.pairs.len(), faults.count), (1, 2));
/// assert_eq!(faults.first[1].line, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn survey_parallel(files: &ParallelFiles) -> Result<(ParallelText, RowFaults), DataError> {
    let mut faults = RowFaults::default();
    let text = read_past(files, &mut |error| {
        faults.add(error.into_row_fault()?);
        Ok(())
    })?;
    if text.pairs.is_empty() && faults.count == 0 {
        return Err(no_pairs(files));
    }
    Ok((text, faults))
}

fn no_pairs(files: &ParallelFiles) -> DataError {
    let path = match files {
        ParallelFiles::Lines { source, .. } => source,
        ParallelFiles::Table { path, .. }
        | ParallelFiles::JsonLines { path, .. }
        | ParallelFiles::Dialogues { path } => path,
    };
    DataError::Empty {
        path: path.clone(),
        expected: "at least one pair with text on both sides",
    }
}

/// Who decides whether reading goes on past an error of one row.
type OnFault<'a> = &'a mut dyn FnMut(DataError) -> Result<(), DataError>;

fn read_past(files: &ParallelFiles, on_fault: OnFault<'_>) -> Result<ParallelText, DataError> {
    let mut text = ParallelText::default();
    match files {
        ParallelFiles::Lines { source, target } => read_aligned(&mut text, source, target)?,
        ParallelFiles::Table {
            path,
            source,
            target,
            group,
        } => {
            let columns: Vec<&ColumnSelector> = [source, target].into_iter().chain(group).collect();
            let mut table = TextTable::open(path, &columns)?;
            loop {
                match table.next_row() {
                    Ok(Some((line, cells))) => {
                        let group = (cells.len() > 2).then(|| cells[2..].join("\t"));
                        text.add(line, &cells[0], &cells[1], group);
                    }
                    Ok(None) => break,
                    Err(error) => on_fault(error)?,
                }
            }
        }
        ParallelFiles::JsonLines {
            path,
            source,
            target,
        } => read_json_lines(&mut text, path, [source, target], on_fault)?,
        ParallelFiles::Dialogues { path } => read_dialogues(&mut text, path)?,
    }
    Ok(text)
}

fn read_aligned(text: &mut ParallelText, source: &Path, target: &Path) -> Result<(), DataError> {
    let (mut sources, mut targets) = (read_lines(source)?, read_lines(target)?);
    loop {
        match (sources.next().transpose()?, targets.next().transpose()?) {
            (Some(source), Some(target)) => {
                text.add(source.number, &source.text, &target.text, None);
            }
            (None, None) => return Ok(()),
            (first_source, first_target) => {
                let rest = |lines: &mut Lines| -> Result<usize, DataError> {
                    lines.try_fold(0, |count, line| line.map(|_| count + 1))
                };
                let counted = |has_one: bool, lines: &mut Lines| -> Result<usize, DataError> {
                    Ok(text.num_lines + usize::from(has_one) + rest(lines)?)
                };
                return Err(DataError::LineCounts {
                    source_path: source.to_owned(),
                    source_lines: counted(first_source.is_some(), &mut sources)?,
                    target_path: target.to_owned(),
                    target_lines: counted(first_target.is_some(), &mut targets)?,
                });
            }
        }
    }
}

fn read_json_lines(
    text: &mut ParallelText,
    path: &Path,
    keys: [&str; 2],
    on_fault: OnFault<'_>,
) -> Result<(), DataError> {
    for line in read_lines(path)? {
        let line = line?;
        if line.text.trim().is_empty() {
            continue;
        }
        match json_sides(path, line.number, &line.text, keys) {
            Ok([source, target]) => text.add(line.number, &source, &target, None),
            Err(error) => on_fault(error)?,
        }
    }
    Ok(())
}

/// The texts under two keys of a JSON object.
fn json_sides(
    path: &Path,
    line: usize,
    text: &str,
    keys: [&str; 2],
) -> Result<[String; 2], DataError> {
    let problem = |key: &str, got: String| DataError::JsonLine {
        path: path.to_owned(),
        line,
        key: key.to_owned(),
        got,
    };
    let mut object: Value = serde_json::from_str(text)
        .map_err(|error| problem(keys[0], format!("no JSON ({error})")))?;
    let mut side = |key: &str| match object.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(problem(key, kind(&other).to_owned())),
        None => Err(problem(key, String::from("no such key"))),
    };
    let [source, target] = keys;
    Ok([side(source)?, side(target)?])
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
