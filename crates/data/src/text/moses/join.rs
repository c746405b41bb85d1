//! Words to text.

use super::Language;

/// Puts words and marks together again as they are written: the inverse of
/// [`tokenize`](super::tokenize) for ordinary text.
///
/// Closing marks go to the word before, opening ones to the word behind, and straight quotes
/// alternate between the two. What cannot be known, a space that stood before a mark in the
/// original, is not restored; French keeps its space before `?`, `!`, `:` and `;`.
///
/// # Example
/// ```
/// use recurra_data::text::moses::{Language, detokenize};
///
/// let words = ["Kim", "'s", "dog", "(", "old", ")", "said", ":", "\"", "no", "\"", "."];
/// assert_eq!(detokenize(&words, Language::En), "Kim's dog (old) said: \"no\".");
/// ```
pub fn detokenize<S: AsRef<str>>(words: &[S], language: Language) -> String {
    let mut text = String::new();
    let mut glue = true;
    let mut open_quotes = [false; 2];
    for (index, word) in words.iter().enumerate() {
        let word = word.as_ref();
        let next = words.get(index + 1).map(AsRef::as_ref);
        let (left, right) = match word {
            "\"" | "'" => {
                let quote = &mut open_quotes[usize::from(word == "'")];
                let plural =
                    word == "'" && !*quote && text.ends_with('s') && language == Language::En;
                if plural {
                    (true, false)
                } else {
                    *quote = !*quote;
                    (!*quote, *quote)
                }
            }
            _ => attachment(word, next, language),
        };
        if !(glue || left) {
            text.push(' ');
        }
        text.push_str(word);
        glue = right;
    }
    text
}

/// Whether a word goes to the one before it, and the one behind it to this.
fn attachment(word: &str, next: Option<&str>, language: Language) -> (bool, bool) {
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some('(' | '[' | '{' | '¿' | '¡' | '“' | '‘' | '„' | '$' | '£'), None) => {
            (false, true)
        }
        (Some('?' | '!' | ':' | ';' | '»'), None) if language == Language::Fr => (false, false),
        (Some(',' | '.' | '?' | '!' | ':' | ';' | ')' | ']' | '}' | '%' | '”' | '’'), None) => {
            (true, false)
        }
        (Some('.'), Some('.')) => (true, false),
        (Some('\''), Some(letter)) => (language == Language::En && letter.is_alphabetic(), false),
        _ => {
            let elided = language == Language::Fr && word.ends_with('\'');
            (false, elided && next.is_some())
        }
    }
}
