//! Random numbers as a pure function of a seed and a stream.
//!
//! Nothing here has a state that outlives a call, so a run can be continued anywhere: the batches
//! of epoch 7 and the 1000th generated example need no history.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator that is used everywhere: portable, and the same on every platform.
pub type Rng = ChaCha8Rng;

/// Makes the generator for `stream` of `seed`.
///
/// The seed gives the key of ChaCha8 and the stream its nonce, so that unlike streams of one seed
/// are unrelated sequences. Streams below 2⁴⁸ and from 2⁵⁶ on are free for a caller's own use;
/// [`Domain::stream`] gives out those between, one range for each use in this crate, so that a
/// shuffle and a generated series never see the same numbers.
///
/// # Example
/// ```
/// use rand::Rng as _;
/// use recurra_data::rng::rng;
///
/// assert_eq!(rng(1, 2).next_u64(), rng(1, 2).next_u64());
/// assert_ne!(rng(1, 2).next_u64(), rng(1, 3).next_u64());
/// ```
pub fn rng(seed: u64, stream: u64) -> Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// What random numbers are for; each use has its own range of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Order of the items in an epoch; the index is the epoch.
    Shuffle,
    /// Parting a data set; the index is 0.
    Split,
    /// A generated series; the index is the series.
    Series,
    /// An example of the adding problem; the index is the example.
    Adding,
    /// An example of the copy-memory problem; the index is the example.
    CopyMemory,
}

impl Domain {
    /// The stream of the `index`-th use in this domain, for [`rng`].
    ///
    /// `stream = (domain + 1)·2⁴⁸ + index`, for an index below 2⁴⁸; a larger one wraps.
    ///
    /// # Example
    /// ```
    /// use recurra_data::rng::Domain;
    ///
    /// assert_eq!(Domain::Shuffle.stream(5), (1 << 48) + 5);
    /// assert_ne!(Domain::Shuffle.stream(5), Domain::Series.stream(5));
    /// ```
    pub fn stream(self, index: u64) -> u64 {
        const INDEX_BITS: u32 = 48;
        let domain = self as u64 + 1;
        (domain << INDEX_BITS) | (index & ((1 << INDEX_BITS) - 1))
    }
}
