//! Units of text to token ids and back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use crate::error::DataError;
use crate::source::{Lines, read_lines};

/// The number of a token.
pub type TokenId = u32;

/// The ids of the tokens that stand for no text. They are the first four of every vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Specials {
    /// Fills rows of a batch up to the longest; never seen by a loss.
    pub pad: TokenId,
    /// Begins a sequence.
    pub bos: TokenId,
    /// Ends a sequence.
    pub eos: TokenId,
    /// Stands for every unit that the vocabulary does not have.
    pub unk: TokenId,
}

impl Specials {
    /// The only numbering there is: 0, 1, 2, 3.
    pub const STANDARD: Self = Self {
        pad: 0,
        bos: 1,
        eos: 2,
        unk: 3,
    };
    /// How many there are; the first id of a token that stands for text.
    pub const COUNT: usize = 4;
    const NAMES: [&str; Self::COUNT] = ["<pad>", "<bos>", "<eos>", "<unk>"];
}

/// A numbered set of units (letters, Jamo, words), with [`Specials`] first.
///
/// The specials are no text: a unit that is spelled `<pad>` is a token of its own.
///
/// # Example
/// ```
/// use recurra_data::vocab::{Specials, Vocab};
///
/// let vocab = Vocab::build(["b", "a", "b"]);
/// assert_eq!(vocab.len(), 6);
/// let encoded = vocab.encode(["a", "x", "b"]);
/// assert_eq!(encoded.ids, [4, Specials::STANDARD.unk, 5]);
/// assert_eq!(encoded.unknown.to_string(), "1 unknown: `x`");
/// assert_eq!(vocab.decode(&encoded.ids)?, ["a", "\u{fffd}", "b"]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocab {
    tokens: Vec<String>,
    ids: HashMap<String, TokenId>,
}

/// Ids of a text, and what had no id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// One id a unit; [`Specials::unk`] for an unknown one.
    pub ids: Vec<TokenId>,
    /// The unknown units.
    pub unknown: Unknown,
}

/// Units that a vocabulary does not have, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unknown {
    /// How often each occurred.
    pub counts: BTreeMap<String, usize>,
}

impl Unknown {
    /// How many unknown units there were, repeated ones counted again.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether every unit was known.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Adds the counts of another text.
    pub fn merge(&mut self, other: Self) {
        for (unit, count) in other.counts {
            *self.counts.entry(unit).or_default() += count;
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_SHOWN: usize = 20;
        write!(f, "{} unknown", self.total())?;
        for (index, (unit, count)) in self.counts.iter().take(MAX_SHOWN).enumerate() {
            let lead = if index == 0 { ":" } else { "," };
            write!(f, "{lead} `{}`", escape(unit))?;
            if *count > 1 {
                write!(f, " ×{count}")?;
            }
        }
        if self.counts.len() > MAX_SHOWN {
            write!(f, ", … ({} kinds)", self.counts.len())?;
        }
        Ok(())
    }
}

impl Vocab {
    /// Numbers the distinct units in their sorted order, so that the same set gives the same ids
    /// whatever its order. Empty units are left out.
    pub fn build<S: Into<String>>(units: impl IntoIterator<Item = S>) -> Self {
        let mut distinct: BTreeSet<String> = units.into_iter().map(Into::into).collect();
        distinct.remove("");
        let tokens: Vec<String> = distinct.into_iter().collect();
        let ids = tokens.iter().cloned().zip(first_id()..).collect();
        Self { tokens, ids }
    }

