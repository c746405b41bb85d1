//! Where the pairs of a run come from, and what a run keeps of them.

use super::config::{DataConfig, Recipe};
use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_data::parallel::{
    Pair as Read, ParallelFiles, ParallelParts, ParallelText, read_parallel,
};
use recurra_data::source::{ColumnSelector, is_json_lines, read_lines};
use recurra_data::{DataError, Split};
use recurra_train::Run;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The pairs of a run as they were when it began, so that a resumed run sees the same ones.
const PAIRS: &str = "pairs.tsv";
const ORIGIN: &str = "pairs.json";
/// What the first column of that file says.
const PARTS: [&str; 3] = ["train", "valid", "test"];

/// Where the pairs of a run came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// A built-in list, a data set or a file.
    pub(super) source: String,
    /// How many were read and what was dropped, in a sentence.
    pub(super) summary: String,
}

/// A text and its translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) source: String,
    pub(super) target: String,
}

/// The pairs of a run, in the order of their files, and which of them are for what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) split: Split,
    pub(super) origin: Origin,
}

impl Pairs {
    /// Reads what the recipe names.
    pub(super) fn read(recipe: &Recipe) -> Result<Self, Error> {
        let (source, parts) = parts(recipe)?;
        Ok(Self::of_parts(source, parts))
    }

    /// Reads a file of pairs, all of them to be judged on: JSON lines or a table as the recipe
    /// says, else a table of which the columns 1 and 2 are taken.
    pub(super) fn read_file(path: &Path, config: &DataConfig) -> Result<Self, Error> {
        let files = match config.files.clone() {
            Some(ParallelFiles::JsonLines { source, target, .. }) => ParallelFiles::JsonLines {
                path: path.to_owned(),
                source,
                target,
            },
            Some(ParallelFiles::Table { source, target, .. }) => ParallelFiles::Table {
                path: path.to_owned(),
                source,
                target,
                group: Vec::new(),
            },
            Some(ParallelFiles::Lines { .. } | ParallelFiles::Dialogues { .. }) | None => {
                usual_files(path)
            }
        };
        let parts = ParallelParts {
            train: ParallelText::default(),
            valid: ParallelText::default(),
            test: read_parallel(&files)?,
        };
        Ok(Self::of_parts(shown(&files), parts))
    }

    fn of_parts(source: String, parts: ParallelParts) -> Self {
        let ParallelParts { train, valid, test } = parts;
        let texts = [train, valid, test];
        let sum = |of: &dyn Fn(&ParallelText) -> usize| texts.iter().map(of).sum::<usize>();
        let counts: Vec<String> = (texts.iter().zip(PARTS))
            .filter(|(text, _)| !text.pairs.is_empty())
            .map(|(text, part)| format!("{} to {}", text.pairs.len(), purpose(part)))
            .collect();
        let mut summary = format!(
            "{} lines: {} pairs",
            sum(&|one| one.num_lines),
            counts.join(", ")
        );
        let faults = [
            ("an empty side", sum(&|one| one.num_lines - one.pairs.len())),
            (
                "control characters, taken out",
                sum(&|one| one.control.len()),
            ),
            ("too many letters, cut", sum(&|one| one.truncated.len())),
        ];
        for (what, count) in faults {
            if count > 0 {
                summary += &format!("; {count} with {what}");
            }
        }
        let mut pairs = Vec::new();
        let mut parts = texts.into_iter().map(|text| {
            let first = pairs.len();
            pairs.extend(
                text.pairs
                    .into_iter()
                    .map(|Read { source, target, .. }| Pair { source, target }),
            );
            (first..pairs.len()).collect::<Vec<usize>>()
        });
        let mut next = || parts.next().unwrap_or_default();
        let split = Split {
            train: next(),
            valid: next(),
            test: next(),
        };
        drop(parts);
        Self {
            pairs,
            split,
            origin: Origin { source, summary },
        }
    }

