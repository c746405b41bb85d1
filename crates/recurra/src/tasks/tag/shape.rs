//! What a word looks like, whatever its letters are.

/// The shape of a word; the number is what a network is given.
///
/// What a capital or a digit says about a word holds for words that were never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Shape {
    /// None of the others.
    Other,
    /// Small letters only.
    Lower,
    /// A capital, then small letters.
    Title,
    /// Capitals only, at least two.
    Upper,
    /// One capital letter.
    Initial,
    /// Small letters and capitals in another order.
    Mixed,
    /// Letters with an apostrophe, a hyphen or another sign among them.
    Joined,
    /// Digits only.
    Digits,
    /// Digits and signs, such as `12:30` or `1,000`.
    Number,
    /// Digits and letters.
    Alphanumeric,
    /// Neither letters nor digits.
    Signs,
    /// Hangul.
    Hangul,
    /// A web or mail address, a user or a hashtag.
    Address,
}

impl Shape {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Address as usize + 1;

    pub(super) fn of(word: &str) -> Self {
        let count = |is: fn(char) -> bool| word.chars().filter(|&letter| is(letter)).count();
        let all = word.chars().count();
        let letters = count(char::is_alphabetic);
        let digits = count(char::is_numeric);
        let upper = count(char::is_uppercase);
        let lower = count(char::is_lowercase);
        let begins_upper = word.chars().next().is_some_and(char::is_uppercase);
        let is_address = word.contains("://")
            || word.starts_with("www.")
            || (all > 1 && word.contains('@'))
            || (all > 1 && word.starts_with('#') && letters > 0);
        match () {
            () if all == 0 => Self::Other,
            () if is_address => Self::Address,
            () if word.chars().any(|letter| ('가'..='힣').contains(&letter)) => Self::Hangul,
            () if digits == all => Self::Digits,
            () if digits > 0 && letters > 0 => Self::Alphanumeric,
            () if digits > 0 => Self::Number,
            () if letters == 0 => Self::Signs,
            () if letters < all => Self::Joined,
            () if lower == all => Self::Lower,
            () if upper == 1 && all == 1 => Self::Initial,
            () if upper == all => Self::Upper,
            () if begins_upper && lower + 1 == all => Self::Title,
            () if upper > 0 => Self::Mixed,
            () => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_its_words() {
        use Shape::*;
        let cases = [
            ("", Other),
            ("漢字", Other),
            ("dog", Lower),
            ("Dog", Title),
            ("NATO", Upper),
            ("A", Initial),
            ("iPhone", Mixed),
            ("don't", Joined),
            ("2024", Digits),
            ("12:30", Number),
            ("B52", Alphanumeric),
            ("...", Signs),
            ("서울에서", Hangul),
            ("http://a.b", Address),
            ("@mina", Address),
            ("#summer", Address),
            ("#", Signs),
        ];
        for (word, shape) in cases {
            assert_eq!(Shape::of(word), shape, "{word}");
        }
    }
}
