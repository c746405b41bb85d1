//! Counting, and finding faults.

use super::subject::CheckSubject;
use crate::Error;
use crate::tasks::{Task, translate};
use recurra_data::fault::RowFaults;
use recurra_data::parallel::{
    Lengths, Pair, ParallelParts, ParallelText, find_duplicates, find_overlap, survey_parallel,
};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// How much longer one side may be before a pair is suspected not to be one.
const SUSPECT_RATIO: f64 = 9.0;
/// A suspect has at least this many characters on its longer side: `Hi.` may well be long in
/// another language.
const SUSPECT_CHARS: usize = 30;

/// What `recurra data check` found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataCheck {
    /// One for a user's files; training, validation and test of a data set or a recipe, those
    /// without lines left out.
    pub parts: Vec<PartCheck>,
}

/// What was found in one part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartCheck {
    /// Its name.
    pub name: &'static str,
    /// Lines, rows or objects that were read.
    pub lines: usize,
    /// Those that are not as the others: of another number of cells, or no JSON.
    pub bad_rows: RowFaults,
    /// Those with text on both sides.
    pub pairs: usize,
    /// Lines without text on the source side.
    pub empty_source: LineNumbers,
    /// Lines without text on the target side.
    pub empty_target: LineNumbers,
    /// Lines with control characters or zero-width ones.
    pub control_characters: LineNumbers,
    /// Lines that are longer than what is kept.
    pub truncated: LineNumbers,
    /// Lines that are pairs which came before.
    pub duplicates: LineNumbers,
    /// Lines whose source came before with another target.
    pub other_target: LineNumbers,
    /// Lines whose sides are of so unlike a length that they may not belong together.
    pub misaligned: LineNumbers,
    /// Lines whose source is in the training part too.
    pub in_train: LineNumbers,
    /// The source side.
    pub source: SideCheck,
    /// The target side.
    pub target: SideCheck,
}

/// Some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LineNumbers {
    /// How many there are.
    pub count: usize,
    /// The first of them, counted from 1.
    pub first: Vec<usize>,
}

impl LineNumbers {
    const MAX_LISTED: usize = 20;

    fn of(lines: &[usize]) -> Self {
        Self {
            count: lines.len(),
            first: lines.iter().copied().take(Self::MAX_LISTED).collect(),
        }
    }
}

/// What was found on one side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideCheck {
    /// Texts that differ.
    pub distinct: usize,
    /// Words, cut at white space.
    pub words: usize,
    /// Words that differ.
    pub distinct_words: usize,
    /// The share of words that the training part has never, or in the training part itself, that
    /// it has once; a fraction. Nothing for a user's files, of which none is the training part.
    pub unknown_rate: Option<f64>,
    /// Lengths in words.
    pub word_lengths: LengthSummary,
    /// Lengths in characters.
    pub char_lengths: LengthSummary,
}

/// How lengths are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LengthSummary {
    /// The shortest.
    pub min: usize,
    /// The mean.
    pub mean: f64,
    /// Half are no longer.
    pub median: usize,
    /// 95 of 100 are no longer.
    pub p95: usize,
    /// 99 of 100 are no longer.
    pub p99: usize,
    /// The longest.
    pub max: usize,
}

impl LengthSummary {
    fn of(mut lengths: Vec<usize>) -> Self {
        lengths.sort_unstable();
        let last = lengths.len().saturating_sub(1);
        let at = |percent: usize| lengths.get(last * percent / 100).copied().unwrap_or(0);
        Self {
            min: at(0),
            mean: lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64,
            median: at(50),
            p95: at(95),
            p99: at(99),
            max: at(100),
        }
    }
}

