//! Which items form which batch of which epoch.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::rng::{Domain, rng};

/// Whether rows of like length are put together, so that less is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Bucketing {
    /// Batches are cut from the shuffled order as it is.
    #[default]
    Off,
    /// The shuffled order is cut into pools of `pool_batches` batches, each pool is sorted by
    /// length and cut into batches, and the batches are shuffled. Larger pools pad less and
    /// shuffle less.
    ByLength {
        /// How many batches a pool has, at least 1.
        pool_batches: usize,
    },
}

/// Cuts a data set into shuffled batches, epoch by epoch.
///
/// The batches of an epoch are a pure function of seed and epoch: there is no position to lose, so
/// a run that is resumed sees the very batches that an uninterrupted one sees. Every item is in
/// exactly one batch of an epoch; only one batch may be smaller than the others.
///
/// # Example
/// ```
/// use recurra_data::sampler::{BatchSampler, Bucketing};
///
/// let lengths = [3, 9, 4, 8, 3];
/// let sampler = BatchSampler::new(&lengths, 2, 7, Bucketing::ByLength { pool_batches: 100 })?;
/// let batches = sampler.batches(0);
/// assert_eq!(batches.len(), 3);
/// assert_eq!(batches, sampler.batches(0));
/// assert_eq!(batches.concat().len(), 5);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSampler {
    lengths: Vec<usize>,
    batch_size: usize,
    seed: u64,
    bucketing: Bucketing,
}

impl BatchSampler {
    /// A sampler for items of these lengths; without bucketing only their number matters.
    ///
    /// # Errors
    /// [`DataError::TooFew`] without items; [`DataError::Setting`] for a batch size or a pool of 0.
    pub fn new(
        lengths: &[usize],
        batch_size: usize,
        seed: u64,
        bucketing: Bucketing,
    ) -> Result<Self, DataError> {
        let at_least_one = |key: &str| DataError::Setting {
            key: key.to_owned(),
            expected: String::from("at least 1"),
            got: String::from("0"),
        };
        if lengths.is_empty() {
            return Err(DataError::TooFew {
                what: String::from("data set to be cut into batches"),
                expected: 1,
                got: 0,
                unit: "items",
                advice: "give more data",
            });
        }
        if batch_size == 0 {
            return Err(at_least_one("batch_size"));
        }
        if bucketing == (Bucketing::ByLength { pool_batches: 0 }) {
            return Err(at_least_one("pool_batches"));
        }
        Ok(Self {
            lengths: lengths.to_vec(),
            batch_size,
            seed,
            bucketing,
        })
    }

    /// How many items there are.
    pub fn num_items(&self) -> usize {
        self.lengths.len()
    }

    /// How many batches an epoch has.
    pub fn num_batches(&self) -> usize {
        self.lengths.len().div_ceil(self.batch_size)
    }

    /// The batches of an epoch, each a list of item indices.
    pub fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut rng = rng(self.seed, Domain::Shuffle.stream(epoch));
        let mut order: Vec<usize> = (0..self.lengths.len()).collect();
        order.shuffle(&mut rng);
        let cut = |order: &[usize]| -> Vec<Vec<usize>> {
            order.chunks(self.batch_size).map(<[_]>::to_vec).collect()
        };
        let Bucketing::ByLength { pool_batches } = self.bucketing else {
            return cut(&order);
        };
        for pool in order.chunks_mut(self.batch_size.saturating_mul(pool_batches)) {
            pool.sort_by_key(|&index| self.lengths[index]); // stable: equal lengths stay shuffled
        }
        let mut batches = cut(&order);
        batches.shuffle(&mut rng);
        batches
    }
}

/// Cuts a data set into batches that hold about the same number of tokens each.
///
/// A batch is filled with rows of like length until its rectangle, rows times longest row, would
/// exceed `max_tokens`; so short sentences come many at a time. A row that is longer than that is a
/// batch of its own. As with [`BatchSampler`], the batches are a pure function of seed and epoch.
///
/// # Example
/// ```
/// use recurra_data::sampler::TokenBatchSampler;
///
/// let sampler = TokenBatchSampler::new(&[3, 9, 4, 8, 3], 10, 7, 100)?;
/// let batches = sampler.batches(0);
/// assert_eq!(batches, sampler.batches(0));
/// assert_eq!(batches.len(), 4);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatchSampler {
    lengths: Vec<usize>,
    max_tokens: usize,
    seed: u64,
    pool_batches: usize,
}

impl TokenBatchSampler {
    /// A sampler for items of these lengths. Rows are sorted by length within pools of about
    /// `pool_batches` batches: larger pools pad less and shuffle less.
    ///
    /// # Errors
    /// As [`BatchSampler::new`].
    pub fn new(
        lengths: &[usize],
        max_tokens: usize,
        seed: u64,
        pool_batches: usize,
    ) -> Result<Self, DataError> {
        if max_tokens == 0 {
            return Err(DataError::Setting {
                key: String::from("max_tokens"),
                expected: String::from("at least 1"),
                got: String::from("0"),
            });
        }
        // The other checks are the same.
        BatchSampler::new(lengths, 1, seed, Bucketing::ByLength { pool_batches })?;
        Ok(Self {
            lengths: lengths.to_vec(),
            max_tokens,
            seed,
            pool_batches,
        })
    }

