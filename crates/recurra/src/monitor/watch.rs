//! Reading, classifying, counting.

use super::mentions::Mentions;
use super::page::page;
use super::phrases::Phrases;
use super::request::{GroupBy, MonitorRequest};
use super::table::{bad_rows, groups_csv};
use super::tally::{Counts, Tally, share};
use crate::Error;
use crate::recipe::Recipe;
use crate::tasks::classify::{Classify, open_classify};
use crate::verbs::finished;
use recurra_data::fault::{RowFault, RowFaults};
use recurra_data::source::{ColumnSelector, Record, Records};
use recurra_data::source::{Day, parse_day};
use recurra_data::{DataError, TokenId};
use recurra_nn::likeliest;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, write_atomic};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Rows that are read before they are classified together.
const CHUNK: usize = 2048;
/// Their texts together, in bytes; fewer rows when these are long.
const CHUNK_BYTES: usize = 16 << 20;
/// Rows between two notes on how far it is.
const NOTE_EVERY: u64 = 100_000;
/// Examples that are kept for each group and class.
const EXAMPLES: usize = 3;
/// How much of an example is kept.
const LETTERS: usize = 280;
/// Where bad rows are listed.
const BAD_ROWS: &str = "bad_rows.csv";

/// What the monitor found and wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Monitored {
    /// The page.
    pub report: PathBuf,
    /// Counts by group and period.
    pub table: PathBuf,
    /// Rows that could not be used, if there were any.
    pub bad_rows: Option<PathBuf>,
    /// Rows that were classified.
    pub rows: u64,
    /// How many could not be used, and the first of them.
    pub faults: RowFaults,
    /// The class whose share is drawn.
    pub class: String,
    /// The groups, those with most texts first.
    pub groups: Vec<GroupRow>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRow {
    /// Its name.
    pub name: String,
    /// Its texts.
    pub rows: u64,
    /// How many of each class.
    pub classes: BTreeMap<String, u64>,
    /// The share of the class that is drawn.
    pub share: f64,
    /// Where that share is with 95 % confidence.
    pub interval: [f64; 2],
}

/// A text that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) prob: f64,
}

/// Everything that is kept of the table.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) tally: Tally,
    pub(super) phrases: Phrases,
    /// The surest of each group and class.
    pub(super) examples: BTreeMap<(String, usize), Vec<Example>>,
    pub(super) faults: RowFaults,
    pub(super) rows: u64,
}

/// Classifies every text of a table and writes what they say of each group.
///
/// # Errors
/// [`Error::NotOfTask`] for a run of another task, [`Error::Config`] for a class that it has not; what is wrong with the
/// file as a whole. Rows that cannot be used are counted and listed, and are no error.
pub fn monitor(request: &MonitorRequest, control: &Control) -> Result<Monitored, Error> {
    let (run, recipe) = finished(&request.run)?;
    let Recipe::Classify(recipe) = &recipe else {
        return Err(Error::NotOfTask {
            dir: request.run.clone(),
            task: recipe.task(),
            why: "sorts no texts into classes; classify runs do",
        });
    };
    let classify = open_classify(recipe, &run, Precision::F32)?;
    let class = shown_class(request, classify.classes())?;
    if request.out.exists() && !request.out.is_dir() {
        return Err(not_writable(&request.out, &ErrorKind::NotADirectory.into()));
    }
    let seen = read(request, &classify, control)?;
    if seen.rows == 0 {
        return Err(Error::Data(match seen.faults.count {
            0 => DataError::Empty {
                path: request.file.clone(),
                expected: "rows of text",
            },
            count => DataError::BadRows {
                path: request.file.clone(),
                num_rows: count,
                faults: Box::new(seen.faults),
                advice: "correct them, or name other columns",
            },
        }));
    }
    let write = |name: &str, text: &str| -> Result<PathBuf, Error> {
        let path = request.out.join(name);
        write_atomic(&path, text.as_bytes())?;
        Ok(path)
    };
    std::fs::create_dir_all(&request.out).map_err(|error| not_writable(&request.out, &error))?;
    let classes = classify.classes();
    let table = write("groups.csv", &groups_csv(&seen.tally, classes, class))?;
    let bad_rows = match seen.faults.count {
        0 => {
            remove_stale(&request.out.join(BAD_ROWS))?;
            None
        }
        _ => Some(write(BAD_ROWS, &bad_rows(&seen.faults))?),
    };
    let page = page(request, &classify, &seen, class);
    let report = write("report.html", &page.to_html())?;
    let row = |(name, counts): (String, Counts)| {
        let share = share(&counts, class);
        GroupRow {
            name,
            rows: share.count,
            share: share.share().unwrap_or_default(),
            interval: share.interval(),
            classes: classes.iter().cloned().zip(counts).collect(),
        }
    };
    Ok(Monitored {
        report,
        table,
        bad_rows,
        rows: seen.rows,
        class: classes[class].clone(),
        groups: seen.tally.groups().into_iter().map(row).collect(),
        faults: seen.faults,
    })
}

fn not_writable(out: &Path, error: &std::io::Error) -> Error {
    let got = format!("{} ({error})", out.display());
    Error::config("--out", "a folder that can be written", got)
}

