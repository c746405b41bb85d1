//! A number that tells contents apart.

use std::fmt;

/// FNV-1a, 64 bit, of bytes that come bit by bit; shown as sixteen hexadecimal digits.
///
/// It is the same on every platform and in every version. It is made against accidents, not
/// against malice.
///
/// # Source
/// Fowler, Noll and Vo, <http://www.isthe.com/chongo/tech/comp/fnv>.
///
/// # Example
/// ```
/// use recurra_data::Checksum;
/// let whole = Checksum::of(b"foobar");
/// assert_eq!(whole.to_string(), "85944171f73967e8");
/// assert_eq!(Checksum::of(b"foo").with(b"bar"), whole);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum(u64);

impl Checksum {
    /// Of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(0xcbf2_9ce4_8422_2325).with(bytes)
    }

    /// Of what it is of already, and these bytes behind it.
    #[must_use]
    pub fn with(self, bytes: &[u8]) -> Self {
        let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, mix))
    }

    /// The number.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_test_vectors_come_out() {
        let vectors = [
            ("", "cbf29ce484222325"),
            ("a", "af63dc4c8601ec8c"),
            ("foobar", "85944171f73967e8"),
        ];
        for (text, wanted) in vectors {
            assert_eq!(Checksum::of(text.as_bytes()).to_string(), wanted);
        }
    }
}
