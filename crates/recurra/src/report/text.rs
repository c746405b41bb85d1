//! Escaping, and guesses of how wide a text will be: no font file is read, so layout leaves room.

use std::borrow::Cow;

/// The fonts of every drawing and page, with ones that hold Hangul on each system.
pub(crate) const FONT_STACK: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', \
    'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif";

/// Removes what XML cannot hold; line breaks and tabs become spaces.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' => Some(' '),
        c if bad(c) => None,
        c => Some(c),
    });
    Cow::Owned(kept.collect())
}

/// Escapes a text for XML and HTML, between tags or in a quoted attribute.
///
/// Line breaks and tabs stay, other control characters go.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// How much wider bold letters are.
pub(crate) const BOLD: f64 = 1.13;

/// Guesses the width in pixels of `text` set at `size` pixels: rather too wide than too narrow.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

fn em(c: char) -> f64 {
    match c {
        // Combining marks sit on the letter before them.
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' => 0.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' => 0.29,
        ' ' | 'f' | 'r' | 't' | 'I' | '(' | ')' | '[' | ']' | '-' | '/' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.98,
        '0'..='9' => 0.64,
        'A'..='Z' => 0.7,
        '⁰'..='₟' | '²' | '³' | '¹' => 0.4,
        // Hangul, kana, ideographs and full-width forms fill a square.
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' => 1.0,
        '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'..='\u{3ffff}' => 1.0,
        _ => 0.61,
    }
}

/// The first letters of a text on one line, at most so many, an ellipsis for the others.
///
/// # Example
/// ```
/// assert_eq!(recurra::report::excerpt("a long\n story", 6), "a long…");
/// ```
pub fn excerpt(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The most letters of a name that heads a column or a row of figures.
const NAME_LETTERS: usize = 24;

/// A model's or baseline's name, short enough for a table; what it quotes stays quoted.
///
/// # Example
/// ```
/// let name = "always `two men are playing football`";
/// assert_eq!(recurra::report::short_name(name), "always `two men are play…`");
/// ```
pub fn short_name(name: &str) -> String {
    let mut short = excerpt(name, NAME_LETTERS);
    if !short.matches('`').count().is_multiple_of(2) {
        short.push('`');
    }
    short
}

/// Cuts `text` with an ellipsis so that it fits `max_width` pixels.
pub(crate) fn fit(text: &str, size: f64, max_width: f64) -> String {
    // Half a pixel of slack: `max_width` is often this very width after some sums.
    if width(text, size) <= max_width + 0.5 {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("…", size);
    for c in text.chars() {
        used += em(c) * size;
        if used > max_width {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// Breaks `text` into lines of at most `max_width` pixels, at spaces where it can.
pub(crate) fn wrap(text: &str, size: f64, max_width: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let spaced = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if width(&spaced, size) <= max_width {
            line = spaced;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if !line.is_empty() && width(&line, size) + em(c) * size > max_width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_leaves_no_markup_and_no_control_characters() {
        assert_eq!(
            escape("<a b='\"'>&\u{0}\u{1b}한\n"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp;한\n"
        );
        assert_eq!(clean("a\nb\u{0}c"), "a bc");
    }

    #[test]
    fn hangul_is_counted_as_wide() {
        assert!(width("손실", 10.0) >= 20.0);
        assert!(width("il", 10.0) < width("mw", 10.0));
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "a rather long title 그리고한글도길게이어지는제목 end";
        let lines = wrap(text, 10.0, 60.0);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 60.0));
        let squeeze = |s: &str| s.split_whitespace().collect::<String>();
        assert_eq!(squeeze(&lines.concat()), squeeze(text));
        assert!(wrap("", 10.0, 60.0).is_empty());
    }

    #[test]
    fn fit_marks_what_it_cut() {
        assert_eq!(fit("short", 10.0, 100.0), "short");
        let cut = fit("a very long series name", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0);
    }
}
