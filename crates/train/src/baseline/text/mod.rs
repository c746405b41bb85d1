//! Texts classified without a network, as well as that can be done.
//!
//! ```text
//! text --Terms--> counts --TermIndex--> sparse row --LinearModel--> scores
//! ```
//!
//! Linear models over word pairs are hard to beat on long reviews, so a network stands beside them
//! and not beside a straw man.

mod classifier;
mod index;
mod nb_svm;
mod terms;

pub use classifier::{TextClassifier, TextRule, TextRuleConfig};
pub use terms::Terms;

#[cfg(test)]
mod tests;