/// What an earlier report listed is not of this one.
fn remove_stale(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(not_writable(path, &error)),
        _ => Ok(()),
    }
}

fn shown_class(request: &MonitorRequest, classes: &[String]) -> Result<usize, Error> {
    let find = |wanted: &str| classes.iter().position(|class| class == wanted);
    match &request.class {
        None => Ok(find("positive").unwrap_or(classes.len() - 1)),
        Some(wanted) => find(wanted).ok_or_else(|| {
            let want = format!("one of {}", classes.join(", "));
            Error::config("--class", want, wanted)
        }),
    }
}

/// A row that is ready to be classified.
struct Row {
    line: usize,
    group: String,
    day: Day,
    text: String,
    ids: Vec<TokenId>,
}

fn read(request: &MonitorRequest, classify: &Classify, control: &Control) -> Result<Seen, Error> {
    let names = match &request.group {
        GroupBy::Mentions(names) => Mentions::new(names)?,
        GroupBy::Nothing | GroupBy::Column(_) => Mentions::default(),
    };
    let mut columns = vec![request.text.clone()];
    if let GroupBy::Column(column) = &request.group {
        columns.push(column.clone());
    }
    columns.extend(request.date.clone());
    let mut records = Records::open(&request.file, &columns)?;
    let num_classes = classify.classes().len();
    let mut seen = Seen {
        tally: Tally::new(num_classes),
        phrases: Phrases::new(num_classes),
        examples: BTreeMap::new(),
        faults: RowFaults::default(),
        rows: 0,
    };
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut chunk_bytes = 0;
    let mut noted = 0;
    loop {
        match records.next_record() {
            Ok(Some(record)) => match row(record, request, &names, classify) {
                Ok(row) => {
                    chunk_bytes += row.text.len();
                    chunk.push(row);
                }
                Err(fault) => seen.faults.add(fault),
            },
            Ok(None) => break,
            Err(error) => seen.faults.add(error.into_row_fault()?),
        }
        if chunk.len() == CHUNK || chunk_bytes >= CHUNK_BYTES {
            seen.take(&mut chunk, classify, &names)?;
            chunk_bytes = 0;
            if seen.rows >= noted + NOTE_EVERY {
                noted = seen.rows;
                let note = format!("{noted} rows, {} left out", seen.faults.count);
                control.progress.note(&note);
            }
        }
    }
    seen.take(&mut chunk, classify, &names)?;
    Ok(seen)
}

fn row(
    record: Record,
    request: &MonitorRequest,
    names: &Mentions,
    classify: &Classify,
) -> Result<Row, RowFault> {
    let Record { line, fields } = record;
    let fault = |column: &ColumnSelector, problem: String| RowFault {
        line,
        column: column.to_string(),
        problem,
    };
    let mut fields = fields.into_iter();
    let text = fields.next().unwrap_or_default();
    let ids = classify.read_text(&text).ids;
    if ids.is_empty() {
        let problem = "expected a text, got no visible letter".to_owned();
        return Err(fault(&request.text, problem));
    }
    let group = match &request.group {
        GroupBy::Nothing => "all".to_owned(),
        GroupBy::Mentions(_) => names.first_in(&text),
        GroupBy::Column(column) => {
            let cell = fields.next().unwrap_or_default();
            match cell.trim() {
                "" => {
                    let problem = "expected a group, got an empty cell".to_owned();
                    return Err(fault(column, problem));
                }
                name => name.to_owned(),
            }
        }
    };
    let day = match &request.date {
        None => 0,
        Some(column) => {
            let cell = fields.next().unwrap_or_default();
            parse_day(&cell, request.day_first).ok_or_else(|| {
                let got = match cell.trim() {
                    "" => "an empty cell".to_owned(),
                    text => format!("`{}`", text.chars().take(40).collect::<String>()),
                };
                let problem = format!("expected a date, as 2015-02-24 or 2/24/2015, got {got}");
                fault(column, problem)
            })?
        }
    };
    Ok(Row {
        line,
        group,
        day,
        text,
        ids,
    })
}

impl Seen {
    /// Classifies and counts what was read.
    fn take(
        &mut self,
        chunk: &mut Vec<Row>,
        classify: &Classify,
        names: &Mentions,
    ) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        let ids = chunk.iter_mut().map(|row| std::mem::take(&mut row.ids));
        let probs = classify.probs(ids.collect())?;
        for (row, probs) in chunk.drain(..).zip(probs) {
            let class = likeliest(&probs);
            let group = self.tally.group(&row.group).to_owned();
            self.tally.add(&group, row.day, class);
            self.phrases.add(&group, class, &row.text, names);
            self.rows += 1;
            let kept = self.examples.entry((group, class)).or_default();
            let prob = probs[class];
            let worst = kept.last().map_or(0.0, |last| last.prob);
            if kept.len() == EXAMPLES && prob <= worst {
                continue;
            }
            let text: String = row.text.chars().take(LETTERS).collect();
            if kept.iter().any(|one| one.text == text) {
                continue;
            }
            kept.push(Example {
                line: row.line,
                text,
                prob,
            });
            kept.sort_by(|a, b| b.prob.total_cmp(&a.prob));
            kept.truncate(EXAMPLES);
        }
        Ok(())
    }
}