    /// Puts them into a run that begins.
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        write_json(run, ORIGIN, &self.origin)?;
        let mut text = String::new();
        let Split { train, valid, test } = &self.split;
        for (part, indices) in PARTS.iter().zip([train, valid, test]) {
            for &index in indices {
                let Pair { source, target } = &self.pairs[index];
                text += &format!("{part}\t{source}\t{target}\n");
            }
        }
        run.write(PAIRS, text.as_bytes())?;
        Ok(())
    }

    /// Takes them out of a run.
    pub(super) fn of_run(run: &Run) -> Result<Self, Error> {
        let origin = read_json(run, ORIGIN)?;
        let mut pairs = Vec::new();
        let mut parts: [Vec<usize>; 3] = Default::default();
        for line in read_lines(&run.path(PAIRS)?)? {
            let line = line?;
            let mut cells = line.text.split('\t');
            let part = cells
                .next()
                .and_then(|cell| PARTS.iter().position(|part| *part == cell));
            let (Some(part), Some(source), Some(target)) = (part, cells.next(), cells.next())
            else {
                return Err(Error::Damaged {
                    path: run.dir().join(PAIRS),
                    reason: format!("line {}: no part, source and target", line.number),
                });
            };
            parts[part].push(pairs.len());
            pairs.push(Pair {
                source: source.to_owned(),
                target: target.to_owned(),
            });
        }
        let [train, valid, test] = parts;
        Ok(Self {
            pairs,
            split: Split { train, valid, test },
            origin,
        })
    }

    /// Refuses a list that is too short to learn from.
    pub(super) fn enough(&self) -> Result<(), Error> {
        if self.split.train.len() >= 2 {
            return Ok(());
        }
        Err(Error::Data(DataError::TooFew {
            what: format!("{} ({})", self.origin.source, self.origin.summary),
            expected: 2,
            got: self.split.train.len(),
            unit: "pairs",
            advice: "give a longer list",
        }))
    }
}

/// What the recipe names, in its parts, and what to call it.
pub(crate) fn parts(recipe: &Recipe) -> Result<(String, ParallelParts), Error> {
    let config = &recipe.data;
    let seed = recipe.train.seed;
    if let Some(name) = &config.dataset {
        let dataset = config.known_dataset(name)?;
        let parts = dataset.read(config.path.as_deref(), seed)?;
        let own = config.path.as_ref().map(|path| path.display().to_string());
        return Ok((own.unwrap_or_else(|| name.clone()), parts));
    }
    let own = config.path.as_deref().map(usual_files);
    let (source, text) = match (config.files.as_ref().or(own.as_ref()), config.pairs) {
        (Some(files), _) => (shown(files), read_parallel(files)?),
        (None, Some(list)) => ("built-in list".to_owned(), built_in(&list.pairs())),
        (None, None) => {
            let want = "pairs of texts from one of `dataset`, `files` and `pairs`";
            return Err(Error::config("data", want, "none"));
        }
    };
    let parts = match &config.split {
        Some(fractions) => text.split(fractions, seed)?,
        None => ParallelParts {
            train: text,
            valid: optional(config.valid.as_ref())?,
            test: optional(config.test.as_ref())?,
        },
    };
    Ok((source, parts))
}

/// A file as its name says: JSON lines with the keys `source` and `target`, dialogues in YAML, else
/// a table of which the columns 1 and 2 are taken.
fn usual_files(path: &Path) -> ParallelFiles {
    if is_json_lines(path) {
        return ParallelFiles::JsonLines {
            path: path.to_owned(),
            source: "source".to_owned(),
            target: "target".to_owned(),
        };
    }
    let name = path.to_string_lossy();
    if path.is_dir() || [".yml", ".yaml"].iter().any(|end| name.ends_with(end)) {
        return ParallelFiles::Dialogues {
            path: path.to_owned(),
        };
    }
    ParallelFiles::Table {
        path: path.to_owned(),
        source: ColumnSelector::Number(1),
        target: ColumnSelector::Number(2),
        group: Vec::new(),
    }
}

fn purpose(part: &str) -> &str {
    match part {
        "train" => "learn",
        "valid" => "watch",
        _ => "judge by",
    }
}

fn optional(files: Option<&ParallelFiles>) -> Result<ParallelText, DataError> {
    files.map_or_else(|| Ok(ParallelText::default()), read_parallel)
}

fn built_in(list: &[(&str, &str)]) -> ParallelText {
    let pair = |(line, (source, target)): (usize, &(&str, &str))| Read {
        line,
        source: (*source).to_owned(),
        target: (*target).to_owned(),
        group: None,
    };
    ParallelText {
        pairs: (1..).zip(list).map(pair).collect(),
        num_lines: list.len(),
        ..ParallelText::default()
    }
}

/// The files in a word.
fn shown(files: &ParallelFiles) -> String {
    match files {
        ParallelFiles::Lines { source, target } => {
            format!("{} and {}", source.display(), target.display())
        }
        ParallelFiles::Table { path, .. }
        | ParallelFiles::JsonLines { path, .. }
        | ParallelFiles::Dialogues { path } => path.display().to_string(),
    }
}
