//! Which of several scores is the largest.

/// The place of the largest score, the first of equal ones; 0 where there is none, or no number.
///
/// # Example
/// ```
/// use recurra_nn::likeliest;
/// assert_eq!(likeliest(&[0.1, 0.7, 0.7]), 1);
/// assert_eq!(likeliest([0.5_f32, 0.1].map(f32::ln)), 0);
/// ```
pub fn likeliest<T: PartialOrd>(scores: impl IntoIterator<Item = T>) -> usize {
    let mut places = scores.into_iter().enumerate();
    let Some(mut best) = places.next() else {
        return 0;
    };
    for place in places {
        if place.1 > best.1 {
            best = place;
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_what_is_no_number_have_a_place_too() {
        assert_eq!(likeliest::<f32>([]), 0);
        assert_eq!(likeliest([f32::NAN, 1.0]), 0);
        assert_eq!(likeliest([f32::NEG_INFINITY, 1.0, f32::NAN, 2.0]), 3);
    }
}
