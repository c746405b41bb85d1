//! What a text is cut into.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// What happens to capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// They become small letters.
    #[default]
    Lower,
    /// They stay.
    Keep,
}

impl Case {
    /// Applies the policy.
    ///
    /// # Example
    /// ```
    /// use recurra_data::text::Case;
    ///
    /// assert_eq!(Case::Lower.apply("Élan"), "élan");
    /// assert_eq!(Case::Keep.apply("Élan"), "Élan");
    /// ```
    pub fn apply(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Keep => text.to_owned(),
        }
    }
}

/// The unit that a text is cut into.
///
/// | text | `Letter` | `Jamo` |
/// |---|---|---|
/// | `cat` | `c` `a` `t` | `c` `a` `t` |
/// | `한국` | `한` `국` | `ᄒ` `ᅡ` `ᆫ` `ᄀ` `ᅮ` `ᆨ` |
///
/// With `Letter` a Hangul syllable is one unit of more than ten thousand, with `Jamo` two or three
/// of 67, and the beginning of a syllable can be completed: `하` begins `한`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A composed character (NFC): a Latin letter with its accent, a Hangul syllable. In a recipe
    /// also written `syllable`.
    #[default]
    #[serde(alias = "syllable")]
    Letter,
    /// A decomposed character (NFD): a Latin letter, an accent, a conjoining Jamo.
    Jamo,
}

impl Unit {
    /// Cuts a text into units.
    ///
    /// For [`Unit::Jamo`], letters as a keyboard gives them before the syllable is complete
    /// (`ㅎ`, U+314E) become the conjoining ones that syllables are made of (`ᄒ`, U+1112).
    ///
    /// # Example
    /// ```
    /// use recurra_data::text::Unit;
    ///
    /// assert_eq!(Unit::Letter.segment("한글"), ["한", "글"]);
    /// assert_eq!(Unit::Jamo.segment("한글").len(), 6);
    /// assert_eq!(Unit::Jamo.join(&Unit::Jamo.segment("한글")), "한글");
    /// ```
    pub fn segment(self, text: &str) -> Vec<String> {
        match self {
            Self::Letter => text.nfc().map(String::from).collect(),
            Self::Jamo => text
                .nfd()
                .flat_map(|letter| {
                    let is_keyboard_jamo = ('\u{3131}'..='\u{318e}').contains(&letter);
                    let conjoining = is_keyboard_jamo.then(|| std::iter::once(letter).nfkd());
                    let kept = (!is_keyboard_jamo).then_some(letter);
                    conjoining.into_iter().flatten().chain(kept)
                })
                .map(String::from)
                .collect(),
        }
    }

    /// Puts units together again, composed (NFC).
    ///
    /// A leading consonant or a vowel that stands alone becomes the letter as a keyboard gives it,
    /// which every font can show; [`Unit::segment`] takes it back.
    pub fn join<S: AsRef<str>>(self, units: &[S]) -> String {
        let composed = units.iter().flat_map(|unit| unit.as_ref().chars()).nfc();
        match self {
            Self::Letter => composed.collect(),
            Self::Jamo => composed.map(keyboard_jamo).collect(),
        }
    }
}

/// The keyboard's letter for a conjoining leading consonant or vowel; anything else unchanged.
fn keyboard_jamo(letter: char) -> char {
    // The 19 leading consonants in the order of U+1100; vowels are in the same order in both blocks.
    const LEADING: [char; 19] = [
        'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ',
        'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ',
    ];
    let code = u32::from(letter);
    match code {
        0x1100..=0x1112 => LEADING[(code - 0x1100) as usize],
        0x1161..=0x1175 => char::from_u32(code - 0x1161 + 0x314f).unwrap_or(letter),
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_syllable_is_two_or_three_jamo_by_the_hangul_formula() {
        // Unicode 3.12: syllable = 0xAC00 + (lead·21 + vowel)·28 + tail; 학 = ㅎ(18) ㅏ(0) ㄱ(1).
        assert_eq!(u32::from('학'), 0xac00 + (18 * 21) * 28 + 1);
        assert_eq!(
            Unit::Jamo.segment("학"),
            ["\u{1112}", "\u{1161}", "\u{11a8}"]
        );
        assert_eq!(Unit::Jamo.segment("하"), ["\u{1112}", "\u{1161}"]);
    }

    #[test]
    fn decomposed_input_is_the_same_text() {
        let decomposed: String = "한국어 é".nfd().collect();
        assert_eq!(
            Unit::Letter.segment(&decomposed),
            ["한", "국", "어", " ", "é"]
        );
        assert_eq!(
            Unit::Jamo.segment(&decomposed),
            Unit::Jamo.segment("한국어 é")
        );
    }

    #[test]
    fn every_keyboard_letter_begins_the_syllables_that_it_begins_on_a_keyboard() {
        for (typed, syllable) in [("ㄱ", "가"), ("ㅎ", "힣"), ("ㅃ", "빵"), ("ㅇ", "아")] {
            let typed = Unit::Jamo.segment(typed);
            assert_eq!(typed, Unit::Jamo.segment(syllable)[..1]);
        }
        assert_eq!(Unit::Jamo.segment("ㅏ"), Unit::Jamo.segment("가")[1..]);
        assert_eq!(Unit::Jamo.segment("ㅢ"), Unit::Jamo.segment("의")[1..]);
    }

    #[test]
    fn a_lone_consonant_is_shown_as_a_keyboard_letter() {
        let units = Unit::Jamo.segment("학ㄱ");
        assert_eq!(Unit::Jamo.join(&units), "학ㄱ");
        assert_eq!(Unit::Jamo.join(&units[..4]), "학ㄱ");
        assert_eq!(Unit::Jamo.join(&units[..1]), "ㅎ");
        assert_eq!(Unit::Jamo.join(&["\u{1175}"]), "ㅣ");
    }

    #[test]
    fn syllable_is_another_name_of_letter_in_a_recipe() {
        #[derive(Deserialize)]
        struct Data {
            unit: Unit,
        }
        let data: Data = toml::from_str("unit = \"syllable\"").unwrap();
        assert_eq!(data.unit, Unit::Letter);
    }

    proptest! {
        #[test]
        fn text_survives_cutting_and_joining(text in "[a-zé가-힣ㄱ-ㅎㅏ-ㅣ .]{0,12}") {
            let composed: String = text.nfc().collect();
            prop_assert_eq!(Unit::Letter.join(&Unit::Letter.segment(&text)), &composed[..]);
            let jamo = Unit::Jamo.segment(&text);
            let joined = Unit::Jamo.join(&jamo);
            prop_assert_eq!(Unit::Jamo.segment(&joined), jamo);
        }

        #[test]
        fn every_hangul_syllable_survives_exactly(text in "[가-힣]{0,6}") {
            prop_assert_eq!(Unit::Jamo.join(&Unit::Jamo.segment(&text)), text);
        }

        #[test]
        fn any_text_is_cut_without_panic(text in any::<String>()) {
            Unit::Jamo.join(&Unit::Jamo.segment(&text));
        }
    }
}
