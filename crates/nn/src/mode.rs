//! Training or evaluation, and where randomness comes from: both are arguments.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use recurra_kernels::Products;

/// The generator behind every random choice of a network.
pub type Rng = ChaCha8Rng;

/// A generator that is a pure function of `seed` and `stream`.
///
/// Streams of one seed are independent, so an update that draws from stream `n`
/// needs nothing saved to be repeated after a restart.
///
/// # Example
/// ```
/// use rand::RngExt;
/// let (mut a, mut b) = (recurra_nn::rng(7, 3), recurra_nn::rng(7, 3));
/// assert_eq!(a.random::<u64>(), b.random::<u64>());
/// assert_ne!(a.random::<u64>(), recurra_nn::rng(7, 4).random::<u64>());
/// ```
pub fn rng(seed: u64, stream: u64) -> Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// Whether a network is being trained; training carries its randomness and its precision.
#[derive(Debug)]
pub enum Mode<'a> {
    /// Dropout, zoneout and their kin act.
    Train {
        /// What they draw from.
        rng: &'a mut Rng,
        /// What the matrix products of fused recurrences multiply, forward and backward.
        products: Products,
    },
    /// Nothing is dropped; outputs are a function of inputs and weights.
    Eval,
}

impl<'a> Mode<'a> {
    /// Training in f32 throughout.
    pub fn train(rng: &'a mut Rng) -> Self {
        let products = Products::F32;
        Self::Train { rng, products }
    }

    /// What matrix products multiply; outside of training always f32.
    pub fn products(&self) -> Products {
        match self {
            Self::Train { products, .. } => *products,
            Self::Eval => Products::F32,
        }
    }

    /// The same mode for a shorter while, so that it can be passed on repeatedly.
    pub fn reborrow(&mut self) -> Mode<'_> {
        match self {
            Self::Train { rng, products } => Mode::Train {
                rng,
                products: *products,
            },
            Self::Eval => Mode::Eval,
        }
    }
}
