//! BLEU of a whole corpus.

use std::ops::AddAssign;

use super::corpus::{CorpusMetric, SegmentStatistics};
use super::ngram::{matches, ngrams};
use super::tokenization::{LetterCase, Tokenization};
use crate::metric::{Better, MetricInfo};

/// BLEU.
pub const BLEU: MetricInfo = MetricInfo {
    name: "bleu",
    title: "BLEU",
    unit: "points",
    better: Better::Higher,
};

const MAX_ORDER: usize = 4;

/// What BLEU counts in a segment; a corpus is the sum of its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BleuStatistics {
    /// Tokens of the hypothesis.
    pub hypothesis_len: u64,
    /// Tokens of the reference.
    pub reference_len: u64,
    /// Runs of 1 to 4 tokens that have a match.
    pub matches: [u64; MAX_ORDER],
    /// Runs of 1 to 4 tokens of the hypothesis.
    pub totals: [u64; MAX_ORDER],
}

impl AddAssign for BleuStatistics {
    fn add_assign(&mut self, other: Self) {
        self.hypothesis_len += other.hypothesis_len;
        self.reference_len += other.reference_len;
        for order in 0..MAX_ORDER {
            self.matches[order] += other.matches[order];
            self.totals[order] += other.totals[order];
        }
    }
}

impl SegmentStatistics for BleuStatistics {
    /// `BP · exp(¼ Σₙ ln pₙ)` in points, with `BP = exp(1 − r/c)` when the hypothesis is shorter.
    ///
    /// The k-th order without a match counts as `1/2ᵏ` of one ("exp" smoothing).
    fn points(&self) -> f64 {
        if self.matches.iter().all(|&count| count == 0) {
            return 0.0;
        }
        let mut smoothing = 1.0;
        let mut log_precisions = 0.0;
        for (&matched, &total) in self.matches.iter().zip(&self.totals) {
            if total == 0 {
                return 0.0; // no run of this length at all: its precision is 0
            }
            let matched = if matched == 0 {
                smoothing *= 2.0;
                1.0 / smoothing
            } else {
                matched as f64
            };
            log_precisions += (matched / total as f64).ln();
        }
        let ratio = self.reference_len as f64 / self.hypothesis_len as f64;
        let brevity_penalty = if ratio > 1.0 {
            (1.0 - ratio).exp()
        } else {
            1.0
        };
        100.0 * brevity_penalty * (log_precisions / MAX_ORDER as f64).exp()
    }
}

/// BLEU over a corpus with one reference, equal to sacreBLEU's.
///
/// # Source
/// Papineni et al. 2002; Post 2018, "A call for clarity in reporting BLEU scores".
///
/// # Example
/// ```
/// use recurra_train::metric::translation::{Bleu, CorpusMetric, LetterCase, Tokenization};
///
/// let mut bleu = Bleu::new(Tokenization::V13a, LetterCase::Mixed);
/// bleu.add("The cat is on the mat.", "The cat sat on the mat.");
/// // p = 6/7, 4/6, 2/5, 1/4
/// assert!((bleu.value().unwrap() - 48.892).abs() < 0.001);
/// assert_eq!(bleu.signature(), "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bleu {
    tokenization: Tokenization,
    case: LetterCase,
    segments: Vec<BleuStatistics>,
}

impl Bleu {
    /// Of lines that are cut this way.
    pub fn new(tokenization: Tokenization, case: LetterCase) -> Self {
        Self {
            tokenization,
            case,
            segments: Vec::new(),
        }
    }
}

impl CorpusMetric for Bleu {
    type Statistics = BleuStatistics;

    const INFO: MetricInfo = BLEU;

    fn add(&mut self, hypothesis: &str, reference: &str) {
        let cut = |line| self.tokenization.cut(&self.case.apply(line));
        let (hypothesis, reference) = (cut(hypothesis), cut(reference));
        let mut statistics = BleuStatistics {
            hypothesis_len: hypothesis.len() as u64,
            reference_len: reference.len() as u64,
            ..BleuStatistics::default()
        };
        for order in 1..=MAX_ORDER {
            let runs = ngrams(&hypothesis, order);
            statistics.matches[order - 1] = matches(&runs, &ngrams(&reference, order));
            statistics.totals[order - 1] = runs.values().sum();
        }
        self.segments.push(statistics);
    }

    fn segments(&self) -> &[BleuStatistics] {
        &self.segments
    }

    fn signature(&self) -> String {
        let (case, tokenization) = (self.case.name(), self.tokenization.name());
        format!("nrefs:1|case:{case}|eff:no|tok:{tokenization}|smooth:exp")
    }
}
