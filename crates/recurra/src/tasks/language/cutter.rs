//! What a text is cut into, and the numbers of the pieces.

use super::config::{DataConfig, Unit};
use crate::Error;
use recurra_data::text::{self, Case};
use recurra_data::tokenizer::Pieces;
use recurra_data::{TokenId, Tokenizer, Vocab};
use recurra_train::Run;
use std::borrow::Cow;
use std::collections::HashMap;

const VOCAB: &str = "vocab.txt";
const TOKENIZER: &str = "tokenizer.json";

/// Cuts lines that [`DataConfig::form`] has brought into the recipe's form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cutter {
    /// Words, letters or Jamo, each with a token if it is frequent enough.
    Units { unit: Unit, vocab: Vocab },
    /// Pieces of a tokenizer that the training text taught.
    Pieces(Tokenizer),
}

/// In which order units are numbered; a tokenizer has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    /// As text is sorted.
    ByText,
    /// The most frequent first.
    ByFrequency,
}

/// How pieces are written one behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// With spaces between them.
    Spaced,
    /// As they are, but for the sign that stands for a space.
    Marked,
    /// As they are.
    Plain,
    /// Put together to syllables.
    Jamo,
}

/// What a tokenizer's pieces have in place of a space.
const SPACE_SIGN: &str = "\u{2581}";

impl Cutter {
    /// Learns from the lines of the training text.
    pub(super) fn learn(
        config: &DataConfig,
        lines: &[String],
        numbering: Numbering,
    ) -> Result<Self, Error> {
        match (config.unit, &config.tokenizer) {
            (Unit::Piece, Some(tokenizer)) => Ok(Self::Pieces(Tokenizer::train(tokenizer, lines)?)),
            (unit, _) => {
                let mut counts: HashMap<String, usize> = HashMap::new();
                for found in lines.iter().flat_map(|line| unit.segment(line)) {
                    *counts.entry(found).or_default() += 1;
                }
                counts.retain(|_, count| *count >= config.min_count);
                if numbering == Numbering::ByText {
                    let vocab = Vocab::build(counts.into_keys());
                    return Ok(Self::Units { unit, vocab });
                }
                let mut ranked: Vec<(String, usize)> = counts.into_iter().collect();
                ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                let vocab = Vocab::from_tokens(ranked.into_iter().map(|(unit, _)| unit))?;
                Ok(Self::Units { unit, vocab })
            }
        }
    }

    /// That of a run.
    pub(super) fn read(config: &DataConfig, run: &Run) -> Result<Self, Error> {
        Ok(match config.unit {
            Unit::Piece => Self::Pieces(Tokenizer::read(&run.path(TOKENIZER)?)?),
            unit => Self::Units {
                unit,
                vocab: Vocab::read(&run.path(VOCAB)?)?,
            },
        })
    }

    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        let (name, text) = match self {
            Self::Units { vocab, .. } => (VOCAB, vocab.to_text()),
            Self::Pieces(tokenizer) => (TOKENIZER, tokenizer.to_json()),
        };
        Ok(run.write(name, text.as_bytes())?)
    }

    pub(super) fn vocab(&self) -> &Vocab {
        match self {
            Self::Units { vocab, .. } => vocab,
            Self::Pieces(tokenizer) => tokenizer.vocab(),
        }
    }

    /// The pieces of a line, known or not.
    pub(super) fn segment(&self, line: &str) -> Vec<String> {
        match self {
            Self::Units { unit, .. } => unit.segment(line),
            Self::Pieces(tokenizer) => tokenizer.pieces(line),
        }
    }

    pub(super) fn writing(&self) -> Writing {
        match self {
            Self::Units { unit, .. } => match unit {
                Unit::Word => Writing::Spaced,
                Unit::Letter | Unit::Piece => Writing::Plain,
                Unit::Jamo => Writing::Jamo,
            },
            Self::Pieces(tokenizer) if tokenizer.config().pieces.are_learnt() => Writing::Marked,
            Self::Pieces(_) => Writing::Spaced,
        }
    }

    /// Tokens of a line as they are written.
    pub(super) fn written(&self, ids: &[TokenId]) -> String {
        let vocab = self.vocab();
        let pieces: Vec<&str> = ids.iter().filter_map(|&id| vocab.token(id)).collect();
        match self.writing() {
            Writing::Spaced => pieces.join(" "),
            Writing::Marked => pieces.concat().replace(SPACE_SIGN, " ").trim().to_owned(),
            Writing::Plain => text::Unit::Letter.join(&pieces),
            Writing::Jamo => text::Unit::Jamo.join(&pieces),
        }
    }
}

impl Writing {
    /// A piece behind others, Jamo aside.
    pub(super) fn behind(self, piece: &str) -> Cow<'_, str> {
        match self {
            Self::Spaced => Cow::Owned(format!(" {piece}")),
            Self::Marked => Cow::Owned(piece.replace(SPACE_SIGN, " ")),
            Self::Plain | Self::Jamo => Cow::Borrowed(piece),
        }
    }
}

impl DataConfig {
    /// A line in the form that is cut: without tags and in small letters, where it should be.
    pub(super) fn form(&self, line: &str) -> String {
        self.case.apply(&self.markup.apply(line))
    }

    /// Refuses a tokenizer beside a unit that needs none, and the other way around.
    pub(super) fn check_unit(&self) -> Result<(), Error> {
        let Some(tokenizer) = &self.tokenizer else {
            if self.unit == Unit::Piece {
                let want = "how to cut, as { pieces = \"bpe\", vocab_size = 8000 }, with `unit = \
                            \"piece\"`";
                return Err(Error::config("data.tokenizer", want, "nothing"));
            }
            return Ok(());
        };
        if self.unit != Unit::Piece {
            let want = "nothing, or `unit = \"piece\"` with it";
            let got = format!("one beside a unit of {}s", self.unit.singular());
            return Err(Error::config("data.tokenizer", want, got));
        }
        tokenizer.check()?;
        if self.case != Case::Keep || self.min_count != 1 {
            let want = "`case` and `min_count` inside `data.tokenizer`, where it cuts";
            return Err(Error::config("data.tokenizer", want, "one beside it"));
        }
        let unit = match tokenizer.pieces {
            Pieces::Characters => "letter",
            Pieces::Jamo => "jamo",
            Pieces::Words | Pieces::Bpe | Pieces::Wordpiece | Pieces::Unigram => return Ok(()),
        };
        let want = format!("`unit = \"{unit}\"` in its place");
        let got = tokenizer.pieces.name();
        Err(Error::config("data.tokenizer.pieces", want, got))
    }
}
