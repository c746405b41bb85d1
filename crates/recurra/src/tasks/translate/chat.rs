//! A conversation with a run that has learnt answers.

use super::infer::Translate;
use crate::Error;
use crate::tasks::{PredictOptions, Predictor};
use recurra_nn::decode::{SampleConfig, Search};
use std::collections::VecDeque;

/// How a conversation is had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChatOptions {
    /// Draws answers, above 1 more even, below 1 more greedy; without it the run's own search
    /// finds them.
    pub temperature: Option<f64>,
    /// How many earlier turns, of both sides, are read before a line.
    pub history: usize,
    /// Of the generator that draws.
    pub seed: u64,
}

/// A conversation: what was said, and a network that answers.
#[derive(Debug)]
pub struct Chat {
    answers: Translate,
    options: ChatOptions,
    said: VecDeque<String>,
    turns: u64,
}

/// An answer, and what a user should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What is said.
    pub text: String,
    /// Unknown pieces, for example.
    pub notices: Vec<String>,
}

impl Chat {
    /// Begins a conversation.
    ///
    /// # Errors
    /// [`Error::Nn`] for a temperature that is not above 0.
    pub(crate) fn new(answers: Translate, options: ChatOptions) -> Result<Self, Error> {
        let mut chat = Self {
            answers,
            options,
            said: VecDeque::new(),
            turns: 0,
        };
        chat.set_temperature(options.temperature)?;
        Ok(chat)
    }

    /// Draws from now on at another temperature, or no longer.
    ///
    /// # Errors
    /// As for the beginning; the old temperature then stays.
    pub fn set_temperature(&mut self, temperature: Option<f64>) -> Result<(), Error> {
        self.answers.search_with(temperature.map(|temperature| {
            Search::Sample(SampleConfig {
                temperature,
                seed: self.options.seed,
                ..SampleConfig::default()
            })
        }))?;
        self.options.temperature = temperature;
        Ok(())
    }

    /// Forgets what was said.
    pub fn reset(&mut self) {
        self.said.clear();
        self.turns = 0;
    }

    /// The answer to a line. The same lines from a reset on get the same answers.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    pub fn answer(&mut self, line: &str) -> Result<Reply, Error> {
        let mut before: Vec<&str> = self.said.iter().map(String::as_str).collect();
        before.push(line);
        self.answers.draw_as(self.turns);
        let number = usize::try_from(self.turns).unwrap_or(usize::MAX);
        let said = self.answers.predict(
            &before.join(" "),
            number.saturating_add(1),
            PredictOptions { top_k: 1 },
        )?;
        self.turns += 1;
        self.said.extend([line.to_owned(), said.text.clone()]);
        while self.said.len() > self.options.history {
            self.said.pop_front();
        }
        Ok(Reply {
            text: said.text,
            notices: said.notices,
        })
    }
}
