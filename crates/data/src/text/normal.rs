//! Bringing text into one form before it is cut.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::text::Case;

/// Which Unicode normal form a text is brought into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalForm {
    /// Composed: `é` and a decomposed Hangul syllable are one character each.
    #[default]
    Nfc,
    /// Composed, and compatible forms become their plain ones: `ﬁ` is `fi`, `Ａ` is `A`.
    Nfkc,
}

/// Normal form and case, in this order; white space becomes single spaces, none at the ends, and
/// control characters are taken out.
///
/// # Example
/// ```
/// use recurra_data::text::{Case, NormalForm, Normalization};
///
/// let normalization = Normalization { form: NormalForm::Nfkc, case: Case::Lower };
/// assert_eq!(normalization.apply(" Ｅin\u{a0}ﬁx \u{0}"), "ein fix");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Normalization {
    /// The Unicode normal form.
    pub form: NormalForm,
    /// What happens to capital letters.
    pub case: Case,
}

impl Default for Normalization {
    /// NFC, capital letters kept.
    fn default() -> Self {
        Self {
            form: NormalForm::Nfc,
            case: Case::Keep,
        }
    }
}

impl Normalization {
    /// Normalises a text.
    pub fn apply(self, text: &str) -> String {
        let cased = self.case.apply(text);
        let formed: String = match self.form {
            NormalForm::Nfc => cased.nfc().collect(),
            NormalForm::Nfkc => cased.nfkc().collect(),
        };
        single_spaced(&formed)
    }
}

/// White space as single spaces, none at the ends; control characters and other invisible ones
/// (byte order mark, zero-width space) taken out.
pub(crate) fn single_spaced(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_whitespace() {
            if !clean.ends_with(' ') && !clean.is_empty() {
                clean.push(' ');
            }
        } else if !letter.is_control() && !matches!(letter, '\u{feff}' | '\u{200b}') {
            clean.push(letter);
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_hangul_and_accents_become_one_character() {
        let decomposed: String = "한 é".nfd().collect();
        assert_eq!(Normalization::default().apply(&decomposed), "한 é");
    }

    #[test]
    fn compatible_forms_are_kept_by_nfc_and_folded_by_nfkc() {
        let nfkc = Normalization {
            form: NormalForm::Nfkc,
            ..Normalization::default()
        };
        assert_eq!(Normalization::default().apply("ﬁ²"), "ﬁ²");
        assert_eq!(nfkc.apply("ﬁ²"), "fi2");
    }

    #[test]
    fn control_characters_leave_no_double_space() {
        assert_eq!(single_spaced("\ta\u{7} \u{200b} b\r\n"), "a b");
        assert_eq!(single_spaced("\u{0}\u{1}"), "");
    }
}
