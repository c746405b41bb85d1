//! A list of words, one a line, with what was left out of it and why.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::source::read_lines;
use crate::text::{Case, Unit};

/// Which characters a word may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Characters {
    /// Letters of any script, nothing else: `don't` and `x-ray` are left out.
    #[default]
    Alphabetic,
    /// Anything but white space at the ends.
    Any,
}

/// Which words of a list are wanted, and in what form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordFilter {
    /// What a length counts.
    pub unit: Unit,
    /// The shortest word, in units.
    pub min_len: usize,
    /// The longest word, in units.
    pub max_len: usize,
    /// What happens to capital letters.
    pub case: Case,
    /// Which characters a word may have.
    pub characters: Characters,
}

impl Default for WordFilter {
    /// Words of 1 to 32 letters, alphabetic, in small letters.
    fn default() -> Self {
        Self {
            unit: Unit::Letter,
            min_len: 1,
            max_len: 32,
            case: Case::Lower,
            characters: Characters::Alphabetic,
        }
    }
}

/// Why a line of a list is no word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The line has nothing but white space.
    Blank,
    /// It has a character that is no letter.
    NotAlphabetic,
    /// It has fewer units than the filter asks for.
    TooShort,
    /// It has more units than the filter allows.
    TooLong,
    /// It came before, perhaps in another case.
    Duplicate,
}

impl DropReason {
    const ALL: [Self; 5] = [
        Self::Blank,
        Self::NotAlphabetic,
        Self::TooShort,
        Self::TooLong,
        Self::Duplicate,
    ];
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => "blank",
            Self::NotAlphabetic => "not alphabetic",
            Self::TooShort => "too short",
            Self::TooLong => "too long",
            Self::Duplicate => "duplicate",
        })
    }
}

/// How many lines were dropped for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Why.
    pub reason: DropReason,
    /// How many lines.
    pub count: usize,
    /// The first such line, counted from 1.
    pub first_line: usize,
    /// What it says.
    pub first_word: String,
}

/// The words of a list that passed a filter, in the order of the list and distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordList {
    /// The words.
    pub words: Vec<String>,
    /// How many lines were read.
    pub num_lines: usize,
    /// What was dropped, for each reason that occurred.
    pub dropped: Vec<Dropped>,
}

impl WordList {
    /// Reads a list, one word a line, from a plain or gzip-compressed file.
    ///
    /// A word that the filter refuses, a word that is too long among them, is counted and not an
    /// error. White space around a word is taken off.
    ///
    /// # Errors
    /// [`DataError::Empty`] for a file without a line, [`DataError::NothingLeft`] when the filter
    /// refuses every word, and the errors of [`read_lines`].
    ///
    /// # Example
    /// ```
    /// use recurra_data::text::{WordFilter, WordList};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let path = dir.path().join("words.txt");
    /// std::fs::write(&path, "Apple\napple\nbee\ndon't\n")?;
    /// let list = WordList::read(&path, &WordFilter::default())?;
    /// assert_eq!(list.words, ["apple", "bee"]);
    /// assert_eq!(
    ///     list.to_string(),
    ///     "2 words of 4 lines; dropped 1 not alphabetic (`don't`, line 4), \
    ///      1 duplicate (`apple`, line 2)"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(path: &Path, filter: &WordFilter) -> Result<Self, DataError> {
        let mut lines = read_lines(path)?;
        let mut list = Collector::new(filter);
        lines.try_for_each(|line| line.map(|line| list.add(&line.text)))?;
        let list = list.finish();
        if list.num_lines == list.count(DropReason::Blank) {
            return Err(DataError::Empty {
                path: path.to_owned(),
                expected: "a list of words, one a line",
            });
        }
        if list.words.is_empty() {
            return Err(DataError::NothingLeft {
                path: path.to_owned(),
                summary: list.to_string(),
            });
        }
        Ok(list)
    }

    /// Filters words that are in memory, as if each were a line of a file.
    pub fn from_words<S: AsRef<str>>(
        words: impl IntoIterator<Item = S>,
        filter: &WordFilter,
    ) -> Self {
        let mut list = Collector::new(filter);
        words.into_iter().for_each(|word| list.add(word.as_ref()));
        list.finish()
    }

    /// How many lines were dropped for `reason`.
    pub fn count(&self, reason: DropReason) -> usize {
        let dropped = self.dropped.iter().find(|dropped| dropped.reason == reason);
        dropped.map_or(0, |dropped| dropped.count)
    }
}

impl fmt::Display for WordList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} words of {} lines", self.words.len(), self.num_lines)?;
        for (index, dropped) in self.dropped.iter().enumerate() {
            let lead = if index == 0 { "; dropped" } else { "," };
            let Dropped {
                reason,
                count,
                first_line,
                first_word,
            } = dropped;
            write!(f, "{lead} {count} {reason}")?;
            if first_word.is_empty() {
                write!(f, " (line {first_line})")?;
            } else {
                write!(f, " (`{first_word}`, line {first_line})")?;
            }
        }
        Ok(())
    }
}

struct Collector<'a> {
    filter: &'a WordFilter,
    seen: HashSet<String>,
    list: WordList,
}

