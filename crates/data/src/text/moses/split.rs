//! Text to words.

use super::Language;
use super::abbreviation::{keeps_period, keeps_period_before_number};
use crate::text::single_spaced;

/// Cuts a text into words and marks, as `tokenizer.perl -no-escape` of Moses does.
///
/// Every mark is a word of its own, but: periods within a word and behind an abbreviation stay,
/// dots in a row stay together, a comma between digits stays, a hyphen within a word stays, and
/// an apostrophe goes with the word that the language gives it to.
///
/// # Source
/// Koehn et al. 2007, "Moses: open source toolkit for statistical machine translation".
///
/// # Example
/// ```
/// use recurra_data::text::moses::{Language, tokenize};
///
/// let words = tokenize("Mr. Kim's dog, 1,000 years old, isn't well-known.", Language::En);
/// assert_eq!(words.join(" "), "Mr. Kim 's dog , 1,000 years old , isn 't well-known .");
/// ```
pub fn tokenize(text: &str, language: Language) -> Vec<String> {
    let text = single_spaced(text);
    let letters: Vec<char> = text.chars().collect();
    let mut spaced = String::with_capacity(text.len() + text.len() / 4);
    let mut index = 0;
    while index < letters.len() {
        let letter = letters[index];
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(index + 1).copied();
        match letter {
            '.' if after == Some('.') => {
                let dots = letters[index..].iter().take_while(|&&dot| dot == '.');
                let count = dots.count();
                spaced.push(' ');
                spaced.extend(std::iter::repeat_n('.', count));
                spaced.push(' ');
                index += count;
                continue;
            }
            ',' if digit(before) && digit(after) => spaced.push(','),
            '\'' => apostrophe(&mut spaced, before, after, language),
            '.' | '-' | ' ' => spaced.push(letter),
            '`' => spaced.push(letter),
            _ if letter.is_alphanumeric() || is_mark(letter) => spaced.push(letter),
            _ => alone(&mut spaced, letter),
        }
        index += 1;
    }
    periods(&spaced, language)
}

fn alone(spaced: &mut String, letter: char) {
    spaced.push(' ');
    spaced.push(letter);
    spaced.push(' ');
}

fn digit(letter: Option<char>) -> bool {
    letter.is_some_and(char::is_numeric)
}

/// A combining mark, which belongs to the letter before it.
fn is_mark(letter: char) -> bool {
    unicode_normalization::char::is_combining_mark(letter)
}

fn apostrophe(spaced: &mut String, before: Option<char>, after: Option<char>, language: Language) {
    let alphabetic = |letter: Option<char>| letter.is_some_and(char::is_alphabetic);
    match language {
        Language::En if alphabetic(before) && alphabetic(after) => spaced.push_str(" '"),
        Language::En if digit(before) && after == Some('s') => spaced.push_str(" '"),
        Language::Fr if alphabetic(before) && alphabetic(after) => spaced.push_str("' "),
        _ => alone(spaced, '\''),
    }
}

/// Takes the period from the end of every word that does not own it.
fn periods(spaced: &str, language: Language) -> Vec<String> {
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut tokens = Vec::with_capacity(words.len() + 1);
    for (index, &word) in words.iter().enumerate() {
        let next = words.get(index + 1).and_then(|next| next.chars().next());
        match word.strip_suffix('.') {
            Some(stem) if !stem.is_empty() && !stem.ends_with('.') => {
                let has_dot_and_letter = stem.contains('.') && stem.contains(char::is_alphabetic);
                let owned = has_dot_and_letter
                    || keeps_period(stem, language)
                    || next.is_some_and(char::is_lowercase)
                    || (keeps_period_before_number(stem, language) && digit(next));
                if owned
                    && !(next.is_none() && !has_dot_and_letter && !keeps_period(stem, language))
                {
                    tokens.push(word.to_owned());
                } else {
                    tokens.extend([stem.to_owned(), String::from(".")]);
                }
            }
            _ => tokens.push(word.to_owned()),
        }
    }
    tokens
}
