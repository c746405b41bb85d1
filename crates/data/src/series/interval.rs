//! The range that a random parameter is drawn from.

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::rng::Rng;

/// A closed range of finite numbers; in a recipe `[low, high]`.
///
/// # Example
/// ```
/// use recurra_data::series::Interval;
///
/// let interval = Interval::new(-1.0, 1.0)?;
/// let drawn = interval.draw(&mut recurra_data::rng::rng(1, 1));
/// assert!((-1.0..=1.0).contains(&drawn));
/// assert!(Interval::new(1.0, 0.0).is_err());
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// A range from `low` to `high`, both included; they may be equal.
    ///
    /// # Errors
    /// [`DataError::Setting`] unless both and their distance are finite and `low <= high`.
    pub fn new(low: f64, high: f64) -> Result<Self, DataError> {
        if low <= high && (high - low).is_finite() {
            Ok(Self { low, high })
        } else {
            Err(DataError::Setting {
                key: String::from("range"),
                expected: String::from("[low, high] with finite low <= high"),
                got: format!("[{low}, {high}]"),
            })
        }
    }

    /// A range that is written in this crate, and so is known to be one.
    pub(super) const fn known(low: f64, high: f64) -> Self {
        assert!(low <= high, "a range of this crate is in order");
        Self { low, high }
    }

    /// The smallest number of the range.
    pub fn low(self) -> f64 {
        self.low
    }

    /// The largest number of the range.
    pub fn high(self) -> f64 {
        self.high
    }

    /// Draws a number, each equally likely.
    pub fn draw(self, rng: &mut Rng) -> f64 {
        let share: f64 = rng.random();
        (self.low + (self.high - self.low) * share).min(self.high)
    }
}

impl TryFrom<[f64; 2]> for Interval {
    type Error = DataError;

    fn try_from([low, high]: [f64; 2]) -> Result<Self, DataError> {
        Self::new(low, high)
    }
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.low, interval.high]
    }
}
