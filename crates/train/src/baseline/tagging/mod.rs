//! Labels of words without a network: the likeliest one, and an averaged perceptron.

mod likeliest;
mod perceptron;

pub use likeliest::LikeliestLabel;
pub use perceptron::PerceptronTagger;

/// `the/DET fish/NOUN`, for tests.
#[cfg(test)]
fn sentence(text: &str) -> recurra_data::tagged::TaggedSentence {
    let cells = text.split(' ').filter_map(|cell| cell.split_once('/'));
    let (words, labels) = cells.map(|(w, l)| (w.to_owned(), l.to_owned())).unzip();
    recurra_data::tagged::TaggedSentence {
        lines: Vec::new(),
        words,
        labels,
    }
}
