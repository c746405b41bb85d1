//! Symbols with subscripts, superscripts and arrows, set without a font file.

use std::fmt::Write as _;

use crate::report::{text::escape, theme::Color};

/// A letter with what hangs on it, such as `h_t^(2)`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbol {
    pub(crate) letter: &'static str,
    pub(crate) sub: String,
    pub(crate) sup: String,
    /// The arrow over the letter.
    pub(crate) over: Option<Over>,
}

/// The arrow over a letter, for the two directions of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Right,
    Left,
}

impl Symbol {
    pub(crate) fn new(letter: &'static str) -> Self {
        Self {
            letter,
            ..Self::default()
        }
    }

    pub(crate) fn sub(self, sub: impl Into<String>) -> Self {
        Self {
            sub: sub.into(),
            ..self
        }
    }
}

/// Width of an italic letter of a text face, in parts of its size.
fn advance(letter: &str) -> f64 {
    letter
        .chars()
        .map(|c| match c {
            'W' => 0.83,
            'U' => 0.72,
            'L' => 0.58,
            'T' => 0.6,
            'f' => 0.34,
            's' => 0.4,
            'x' | 'y' => 0.46,
            '(' | ')' | '′' => 0.33,
            _ => 0.5,
        })
        .sum()
}

/// Sets a symbol with its middle at `(x, y)`.
pub(crate) fn symbol(symbol: &Symbol, (x, y): (f64, f64), size: f64) -> String {
    // A crowded symbol is set smaller, so that it stays within its node.
    let size = if symbol.over.is_some() && !symbol.sup.is_empty() {
        size * 0.86
    } else {
        size
    };
    let small = size * 0.66;
    let letter_width = advance(symbol.letter) * size;
    let hung = (advance(&symbol.sub) * small).max(advance(&symbol.sup) * small);
    let left = x - (letter_width + hung) / 2.0;
    let base = y + size * 0.26;
    let mut out = run(symbol.letter, (left, base), size, true);
    let right = left + letter_width + size * 0.02;
    let upright = |text: &str| text.chars().all(|c| !c.is_alphabetic());
    if !symbol.sub.is_empty() {
        let at = (right, base + size * 0.2);
        out += &run(&symbol.sub, at, small, !upright(&symbol.sub));
    }
    if !symbol.sup.is_empty() {
        let at = (right, base - size * 0.36);
        out += &run(&symbol.sup, at, small, !upright(&symbol.sup));
    }
    if let Some(over) = symbol.over {
        let high = base - size * 0.84;
        let (from, to) = (left + 0.5, left + letter_width);
        let (tip, back) = match over {
            Over::Right => (to, to - 2.4),
            Over::Left => (from, from + 2.4),
        };
        let (low, high_end) = (high + 1.9, high - 1.9);
        let _ = writeln!(
            out,
            "<path class=\"rc-stroke-ink\" stroke=\"{}\" fill=\"none\" stroke-width=\"1\" \
             d=\"M{from:.1},{high:.1} H{to:.1} M{back:.1},{low:.1} L{tip:.1},{high:.1} \
             L{back:.1},{high_end:.1}\"/>",
            Color::Ink.light()
        );
    }
    out
}

fn run(text: &str, (x, y): (f64, f64), size: f64, italic: bool) -> String {
    let style = if italic { " font-style=\"italic\"" } else { "" };
    format!(
        "<text class=\"rc-math rc-fill-ink\" fill=\"{}\" font-family=\"serif\" x=\"{x:.1}\" \
         y=\"{y:.1}\" font-size=\"{size:.1}\"{style}>{}</text>\n",
        Color::Ink.light(),
        escape(text)
    )
}

/// Sets a line of mathematics from `(x, y)` on. `_{…}` makes a subscript, `*…*` italics.
pub(crate) fn line(source: &str, (x, y): (f64, f64), size: f64) -> String {
    let mut spans = String::new();
    let (mut italic, mut lowered) = (false, false);
    let mut rest = source;
    let drop = size * 0.22;
    let mut pending = 0.0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("_{") {
            (lowered, pending, rest) = (true, pending + drop, after);
        } else if let Some(after) = rest.strip_prefix('}') {
            (lowered, pending, rest) = (false, pending - drop, after);
        } else if let Some(after) = rest.strip_prefix('*') {
            (italic, rest) = (!italic, after);
        } else {
            let end = rest.find(['*', '}']).unwrap_or(rest.len());
            let end = rest.find("_{").map_or(end, |at| at.min(end));
            let size = if lowered { size * 0.7 } else { size };
            let style = if italic { "italic" } else { "normal" };
            let _ = write!(
                spans,
                "<tspan dy=\"{pending:.1}\" font-size=\"{size:.1}\" font-style=\"{style}\">{}</tspan>",
                escape(&rest[..end])
            );
            (pending, rest) = (0.0, &rest[end..]);
        }
    }
    format!(
        "<text class=\"rc-math rc-fill-ink\" fill=\"{}\" xml:space=\"preserve\" font-family=\"serif\" x=\"{x:.1}\" \
         y=\"{y:.1}\" font-size=\"{size:.1}\">{spans}</text>\n",
        Color::Ink.light()
    )
}
