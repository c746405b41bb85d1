//! Labels of words without a network: the likeliest one, and an averaged perceptron.

mod likeliest;
mod perceptron;

pub use likeliest::LikeliestLabel;
pub use perceptron::PerceptronTagger;

/// The place of the largest value, the first of equal ones.
fn largest<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
