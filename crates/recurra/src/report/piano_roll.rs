//! A tune as a picture: time to the right, pitch upwards, a bar for each note.

use std::fmt::Write as _;

use super::svg::{Frame, Svg};
use super::text::escape;
use super::theme::Color;
use recurra_data::music::{Roll, pitch_name};

/// A tune of which the first steps were given and the others made.
#[derive(Clone, Debug)]
pub(crate) struct PianoRoll {
    /// What stands over it.
    pub(crate) title: String,
    /// Steps between two lines of the grid.
    pub(crate) steps_per_beat: usize,
    /// Steps that were given; all of them for a tune that nobody continued.
    pub(crate) given: usize,
    /// The tune.
    pub(crate) roll: Roll,
}

/// Sizes in pixels.
const WIDTH: u32 = 900;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 16.0;
const HEAD: f64 = 62.0;
const KEY_HEIGHT: f64 = 7.0;
const BETWEEN: f64 = 34.0;
const FONT: f64 = 12.0;
/// Steps of a line of the picture.
const LINE_STEPS: usize = 64;
/// Beats that are numbered.
const NUMBERED_BEATS: usize = 4;
/// Lines of a picture; of a longer tune only the beginning is drawn.
const MAX_LINES: usize = 24;

impl PianoRoll {
    /// Draws it.
    pub(crate) fn to_svg(&self) -> Svg {
        let notes = self.roll.notes();
        let pitches = || notes.iter().map(|note| note.pitch);
        // A margin of two keys, and at least an octave.
        let low = pitches().min().unwrap_or(60).saturating_sub(2);
        let high = (pitches().max().unwrap_or(72) + 2).max(low + 12);
        let num_lines = self.roll.len().div_ceil(LINE_STEPS).clamp(1, MAX_LINES);
        let line_height = f64::from(high - low + 1) * KEY_HEIGHT;
        let height = HEAD + num_lines as f64 * (line_height + BETWEEN);
        let mut body = String::new();
        self.write_head(&mut body, num_lines);
        for line in 0..num_lines {
            let top = HEAD + line as f64 * (line_height + BETWEEN);
            let system = System {
                first_step: line * LINE_STEPS,
                top,
                low,
                high,
            };
            system.write_keyboard(&mut body);
            system.write_beats(&mut body, self.steps_per_beat.max(1), self.roll.len());
            for note in &notes {
                // A note over the end of what was given, or of a line, is drawn in parts.
                let end = note.start + note.len;
                for [start, end] in [
                    [note.start, end.min(self.given)],
                    [note.start.max(self.given), end],
                ] {
                    system.write_note(&mut body, note.pitch, start, end, start < self.given);
                }
            }
            system.write_border(&mut body, self.given);
        }
        Svg::frame(
            Frame {
                width: WIDTH,
                height: height.ceil() as u32,
                scale: 1,
                title: &self.title,
                description: "A piano roll: each bar is a note, time to the right, pitch upwards.",
            },
            &body,
        )
    }

    fn write_head(&self, out: &mut String, num_lines: usize) {
        let _ = writeln!(
            out,
            "<text {} x=\"{LEFT}\" y=\"24\" font-size=\"16\" font-weight=\"600\">{}</text>",
            Color::Ink.fill(),
            escape(&self.title)
        );
        let mut x = LEFT;
        let continued = self.given < self.roll.len();
        for (label, color, shown) in [
            ("given", Color::Blue, self.given > 0),
            ("continued by the network", Color::Vermilion, continued),
        ] {
            if shown {
                let _ = writeln!(
                    out,
                    "<rect {} x=\"{x:.1}\" y=\"36\" width=\"18\" height=\"8\" rx=\"2\"/>",
                    color.fill()
                );
                text(out, [x + 24.0, 44.0], FONT, Color::Muted, "start", label);
                x += 24.0 + super::text::width(label, FONT) + 24.0;
            }
        }
        if self.roll.len() > num_lines * LINE_STEPS {
            let label = format!(
                "the first {} of {} steps",
                num_lines * LINE_STEPS,
                self.roll.len()
            );
            text(out, [x, 44.0], FONT, Color::Muted, "start", &label);
        }
    }
}

/// A line of the picture.
struct System {
    first_step: usize,
    top: f64,
    low: u8,
    high: u8,
}

impl System {
    /// The left edge of a step, which may be the end of the last one.
    fn x(step: f64) -> f64 {
        LEFT + step * (f64::from(WIDTH) - LEFT - RIGHT) / LINE_STEPS as f64
    }

