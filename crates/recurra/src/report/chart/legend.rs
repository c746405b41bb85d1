//! Names of series: beside the ends of their lines, or in rows above the plot.

use super::{
    canvas::{Canvas, Dash, Pen, Type},
    series::Look,
};
use crate::report::{text, theme::Color};

/// A name with the look of its line.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) width: f64,
}

const SAMPLE: f64 = 26.0;
const SAMPLE_GAP: f64 = 7.0;
const ROW: f64 = 19.0;
const BETWEEN: f64 = 20.0;

fn draw_entry(canvas: &Canvas<'_>, entry: &Entry, left: f64, y: f64, room: f64) {
    let pen = Pen {
        color: entry.look.color,
        width: entry.width,
        dash: entry.look.dash,
    };
    canvas.line([(left, y), (left + SAMPLE, y)], pen);
    let name = text::fit(
        &entry.name,
        Type::NAME.measure(),
        room - SAMPLE - SAMPLE_GAP,
    );
    canvas.text(&name, (left + SAMPLE + SAMPLE_GAP, y), Type::NAME);
}

fn entry_width(entry: &Entry) -> f64 {
    SAMPLE + SAMPLE_GAP + text::width(&entry.name, Type::NAME.measure())
}

/// Rows of entries above a plot.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Entry and its left edge from the left of the rows.
    placed: Vec<(Entry, f64, usize)>,
    width: f64,
    num_rows: usize,
}

impl Rows {
    /// Fills rows of `width` pixels.
    pub(crate) fn new(entries: Vec<Entry>, width: f64) -> Self {
        let (mut left, mut row) = (0.0, 0);
        let mut placed = Vec::new();
        for entry in entries {
            let needed = entry_width(&entry).min(width);
            if left > 0.0 && left + needed > width {
                (left, row) = (0.0, row + 1);
            }
            placed.push((entry, left, row));
            left += needed + BETWEEN;
        }
        let num_rows = if placed.is_empty() { 0 } else { row + 1 };
        Self {
            placed,
            width,
            num_rows,
        }
    }

    pub(crate) fn height(&self) -> f64 {
        self.num_rows as f64 * ROW
    }

    pub(crate) fn draw(&self, canvas: &Canvas<'_>, left: f64, top: f64) {
        for (entry, at, row) in &self.placed {
            let y = top + (*row as f64 + 0.5) * ROW;
            draw_entry(canvas, entry, left + at, y, self.width - at);
        }
    }
}

/// Room that a column of direct labels takes right of the plot.
pub(crate) fn column_width(entries: &[Entry]) -> f64 {
    LEADER + entries.iter().map(entry_width).fold(0.0, f64::max)
}

const LEADER: f64 = 22.0;

/// Whether that many direct labels fit beside a plot of this height.
pub(crate) fn column_fits(num_entries: usize, height: f64) -> bool {
    num_entries as f64 * ROW <= height
}

/// A direct label: where it wants to be, and whether a thin line can lead to it.
#[derive(Debug)]
pub(crate) struct Direct {
    pub(crate) entry: Entry,
    pub(crate) y: f64,
    pub(crate) leads: bool,
}

/// Draws direct labels right of `edge`, moved apart where they would touch.
pub(crate) fn draw_column(
    canvas: &Canvas<'_>,
    edge: f64,
    right: f64,
    (top, bottom): (f64, f64),
    mut labels: Vec<Direct>,
) {
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let places = spread(
        &labels.iter().map(|label| label.y).collect::<Vec<_>>(),
        top,
        bottom,
    );
    for (label, y) in labels.iter().zip(places) {
        if label.leads {
            let pen = Pen {
                color: Color::Axis,
                width: 0.7,
                dash: Dash::Solid,
            };
            canvas.line([(edge + 3.0, label.y), (edge + LEADER - 4.0, y)], pen);
        }
        draw_entry(
            canvas,
            &label.entry,
            edge + LEADER,
            y,
            right - edge - LEADER,
        );
    }
}

/// Moves sorted heights apart to at least a row, within the plot, each as little as its group allows.
fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    // Groups of touching labels, each with the sum of the first-label heights its members wish for.
    let mut groups: Vec<(usize, f64)> = Vec::new();
    let start = |&(len, sum): &(usize, f64)| {
        let last = (bottom - ROW / 2.0 - (len as f64 - 1.0) * ROW).max(top + ROW / 2.0);
        (sum / len as f64).clamp(top + ROW / 2.0, last)
    };
    for &y in wanted {
        let mut group = (1, y);
        while let Some(before) = groups.last() {
            if start(before) + before.0 as f64 * ROW <= start(&group) {
                break;
            }
            let (len, sum) = *before;
            group = (len + group.0, sum + group.1 - (len * group.0) as f64 * ROW);
            groups.pop();
        }
        groups.push(group);
    }
    groups
        .iter()
        .flat_map(|group| (0..group.0).map(move |index| start(group) + index as f64 * ROW))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_touch_and_stay_in_the_plot() {
        let cases: [&[f64]; 4] = [
            &[10.0, 10.0, 10.0, 90.0],
            &[0.0, 1.0, 2.0, 3.0, 4.0],
            &[100.0, 100.0, 100.0],
            &[20.0, 60.0, 61.0, 62.0, 63.0],
        ];
        for wanted in cases {
            let places = spread(wanted, 0.0, 100.0);
            assert_eq!(places.len(), wanted.len());
            assert!(
                places
                    .windows(2)
                    .all(|pair| pair[1] - pair[0] >= ROW - 1e-9),
                "{places:?}"
            );
            assert!(
                places[0] >= 0.0 && places[places.len() - 1] <= 100.0,
                "{places:?}"
            );
        }
    }

    #[test]
    fn labels_that_have_room_stay_where_they_want_to_be() {
        assert_eq!(spread(&[20.0, 60.0], 0.0, 100.0), [20.0, 60.0]);
    }
}
