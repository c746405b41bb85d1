//! Training, validation and test parts of a data set.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::rng::{Domain, rng};

/// How much of a data set goes to each part; the three add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFractions {
    /// For fitting the weights.
    pub train: f64,
    /// For choosing when to stop.
    pub valid: f64,
    /// For the number that is reported.
    pub test: f64,
}

impl Default for SplitFractions {
    /// 90 %, 5 %, 5 %.
    fn default() -> Self {
        Self {
            train: 0.9,
            valid: 0.05,
            test: 0.05,
        }
    }
}

impl SplitFractions {
    /// Checks that each is in `[0, 1]`, that `train` is not 0 and that they add up to 1.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        let setting = |key: &str, expected: &str, got: f64| DataError::Setting {
            key: format!("split.{key}"),
            expected: expected.to_owned(),
            got: got.to_string(),
        };
        let Self { train, valid, test } = *self;
        for (key, fraction) in [("train", train), ("valid", valid), ("test", test)] {
            if !(0.0..=1.0).contains(&fraction) {
                return Err(setting(key, "a fraction between 0 and 1", fraction));
            }
        }
        if train == 0.0 {
            return Err(setting("train", "a fraction above 0", train));
        }
        let sum = train + valid + test;
        if (sum - 1.0).abs() > 1e-6 {
            return Err(setting("train + valid + test", "a sum of 1", sum));
        }
        Ok(())
    }

    /// How many of `num_items` go to each part: the nearest whole numbers for `valid` and `test`,
    /// at least 1 where the fraction is not 0, and the rest to `train`.
    fn sizes(&self, num_items: usize) -> Result<[usize; 3], DataError> {
        self.check()?;
        let size = |fraction: f64| {
            let nearest = (num_items as f64 * fraction).round() as usize;
            nearest.max(usize::from(fraction > 0.0))
        };
        let (valid, test) = (size(self.valid), size(self.test));
        let held_out = valid + test;
        if held_out >= num_items {
            return Err(DataError::TooFew {
                what: String::from("data set to be split"),
                expected: held_out + 1,
                got: num_items,
                unit: "items",
                advice: "give more data, or make valid and test smaller",
            });
        }
        Ok([num_items - held_out, valid, test])
    }
}

/// The items of each part by their index; every item is in exactly one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// For fitting the weights.
    pub train: Vec<usize>,
    /// For choosing when to stop.
    pub valid: Vec<usize>,
    /// For the number that is reported.
    pub test: Vec<usize>,
}

impl Split {
    /// Parts `num_items` items at random, as a pure function of the seed. Within a part the items
    /// keep their order.
    ///
    /// # Errors
    /// [`DataError::Setting`] for impossible fractions, [`DataError::TooFew`] when a part that
    /// should have items would have none.
    ///
    /// # Example
    /// ```
    /// use recurra_data::split::{Split, SplitFractions};
    ///
    /// let split = Split::random(100, &SplitFractions::default(), 7)?;
    /// assert_eq!(split.train.len(), 90);
    /// assert_eq!(split, Split::random(100, &SplitFractions::default(), 7)?);
    /// # Ok::<(), recurra_data::DataError>(())
    /// ```
    pub fn random(
        num_items: usize,
        fractions: &SplitFractions,
        seed: u64,
    ) -> Result<Self, DataError> {
        let mut order: Vec<usize> = (0..num_items).collect();
        order.shuffle(&mut rng(seed, Domain::Split.stream(0)));
        let mut split = Self::cut(order, fractions)?;
        for part in [&mut split.train, &mut split.valid, &mut split.test] {
            part.sort_unstable();
        }
        Ok(split)
    }

    /// Parts items in their order: the first for training, the last for the test. This is the
    /// split for a series in time, where a random one would let the future leak into the past.
    ///
    /// # Errors
    /// As [`Split::random`].
    pub fn in_order(num_items: usize, fractions: &SplitFractions) -> Result<Self, DataError> {
        Self::cut((0..num_items).collect(), fractions)
    }

