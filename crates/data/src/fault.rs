//! Rows that cannot be used, one by one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// Where it is in its file, counted from 1.
    pub line: usize,
    /// The column's name or number; empty when the fault is the row's.
    pub column: String,
    /// What should be there and what is.
    pub problem: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column[..] {
            "" => write!(f, "line {}: {}", self.line, self.problem),
            column => write!(f, "line {}, column {column}: {}", self.line, self.problem),
        }
    }
}

/// Rows that cannot be used: how many, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowFaults {
    /// All of them.
    pub count: usize,
    /// The first ones, at most [`RowFaults::KEPT`].
    pub first: Vec<RowFault>,
}

impl RowFaults {
    /// How many are kept with their lines: a bound on memory.
    pub const KEPT: usize = 1000;
    /// How many a message lists.
    const SHOWN: usize = 10;

    /// Takes another one.
    pub fn add(&mut self, fault: RowFault) {
        self.count += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(fault);
        }
    }
}

impl fmt::Display for RowFaults {
    /// The first ten, and how many there are beyond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.first.iter().take(Self::SHOWN).enumerate() {
            let lead = if index == 0 { "" } else { "; " };
            write!(f, "{lead}{fault}")?;
        }
        match self.count.saturating_sub(Self::SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
