//! What sacreBLEU cuts lines into before it counts.

use serde::{Deserialize, Serialize};

/// How lines are cut into tokens for BLEU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokenization {
    /// At white space alone: for text that is already cut.
    None,
    /// As `mteval-v13a`, the usual one for Western languages.
    #[default]
    #[serde(rename = "13a")]
    V13a,
    /// Into characters, white space left out.
    Char,
}

impl Tokenization {
    /// The name in a signature.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::V13a => "13a",
            Self::Char => "char",
        }
    }

    /// The tokens of a line.
    ///
    /// # Example
    /// ```
    /// use recurra_train::metric::translation::Tokenization;
    ///
    /// assert_eq!(Tokenization::V13a.cut("It's 3.5, ok."), ["It's", "3.5", ",", "ok", "."]);
    /// assert_eq!(Tokenization::Char.cut("나 너"), ["나", "너"]);
    /// ```
    pub fn cut(self, line: &str) -> Vec<String> {
        match self {
            Self::None => line.split_whitespace().map(str::to_owned).collect(),
            Self::Char => line
                .chars()
                .filter(|letter| !letter.is_whitespace())
                .map(String::from)
                .collect(),
            Self::V13a => v13a(line),
        }
    }
}

/// Whether capital letters count as different from small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterCase {
    /// They do.
    #[default]
    Mixed,
    /// They do not.
    Lower,
}

impl LetterCase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Lower => "lc",
        }
    }

    pub(super) fn apply(self, line: &str) -> String {
        match self {
            Self::Mixed => line.to_owned(),
            Self::Lower => line.to_lowercase(),
        }
    }
}

fn v13a(line: &str) -> Vec<String> {
    let line = line
        .trim_end()
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    let mut letters: Vec<char> = vec![' '];
    for letter in line.chars().chain([' ']) {
        if is_mark(letter) {
            letters.extend([' ', letter, ' ']);
        } else {
            letters.push(letter);
        }
    }
    let is_stop = |letter: char| matches!(letter, '.' | ',');
    let letters = spaced(&letters, |a, b| {
        (!a.is_ascii_digit() && is_stop(b)).then_some([a, ' ', b, ' '])
    });
    let letters = spaced(&letters, |a, b| {
        (is_stop(a) && !b.is_ascii_digit()).then_some([' ', a, ' ', b])
    });
    let letters = spaced(&letters, |a, b| {
        (a.is_ascii_digit() && b == '-').then_some([a, ' ', b, ' '])
    });
    let text: String = letters.into_iter().collect();
    text.split_whitespace().map(str::to_owned).collect()
}

/// ASCII marks that are always tokens of their own: all but `'`, `,`, `-` and `.`.
fn is_mark(letter: char) -> bool {
    letter.is_ascii_punctuation() && !matches!(letter, '\'' | ',' | '-' | '.')
}

/// Replaces pairs of neighbours from the left; a letter that was in a pair is in no other.
fn spaced(letters: &[char], replace: impl Fn(char, char) -> Option<[char; 4]>) -> Vec<char> {
    let mut out = Vec::with_capacity(letters.len() * 2);
    let mut index = 0;
    while index < letters.len() {
        let pair = letters
            .get(index + 1)
            .and_then(|&next| replace(letters[index], next));
        match pair {
            Some(replaced) => {
                out.extend(replaced);
                index += 2;
            }
            None => {
                out.push(letters[index]);
                index += 1;
            }
        }
    }
    out
}
