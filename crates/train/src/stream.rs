//! Which random numbers are for what.

use recurra_nn::Rng;

/// A purpose of randomness; each has its own stream of the run's seed.
///
/// Because a stream is a pure function of seed and purpose, nothing of a generator
/// has to be saved: update 700 draws the same numbers whether or not the process was
/// killed at update 650.
///
/// # Example
/// ```
/// use recurra_nn::Mode;
/// use recurra_train::Stream;
/// let mut rng = Stream::Update(700).rng(42);
/// let mode = Mode::train(&mut rng);
/// # let _ = mode;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// First values of the weights.
    Weights,
    /// Generated data, and the split into training and held-out data.
    Data,
    /// Dropout and the like in this update.
    Update(u64),
    /// Values that are drawn when a trained model is asked this.
    Draws(u64),
}

impl Stream {
    /// The stream's number: the purpose in the highest byte, its count below.
    pub fn number(self) -> u64 {
        let (purpose, count) = match self {
            Self::Weights => (0, 0),
            Self::Data => (1, 0),
            Self::Update(update) => (2, update),
            Self::Draws(question) => (3, question),
        };
        (purpose << 56) | (count & ((1 << 56) - 1))
    }

    /// A fresh generator at the start of this stream.
    pub fn rng(self, seed: u64) -> Rng {
        recurra_nn::rng(seed, self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_do_not_share_a_stream() {
        let numbers = [
            Stream::Weights,
            Stream::Data,
            Stream::Update(0),
            Stream::Update(1),
            Stream::Draws(0),
        ]
        .map(Stream::number);
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].contains(number));
        }
    }
}
