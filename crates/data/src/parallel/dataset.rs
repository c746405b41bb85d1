//! Public data sets of pairs by name.

use std::path::{Path, PathBuf};

use super::read::{ParallelFiles, ParallelText, read_parallel};
use crate::error::DataError;
use crate::source::{ColumnSelector, locate};
use crate::split::{Split, SplitFractions};

/// A public data set of pairs that is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParallelDataset {
    /// What a recipe calls it.
    pub name: &'static str,
    /// Where the public original is.
    pub original: &'static str,
    /// Where it is in the folder of data sets.
    place: &'static str,
    layout: Layout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `train.X`, `val.X` and `test_2016_flickr.X` for the languages of both sides.
    Multi30k(&'static str, &'static str),
    /// One table: the columns of both sides and those of the groups that stay together; without
    /// such, pairs of one source do.
    Table(Column, Column, &'static [&'static str]),
    /// A folder of dialogues.
    Dialogues,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name(&'static str),
    Number(usize),
}

impl Column {
    fn selector(self) -> ColumnSelector {
        match self {
            Self::Name(name) => ColumnSelector::Name(name.to_owned()),
            Self::Number(number) => ColumnSelector::Number(number),
        }
    }
}

const MULTI30K: &str = "Its original is https://github.com/multi30k/dataset, folder data/task1/raw";
const TATOEBA: &str = "Its original is kor.txt in https://www.manythings.org/anki/kor-eng.zip";
const BIBLE: &str = "It is a table with the columns book, chapter, verse, en_web and ko_okb: the World English Bible and the Open Korean Bible, both public";
const SONGYS: &str = "Its original is ChatbotData.csv of https://github.com/songys/Chatbot_data";
const CHATTERBOT: &str = "Its original is the folder chatterbot_corpus/data/english of https://github.com/gunthercox/chatterbot-corpus";

/// All that are known.
pub const DATASETS: &[ParallelDataset] = &[
    multi30k("multi30k-en-de", "en", "de"),
    multi30k("multi30k-de-en", "de", "en"),
    multi30k("multi30k-en-fr", "en", "fr"),
    ParallelDataset {
        name: "tatoeba-en-ko",
        original: TATOEBA,
        place: "nmt/tatoeba_eng_kor.tsv",
        layout: Layout::Table(Column::Number(1), Column::Number(2), &[]),
    },
    ParallelDataset {
        name: "bible-en-ko",
        original: BIBLE,
        place: "nmt/bible_en_ko.tsv.gz",
        layout: Layout::Table(
            Column::Name("en_web"),
            Column::Name("ko_okb"),
            &["book", "chapter"],
        ),
    },
    ParallelDataset {
        name: "songys-chat-ko",
        original: SONGYS,
        place: "chatbot/songys_ChatbotData.csv",
        layout: Layout::Table(Column::Name("Q"), Column::Name("A"), &[]),
    },
    ParallelDataset {
        name: "chatterbot-en",
        original: CHATTERBOT,
        place: "chatbot/chatterbot/english",
        layout: Layout::Dialogues,
    },
];

const fn multi30k(
    name: &'static str,
    source: &'static str,
    target: &'static str,
) -> ParallelDataset {
    ParallelDataset {
        name,
        original: MULTI30K,
        place: "nmt/multi30k",
        layout: Layout::Multi30k(source, target),
    }
}

/// One of the three parts of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// For fitting the weights.
    Train,
    /// For choosing when to stop.
    Valid,
    /// For the number that is reported.
    Test,
}

/// A data set in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParallelParts {
    /// For fitting the weights.
    pub train: ParallelText,
    /// For choosing when to stop.
    pub valid: ParallelText,
    /// For the number that is reported.
    pub test: ParallelText,
}

impl ParallelDataset {
    /// The data set of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        DATASETS.iter().find(|dataset| dataset.name == name)
    }

    /// Reads all parts. `data` is the file or folder, or the folder of all data sets; without it
    /// `RECURRA_DATA` is.
    ///
    /// Multi30k has its own parts. The others are split 90/5/5 by the seed so that pairs that
    /// belong together, the same English sentence, the verses of one chapter or the dialogues that
    /// begin alike, are in one part.
    ///
    /// # Errors
    /// [`DataError::NotFound`] that names the public original, and as [`read_parallel`].
    pub fn read(&self, data: Option<&Path>, seed: u64) -> Result<ParallelParts, DataError> {
        let place = locate(self.place, data, Some(self.original))?;
        match self.layout {
            Layout::Multi30k(source, target) => {
                let part = |stem| {
                    let side = |language| self.member(&place, stem, language);
                    read_parallel(&ParallelFiles::Lines {
                        source: side(source)?,
                        target: side(target)?,
                    })
                };
                Ok(ParallelParts {
                    train: part("train")?,
                    valid: part("val")?,
                    test: part("test_2016_flickr")?,
                })
            }
            Layout::Table(source, target, group) => {
                let text = read_parallel(&ParallelFiles::Table {
                    path: place,
                    source: source.selector(),
                    target: target.selector(),
                    group: group
                        .iter()
                        .map(|&name| Column::Name(name).selector())
                        .collect(),
                })?;
                text.split(&SplitFractions::default(), seed)
            }
            Layout::Dialogues => {
                let text = read_parallel(&ParallelFiles::Dialogues { path: place })?;
                text.split(&SplitFractions::default(), seed)
            }
        }
    }

    /// The file of one part and language, as it is distributed or unpacked.
    fn member(&self, folder: &Path, stem: &str, language: &str) -> Result<PathBuf, DataError> {
        let places = ["", "data/task1/raw"].map(|inside| folder.join(inside));
        let endings = ["gz", "zst", ""];
        let candidates = places.iter().flat_map(|place| {
            endings.map(|ending| {
                let dot = if ending.is_empty() { "" } else { "." };
                place.join(format!("{stem}.{language}{dot}{ending}"))
            })
        });
        candidates
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| DataError::NotFound {
                name: self.name.to_owned(),
                tried: format!("`{}` has no `{stem}.{language}.gz`", folder.display()),
                hint: Some(self.original.to_owned()),
            })
    }
}

impl ParallelText {
    /// Parts the pairs at random so that those of one group, or without groups those of one
    /// source, are in one part. What was noticed while reading goes with the training part.
    ///
    /// # Errors
    /// As [`Split::by_group`].
    pub fn split(
        mut self,
        fractions: &SplitFractions,
        seed: u64,
    ) -> Result<ParallelParts, DataError> {
        let keys: Vec<&str> = self
            .pairs
            .iter()
            .map(|pair| pair.group.as_deref().unwrap_or(&pair.source))
            .collect();
        let split = Split::by_group(&keys, fractions, seed)?;
        let part = |indices: &[usize]| Self {
            pairs: indices
                .iter()
                .map(|&index| self.pairs[index].clone())
                .collect(),
            num_lines: indices.len(),
            ..Self::default()
        };
        let (valid, test) = (part(&split.valid), part(&split.test));
        let kept = part(&split.train);
        self.num_lines -= valid.num_lines + test.num_lines;
        self.pairs = kept.pairs;
        Ok(ParallelParts {
            train: self,
            valid,
            test,
        })
    }
}