/// Reads pairs and tells what is in them. Rows that cannot be read are listed for files; a recipe
/// or a data set with one is refused by it, as training refuses them. `data` is where the data of
/// a name or a recipe is, and `seed` how it is split: without it by 1, and a recipe's by its own.
///
/// # Errors
/// What is wrong with the files: unequal line counts, bytes that are not UTF-8, missing columns.
pub fn check_data(
    subject: &CheckSubject,
    data: Option<&Path>,
    seed: Option<u64>,
) -> Result<DataCheck, Error> {
    let texts = match subject {
        CheckSubject::Files(files) => {
            for (option, given) in [("--data", data.is_some()), ("--seed", seed.is_some())] {
                if given {
                    let want = "nothing beside files, which are read as they are";
                    return Err(Error::config(option, want, "a value"));
                }
            }
            let (text, faults) = survey_parallel(files)?;
            vec![("all", text, faults)]
        }
        CheckSubject::Dataset(dataset) => in_parts(dataset.read(data, seed.unwrap_or(1))?),
        CheckSubject::Recipe(recipe) => {
            let mut recipe = recipe.clone();
            recipe.train.seed = seed.unwrap_or(recipe.train.seed);
            if let Some(data) = data {
                recipe.data.path = Some(data.to_owned());
                recipe.validate()?;
            }
            in_parts(translate::parts(&recipe)?.1)
        }
    };
    let train = &texts[0].1.pairs;
    let vocabularies = [source as Side, target].map(|side| word_counts(train, side));
    let has_train = !matches!(subject, CheckSubject::Files(_));
    let parts = texts.iter().map(|(name, text, faults)| {
        let held_out = *name != texts[0].0;
        let known = has_train.then_some(&vocabularies);
        check_part(name, text, faults, held_out.then_some(train), known)
    });
    Ok(DataCheck {
        parts: parts.collect(),
    })
}

/// The parts that there are; the first is trained on.
fn in_parts(parts: ParallelParts) -> Vec<(&'static str, ParallelText, RowFaults)> {
    let ParallelParts { train, valid, test } = parts;
    let named = [("train", train), ("valid", valid), ("test", test)];
    named
        .into_iter()
        .filter(|(name, text)| *name == "train" || text.num_lines > 0)
        .map(|(name, text)| (name, text, RowFaults::default()))
        .collect()
}

type Side = fn(&Pair) -> &str;
type WordCounts<'a> = HashMap<&'a str, usize>;

fn source(pair: &Pair) -> &str {
    &pair.source
}

fn target(pair: &Pair) -> &str {
    &pair.target
}

fn word_counts(pairs: &[Pair], side: Side) -> WordCounts<'_> {
    let mut counts = HashMap::new();
    for word in pairs.iter().flat_map(|pair| side(pair).split(' ')) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

fn check_part(
    name: &'static str,
    text: &ParallelText,
    bad_rows: &RowFaults,
    train: Option<&Vec<Pair>>,
    vocabularies: Option<&[WordCounts<'_>; 2]>,
) -> PartCheck {
    let duplicates = find_duplicates(&text.pairs);
    let misaligned: Vec<usize> = text
        .pairs
        .iter()
        .filter(|pair| suspect(pair))
        .map(|pair| pair.line)
        .collect();
    let in_train = train.map_or_else(Vec::new, |train| find_overlap(train, &text.pairs));
    // Of the training part a word is as good as unknown that no other of its lines has.
    let known_from = if train.is_some() { 1 } else { 2 };
    let side = |side: Side, vocabulary: Option<&WordCounts<'_>>, distinct| {
        check_side(&text.pairs, side, vocabulary, known_from, distinct)
    };
    PartCheck {
        name,
        lines: text.num_lines + bad_rows.count,
        bad_rows: bad_rows.clone(),
        pairs: text.pairs.len(),
        empty_source: LineNumbers::of(&text.empty_source),
        empty_target: LineNumbers::of(&text.empty_target),
        control_characters: LineNumbers::of(&text.control),
        truncated: LineNumbers::of(&text.truncated),
        duplicates: LineNumbers::of(&duplicates.pairs),
        other_target: LineNumbers::of(&duplicates.ambiguous),
        misaligned: LineNumbers::of(&misaligned),
        in_train: LineNumbers::of(&in_train),
        source: side(
            source,
            vocabularies.map(|[source, _]| source),
            duplicates.distinct_sources,
        ),
        target: side(
            target,
            vocabularies.map(|[_, target]| target),
            duplicates.distinct_targets,
        ),
    }
}

