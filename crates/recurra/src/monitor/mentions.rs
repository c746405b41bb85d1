//! Names in texts.

use crate::Error;

/// The group of a text without any of the names.
const NONE: &str = "(none of them)";

/// Names that texts are told apart by, each of one word or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    names: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    shown: String,
    /// In small letters.
    words: Vec<String>,
}

impl Mentions {
    /// # Errors
    /// [`Error::Config`] for a name that no text can have.
    pub(super) fn new(names: &[String]) -> Result<Self, Error> {
        let name = |shown: &String| {
            let words = words(shown);
            if words.is_empty() {
                let want = "names with letters or digits";
                return Err(Error::config("--mentions", want, format!("`{shown}`")));
            }
            let shown = shown.clone();
            Ok(Name { shown, words })
        };
        let names = names.iter().map(name).collect::<Result<_, _>>()?;
        Ok(Self { names })
    }

    /// The name that comes first in a text; of several that begin there, the longest.
    pub(super) fn first_in(&self, text: &str) -> String {
        let words = words(text);
        let at = |place: usize| {
            let here = |name: &&Name| words[place..].starts_with(&name.words);
            // Of equally long ones the first, and `max_by_key` would take the last.
            let names = self.names.iter().rev().filter(here);
            names.max_by_key(|name| name.words.len())
        };
        let found = (0..words.len()).find_map(at);
        found.map_or_else(|| NONE.to_owned(), |name| name.shown.clone())
    }

    /// Whether a phrase of a few words has a name in it, or is a part of one.
    pub(super) fn touch(&self, phrase: &str) -> bool {
        if self.names.is_empty() {
            return false;
        }
        let phrase = words(phrase);
        let within = |part: &[String], whole: &[String]| {
            !part.is_empty() && whole.windows(part.len()).any(|words| words == part)
        };
        let mut names = self.names.iter();
        names.any(|name| within(&name.words, &phrase) || within(&phrase, &name.words))
    }
}

/// The words of a text in small letters, without the signs about them.
fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(names: &[&str]) -> Mentions {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Mentions::new(&names).unwrap()
    }

    #[test]
    fn a_name_of_several_words_is_found_where_they_stand_in_a_row() {
        let names = mentions(&["@Delta", "United", "united air lines", "AT&T"]);
        for (text, wanted) in [
            ("Flew UNITED Air Lines, not #delta", "united air lines"),
            ("united in air", "United"),
            ("the deltas", NONE),
            ("my at&t bill, and delta", "AT&T"),
            ("", NONE),
        ] {
            assert_eq!(names.first_in(text), wanted, "{text}");
        }
    }

    #[test]
    fn phrases_of_names_are_told_from_others() {
        let names = mentions(&["united air lines", "#nari"]);
        for phrase in ["air lines", "air", "Nari", "nari bag"] {
            assert!(names.touch(phrase), "{phrase}");
        }
        for phrase in ["fresh air", "lines air", "bag"] {
            assert!(!names.touch(phrase), "{phrase}");
        }
    }

    #[test]
    fn a_name_without_letters_is_refused() {
        let refused = Mentions::new(&["@".to_owned()]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "--mentions: expected names with letters or digits, got `@`"
        );
    }
}
