//! What a text is cut into, and how many pieces there may be.

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::text::moses::Language;
use crate::text::{Case, NormalForm, Normalization};
use crate::vocab::Specials;

/// The kind of pieces that text is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pieces {
    /// Composed characters, Hangul by syllable.
    Characters,
    /// Decomposed characters, Hangul by Jamo.
    Jamo,
    /// What white space divides.
    Words,
    /// Byte-pair encoding over characters.
    #[default]
    Bpe,
    /// The pieces of byte-pair encoding, cut longest first.
    Wordpiece,
    /// A unigram language model of pieces.
    Unigram,
}

impl Pieces {
    /// Whether they are subwords, of which a text has as many as are asked for.
    pub fn are_learnt(self) -> bool {
        matches!(self, Self::Bpe | Self::Wordpiece | Self::Unigram)
    }

    /// The name in a recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Jamo => "jamo",
            Self::Words => "words",
            Self::Bpe => "bpe",
            Self::Wordpiece => "wordpiece",
            Self::Unigram => "unigram",
        }
    }
}

/// How a [`Tokenizer`](super::Tokenizer) is made.
///
/// In a recipe, for example: `{ pieces = "bpe", vocab_size = 8000, case = "lower" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenizerConfig {
    /// What text is cut into.
    pub pieces: Pieces,
    /// The most ids there may be, the four specials among them.
    pub vocab_size: usize,
    /// How often a word, or with the other kinds a character, must occur to be known.
    pub min_count: usize,
    /// The Unicode normal form that text is brought into.
    pub form: NormalForm,
    /// What happens to capital letters.
    pub case: Case,
    /// Cut words as Moses does by this language's rules, and put them together again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moses: Option<Language>,
}

impl Default for TokenizerConfig {
    /// BPE of 8,000 pieces, NFC, capital letters kept.
    fn default() -> Self {
        Self {
            pieces: Pieces::Bpe,
            vocab_size: 8000,
            min_count: 1,
            form: NormalForm::Nfc,
            case: Case::Keep,
            moses: None,
        }
    }
}

impl TokenizerConfig {
    /// Checks that there is room for a piece.
    ///
    /// # Errors
    /// [`DataError::Setting`].
    pub fn check(&self) -> Result<(), DataError> {
        let setting = |key: &str, expected: String, got: usize| DataError::Setting {
            key: key.to_owned(),
            expected,
            got: got.to_string(),
        };
        if self.vocab_size <= Specials::COUNT {
            let expected = format!("more than the {} specials", Specials::COUNT);
            return Err(setting("vocab_size", expected, self.vocab_size));
        }
        if self.min_count == 0 {
            return Err(setting("min_count", String::from("at least 1"), 0));
        }
        Ok(())
    }

    pub(super) fn normalization(&self) -> Normalization {
        Normalization {
            form: self.form,
            case: self.case,
        }
    }
}