    /// The batches of an epoch, each a list of item indices. Their number may differ a little
    /// from epoch to epoch.
    pub fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut rng = rng(self.seed, Domain::Shuffle.stream(epoch));
        let mut order: Vec<usize> = (0..self.lengths.len()).collect();
        order.shuffle(&mut rng);
        let total: usize = self.lengths.iter().map(|&len| len.max(1)).sum();
        let mean_len = total.div_ceil(self.lengths.len());
        let rows_a_batch = (self.max_tokens / mean_len).max(1);
        let mut batches: Vec<Vec<usize>> = Vec::new();
        for pool in order.chunks_mut(rows_a_batch.saturating_mul(self.pool_batches)) {
            pool.sort_by_key(|&index| self.lengths[index]); // stable: equal lengths stay shuffled
            let mut batch: Vec<usize> = Vec::new();
            for &index in &*pool {
                let rectangle = (batch.len() + 1) * self.lengths[index].max(1);
                if rectangle > self.max_tokens && !batch.is_empty() {
                    batches.push(std::mem::take(&mut batch));
                }
                batch.push(index);
            }
            batches.push(batch);
        }
        batches.shuffle(&mut rng);
        batches
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sampler(lengths: &[usize], batch_size: usize, bucketing: Bucketing) -> BatchSampler {
        BatchSampler::new(lengths, batch_size, 42, bucketing).unwrap()
    }

    #[test]
    fn epochs_differ_and_each_can_be_had_again() {
        let sampler = sampler(&[1; 100], 8, Bucketing::Off);
        assert_eq!(sampler.batches(3), sampler.batches(3));
        assert_ne!(sampler.batches(3), sampler.batches(4));
    }

    #[test]
    fn bucketing_puts_like_lengths_together() {
        let lengths: Vec<usize> = (0..400).map(|index| index % 20 + 1).collect();
        let padding = |bucketing| -> usize {
            let batches = sampler(&lengths, 10, bucketing).batches(0);
            let padded = batches.iter().map(|batch| {
                let longest = batch.iter().map(|&index| lengths[index]).max().unwrap();
                longest * batch.len()
            });
            padded.sum::<usize>() - lengths.iter().sum::<usize>()
        };
        // One pool: 20 rows of each of 20 lengths in batches of 10 need no padding at all.
        assert_eq!(padding(Bucketing::ByLength { pool_batches: 40 }), 0);
        assert!(padding(Bucketing::ByLength { pool_batches: 8 }) < padding(Bucketing::Off) / 3);
    }

    #[test]
    fn bucketed_batches_do_not_come_in_order_of_length() {
        let lengths: Vec<usize> = (1..=300).collect();
        let batches = sampler(&lengths, 10, Bucketing::ByLength { pool_batches: 30 }).batches(0);
        let firsts: Vec<usize> = batches.iter().map(|batch| batch[0]).collect();
        assert!(!firsts.is_sorted());
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert!(BatchSampler::new(&[], 2, 1, Bucketing::Off).is_err());
        assert!(BatchSampler::new(&[1], 0, 1, Bucketing::Off).is_err());
        assert!(BatchSampler::new(&[1], 2, 1, Bucketing::ByLength { pool_batches: 0 }).is_err());
    }

    #[test]
    fn batches_by_tokens_are_refused_or_filled() {
        assert!(TokenBatchSampler::new(&[], 8, 1, 4).is_err());
        assert!(TokenBatchSampler::new(&[1], 0, 1, 4).is_err());
        assert!(TokenBatchSampler::new(&[1], 8, 1, 0).is_err());
        let lengths = [5; 64];
        let sampler = TokenBatchSampler::new(&lengths, 40, 1, 100).unwrap();
        assert!(sampler.batches(0).iter().all(|batch| batch.len() == 8));
        assert_ne!(sampler.batches(0), sampler.batches(1));
    }

    proptest! {
        #[test]
        fn no_rectangle_exceeds_its_tokens_and_every_item_comes_once(
            lengths in prop::collection::vec(0usize..40, 1..200),
            max_tokens in 1usize..300,
            pool_batches in 1usize..6,
            epoch: u64,
        ) {
            let sampler = TokenBatchSampler::new(&lengths, max_tokens, 3, pool_batches).unwrap();
            let batches = sampler.batches(epoch);
            for batch in &batches {
                let longest = batch.iter().map(|&index| lengths[index]).max().unwrap();
                prop_assert!(batch.len() == 1 || longest * batch.len() <= max_tokens);
            }
            let mut all = batches.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
        }

        #[test]
        fn every_item_is_in_exactly_one_batch(
            lengths in prop::collection::vec(1usize..30, 1..200),
            batch_size in 1usize..40,
            pool_batches in 0usize..5,
            epoch: u64,
        ) {
            let bucketing = match pool_batches {
                0 => Bucketing::Off,
                pool_batches => Bucketing::ByLength { pool_batches },
            };
            let sampler = sampler(&lengths, batch_size, bucketing);
            let batches = sampler.batches(epoch);
            prop_assert_eq!(batches.len(), sampler.num_batches());
            prop_assert!(batches.iter().filter(|batch| batch.len() < batch_size).count() <= 1);
            let mut all = batches.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