impl<'a> Collector<'a> {
    fn new(filter: &'a WordFilter) -> Self {
        Self {
            filter,
            seen: HashSet::new(),
            list: WordList {
                words: Vec::new(),
                num_lines: 0,
                dropped: Vec::new(),
            },
        }
    }

    fn add(&mut self, line: &str) {
        self.list.num_lines += 1;
        let word = line.trim();
        let units = Unit::Letter.segment(&self.filter.case.apply(word));
        let form = units.concat();
        match self.refuse(&form) {
            None => {
                self.seen.insert(form.clone());
                self.list.words.push(form);
            }
            Some(reason) => self.drop_line(reason, word),
        }
    }

    fn refuse(&self, word: &str) -> Option<DropReason> {
        let filter = self.filter;
        if word.is_empty() {
            return Some(DropReason::Blank);
        }
        if filter.characters == Characters::Alphabetic && !word.chars().all(char::is_alphabetic) {
            return Some(DropReason::NotAlphabetic);
        }
        let len = filter.unit.segment(word).len();
        if len < filter.min_len {
            Some(DropReason::TooShort)
        } else if len > filter.max_len {
            Some(DropReason::TooLong)
        } else {
            self.seen.contains(word).then_some(DropReason::Duplicate)
        }
    }

    fn drop_line(&mut self, reason: DropReason, word: &str) {
        const MAX_SHOWN: usize = 40;
        let dropped = &mut self.list.dropped;
        match dropped.iter_mut().find(|dropped| dropped.reason == reason) {
            Some(dropped) => dropped.count += 1,
            None => dropped.push(Dropped {
                reason,
                count: 1,
                first_line: self.list.num_lines,
                first_word: word.chars().take(MAX_SHOWN).collect(),
            }),
        }
    }

    fn finish(mut self) -> WordList {
        let order = |dropped: &Dropped| DropReason::ALL.iter().position(|&r| r == dropped.reason);
        self.list.dropped.sort_by_key(order);
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(min_len: usize, max_len: usize) -> WordFilter {
        WordFilter {
            min_len,
            max_len,
            ..WordFilter::default()
        }
    }

    #[test]
    fn each_refused_word_is_counted_with_its_reason() {
        let words = [
            "to", "tree", " Tree ", "", "x-ray", "elephant", "bee", "AAA's",
        ];
        let list = WordList::from_words(words, &filter(3, 5));
        assert_eq!(list.words, ["tree", "bee"]);
        insta::assert_snapshot!(list, @"2 words of 8 lines; dropped 1 blank (line 4), 2 not alphabetic (`x-ray`, line 5), 1 too short (`to`, line 1), 1 too long (`elephant`, line 6), 1 duplicate (`Tree`, line 3)");
        assert_eq!(list.count(DropReason::NotAlphabetic), 2);
        assert_eq!(list.count(DropReason::TooLong), 1);
    }

    #[test]
    fn length_counts_the_unit() {
        let syllables = WordList::from_words(["한국", "사랑"], &filter(1, 2));
        assert_eq!(syllables.words.len(), 2);
        let jamo = WordFilter {
            unit: Unit::Jamo,
            ..filter(1, 5)
        };
        assert_eq!(
            WordList::from_words(["한국", "사랑"], &jamo).words,
            ["사랑"]
        );
    }

    #[test]
    fn case_and_marks_can_be_kept() {
        let all = WordFilter {
            case: Case::Keep,
            characters: Characters::Any,
            ..WordFilter::default()
        };
        let words = ["Don't", "don't", "x-ray"];
        assert_eq!(WordList::from_words(words, &all).words, words);
    }

    #[test]
    fn a_decomposed_word_is_a_duplicate_of_the_composed_one() {
        let list = WordList::from_words(["é", "e\u{301}"], &WordFilter::default());
        assert_eq!(list.count(DropReason::Duplicate), 1);
    }

    #[test]
    fn a_list_without_words_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.txt");
        for content in ["", "\n  \n"] {
            std::fs::write(&path, content).unwrap();
            let error = WordList::read(&path, &WordFilter::default()).unwrap_err();
            assert!(matches!(error, DataError::Empty { .. }), "{error}");
        }
        std::fs::write(&path, "a\nb\n").unwrap();
        let error = WordList::read(&path, &filter(2, 5)).unwrap_err();
        assert!(
            error.to_string().contains("2 too short (`a`, line 1)"),
            "{error}"
        );
    }

    #[test]
    fn one_word_is_a_list() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.txt");
        std::fs::write(&path, "word").unwrap();
        let list = WordList::read(&path, &WordFilter::default()).unwrap();
        assert_eq!(list.words, ["word"]);
        assert!(list.dropped.is_empty());
    }

    #[test]
    fn an_unknown_key_of_a_filter_is_refused() {
        let error = toml::from_str::<WordFilter>("max_length = 3").unwrap_err();
        assert!(error.to_string().contains("max_length"));
        let filter: WordFilter = toml::from_str("characters = \"any\"\nunit = \"jamo\"").unwrap();
        assert_eq!(filter.characters, Characters::Any);
        assert_eq!(filter.max_len, 32);
    }
}