    /// The upper edge of a pitch.
    fn y(&self, pitch: u8) -> f64 {
        self.top + f64::from(self.high - pitch) * KEY_HEIGHT
    }

    fn bottom(&self) -> f64 {
        self.y(self.low) + KEY_HEIGHT
    }

    /// Black keys as bands, and the names of the Cs.
    fn write_keyboard(&self, out: &mut String) {
        let width = Self::x(LINE_STEPS as f64) - LEFT;
        for pitch in self.low..=self.high {
            let y = self.y(pitch);
            if [1, 3, 6, 8, 10].contains(&(pitch % 12)) {
                let _ = writeln!(
                    out,
                    "<rect {} x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{KEY_HEIGHT}\"/>",
                    Color::Band.fill()
                );
            }
            if pitch % 12 == 0 {
                let place = [LEFT - 6.0, y + KEY_HEIGHT];
                text(out, place, 11.0, Color::Muted, "end", &pitch_name(pitch));
            }
        }
    }

    fn write_beats(&self, out: &mut String, steps_per_beat: usize, len: usize) {
        let last = (self.first_step + LINE_STEPS).min(len.max(1));
        for step in self.first_step..=last {
            if !step.is_multiple_of(steps_per_beat) {
                continue;
            }
            let beat = step / steps_per_beat;
            let numbered = beat.is_multiple_of(NUMBERED_BEATS);
            let x = Self::x((step - self.first_step) as f64);
            let color = if numbered { Color::Axis } else { Color::Grid };
            rule(out, x, self.top, self.bottom(), color, 0.7);
            if numbered && step < last {
                let place = [x, self.bottom() + 14.0];
                let label = (beat + 1).to_string();
                text(out, place, 11.0, Color::Muted, "middle", &label);
            }
        }
    }

    /// What of the steps from `start` to `end` lies in this line.
    fn write_note(&self, out: &mut String, pitch: u8, start: usize, end: usize, given: bool) {
        let start = start.max(self.first_step);
        let end = end.min(self.first_step + LINE_STEPS);
        if start >= end {
            return;
        }
        let x = Self::x((start - self.first_step) as f64) + 0.5;
        let width = Self::x((end - self.first_step) as f64) - 0.5 - x;
        let color = if given { Color::Blue } else { Color::Vermilion };
        let _ = writeln!(
            out,
            "<rect {} x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\"/>",
            color.fill(),
            self.y(pitch) + 0.5,
            KEY_HEIGHT - 1.0
        );
    }

    /// Where what was given ends.
    fn write_border(&self, out: &mut String, given: usize) {
        let within = self.first_step..self.first_step + LINE_STEPS;
        if given > 0 && within.contains(&given) {
            let x = Self::x((given - self.first_step) as f64);
            rule(out, x, self.top - 4.0, self.bottom() + 2.0, Color::Ink, 1.5);
        }
    }
}

fn rule(out: &mut String, x: f64, top: f64, bottom: f64, color: Color, width: f64) {
    let _ = writeln!(
        out,
        "<line class=\"rc-stroke-{}\" stroke=\"{}\" stroke-width=\"{width}\" x1=\"{x:.1}\" \
         x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>",
        color.name(),
        color.light()
    );
}

fn text(out: &mut String, [x, y]: [f64; 2], size: f64, color: Color, anchor: &str, words: &str) {
    let _ = writeln!(
        out,
        "<text {} x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{}</text>",
        color.fill(),
        escape(words)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::assert_well_formed;

    #[test]
    fn notes_are_parted_where_the_given_steps_and_the_lines_end() {
        let steps = (0..100).map(|_| vec![60]).collect();
        let picture = PianoRoll {
            title: "a <long> note".to_owned(),
            steps_per_beat: 2,
            given: 32,
            roll: Roll::new(steps).0,
        };
        let svg = picture.to_svg();
        assert_well_formed(svg.as_str());
        let bars = |color: &str| {
            let class = format!("<rect class=\"rc-fill-{color}\"");
            svg.as_str().matches(&class).count()
        };
        // One each for the legend; given to 32, then to the end of the first line, then on.
        assert_eq!([bars("blue"), bars("vermilion")], [2, 3]);
    }

    #[test]
    fn silence_is_drawn_as_an_empty_roll() {
        let picture = PianoRoll {
            title: String::new(),
            steps_per_beat: 1,
            given: 3,
            roll: Roll::new(vec![Vec::new(); 3]).0,
        };
        assert_well_formed(picture.to_svg().as_str());
    }
}
