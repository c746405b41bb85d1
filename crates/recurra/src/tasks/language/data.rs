//! From running text to streams of tokens.

use super::config::{DataConfig, Recipe, Unit};
use super::cutter::{Cutter, Numbering};
use crate::Error;
use crate::artifact::{read_json, write_json};
use rayon::prelude::*;
use recurra_data::source::{locate, read_lines, read_text_columns};
use recurra_data::{Checksum, Contiguous, DataError, Specials, Split, TokenId};
use recurra_train::Run;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const ORIGIN: &str = "text.json";

/// Where the text of a run came from. A text may be large, so a run keeps what it was and not the
/// text: whoever goes on with it or judges it reads the same files again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// A built-in text, or its file.
    pub(super) source: String,
    /// How long each part is, in a sentence.
    pub(super) summary: String,
    /// The files of training, validation and test; one when they are parts of it, none when it is
    /// built in.
    pub(super) files: Vec<PathBuf>,
    /// Of all lines, to notice another text.
    pub(super) checksum: String,
}

/// The lines of a text and of what it is judged on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Texts {
    pub(super) train: Vec<String>,
    pub(super) valid: Vec<String>,
    pub(super) test: Vec<String>,
    pub(super) origin: Origin,
}

impl Texts {
    /// Reads what the recipe names.
    pub(super) fn read(config: &DataConfig) -> Result<Self, Error> {
        let path = config.path.as_deref();
        let files = match (&config.dataset, path, config.passage) {
            (Some(name), _, _) => {
                let others = [&config.valid, &config.test].into_iter().flatten();
                let names: Vec<&String> = std::iter::once(name).chain(others).collect();
                if let Some(file) = path.filter(|path| names.len() > 1 && path.is_file()) {
                    let want = "the folder that the three texts are in; for one file say \
                                `data.split` in place of `valid` and `test`";
                    return Err(Error::config("data.path", want, file.display()));
                }
                let hint = "Any text will do: --set data.path=FILE with data.split";
                let found = names.into_iter().map(|name| locate(name, path, Some(hint)));
                found.collect::<Result<Vec<PathBuf>, DataError>>()?
            }
            (None, Some(file), _) => vec![file.to_owned()],
            (None, None, Some(passage)) => {
                let lines = passage.lines().into_iter();
                let lines = lines.map(|line| config.form(line)).collect();
                return Self::new(config, vec![lines], Vec::new(), "built-in text".to_owned());
            }
            (None, None, None) => {
                let want = "a text: `path`, `dataset` or `passage`";
                return Err(Error::config("data", want, "none of them"));
            }
        };
        Self::read_files(config, files)
    }

    fn read_files(config: &DataConfig, files: Vec<PathBuf>) -> Result<Self, Error> {
        let parts = files.iter().map(|file| lines(file, config));
        let parts = parts.collect::<Result<Vec<_>, Error>>()?;
        let source = files
            .first()
            .map_or_else(String::new, |f| f.display().to_string());
        // Absolute, so that the run can be judged from another folder.
        let files = files
            .into_iter()
            .map(|file| file.canonicalize().unwrap_or(file))
            .collect();
        Self::new(config, parts, files, source)
    }

    fn new(
        config: &DataConfig,
        mut parts: Vec<Vec<String>>,
        files: Vec<PathBuf>,
        source: String,
    ) -> Result<Self, Error> {
        let checksum = checksum(&parts);
        if let [text] = &mut parts[..] {
            let fractions = config.split.as_ref().ok_or_else(|| {
                Error::config("data.split", "fractions for a text of one file", "nothing")
            })?;
            let split = Split::in_order(text.len(), fractions)?;
            let test = text.split_off(split.train.len() + split.valid.len());
            let valid = text.split_off(split.train.len());
            parts.extend([valid, test]);
        }
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            train: next(),
            valid: next(),
            test: next(),
            origin: Origin {
                source,
                summary: String::new(),
                files,
                checksum,
            },
        })
    }

    /// Reads the text of a run again.
    pub(super) fn of_run(config: &DataConfig, run: &Run) -> Result<Self, Error> {
        let origin: Origin = read_json(run, ORIGIN)?;
        let texts = match &origin.files[..] {
            [] => Self::read(config)?,
            files => Self::read_files(config, files.to_vec())?,
        };
        if texts.origin.checksum != origin.checksum {
            let want = format!("the text that the run was trained on ({})", origin.checksum);
            let got = format!("{} with another checksum", origin.source);
            return Err(Error::config("data", want, got));
        }
        Ok(Self { origin, ..texts })
    }
}

/// The lines of a file, or of one of its columns.
fn lines(file: &Path, config: &DataConfig) -> Result<Vec<String>, Error> {
    let apply = |line: String| config.form(&line);
    Ok(match &config.column {
        Some(column) => read_text_columns(file, &[column])?
            .into_iter()
            .flat_map(|row| row.cells)
            .map(apply)
            .collect(),
        None => read_lines(file)?
            .map(|line| Ok(apply(line?.text)))
            .collect::<Result<_, DataError>>()?,
    })
}

