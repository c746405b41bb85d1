//! Text with labels: chips of colour around words and spans.

use std::fmt::Write as _;

use crate::report::text::escape;

/// Colours that labels take in turn; the style sheet has as many.
const COLORS: usize = 8;

/// A sentence in pieces, some of which have labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaggedText {
    /// What stands before it, such as `expected`; empty for nothing.
    pub caption: String,
    /// From left to right.
    pub pieces: Vec<TaggedPiece>,
}

/// A word or a few, with one label or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaggedPiece {
    /// The text.
    pub text: String,
    /// What it is; empty for nothing. The label is written out, so nothing depends on colour.
    pub label: String,
    /// The number of the label's colour; colours come again after eight.
    pub color: usize,
    /// The right label, where the given one is wrong.
    pub instead_of: Option<String>,
}

pub(super) fn write(out: &mut String, texts: &[TaggedText]) {
    for text in texts {
        out.push_str("<p class=\"tagged\">");
        if !text.caption.is_empty() {
            let _ = write!(out, "<b>{}</b> ", escape(&text.caption));
        }
        for piece in &text.pieces {
            if piece.label.is_empty() {
                let _ = write!(out, "{} ", escape(&piece.text));
                continue;
            }
            let wrong = piece.instead_of.as_ref().map_or("", |_| " mistaken");
            let _ = write!(
                out,
                "<span class=\"chip chip-{}{wrong}\">{} <small>{}",
                piece.color % COLORS,
                escape(&piece.text),
                escape(&piece.label)
            );
            if let Some(right) = &piece.instead_of {
                let _ = write!(out, " <s>✗</s> {}", escape(right));
            }
            out.push_str("</small></span> ");
        }
        out.push_str("</p>\n");
    }
}
