//! Examples made on the spot: every epoch sees new ones.

use super::config::Problem;
use crate::Error;
use recurra_data::TokenId;
use recurra_data::series::{AddingProblem, CopyMemory};

/// Held-out examples; training never gets as far as either part.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Judged while training.
    Valid,
    /// Judged at the end.
    Test,
}

impl Part {
    fn start(self) -> usize {
        match self {
            Self::Valid => 1 << 41,
            Self::Test => 1 << 40,
        }
    }
}

/// Batches that make an epoch; the data has no end, so any number would do.
const BATCHES_PER_EPOCH: usize = 100;

/// A source of examples of one problem.
#[derive(Debug, Clone)]
pub(super) enum Examples {
    Adding(AddingProblem),
    Copy(CopyMemory),
}

/// Examples of the adding problem, collated.
pub(super) struct AddingBatch {
    /// `[batch, seq_len, 2]`
    pub(super) values: Vec<f32>,
    /// `[batch, 1]`
    pub(super) targets: Vec<f32>,
}

/// Examples of copy memory, collated.
pub(super) struct CopyBatch {
    /// `[batch, seq_len]`
    pub(super) inputs: Vec<TokenId>,
    /// `[batch, seq_len]`
    pub(super) labels: Vec<TokenId>,
}

impl Examples {
    pub(super) fn new(problem: Problem, seed: u64) -> Result<Self, Error> {
        Ok(match problem {
            Problem::Adding { seq_len } => Self::Adding(AddingProblem::new(seq_len, seed)?),
            Problem::Copy { pause_len } => Self::Copy(CopyMemory::new(pause_len, seed)?),
        })
    }

    pub(super) fn seq_len(&self) -> usize {
        match self {
            Self::Adding(problem) => problem.seq_len(),
            Self::Copy(problem) => problem.seq_len(),
        }
    }

    /// Width of one step.
    pub(super) fn input_size(&self) -> usize {
        match self {
            Self::Adding(_) => AddingProblem::INPUT_SIZE,
            Self::Copy(_) => CopyMemory::VOCAB_SIZE,
        }
    }

    /// Width of one answer.
    pub(super) fn output_size(&self) -> usize {
        match self {
            Self::Adding(_) => 1,
            Self::Copy(_) => CopyMemory::VOCAB_SIZE,
        }
    }

    /// The loss of the best answer that remembers nothing.
    pub(super) fn memoryless_loss(&self) -> f64 {
        match self {
            Self::Adding(_) => AddingProblem::DO_NOTHING_LOSS,
            Self::Copy(problem) => problem.memoryless_loss(),
        }
    }
}

/// Indices of the examples of one epoch, in batches.
pub(super) fn epoch(epoch: u64, batch_size: usize) -> Vec<Vec<usize>> {
    let first = epoch as usize * BATCHES_PER_EPOCH * batch_size;
    (0..BATCHES_PER_EPOCH)
        .map(|batch| {
            let start = first + batch * batch_size;
            (start..start + batch_size).collect()
        })
        .collect()
}

/// Indices of `count` held-out examples, in batches.
pub(super) fn held_out(part: Part, count: usize) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (part.start()..part.start() + count).collect();
    all.chunks(100).map(<[usize]>::to_vec).collect()
}

pub(super) fn adding_batch(problem: &AddingProblem, indices: &[usize]) -> AddingBatch {
    let mut batch = AddingBatch {
        values: Vec::with_capacity(indices.len() * problem.seq_len() * 2),
        targets: Vec::with_capacity(indices.len()),
    };
    for &index in indices {
        let example = problem.example(index as u64);
        batch.values.extend(example.values);
        batch.targets.push(example.target);
    }
    batch
}

pub(super) fn copy_batch(problem: &CopyMemory, indices: &[usize]) -> CopyBatch {
    let mut batch = CopyBatch {
        inputs: Vec::with_capacity(indices.len() * problem.seq_len()),
        labels: Vec::with_capacity(indices.len() * problem.seq_len()),
    };
    for &index in indices {
        let example = problem.example(index as u64);
        batch.inputs.extend(example.inputs);
        batch.labels.extend(example.labels);
    }
    batch
}