fn checksum(parts: &[Vec<String>]) -> String {
    let lines = parts.iter().flatten();
    let sum = lines.fold(Checksum::of(&[]), |sum, line| {
        sum.with(line.as_bytes()).with(b"\n")
    });
    sum.to_string()
}

/// One part of a text as the model reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// Units of all lines, `eos` behind each line.
    pub(super) ids: Vec<TokenId>,
    /// Units without a token of their own.
    pub(super) unknown: usize,
    /// Letters and line ends.
    pub(super) chars: usize,
}

impl Part {
    /// Numbers the units of lines.
    pub(super) fn new(lines: &[String], cutter: &Cutter) -> Self {
        let Specials { eos, unk, .. } = Specials::STANDARD;
        let vocab = cutter.vocab();
        let numbered = lines.par_iter().flat_map_iter(|line| {
            let units = cutter.segment(line).into_iter();
            let ids = units.map(|unit| vocab.id(&unit).unwrap_or(unk));
            ids.chain([eos])
        });
        let ids: Vec<TokenId> = numbered.collect();
        Self {
            unknown: ids.iter().filter(|&&id| id == unk).count(),
            chars: lines.iter().map(|line| Unit::chars(line)).sum(),
            ids,
        }
    }

    /// The lines again, as rows without `eos`.
    pub(super) fn rows(&self) -> Vec<&[TokenId]> {
        let eos = Specials::STANDARD.eos;
        let mut rows: Vec<&[TokenId]> = self.ids.split(|&id| id == eos).collect();
        rows.pop(); // what stands behind the last line's end: nothing
        rows
    }
}

/// A text as numbers.
#[derive(Debug, Clone)]
pub(super) struct Corpus {
    pub(super) train: Part,
    pub(super) valid: Part,
    pub(super) test: Part,
    pub(super) cutter: Cutter,
    pub(super) origin: Origin,
}

impl Corpus {
    /// Numbers a text, by what its training part teaches unless a cutter is given.
    pub(super) fn new(
        recipe: &Recipe,
        texts: Texts,
        cutter: Option<Cutter>,
    ) -> Result<Self, Error> {
        let cutter = match cutter {
            Some(cutter) => cutter,
            None => {
                let numbering = match recipe.model.adaptive_softmax {
                    Some(_) => Numbering::ByFrequency,
                    None => Numbering::ByText,
                };
                Cutter::learn(&recipe.data, &texts.train, numbering)?
            }
        };
        let part = |lines: &[String]| Part::new(lines, &cutter);
        let [train, valid, test] = [&texts.train, &texts.valid, &texts.test].map(|l| part(l));
        let mut origin = texts.origin;
        let least = recipe
            .train
            .batch_size
            .saturating_mul(recipe.data.tbptt_len)
            + 1;
        for (name, part, least, advice) in [
            (
                "to train on",
                &train,
                least,
                "give a longer text, or lower train.batch_size or data.tbptt_len: a window of \
                 each row has to fill",
            ),
            ("to watch training on", &valid, 2, "give a longer text"),
            ("for the result", &test, 2, "give a longer text"),
        ] {
            if part.ids.len() < least {
                return Err(Error::Data(DataError::TooFew {
                    what: format!("{}: text {name}", origin.source),
                    expected: least,
                    got: part.ids.len(),
                    unit: "tokens",
                    advice,
                }));
            }
        }
        origin.summary = format!(
            "{} tokens to train on, {} to watch, {} for the result; {} kinds of {}, {} of the \
             last part unknown",
            train.ids.len(),
            valid.ids.len(),
            test.ids.len(),
            cutter.vocab().tokens().len(),
            recipe.data.unit.singular(),
            test.unknown,
        );
        Ok(Self {
            train,
            valid,
            test,
            cutter,
            origin,
        })
    }

    /// That of a run, numbered as its model learnt it.
    pub(super) fn of_run(recipe: &Recipe, run: &Run) -> Result<Self, Error> {
        let texts = Texts::of_run(&recipe.data, run)?;
        Self::new(recipe, texts, Some(Cutter::read(&recipe.data, run)?))
    }

    /// Puts what a run is to remember of it into the run.
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        write_json(run, ORIGIN, &self.origin)?;
        self.cutter.write(run)
    }

    /// The training text as rows.
    pub(super) fn training_rows(&self, batch_size: usize) -> Result<Contiguous<'_>, DataError> {
        Contiguous::new(&self.train.ids, batch_size)
    }
}

/// A text that somebody else gives, for judging.
pub(super) fn read_foreign(
    path: &Path,
    config: &DataConfig,
    cutter: &Cutter,
) -> Result<Part, Error> {
    let lines = lines(path, config)?;
    let part = Part::new(&lines, cutter);
    if part.ids.len() < 2 {
        return Err(Error::Data(DataError::TooFew {
            what: format!("{}: text to judge on", path.display()),
            expected: 2,
            got: part.ids.len(),
            unit: "tokens",
            advice: "give a longer text",
        }));
    }
    Ok(part)
}
