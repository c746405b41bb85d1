//! Which part of a source a decoder looked at while it wrote, as a heat map.

use super::svg::{Frame, Svg};
use super::text::{self, FONT_STACK, escape};
use super::theme::Color;
use std::fmt::Write as _;

/// Side of a cell.
const CELL: f64 = 26.0;
const SIZE: f64 = 13.0;
const MARGIN: f64 = 16.0;
/// A piece that is wider is cut.
const MOST_LABEL: f64 = 180.0;

/// Rows are what was written, columns what was read; the darker a cell, the more of the look.
///
/// # Example
/// ```
/// use recurra::report::AlignmentMap;
///
/// let map = AlignmentMap {
///     source: vec!["two".into(), "dogs".into()],
///     target: vec!["개".into(), "두".into(), "마리".into()],
///     weights: vec![vec![0.1, 0.9], vec![0.8, 0.2], vec![0.6, 0.4]],
/// };
/// assert!(map.to_svg().as_str().contains("마리"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AlignmentMap {
    /// The pieces that were read.
    pub source: Vec<String>,
    /// The pieces that were written, the end among them where it has weights.
    pub target: Vec<String>,
    /// For each piece that was written, a share of each piece that was read, from 0 to 1.
    pub weights: Vec<Vec<f32>>,
}

impl AlignmentMap {
    /// Draws the map.
    pub fn to_svg(&self) -> Svg {
        let legible = |labels: &[String]| labels.iter().map(|label| letters(label)).collect();
        Self {
            source: legible(&self.source),
            target: legible(&self.target),
            weights: self.weights.clone(),
        }
        .draw()
    }

    fn draw(&self) -> Svg {
        let room = |labels: &[String]| {
            let widths = labels.iter().map(|label| text::width(label, SIZE));
            widths.fold(40.0, f64::max).min(MOST_LABEL)
        };
        let (left, above) = (room(&self.target), room(&self.source));
        let (x0, y0) = (MARGIN + left + 10.0, MARGIN + above + 10.0);
        let mut body = String::new();
        for (column, label) in self.source.iter().enumerate() {
            let x = x0 + (column as f64 + 0.5) * CELL + SIZE * 0.36;
            let y = y0 - 8.0;
            let label = text::fit(label, SIZE, MOST_LABEL);
            let _ = writeln!(
                body,
                "<text {} font-family=\"{FONT_STACK}\" font-size=\"{SIZE}\" \
                 transform=\"translate({x:.1} {y:.1}) rotate(-90)\">{}</text>",
                Color::Ink.fill(),
                escape(&label)
            );
        }
        for (row, label) in self.target.iter().enumerate() {
            let y = y0 + row as f64 * CELL;
            let label = text::fit(label, SIZE, MOST_LABEL);
            let _ = writeln!(
                body,
                "<text {} font-family=\"{FONT_STACK}\" font-size=\"{SIZE}\" \
                 text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                Color::Ink.fill(),
                x0 - 8.0,
                y + CELL / 2.0 + SIZE * 0.36,
                escape(&label)
            );
            let weights = self.weights.get(row).map_or(&[][..], Vec::as_slice);
            for (column, piece) in self.source.iter().enumerate() {
                let weight = weights.get(column).copied().unwrap_or(0.0);
                let weight = if weight.is_nan() {
                    0.0
                } else {
                    weight.clamp(0.0, 1.0)
                };
                let x = x0 + column as f64 * CELL;
                let square =
                    format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL}\" height=\"{CELL}\"");
                let _ = writeln!(body, "<rect {} {square}/>", Color::Band.fill());
                let _ = writeln!(
                    body,
                    "<rect {} {square} fill-opacity=\"{weight:.3}\"><title>{}</title></rect>",
                    Color::Blue.fill(),
                    escape(&format!("{label} ← {piece}: {weight:.2}"))
                );
            }
        }
        let width = x0 + self.source.len() as f64 * CELL + MARGIN;
        let height = y0 + self.target.len() as f64 * CELL + MARGIN;
        let description = format!(
            "Rows are what was written: {}. Columns are what was read: {}.",
            self.target.join(" "),
            self.source.join(" ")
        );
        let frame = Frame {
            width: width.ceil() as u32,
            height: height.ceil() as u32,
            scale: 1,
            title: "attention",
            description: &description,
        };
        Svg::frame(frame, &body)
    }
}

/// Conjoining Jamo as a keyboard's letters: alone, they would be drawn as shards of a syllable.
fn letters(label: &str) -> String {
    const LEADING: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
    const VOWELS: &str = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ";
    const TRAILING: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    let blocks = [(0x1100, LEADING), (0x1161, VOWELS), (0x11a8, TRAILING)];
    let letter = |jamo: char| {
        let in_block = |&(first, letters): &(u32, &str)| {
            let place = u32::from(jamo).checked_sub(first)?;
            letters.chars().nth(place as usize)
        };
        blocks.iter().find_map(in_block).unwrap_or(jamo)
    };
    match label.chars().count() {
        1 => label.chars().map(letter).collect(),
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::assert_well_formed;

    #[test]
    fn a_jamo_alone_is_drawn_as_a_letter() {
        let shown = ["\u{1112}", "\u{1169}", "\u{11bc}", "호", "x"].map(letters);
        assert_eq!(shown, ["ㅎ", "ㅗ", "ㅇ", "호", "x"]);
    }

    #[test]
    fn every_pair_has_a_cell_whatever_the_pieces() {
        let map = AlignmentMap {
            source: vec!["<&>".into(), "Größe".into(), "강아지\u{7}".into()],
            target: vec!["▁큰".into(), "x".repeat(300)],
            weights: vec![vec![0.25, 0.75, f32::NAN], vec![]],
        };
        let svg = map.to_svg().to_string();
        assert_well_formed(&svg);
        assert_eq!(svg.matches("fill-opacity").count(), 6);
        assert!(svg.contains("fill-opacity=\"0.750\"") && !svg.contains("NaN"));
        let none = AlignmentMap {
            source: vec![],
            target: vec![],
            weights: vec![],
        };
        assert_well_formed(none.to_svg().as_str());
    }
}