    /// Parts items at random so that items of one key are in one part; the fractions are of the
    /// distinct keys. Within a part the items keep their order.
    ///
    /// # Errors
    /// As [`Split::random`], counting keys.
    ///
    /// # Example
    /// ```
    /// use recurra_data::split::{Split, SplitFractions};
    ///
    /// let keys = ["go", "hi", "go", "run", "hi"];
    /// let fractions = SplitFractions { train: 0.34, valid: 0.33, test: 0.33 };
    /// let split = Split::by_group(&keys, &fractions, 7)?;
    /// assert!(split.train.iter().all(|&a| split.test.iter().all(|&b| keys[a] != keys[b])));
    /// # Ok::<(), recurra_data::DataError>(())
    /// ```
    pub fn by_group<K: Ord>(
        keys: &[K],
        fractions: &SplitFractions,
        seed: u64,
    ) -> Result<Self, DataError> {
        let mut distinct: Vec<&K> = keys.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let of_keys = Self::random(distinct.len(), fractions, seed)?;
        let items = |part: &[usize]| -> Vec<usize> {
            let wanted: Vec<&K> = part.iter().map(|&index| distinct[index]).collect();
            (0..keys.len())
                .filter(|&item| wanted.binary_search(&&keys[item]).is_ok())
                .collect()
        };
        Ok(Self {
            train: items(&of_keys.train),
            valid: items(&of_keys.valid),
            test: items(&of_keys.test),
        })
    }

    fn cut(mut order: Vec<usize>, fractions: &SplitFractions) -> Result<Self, DataError> {
        let [train, valid, _] = fractions.sizes(order.len())?;
        let test = order.split_off(train + valid);
        let valid = order.split_off(train);
        Ok(Self {
            train: order,
            valid,
            test,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fractions(train: f64, valid: f64, test: f64) -> SplitFractions {
        SplitFractions { train, valid, test }
    }

    #[test]
    fn another_seed_gives_another_split() {
        let split = |seed| Split::random(1000, &SplitFractions::default(), seed).unwrap();
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn in_order_keeps_time() {
        let split = Split::in_order(10, &fractions(0.6, 0.2, 0.2)).unwrap();
        assert_eq!(split.train, [0, 1, 2, 3, 4, 5]);
        assert_eq!(split.valid, [6, 7]);
        assert_eq!(split.test, [8, 9]);
    }

    #[test]
    fn a_fraction_of_nothing_gives_an_empty_part() {
        let split = Split::random(3, &fractions(1.0, 0.0, 0.0), 1).unwrap();
        assert_eq!(split.train, [0, 1, 2]);
        assert!(split.valid.is_empty() && split.test.is_empty());
    }

    #[test]
    fn too_little_data_for_three_parts_is_an_error() {
        for num_items in 0..3 {
            let error = Split::random(num_items, &SplitFractions::default(), 1).unwrap_err();
            assert!(matches!(error, DataError::TooFew { .. }), "{error}");
        }
        assert!(Split::random(3, &SplitFractions::default(), 1).is_ok());
    }

    #[test]
    fn impossible_fractions_are_named() {
        insta::assert_snapshot!(fractions(0.75, 0.25, 0.25).check().unwrap_err(), @"`split.train + valid + test`: expected a sum of 1, got 1.25");
        insta::assert_snapshot!(fractions(1.1, -0.1, 0.0).check().unwrap_err(), @"`split.train`: expected a fraction between 0 and 1, got 1.1");
        assert!(fractions(f64::NAN, 0.0, 0.0).check().is_err());
        assert!(fractions(0.0, 0.5, 0.5).check().is_err());
        assert!(toml::from_str::<SplitFractions>("train=1.0\nvalid=0.0\ntests=0.0").is_err());
    }

    proptest! {
        #[test]
        fn a_group_is_never_torn_apart(
            keys in prop::collection::vec(0u8..20, 30..120), seed: u64,
        ) {
            let split = match Split::by_group(&keys, &fractions(0.6, 0.2, 0.2), seed) {
                Ok(split) => split,
                Err(error) => return Err(TestCaseError::reject(error.to_string())),
            };
            let mut all = [&split.train[..], &split.valid, &split.test].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..keys.len()).collect::<Vec<_>>());
            for &valid in &split.valid {
                let torn = [&split.train, &split.test].into_iter().flatten().any(|&i| keys[i] == keys[valid]);
                prop_assert!(!torn);
            }
        }

        #[test]
        fn every_item_is_in_exactly_one_part(
            num_items in 3usize..300, seed: u64, valid in 0.0..0.4f64, test in 0.0..0.3f64,
        ) {
            let fractions = fractions(1.0 - valid - test, valid, test);
            let split = Split::random(num_items, &fractions, seed).unwrap();
            let mut all = [split.train, split.valid, split.test].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..num_items).collect::<Vec<_>>());
        }
    }
}
