//! HTML tags in a text.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What becomes of HTML tags.
///
/// # Example
/// ```
/// use recurra_data::text::Markup;
///
/// assert_eq!(Markup::Strip.apply("a<br />b, 1 < 2"), "a b, 1 < 2");
/// assert_eq!(Markup::Keep.apply("a<br />b"), "a<br />b");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Markup {
    /// They are text.
    #[default]
    Keep,
    /// A space stands for each.
    Strip,
}

impl Markup {
    /// A text as it is read: without tags, if they are to go.
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Strip if text.contains('<') => Cow::Owned(without_tags(text)),
            Self::Keep | Self::Strip => Cow::Borrowed(text),
        }
    }
}

/// The longest tag.
const TAG_BYTES: usize = 400;

/// A space for each `<tag>` and `</tag>`; a `<` that begins none stays.
fn without_tags(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        clean.push_str(before);
        let name = tag[1..].trim_start_matches('/');
        let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        match tag.find('>').filter(|&end| begins && end < TAG_BYTES) {
            Some(end) => {
                clean.push(' ');
                rest = &tag[end + 1..];
            }
            None => {
                clean.push('<');
                rest = &tag[1..];
            }
        }
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_comparisons_stay() {
        assert_eq!(without_tags("a<br /><br/>b</p>"), "a  b ");
        assert_eq!(without_tags("1 < 2 <3 and <b"), "1 < 2 <3 and <b");
    }
}
