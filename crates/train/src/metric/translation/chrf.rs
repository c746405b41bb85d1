//! chrF: an F-score over runs of characters and, as chrF++, of words.

use std::ops::AddAssign;

use super::corpus::{CorpusMetric, SegmentStatistics};
use super::ngram::{matches, ngrams};
use super::tokenization::LetterCase;
use crate::metric::{Better, MetricInfo};

/// chrF.
pub const CHRF: MetricInfo = MetricInfo {
    name: "chrf",
    title: "chrF",
    unit: "points",
    better: Better::Higher,
};

const CHAR_ORDER: usize = 6;
const MAX_WORD_ORDER: usize = 2;
const ORDERS: usize = CHAR_ORDER + MAX_WORD_ORDER;
/// Recall weighs β = 2 times as much as precision.
const BETA_SQUARED: f64 = 4.0;

/// What chrF counts in a segment; a corpus is the sum of its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChrfStatistics {
    /// Runs of the hypothesis: of 1 to 6 characters, then of 1 and 2 words.
    pub hypothesis: [u64; ORDERS],
    /// Runs of the reference.
    pub reference: [u64; ORDERS],
    /// Runs that have a match.
    pub matches: [u64; ORDERS],
}

impl AddAssign for ChrfStatistics {
    fn add_assign(&mut self, other: Self) {
        for order in 0..ORDERS {
            self.hypothesis[order] += other.hypothesis[order];
            self.reference[order] += other.reference[order];
            self.matches[order] += other.matches[order];
        }
    }
}

impl SegmentStatistics for ChrfStatistics {
    /// `(1+β²)·P·R / (β²·P + R)` in points, P and R being means over the orders that both sides
    /// have.
    fn points(&self) -> f64 {
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for order in 0..ORDERS {
            let (hypothesis, reference) = (self.hypothesis[order], self.reference[order]);
            if hypothesis > 0 && reference > 0 {
                precision += self.matches[order] as f64 / hypothesis as f64;
                recall += self.matches[order] as f64 / reference as f64;
                orders += 1.0;
            }
        }
        if precision + recall == 0.0 {
            return 0.0;
        }
        let (precision, recall) = (precision / orders, recall / orders);
        100.0 * (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
    }
}

/// chrF2 or chrF2++ over a corpus with one reference, equal to sacreBLEU's.
///
/// # Source
/// Popović 2015, "chrF"; Popović 2017, "chrF++: words helping character n-grams".
///
/// # Example
/// ```
/// use recurra_train::metric::translation::{Chrf, CorpusMetric, LetterCase};
///
/// let mut chrf = Chrf::plus_plus(LetterCase::Mixed);
/// chrf.add("고양이가 잔다.", "고양이가 잔다.");
/// assert_eq!(chrf.value(), Some(100.0));
/// assert_eq!(chrf.signature(), "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chrf {
    word_order: usize,
    case: LetterCase,
    segments: Vec<ChrfStatistics>,
}

impl Chrf {
    /// chrF2: runs of characters alone.
    pub fn new(case: LetterCase) -> Self {
        Self {
            word_order: 0,
            case,
            segments: Vec::new(),
        }
    }

    /// chrF2++: runs of one and two words too.
    pub fn plus_plus(case: LetterCase) -> Self {
        Self {
            word_order: MAX_WORD_ORDER,
            ..Self::new(case)
        }
    }
}

impl CorpusMetric for Chrf {
    type Statistics = ChrfStatistics;

    const INFO: MetricInfo = CHRF;

    fn add(&mut self, hypothesis: &str, reference: &str) {
        let (hypothesis, reference) = (self.case.apply(hypothesis), self.case.apply(reference));
        let mut statistics = ChrfStatistics::default();
        let letters = |line: &str| -> Vec<char> {
            line.chars()
                .filter(|letter| !letter.is_whitespace())
                .collect()
        };
        let orders = 1..=CHAR_ORDER;
        let places = 0..CHAR_ORDER;
        statistics.count(
            &letters(&hypothesis),
            &letters(&reference),
            orders.zip(places),
        );
        let orders = 1..=self.word_order;
        statistics.count(
            &words(&hypothesis),
            &words(&reference),
            orders.zip(CHAR_ORDER..),
        );
        self.segments.push(statistics);
    }

    fn segments(&self) -> &[ChrfStatistics] {
        &self.segments
    }

    fn signature(&self) -> String {
        let (case, words) = (self.case.name(), self.word_order);
        format!("nrefs:1|case:{case}|eff:yes|nc:{CHAR_ORDER}|nw:{words}|space:no")
    }
}

impl ChrfStatistics {
    fn count<T: Eq + std::hash::Hash>(
        &mut self,
        hypothesis: &[T],
        reference: &[T],
        orders_and_places: impl Iterator<Item = (usize, usize)>,
    ) {
        for (order, place) in orders_and_places {
            let runs = ngrams(hypothesis, order);
            let wanted = ngrams(reference, order);
            // As in sacreBLEU, runs that the reference is too short to have count for nothing.
            if !wanted.is_empty() {
                self.hypothesis[place] = runs.values().sum();
            }
            self.reference[place] = wanted.values().sum();
            self.matches[place] = matches(&runs, &wanted);
        }
    }
}

/// Words with one mark parted from the end or, if there is none, from the start.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let is_mark = |letter: Option<char>| letter.is_some_and(|l| l.is_ascii_punctuation());
        let (first, last) = (word.chars().next(), word.chars().next_back());
        if word.chars().nth(1).is_none() {
            words.push(word);
        } else if is_mark(last) {
            let (stem, mark) = word.split_at(word.len() - 1);
            words.extend([stem, mark]);
        } else if is_mark(first) {
            let (mark, stem) = word.split_at(1);
            words.extend([mark, stem]);
        } else {
            words.push(word);
        }
    }
    words
}