    /// Numbers distinct units in the given order.
    ///
    /// # Errors
    /// [`DataError::DuplicateToken`]; [`DataError::Setting`] for an empty unit.
    pub fn from_tokens<S: Into<String>>(
        tokens: impl IntoIterator<Item = S>,
    ) -> Result<Self, DataError> {
        let tokens: Vec<String> = tokens.into_iter().map(Into::into).collect();
        let mut ids: HashMap<String, TokenId> = HashMap::with_capacity(tokens.len());
        for (index, (token, id)) in tokens.iter().zip(first_id()..).enumerate() {
            if token.is_empty() {
                return Err(DataError::Setting {
                    key: format!("vocabulary token {index}"),
                    expected: String::from("a unit of text"),
                    got: String::from("an empty one"),
                });
            }
            if let Some(first) = ids.insert(token.clone(), id) {
                return Err(DataError::DuplicateToken {
                    token: token.clone(),
                    first: first as usize - Specials::COUNT,
                    second: index,
                });
            }
        }
        Ok(Self { tokens, ids })
    }

    /// How many ids there are, specials among them: the `vocab_size` of a model.
    #[expect(
        clippy::len_without_is_empty,
        reason = "the specials are always there, so a vocabulary is never empty"
    )]
    pub fn len(&self) -> usize {
        Specials::COUNT + self.tokens.len()
    }

    /// The ids that stand for no text.
    pub fn specials(&self) -> Specials {
        Specials::STANDARD
    }

    /// The units in the order of their ids, without the specials.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The id of a unit, if the vocabulary has it.
    pub fn id(&self, unit: &str) -> Option<TokenId> {
        self.ids.get(unit).copied()
    }

    /// The unit of an id; nothing for a special or an id that is too large.
    pub fn token(&self, id: TokenId) -> Option<&str> {
        let index = (id as usize).checked_sub(Specials::COUNT)?;
        self.tokens.get(index).map(String::as_str)
    }

    /// What to call an id in a report: its unit, or `<pad>`, `<bos>`, `<eos>`, `<unk>`.
    pub fn name(&self, id: TokenId) -> Option<&str> {
        let special = Specials::NAMES.get(id as usize).copied();
        special.or_else(|| self.token(id))
    }

    /// Gives each unit its id; no `bos` or `eos` is added.
    pub fn encode<S: AsRef<str>>(&self, units: impl IntoIterator<Item = S>) -> Encoded {
        let mut unknown = Unknown::default();
        let ids = units
            .into_iter()
            .map(|unit| {
                self.id(unit.as_ref()).unwrap_or_else(|| {
                    let unit = unit.as_ref().to_owned();
                    *unknown.counts.entry(unit).or_default() += 1;
                    Specials::STANDARD.unk
                })
            })
            .collect();
        Encoded { ids, unknown }
    }

    /// The units of a sequence of ids: `pad`, `bos` and `eos` are left out, and `unk` becomes
    /// U+FFFD, the character for what cannot be shown.
    ///
    /// # Errors
    /// [`DataError::TokenId`] for an id that the vocabulary does not have.
    pub fn decode(&self, ids: &[TokenId]) -> Result<Vec<&str>, DataError> {
        const UNSHOWABLE: &str = "\u{fffd}";
        let mut units = Vec::with_capacity(ids.len());
        for (index, &id) in ids.iter().enumerate() {
            match self.token(id) {
                Some(token) => units.push(token),
                None if id == Specials::STANDARD.unk => units.push(UNSHOWABLE),
                None if (id as usize) < Specials::COUNT => {}
                None => {
                    return Err(DataError::TokenId {
                        index,
                        id,
                        vocab_size: self.len(),
                    });
                }
            }
        }
        Ok(units)
    }

    /// The text form, which [`Vocab::from_text`] and [`Vocab::read`] take back: the line
    /// `recurra-vocab 1`, then one token a line in the order of ids, the specials first.
    ///
    /// `\n`, `\r`, `\t`, `\\` and `\u{…}` stand for characters that would be lost or invisible in
    /// a line, and a unit that begins with `<` is written `\<`.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER} {VERSION}\n");
        for name in Specials::NAMES {
            text.push_str(name);
            text.push('\n');
        }
        for token in &self.tokens {
            text.push_str(&escape(token));
            text.push('\n');
        }
        text
    }

    /// Reads the text form. `origin` is for the error message alone.
    ///
    /// # Errors
    /// [`DataError::VocabFile`] with the line for a foreign file, another version, missing
    /// specials, an unknown escape, an empty line or a duplicate.
    pub fn from_text(text: &str, origin: &Path) -> Result<Self, DataError> {
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        Self::from_lines(lines, origin)
    }

    /// Reads the text form from a file.
    ///
    /// # Errors
    /// As [`Vocab::from_text`] and [`read_lines`].
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let lines: Lines = read_lines(path)?;
        Self::from_lines(lines.map(|line| Ok(line?.text)), path)
    }

    fn from_lines(
        lines: impl Iterator<Item = Result<String, DataError>>,
        origin: &Path,
    ) -> Result<Self, DataError> {
        let problem = |line: usize, expected: &str, got: String| DataError::VocabFile {
            path: origin.to_owned(),
            line,
            expected: expected.to_owned(),
            got,
        };
        let mut fixed = vec![format!("{HEADER} {VERSION}")];
        fixed.extend(Specials::NAMES.map(str::to_owned));
        let mut tokens = Vec::new();
        let mut line_of = HashMap::new();
        let mut last_line = 0;
        for (index, text) in lines.enumerate() {
            let (text, line) = (text?, index + 1);
            last_line = line;
            if let Some(wanted) = fixed.get(index) {
                if text != *wanted {
                    let wanted = format!("`{wanted}`");
                    return Err(problem(line, &wanted, format!("`{}`", shorten(&text))));
                }
                continue;
            }
            let token = unescape(&text).map_err(|(expected, got)| problem(line, expected, got))?;
            if let Some(first) = line_of.insert(token.clone(), line) {
                let got = format!("`{}` again, as in line {first}", shorten(&text));
                return Err(problem(line, "a new token", got));
            }
            tokens.push(token);
        }
        if let Some(wanted) = fixed.get(last_line) {
            let wanted = format!("`{wanted}`");
            return Err(problem(
                last_line + 1,
                &wanted,
                "the end of the file".into(),
            ));
        }
        Self::from_tokens(tokens)
    }
}

