//! Short running texts that are part of the crate, so that a language model trains without any
//! file.
//!
//! They were written for Recurra.

use serde::{Deserialize, Serialize};

/// A text that is part of the crate.
///
/// # Example
/// ```
/// use recurra_data::passages::Passage;
///
/// let lines = Passage::Harbour.lines();
/// assert!(lines.len() > 100 && lines.iter().any(|line| line.contains("harbour")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passage {
    /// A cumulative song about a harbour: every verse repeats those before it backwards, so that
    /// there is something to remember.
    Harbour,
}

impl Passage {
    /// The text's lines, empty ones between verses among them.
    pub fn lines(self) -> Vec<&'static str> {
        let text = match self {
            Self::Harbour => include_str!("harbour.txt"),
        };
        text.lines().collect()
    }
}
