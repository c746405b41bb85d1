//! Some of many.

/// At most `count` of the indices below `len`, evenly over them.
pub(crate) fn evenly(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(len);
    (0..count).map(move |place| place * len / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_taken_evenly() {
        let of_ten = |count| evenly(10, count).collect::<Vec<_>>();
        assert_eq!(of_ten(5), [0, 2, 4, 6, 8]);
        assert_eq!(of_ten(100), (0..10).collect::<Vec<_>>());
        assert_eq!(of_ten(0), [0; 0]);
        assert_eq!(evenly(0, 3).count(), 0);
    }
}
