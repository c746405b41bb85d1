//! Which words moved an answer: each is left out in turn.

use super::config::Recipe;
use super::infer::{Classify, open_for_texts};
use crate::Error;
use crate::report::MarkedText;
use recurra_nn::likeliest;
use recurra_nn::streaming::Precision;
use recurra_train::Run;
use serde::Serialize;

/// Runs of words that are left out, at most; of a longer text each has several words.
const MOST_RUNS: usize = 400;

/// Why a text is said to be of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The likeliest class.
    pub label: String,
    /// Its probability.
    pub probability: f64,
    /// The words in order, or runs of them in a long text.
    pub words: Vec<WordEffect>,
}

/// What a word did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WordEffect {
    /// As it stands in the text.
    pub word: String,
    /// By how much the log-odds of the class are higher with it than without it.
    pub effect: f64,
}

/// Leaves out each word in turn: its effect is `ln p/(1-p)` with all words, less that without it.
///
/// # Source
/// Li, Monroe & Jurafsky 2016, *Understanding neural networks through representation erasure*.
pub(crate) fn explain(recipe: &Recipe, run: &Run, text: &str) -> Result<Explanation, Error> {
    open_for_texts(recipe, run, Precision::F32)?.explain(text)
}

impl Classify {
    /// As [`explain`].
    pub(super) fn explain(&self, text: &str) -> Result<Explanation, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let runs: Vec<&[&str]> = words
            .chunks(words.len().div_ceil(MOST_RUNS).max(1))
            .collect();
        let mut texts = vec![self.read_text(text).ids];
        if texts[0].is_empty() {
            let message = "expected a text, got no visible letter".to_owned();
            return Err(Error::Input { line: 1, message });
        }
        // A text of nothing but its word is left with one unknown piece.
        let unk = recurra_data::Specials::STANDARD.unk;
        for left_out in 0..runs.len() {
            let others = runs
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != left_out);
            let others: Vec<&str> = others.flat_map(|(_, run)| run.iter().copied()).collect();
            let ids = self.read_text(&others.join(" ")).ids;
            texts.push(if ids.is_empty() { vec![unk] } else { ids });
        }
        let probs = self.probs(texts)?;
        let class = likeliest(&probs[0]);
        let log_odds = |probs: &[f64]| {
            let p = probs[class].clamp(1e-12, 1.0 - 1e-12);
            (p / (1.0 - p)).ln()
        };
        let whole = log_odds(&probs[0]);
        let effects = runs
            .iter()
            .zip(&probs[1..])
            .map(|(run, without)| WordEffect {
                word: run.join(" "),
                effect: whole - log_odds(without),
            });
        Ok(Explanation {
            label: self.classes()[class].clone(),
            probability: probs[0][class],
            words: effects.collect(),
        })
    }
}

impl Explanation {
    /// The words that did most, strongest first.
    pub fn strongest(&self, count: usize) -> Vec<&WordEffect> {
        let mut words: Vec<&WordEffect> = self.words.iter().collect();
        words.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        words.truncate(count);
        words
    }

    /// The text with its words marked.
    pub fn marked(&self) -> MarkedText {
        let Self {
            label, probability, ..
        } = self;
        let words = self.words.iter();
        MarkedText {
            title: format!("{label}, {:.0} % sure", 100.0 * probability),
            words: words.map(|one| (one.word.clone(), one.effect)).collect(),
        }
    }
}
