//! How a translation is judged: BLEU and chrF as sacreBLEU computes them, distinct n-grams, and
//! whether one system is really better than another.
//!
//! A figure of BLEU without its tokenisation says little; so each has a signature in the words of
//! sacreBLEU. Scores are points from 0 to 100.

mod bleu;
mod bootstrap;
mod chrf;
mod corpus;
mod distinct;
mod ngram;
mod tokenization;

pub use bleu::{BLEU, Bleu, BleuStatistics};
pub use bootstrap::{Bootstrap, Interval, paired_bootstrap};
pub use chrf::{CHRF, Chrf, ChrfStatistics};
pub use corpus::{CorpusMetric, SegmentStatistics};
pub use distinct::{DISTINCT_1, DISTINCT_2, Distinct};
pub use tokenization::{LetterCase, Tokenization};

#[cfg(test)]
mod tests;
