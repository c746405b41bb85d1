//! The tokenizer itself.

use std::collections::BTreeMap;

use super::bpe::Bpe;
use super::chunk::{Counts, alphabet, chunks, text_of};
use super::config::{Pieces, TokenizerConfig};
use super::unigram::Unigram;
use super::wordpiece::Wordpiece;
use crate::error::DataError;
use crate::text::{Unit, moses};
use crate::vocab::{Encoded, Specials, TokenId, Vocab};

/// Text to ids and back, learnt from text.
///
/// What was learnt is a pure function of the lines: the same lines give the same pieces, whatever
/// their order.
///
/// # Example
/// ```
/// use recurra_data::tokenizer::{Pieces, Tokenizer, TokenizerConfig};
///
/// let config = TokenizerConfig { pieces: Pieces::Bpe, vocab_size: 30, ..TokenizerConfig::default() };
/// let tokenizer = Tokenizer::train(&config, ["low lower lowest", "new newer newest"])?;
/// let encoded = tokenizer.encode("lower, newest");
/// assert_eq!(tokenizer.pieces("newest").concat(), "▁newest");
/// assert_eq!(tokenizer.decode(&encoded.ids)?, "lower\u{fffd} newest");
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tokenizer {
    pub(super) config: TokenizerConfig,
    pub(super) vocab: Vocab,
    pub(super) cutter: Cutter,
}

/// How normalised text becomes pieces.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cutter {
    Unit(Unit),
    Words,
    Bpe(Bpe),
    Wordpiece(Wordpiece),
    Unigram(Unigram),
}

impl Tokenizer {
    /// Learns from lines. For a joint vocabulary give the lines of both languages.
    ///
    /// # Errors
    /// [`DataError::Setting`] for an impossible configuration, [`DataError::TooFew`] without any
    /// text, [`DataError::Subwords`] when `vocab_size` has no room for the characters.
    pub fn train<S: AsRef<str>>(
        config: &TokenizerConfig,
        lines: impl IntoIterator<Item = S>,
    ) -> Result<Self, DataError> {
        config.check()?;
        let normalize = Normalizer(config);
        let mut counts = Counts::new();
        for line in lines {
            let text = normalize.apply(line.as_ref());
            for unit in match config.pieces {
                Pieces::Characters => Unit::Letter.segment(&text),
                Pieces::Jamo => Unit::Jamo.segment(&text),
                Pieces::Words => words(&text),
                Pieces::Bpe | Pieces::Wordpiece | Pieces::Unigram => chunks(&text),
            } {
                *counts.entry(unit).or_default() += 1;
            }
        }
        if counts.is_empty() {
            return Err(DataError::TooFew {
                what: String::from("text to learn pieces from"),
                expected: 1,
                got: 0,
                unit: "words",
                advice: "give lines with text in them",
            });
        }
        let room = config.vocab_size - Specials::COUNT;
        let cutter = match config.pieces {
            Pieces::Characters => Cutter::Unit(Unit::Letter),
            Pieces::Jamo => Cutter::Unit(Unit::Jamo),
            Pieces::Words => Cutter::Words,
            subwords => {
                let alphabet = alphabet(&counts, config.min_count);
                if alphabet.len() > room {
                    return Err(DataError::Subwords {
                        pieces: subwords.name(),
                        problem: format!(
                            "the text has {} characters and `vocab_size` leaves room for {room}",
                            alphabet.len()
                        ),
                        advice: "raise `vocab_size`, or `min_count` to leave out rare characters",
                    });
                }
                match subwords {
                    Pieces::Unigram => Cutter::Unigram(Unigram::learn(&counts, &alphabet, room)),
                    Pieces::Wordpiece => {
                        let bpe = Bpe::learn(&counts, &alphabet, room);
                        Cutter::Wordpiece(Wordpiece::new(bpe.pieces))
                    }
                    _ => Cutter::Bpe(Bpe::learn(&counts, &alphabet, room)),
                }
            }
        };
        let vocab = match &cutter {
            Cutter::Unit(_) | Cutter::Words => most_frequent(counts, config.min_count, room)?,
            cutter => Vocab::from_tokens(cutter.learnt().iter().cloned())?,
        };
        Ok(Self {
            config: config.clone(),
            vocab,
            cutter,
        })
    }