const HEADER: &str = "recurra-vocab";
const VERSION: u32 = 1;

fn first_id() -> TokenId {
    Specials::COUNT as TokenId
}

fn shorten(text: &str) -> String {
    const MAX_SHOWN: usize = 40;
    text.chars().take(MAX_SHOWN).collect()
}

fn escape(token: &str) -> String {
    let mut text = String::with_capacity(token.len());
    for (index, letter) in token.chars().enumerate() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '<' if index == 0 => text.push_str("\\<"),
            _ if letter.is_control() || letter.is_whitespace() || letter == '\u{feff}' => {
                text.push_str(&letter.escape_unicode().to_string());
            }
            _ => text.push(letter),
        }
    }
    text
}

fn unescape(line: &str) -> Result<String, (&'static str, String)> {
    if line.is_empty() {
        return Err(("a token", "an empty line".into()));
    }
    if line.starts_with('<') {
        return Err((
            "a token (`\\<` for a leading `<`)",
            format!("`{}`", shorten(line)),
        ));
    }
    let mut token = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            token.push(letter);
            continue;
        }
        let bad = || {
            let expected = "one of the escapes \\\\ \\n \\r \\t \\< \\u{…}";
            (expected, format!("`{}`", shorten(line)))
        };
        let meant = match rest.next() {
            Some('\\') => '\\',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('<') => '<',
            Some('u') => {
                let (code, after) = rest
                    .as_str()
                    .strip_prefix('{')
                    .and_then(|code| code.split_once('}'))
                    .ok_or_else(bad)?;
                rest = after.chars();
                let code = u32::from_str_radix(code, 16).ok();
                code.and_then(char::from_u32).ok_or_else(bad)?
            }
            _ => return Err(bad()),
        };
        token.push(meant);
    }
    Ok(token)
}

#[cfg(test)]
#[path = "vocab_tests.rs"]
mod tests;
