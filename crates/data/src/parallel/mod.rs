//! Pairs of texts: sentences and their translations, questions and their answers.

mod clean;
mod dataset;
mod dialogues;
mod duplicate;
mod read;

pub use clean::{LengthFilter, Lengths};
pub use dataset::{DATASETS, ParallelDataset, ParallelParts, Part};
pub use duplicate::{Duplicates, find_duplicates, find_overlap};
pub use read::{MAX_CHARS, Pair, ParallelFiles, ParallelText, read_parallel, survey_parallel};

#[cfg(test)]
mod tests;