    /// The same pieces for text of a language that Moses cuts by other rules, or that is not cut
    /// so: for a joint vocabulary, which is learnt from text of both languages already cut.
    #[must_use]
    pub fn with_moses(mut self, language: Option<moses::Language>) -> Self {
        self.config.moses = language;
        self
    }

    /// How it was made.
    pub fn config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// The pieces and their ids.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// The text as the tokenizer sees it: normalised and, if so configured, cut by Moses.
    pub fn normalize(&self, text: &str) -> String {
        Normalizer(&self.config).apply(text)
    }

    /// The pieces of a text, known or not, one for each id that [`Tokenizer::encode`] gives.
    pub fn pieces(&self, text: &str) -> Vec<String> {
        let text = self.normalize(text);
        let each_chunk = |cut: &dyn Fn(&str) -> Vec<String>| {
            chunks(&text).iter().flat_map(|chunk| cut(chunk)).collect()
        };
        match &self.cutter {
            Cutter::Unit(unit) => unit.segment(&text),
            Cutter::Words => words(&text),
            Cutter::Bpe(bpe) => each_chunk(&|chunk| bpe.encode(chunk)),
            Cutter::Wordpiece(wordpiece) => each_chunk(&|chunk| wordpiece.encode(chunk)),
            Cutter::Unigram(unigram) => each_chunk(&|chunk| unigram.encode(chunk)),
        }
    }

    /// The ids of a text, without `bos` and `eos`; an unknown piece is `unk` and is counted.
    pub fn encode(&self, text: &str) -> Encoded {
        self.vocab.encode(self.pieces(text))
    }

    /// The text of ids, as it is written; `unk` becomes U+FFFD, the other specials nothing.
    ///
    /// # Errors
    /// [`DataError::TokenId`] for an id that the vocabulary does not have.
    pub fn decode(&self, ids: &[TokenId]) -> Result<String, DataError> {
        Ok(self.detokenize(&self.vocab.decode(ids)?))
    }

    /// The text of pieces as it is written, joined and with Moses' cutting undone: up to
    /// normalisation the inverse of [`Tokenizer::pieces`].
    pub fn detokenize(&self, pieces: &[&str]) -> String {
        let text = self.join(pieces);
        match self.config.moses {
            Some(language) => moses::detokenize(&words(&text), language),
            None => text,
        }
    }

    /// The text of ids in the form of [`Tokenizer::normalize`]: words that Moses cut stay cut, as
    /// scores over tokenised text want them.
    ///
    /// # Errors
    /// As [`Tokenizer::decode`].
    pub fn decode_normalized(&self, ids: &[TokenId]) -> Result<String, DataError> {
        let pieces = self.vocab.decode(ids)?;
        Ok(self.join(&pieces))
    }

    /// The text of pieces, in the form of [`Tokenizer::normalize`].
    pub fn join(&self, pieces: &[&str]) -> String {
        match &self.cutter {
            Cutter::Unit(unit) => unit.join(pieces),
            Cutter::Words => pieces.join(" "),
            Cutter::Bpe(_) | Cutter::Wordpiece(_) | Cutter::Unigram(_) => text_of(pieces),
        }
    }
}

impl Cutter {
    /// The pieces that were learnt; none for what is cut without learning.
    pub(super) fn learnt(&self) -> &[String] {
        match self {
            Self::Unit(_) | Self::Words => &[],
            Self::Bpe(bpe) => &bpe.pieces,
            Self::Wordpiece(wordpiece) => &wordpiece.pieces,
            Self::Unigram(unigram) => &unigram.pieces,
        }
    }
}

struct Normalizer<'a>(&'a TokenizerConfig);

impl Normalizer<'_> {
    fn apply(&self, text: &str) -> String {
        let text = self.0.normalization().apply(text);
        match self.0.moses {
            Some(language) => moses::tokenize(&text, language).join(" "),
            None => text,
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The units that occur at least `min_count` times, the `room` most frequent; the most frequent first.
fn most_frequent(
    counts: BTreeMap<String, u64>,
    min_count: usize,
    room: usize,
) -> Result<Vocab, DataError> {
    let mut ranked: Vec<(String, u64)> = counts.into_iter().collect();
    ranked.retain(|(_, count)| *count >= min_count as u64);
    // Stable: equal counts stay in the order of their text.
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked.truncate(room);
    Vocab::from_tokens(ranked.into_iter().map(|(unit, _)| unit))
}
