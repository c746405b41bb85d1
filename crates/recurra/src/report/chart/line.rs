//! The line chart.

use super::{
    CHART_WIDTH,
    axis::Scale,
    canvas::{Anchor, Canvas, Type, paint},
    legend::{self, Direct, Entry, Rows},
    panel::{Area, Axes, Faults, TICK_ROOM, draw_lines, end_of},
    series::{Look, REFERENCE_LOOK, ReferenceLine, Series, looks},
};
use crate::report::{svg::Svg, text};

/// Lines over a common pair of axes, such as losses over updates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// What the chart shows.
    pub title: String,
    /// The quantity along x, with its unit.
    pub x_label: String,
    /// The quantity along y, with its unit.
    pub y_label: String,
    /// How x is spread.
    pub x_scale: Scale,
    /// How y is spread.
    pub y_scale: Scale,
    /// The lines, the most important first.
    pub series: Vec<Series>,
    /// Level lines to compare with.
    pub reference_lines: Vec<ReferenceLine>,
}

pub(crate) const MARGIN: f64 = 14.0;
pub(crate) const TITLE_ROW: f64 = 20.0;
pub(crate) const LABEL_ROW: f64 = 18.0;
pub(crate) const NOTE_ROW: f64 = 16.0;
/// A column of direct labels may take this part of the width.
const COLUMN_SHARE: f64 = 0.36;
const PLOT_HEIGHT: f64 = 280.0;

impl LineChart {
    /// Draws the chart, 760 pixels wide.
    pub fn to_svg(&self) -> Svg {
        let width = f64::from(CHART_WIDTH);
        let inner = width - 2.0 * MARGIN;
        let title = text::wrap(&self.title, Type::TITLE.measure(), inner);
        let looks = looks(&self.series.iter().collect::<Vec<_>>());
        let axes = Axes::fit(&[self], 7, 5);
        let entries = self.entries(&looks);
        let column = legend::column_width(&entries);
        let beside =
            column <= inner * COLUMN_SHARE && legend::column_fits(entries.len(), PLOT_HEIGHT);
        let rows = Rows::new(if beside { Vec::new() } else { entries }, inner);
        let notes = Faults::count(&[self]).notes();

        let legend_top = MARGIN + title.len() as f64 * TITLE_ROW + 4.0;
        let label_top = legend_top + rows.height();
        let top = label_top
            + if self.y_label.is_empty() {
                6.0
            } else {
                LABEL_ROW + 8.0
            };
        let plot = Area {
            left: MARGIN + axes.label_width(),
            top,
            right: width - MARGIN - if beside { column } else { 8.0 },
            bottom: top + PLOT_HEIGHT,
        };
        let x_label_top = plot.bottom + TICK_ROOM;
        let notes_top = x_label_top
            + if self.x_label.is_empty() {
                6.0
            } else {
                LABEL_ROW + 8.0
            };
        let height = notes_top + notes.len() as f64 * NOTE_ROW + MARGIN / 2.0;

        paint(
            CHART_WIDTH,
            height.ceil() as u32,
            &self.title,
            &self.description(),
            |canvas| {
                draw_rows(canvas, &title, MARGIN, TITLE_ROW, Type::TITLE);
                rows.draw(canvas, MARGIN, legend_top);
                let y_label = text::fit(&self.y_label, Type::LABEL.measure(), inner);
                canvas.text(&y_label, (MARGIN, label_top + LABEL_ROW / 2.0), Type::LABEL);
                axes.draw(canvas, plot);
                draw_lines(canvas, plot, &axes, self, &looks);
                if beside {
                    let labels = self.direct_labels(&axes, plot, &looks);
                    let range = (plot.top, plot.bottom);
                    legend::draw_column(canvas, plot.right, width - MARGIN, range, labels);
                }
                let x_label = text::fit(&self.x_label, Type::LABEL.measure(), inner);
                let middle = (
                    (plot.left + plot.right) / 2.0,
                    x_label_top + LABEL_ROW / 2.0 + 2.0,
                );
                canvas.text(&x_label, middle, Type::LABEL.anchor(Anchor::Middle));
                draw_rows(canvas, &notes, notes_top, NOTE_ROW, Type::NOTE);
            },
        )
    }

    /// Legend entries of all named series and levels.
    pub(crate) fn entries(&self, looks: &[Look]) -> Vec<Entry> {
        let series = self
            .series
            .iter()
            .zip(looks)
            .map(|(one, &look)| series_entry(one, look));
        let levels = self.reference_lines.iter().map(level_entry);
        series
            .chain(levels)
            .filter(|entry| !entry.name.is_empty())
            .collect()
    }

    fn direct_labels(&self, axes: &Axes, plot: Area, looks: &[Look]) -> Vec<Direct> {
        let series = self.series.iter().zip(looks).map(|(one, &look)| {
            // What has no place goes to the bottom of the column.
            let (y, leads) = end_of(axes, plot, &one.points).unwrap_or((plot.bottom, false));
            Direct {
                entry: series_entry(one, look),
                y,
                leads,
            }
        });
        let levels = self.reference_lines.iter().map(|line| {
            let at = match axes.y.place(line.value) {
                super::axis::Place::On(at) => Some(at),
                _ => None,
            };
            let y = plot.bottom - at.unwrap_or(0.0) * (plot.bottom - plot.top);
            Direct {
                entry: level_entry(line),
                y,
                leads: at.is_some(),
            }
        });
        series
            .chain(levels)
            .filter(|label| !label.entry.name.is_empty())
            .collect()
    }

    /// Whether there is no point to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.iter().all(is_empty)
    }

    /// A sentence for those who cannot see the chart.
    pub(crate) fn description(&self) -> String {
        let names: Vec<_> = self.series.iter().map(|one| one.name.as_str()).collect();
        let Self {
            y_label, x_label, ..
        } = self;
        format!(
            "Line chart of {y_label} over {x_label}. Lines: {}.",
            names.join(", ")
        )
    }
}

fn is_empty(series: &Series) -> bool {
    !series
        .points
        .iter()
        .any(|(x, y)| x.is_finite() && y.is_finite())
}

fn series_entry(series: &Series, look: Look) -> Entry {
    let name = if is_empty(series) && !series.name.is_empty() {
        format!("{} (no data)", series.name)
    } else {
        series.name.clone()
    };
    Entry {
        name,
        look,
        width: 2.0,
    }
}

fn level_entry(line: &ReferenceLine) -> Entry {
    Entry {
        name: line.label.clone(),
        look: REFERENCE_LOOK,
        width: 1.2,
    }
}

/// Sets lines of text below each other at the left margin.
pub(crate) fn draw_rows(canvas: &Canvas<'_>, lines: &[String], top: f64, row: f64, kind: Type) {
    for (index, line) in lines.iter().enumerate() {
        canvas.text(line, (MARGIN, top + (index as f64 + 0.5) * row), kind);
    }
}
