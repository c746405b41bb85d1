//! A text whose words are marked by what each did to an answer.

use std::fmt::Write as _;

use super::{
    chart::CHART_WIDTH,
    svg::{Frame, Svg},
    text::{escape, width, wrap},
    theme::Color,
};

/// A text with an effect for each word.
///
/// Words that spoke for the answer stand on blue, those that spoke against it on vermilion; the
/// line under a word is the longer, the more the word did, and lies at its left end where the word
/// spoke for the answer and at its right end where it spoke against it, so that nothing depends on
/// colour alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarkedText {
    /// What the drawing shows.
    pub title: String,
    /// Words in order, each with its effect; above zero it spoke for the answer.
    pub words: Vec<(String, f64)>,
}

const MARGIN: f64 = 14.0;
const SIZE: f64 = 15.0;
const ROW: f64 = 30.0;
const TITLE_ROW: f64 = 22.0;
const SPACE: f64 = 7.0;
/// Of the largest effect; a word that did less is not marked.
const LEAST: f64 = 0.05;
/// Longer words are cut, so that each fits a row.
const MOST_LETTERS: usize = 60;

impl MarkedText {
    /// Draws the text, 760 pixels wide.
    pub fn to_svg(&self) -> Svg {
        let inner = f64::from(CHART_WIDTH) - 2.0 * MARGIN;
        let finite = |effect: f64| if effect.is_finite() { effect } else { 0.0 };
        let effects = self.words.iter().map(|(_, effect)| finite(*effect).abs());
        let most = effects.fold(f64::MIN_POSITIVE, f64::max);
        let mut body = String::new();
        let mut y = MARGIN + SIZE;
        for line in wrap(&self.title, SIZE * super::text::BOLD, inner) {
            let _ = writeln!(
                body,
                "<text {} x=\"{MARGIN}\" y=\"{y:.1}\" font-size=\"{SIZE}\" \
                 font-weight=\"600\">{}</text>",
                Color::Ink.fill(),
                escape(&line)
            );
            y += TITLE_ROW;
        }
        let _ = writeln!(
            body,
            "<text {} x=\"{MARGIN}\" y=\"{y:.1}\" font-size=\"12\">blue, line at the left: for \
             it; orange, line at the right: against it</text>",
            Color::Muted.fill()
        );
        y += ROW;
        let mut x = MARGIN;
        for (word, effect) in &self.words {
            let word: String = word.chars().take(MOST_LETTERS).collect();
            let (effect, wide) = (finite(*effect), width(&word, SIZE) + 4.0);
            if x + wide > MARGIN + inner && x > MARGIN {
                x = MARGIN;
                y += ROW;
            }
            let part = effect.abs() / most;
            if part >= LEAST {
                let (tint, line, start) = match effect > 0.0 {
                    true => (Color::BlueTint, Color::Blue, x),
                    false => {
                        let start = x + wide * (1.0 - part);
                        (Color::VermilionTint, Color::Vermilion, start)
                    }
                };
                let _ = writeln!(
                    body,
                    "<rect {} x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"21\" rx=\"3\"/>\
                     <rect {} x=\"{start:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"3\"/>",
                    tint.fill(),
                    y - SIZE,
                    line.fill(),
                    y + 6.0,
                    wide * part
                );
            }
            let _ = writeln!(
                body,
                "<text {} x=\"{:.1}\" y=\"{y:.1}\" font-size=\"{SIZE}\"><title>{effect:+.3}\
                 </title>{}</text>",
                Color::Ink.fill(),
                x + 2.0,
                escape(&word)
            );
            x += wide + SPACE;
        }
        let frame = Frame {
            width: CHART_WIDTH,
            height: (y + ROW / 2.0 + MARGIN).ceil() as u32,
            scale: 1,
            title: &self.title,
            description: "words of a text, marked by what each did to an answer",
        };
        Svg::frame(frame, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::assert_well_formed;

    #[test]
    fn words_are_escaped_and_marked_by_their_sign() {
        let text = MarkedText {
            title: "a & b".to_owned(),
            words: vec![
                ("<good>".to_owned(), 2.0),
                ("bad".to_owned(), -1.0),
                ("nan".to_owned(), f64::NAN),
                ("x".repeat(500), 0.0),
            ],
        };
        let svg = text.to_svg();
        assert_well_formed(svg.as_str());
        assert_eq!(svg.as_str().matches("rc-fill-blue-tint\"").count(), 1);
        assert_eq!(svg.as_str().matches("rc-fill-vermilion-tint\"").count(), 1);
        assert!(svg.as_str().contains("&lt;good&gt;"));
    }
}
