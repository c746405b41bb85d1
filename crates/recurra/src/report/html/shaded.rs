//! Text whose pieces are coloured by a number each.

use crate::report::text::escape;
use std::fmt::Write;

/// Pieces of a text, each with a value: blue below zero, red above, the stronger the further.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadedText {
    /// The pieces in their order, with values from -1 to 1; a piece may be a line's end.
    pub pieces: Vec<(String, f64)>,
}

/// Steps of strength, so that a page has few styles.
const STEPS: f64 = 10.0;

/// The styles of the steps; the text stays legible on each, by day and by night.
pub(super) fn style_sheet() -> String {
    let mut style = String::from(
        ".shaded{font-family:ui-monospace,Menlo,Consolas,monospace;line-height:1.7;\
         white-space:pre-wrap;overflow-wrap:anywhere}.shaded span{border-radius:2px}\n",
    );
    for step in 1..=STEPS as u32 {
        let opacity = f64::from(step) / STEPS * 0.75;
        let _ = write!(
            style,
            ".shaded .p{step}{{background:rgba(220,60,50,{opacity:.3})}}\
             .shaded .n{step}{{background:rgba(50,110,225,{opacity:.3})}}"
        );
    }
    style.push('\n');
    style
}

impl ShadedText {
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("<div class=\"shaded\">");
        for (piece, value) in &self.pieces {
            let value = if value.is_finite() {
                value.clamp(-1.0, 1.0)
            } else {
                0.0
            };
            let step = (value.abs() * STEPS).round();
            let sign = if value < 0.0 { 'n' } else { 'p' };
            let (shown, end) = match piece.as_str() {
                "\n" => ("⏎", "\n"),
                other => (other, ""),
            };
            let _ = write!(
                out,
                "<span class=\"{sign}{step}\" title=\"{value:.2}\">{}</span>{end}",
                escape(shown)
            );
        }
        out.push_str("</div>\n");
    }
}