fn suspect(pair: &Pair) -> bool {
    let lengths = Lengths {
        source: pair.source.chars().count(),
        target: pair.target.chars().count(),
    };
    lengths.ratio() > SUSPECT_RATIO && lengths.source.max(lengths.target) >= SUSPECT_CHARS
}

fn check_side(
    pairs: &[Pair],
    side: Side,
    vocabulary: Option<&WordCounts<'_>>,
    known_from: usize,
    distinct: usize,
) -> SideCheck {
    let counts = word_counts(pairs, side);
    let words: usize = counts.values().sum();
    let unknown_rate = vocabulary.map(|vocabulary| {
        let known = |word: &str| {
            let count = vocabulary.get(word).copied().unwrap_or(0);
            count >= known_from
        };
        let unknown = counts.iter().filter(|(word, _)| !known(word));
        let unknown: usize = unknown.map(|(_, count)| count).sum();
        unknown as f64 / words.max(1) as f64
    });
    let lengths = |of: fn(&str) -> usize| {
        LengthSummary::of(pairs.iter().map(|pair| of(side(pair))).collect())
    };
    SideCheck {
        distinct,
        words,
        distinct_words: counts.len(),
        unknown_rate,
        word_lengths: lengths(|text| text.split(' ').count()),
        char_lengths: lengths(|text| text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_data::parallel::ParallelFiles;

    #[test]
    fn a_file_is_counted_and_its_faults_are_numbered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pairs.tsv");
        let long = "word ".repeat(20);
        let text = format!("a b\tx\n\ty\nc\t\na b\tx\na b\tz\nq\t{long}\n");
        std::fs::write(&path, text).unwrap();
        let files = ParallelFiles::Table {
            path,
            source: "1".parse().unwrap(),
            target: "2".parse().unwrap(),
            group: vec![],
        };
        let check = check_data(&CheckSubject::Files(files), None, None).unwrap();
        let [part] = &check.parts[..] else {
            panic!("{check:?}");
        };
        assert_eq!((part.lines, part.pairs), (6, 4));
        let first = [&part.empty_source, &part.empty_target, &part.duplicates];
        assert_eq!(first.map(|lines| lines.first.clone()), [[2], [3], [4]]);
        assert_eq!(
            (&part.other_target.first[..], &part.misaligned.first[..]),
            (&[5][..], &[6][..])
        );
        // a b a b a b q
        assert_eq!((part.source.words, part.source.distinct_words), (7, 3));
        assert_eq!(part.source.unknown_rate, None, "there is no training part");
        assert_eq!(part.target.word_lengths.max, 20);
    }

    #[test]
    fn unknown_words_are_those_that_the_training_part_lacks() {
        let pair = |source: &str| Pair {
            line: 1,
            source: source.to_owned(),
            target: "x".to_owned(),
            group: None,
        };
        let train = [pair("a b a"), pair("a c")];
        let counts = word_counts(&train, source);
        let rate = |pairs: &[Pair], known_from| {
            check_side(pairs, source, Some(&counts), known_from, 0).unknown_rate
        };
        // a b a a c: b and c occur once
        assert_eq!(rate(&train, 2), Some(0.4));
        assert_eq!(rate(&[pair("a c d d")], 1), Some(0.5));
    }

    #[test]
    fn lengths_are_summed_up() {
        let summary = LengthSummary::of((1..=101).collect());
        assert_eq!(
            (summary.min, summary.median, summary.p95, summary.max),
            (1, 51, 96, 101)
        );
        assert_eq!(summary.mean, 51.0);
        assert_eq!(LengthSummary::of(vec![]).max, 0);
    }
}
