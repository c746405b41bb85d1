//! Up or down: how often the direction is right, and how sure one may be of that.

use super::check;
use crate::TrainError;

/// A share of cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proportion {
    /// Cases with the property.
    pub hits: u64,
    /// All cases.
    pub count: u64,
}

impl Proportion {
    /// `hits / count`; `None` without cases.
    pub fn share(self) -> Option<f64> {
        (self.count > 0).then(|| self.hits as f64 / self.count as f64)
    }

    /// Where the true share is with 95 % confidence, by Wilson's score interval
    /// `(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)`, z = 1.96. Everything is possible
    /// without cases.
    ///
    /// # Source
    /// Wilson 1927, *Probable inference, the law of succession, and statistical inference*.
    ///
    /// # Example
    /// ```
    /// use recurra_train::metric::Proportion;
    /// let [low, high] = Proportion { hits: 55, count: 100 }.interval();
    /// assert!(low < 0.5 && high > 0.5); // 55 of 100 may well be a coin
    /// ```
    pub fn interval(self) -> [f64; 2] {
        let Some(share) = self.share() else {
            return [0.0, 1.0];
        };
        let (z, n) = (1.959_963_984_540_054_f64, self.count as f64);
        let middle = share + z * z / (2.0 * n);
        let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        [
            ((middle - half) / scale).max(0.0),
            ((middle + half) / scale).min(1.0),
        ]
    }
}

/// How often forecasts say the right direction.
///
/// # Example
/// ```
/// use recurra_train::metric::Directions;
/// let last = [10.0, 10.0, 10.0, 10.0];
/// let found = Directions::new(&[11.0, 9.5, 10.0, 12.0], &[12.0, 11.0, 9.0, 10.0], &last)?;
/// assert_eq!((found.right.hits, found.right.count), (1, 2));
/// assert_eq!((found.silent, found.unchanged), (1, 1));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Directions {
    /// Of the steps where the forecast says a direction and there was one, those where they agree.
    pub right: Proportion,
    /// Steps that went up or down where the forecast is the last value exactly.
    pub silent: u64,
    /// Steps where the value did not change: no direction is right.
    pub unchanged: u64,
}

impl Directions {
    /// Compares `forecast − last` with `actual − last` by sign.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for unlike lengths or values that are not finite.
    pub fn new(forecasts: &[f64], actuals: &[f64], last: &[f64]) -> Result<Self, TrainError> {
        check(
            "directions",
            forecasts,
            &[("actuals", actuals), ("last", last)],
        )?;
        let mut found = Self::default();
        for ((forecast, actual), last) in forecasts.iter().zip(actuals).zip(last) {
            if actual == last {
                found.unchanged += 1;
            } else if forecast == last {
                found.silent += 1;
            } else {
                found.right.count += 1;
                found.right.hits += u64::from((forecast > last) == (actual > last));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe 1998, Statistics in Medicine 17, table I, method 3.
        let cases = [
            (81, 263, [0.2553, 0.3662]),
            (15, 148, [0.0624, 0.1605]),
            (0, 20, [0.0, 0.1611]),
            (1, 29, [0.0061, 0.1718]),
        ];
        for (hits, count, expected) in cases {
            let [low, high] = Proportion { hits, count }.interval();
            assert!((low - expected[0]).abs() < 5e-5, "{hits}/{count}: {low}");
            assert!((high - expected[1]).abs() < 5e-5, "{hits}/{count}: {high}");
        }
        assert_eq!(Proportion::default().interval(), [0.0, 1.0]);
    }
}
