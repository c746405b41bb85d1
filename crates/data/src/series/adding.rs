//! The adding problem: is a value still known at the end that was seen long before?

use rand::RngExt as _;

use crate::error::DataError;
use crate::rng::{Domain, rng};

/// Sequences of two channels: random numbers, and two marks. The target is the sum of the two
/// numbers that are marked.
///
/// Channel 0 is uniform on [0, 1]. Channel 1 is 1 at two steps, one drawn from the first half of
/// the sequence and one from the second, and 0 elsewhere. To say always 1, the mean, costs a mean
/// squared error of 2·(1/12) = 1/6 ([`AddingProblem::DO_NOTHING_LOSS`]): a network at that loss has
/// learnt nothing about the marked values. Example `index` is a pure function of seed and index.
///
/// # Source
/// Hochreiter & Schmidhuber 1997, experiment 4, in the form with [0, 1] and a target that is the
/// plain sum of Le, Jaitly & Hinton 2015, and with a mark in each half as Arjovsky, Shah & Bengio
/// 2016 place them; used so by Bai, Kolter & Koltun 2018 for their comparison.
///
/// # Example
/// ```
/// let problem = recurra_data::series::AddingProblem::new(100, 7)?;
/// let example = problem.example(0);
/// let marked = example.values.chunks(2).filter(|step| step[1] == 1.0);
/// assert_eq!(marked.map(|step| step[0]).sum::<f32>(), example.target);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddingProblem {
    seq_len: usize,
    seed: u64,
}

/// One example of the [`AddingProblem`].
#[derive(Debug, Clone, PartialEq)]
pub struct AddingExample {
    /// `[seq_len, 2]`, step by step: the number, then the mark.
    pub values: Vec<f32>,
    /// The sum of the two numbers that are marked.
    pub target: f32,
}

impl AddingProblem {
    /// Numbers a step has: the value and the mark.
    pub const INPUT_SIZE: usize = 2;

    /// The mean squared error of always saying 1.
    pub const DO_NOTHING_LOSS: f64 = 1.0 / 6.0;

    /// The problem with sequences of `seq_len` steps.
    ///
    /// # Errors
    /// [`DataError::Setting`] for fewer than 2 steps, where there are no two halves.
    pub fn new(seq_len: usize, seed: u64) -> Result<Self, DataError> {
        if seq_len < 2 {
            return Err(DataError::Setting {
                key: String::from("seq_len"),
                expected: String::from("at least 2 steps, one for each mark"),
                got: seq_len.to_string(),
            });
        }
        Ok(Self { seq_len, seed })
    }

    /// Steps a sequence has.
    pub fn seq_len(&self) -> usize {
        self.seq_len
    }

    /// Example number `index`.
    pub fn example(&self, index: u64) -> AddingExample {
        let mut rng = rng(self.seed, Domain::Adding.stream(index));
        let half = self.seq_len / 2;
        let marks = [
            rng.random_range(0..half),
            rng.random_range(half..self.seq_len),
        ];
        let mut values = Vec::with_capacity(self.seq_len * Self::INPUT_SIZE);
        for step in 0..self.seq_len {
            let mark = if marks.contains(&step) { 1.0 } else { 0.0 };
            values.extend([rng.random::<f32>(), mark]);
        }
        let target = marks
            .iter()
            .map(|step| values[step * Self::INPUT_SIZE])
            .sum();
        AddingExample { values, target }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_is_in_each_half() {
        for seq_len in [2, 3, 10, 33] {
            let problem = AddingProblem::new(seq_len, 3).unwrap();
            for index in 0..200 {
                let AddingExample { values, target } = problem.example(index);
                assert_eq!(values.len(), seq_len * 2);
                let steps: Vec<&[f32]> = values.chunks(2).collect();
                assert!(steps.iter().all(|step| (0.0..=1.0).contains(&step[0])));
                let (first, second) = steps.split_at(seq_len / 2);
                let marked = |half: &[&[f32]]| -> Vec<f32> {
                    let steps = half.iter().filter(|step| step[1] == 1.0);
                    steps.map(|step| step[0]).collect()
                };
                let (first, second) = (marked(first), marked(second));
                assert_eq!((first.len(), second.len()), (1, 1));
                assert_eq!(first[0] + second[0], target);
                assert_eq!(values.iter().skip(1).step_by(2).sum::<f32>(), 2.0);
            }
        }
    }

    #[test]
    fn saying_one_costs_a_sixth() {
        let problem = AddingProblem::new(10, 1).unwrap();
        let n = 20_000;
        let squares = (0..n).map(|index| (f64::from(problem.example(index).target) - 1.0).powi(2));
        let loss = squares.sum::<f64>() / n as f64;
        // The square has mean 1/6 and variance 7/180 (a triangular distribution): four standard
        // errors are 4·√(7/180/n).
        let tolerance = 4.0 * (7.0 / 180.0 / n as f64).sqrt();
        assert!(
            (loss - AddingProblem::DO_NOTHING_LOSS).abs() < tolerance,
            "{loss}"
        );
    }

    #[test]
    fn an_example_is_a_function_of_seed_and_index() {
        let problem = |seed| AddingProblem::new(20, seed).unwrap();
        assert_eq!(problem(1).example(4), problem(1).example(4));
        assert_ne!(problem(1).example(4), problem(1).example(5));
        assert_ne!(problem(1).example(4), problem(2).example(4));
        assert!(AddingProblem::new(1, 1).is_err());
    }
}
