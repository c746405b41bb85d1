//! Which pairs are of a length to learn from.

use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// The lengths of both sides of a pair, in whatever unit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Of the source.
    pub source: usize,
    /// Of the target.
    pub target: usize,
}

impl Lengths {
    /// The longer side over the shorter one; infinite when just one is empty.
    pub fn ratio(self) -> f64 {
        let (long, short) = (self.source.max(self.target), self.source.min(self.target));
        if long == 0 {
            return 1.0;
        }
        long as f64 / short as f64
    }
}

/// Bounds on the lengths of a pair; lengths are counted in tokens.
///
/// # Example
/// ```
/// use recurra_data::parallel::{LengthFilter, Lengths};
///
/// let filter = LengthFilter { max_len: 5, ..LengthFilter::default() };
/// assert!(filter.keeps(Lengths { source: 3, target: 5 }));
/// assert!(!filter.keeps(Lengths { source: 3, target: 6 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LengthFilter {
    /// The fewest tokens on either side.
    pub min_len: usize,
    /// The most tokens on either side.
    pub max_len: usize,
    /// The most that one side may be longer than the other, as a factor.
    pub max_ratio: f64,
}

impl Default for LengthFilter {
    /// 1 to 100 tokens, at most 9 times as long as each other, as is usual since Moses.
    fn default() -> Self {
        Self {
            min_len: 1,
            max_len: 100,
            max_ratio: 9.0,
        }
    }
}

impl LengthFilter {
    /// Checks that something can pass.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        let setting = |key: &str, expected: &str, got: String| DataError::Setting {
            key: key.to_owned(),
            expected: expected.to_owned(),
            got,
        };
        if self.max_len < self.min_len.max(1) {
            let expected = "at least 1 and at least `min_len`";
            return Err(setting("max_len", expected, self.max_len.to_string()));
        }
        if self.max_ratio.is_nan() || self.max_ratio < 1.0 {
            return Err(setting(
                "max_ratio",
                "at least 1",
                self.max_ratio.to_string(),
            ));
        }
        Ok(())
    }

    /// Whether a pair of these lengths stays.
    pub fn keeps(&self, lengths: Lengths) -> bool {
        let Lengths { source, target } = lengths;
        let range = self.min_len..=self.max_len;
        range.contains(&source) && range.contains(&target) && lengths.ratio() <= self.max_ratio
    }
}
