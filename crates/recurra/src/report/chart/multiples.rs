//! Small multiples: the same chart several times, side by side.

use super::{
    CHART_WIDTH,
    canvas::{Anchor, Type, paint},
    legend::{Entry, Rows},
    line::{LABEL_ROW, LineChart, MARGIN, NOTE_ROW, TITLE_ROW, draw_rows},
    panel::{Area, Axes, Faults, TICK_ROOM, draw_lines},
    series::{Series, looks},
};
use crate::report::{svg::Svg, text};

/// Line charts in a grid under one legend.
///
/// A series has the same look in every panel where its name occurs.
#[derive(Clone, Debug, PartialEq)]
pub struct SmallMultiples {
    /// What they show together.
    pub title: String,
    /// Panels in a row, 1 to 4.
    pub columns: usize,
    /// Whether all panels have the same axes, so that heights can be compared.
    pub shared_axes: bool,
    /// The panels. Axis labels are written once when all panels agree on them.
    pub charts: Vec<LineChart>,
}

const PLOT_HEIGHT: f64 = 150.0;
const GAP: f64 = 26.0;

impl SmallMultiples {
    /// Draws the panels, 760 pixels wide in all.
    pub fn to_svg(&self) -> Svg {
        let width = f64::from(CHART_WIDTH);
        let inner = width - 2.0 * MARGIN;
        let columns = self.columns.clamp(1, 4).min(self.charts.len().max(1));
        let num_rows = self.charts.len().div_ceil(columns);
        let charts: Vec<_> = self.charts.iter().collect();

        let mut names: Vec<&Series> = Vec::new();
        for one in charts.iter().flat_map(|chart| &chart.series) {
            if !names.iter().any(|seen| seen.name == one.name) {
                names.push(one);
            }
        }
        let name_looks = looks(&names);
        let look_of = |series: &Series| {
            let index = names.iter().position(|seen| seen.name == series.name);
            name_looks[index.expect("every series was entered above")]
        };

        let title = text::wrap(&self.title, Type::TITLE.measure(), inner);
        let legend_top = MARGIN + title.len() as f64 * TITLE_ROW + 4.0;
        let rows = Rows::new(self.entries(&charts, &look_of), inner);
        let grid_top = legend_top + rows.height() + 8.0;
        let same_x = all_equal(charts.iter().map(|chart| chart.x_label.as_str()));
        let same_y = all_equal(charts.iter().map(|chart| chart.y_label.as_str()));
        let notes = Faults::count(&charts).notes();

        let head = TITLE_ROW + LABEL_ROW + 4.0;
        let panel_height = head + PLOT_HEIGHT + TICK_ROOM + LABEL_ROW + 10.0;
        let panel_width = (inner - GAP * (columns - 1) as f64) / columns as f64;
        let notes_top = grid_top + panel_height * num_rows as f64;
        let height = notes_top + notes.len() as f64 * NOTE_ROW + MARGIN / 2.0;
        let axes: Vec<_> = charts
            .iter()
            .map(|chart| {
                if self.shared_axes {
                    charts.clone()
                } else {
                    vec![*chart]
                }
            })
            .map(|fitted| Axes::fit(&fitted, (panel_width / 60.0) as usize, 4))
            .collect();
        let label_width = axes.iter().map(Axes::label_width).fold(0.0, f64::max);

        let panels: Vec<_> = charts.iter().map(|chart| chart.title.as_str()).collect();
        let description = format!("Small line charts: {}.", panels.join(", "));
        paint(
            CHART_WIDTH,
            height.ceil() as u32,
            &self.title,
            &description,
            |canvas| {
                draw_rows(canvas, &title, MARGIN, TITLE_ROW, Type::TITLE);
                rows.draw(canvas, MARGIN, legend_top);
                for (index, (chart, axes)) in charts.iter().zip(&axes).enumerate() {
                    let (row, column) = (index / columns, index % columns);
                    let left = MARGIN + column as f64 * (panel_width + GAP);
                    let top = grid_top + row as f64 * panel_height;
                    let plot = Area {
                        left: left + label_width,
                        top: top + head,
                        right: left + panel_width - 4.0,
                        bottom: top + head + PLOT_HEIGHT,
                    };
                    let panel_title = Type {
                        size: 13.0,
                        ..Type::TITLE
                    };
                    let name = text::fit(&chart.title, panel_title.measure(), panel_width);
                    canvas.text(&name, (left, top + TITLE_ROW / 2.0), panel_title);
                    if !same_y || column == 0 {
                        let label = text::fit(&chart.y_label, Type::NOTE.measure(), panel_width);
                        canvas.text(
                            &label,
                            (left, top + TITLE_ROW + LABEL_ROW / 2.0),
                            Type::NOTE,
                        );
                    }
                    axes.draw(canvas, plot);
                    let looks: Vec<_> = chart.series.iter().map(look_of).collect();
                    draw_lines(canvas, plot, axes, chart, &looks);
                    // The last panel of each column carries the label for the column.
                    if !same_x || index + columns >= charts.len() {
                        let label = text::fit(&chart.x_label, Type::NOTE.measure(), panel_width);
                        let middle = (plot.left + plot.right) / 2.0;
                        let y = plot.bottom + TICK_ROOM + LABEL_ROW / 2.0;
                        canvas.text(&label, (middle, y), Type::NOTE.anchor(Anchor::Middle));
                    }
                }
                draw_rows(canvas, &notes, notes_top, NOTE_ROW, Type::NOTE);
            },
        )
    }

    fn entries(
        &self,
        charts: &[&LineChart],
        look_of: &impl Fn(&Series) -> super::series::Look,
    ) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for chart in charts {
            let looks: Vec<_> = chart.series.iter().map(look_of).collect();
            for entry in chart.entries(&looks) {
                // A series without data in this panel may have some in another.
                let name = entry.name.trim_end_matches(" (no data)").to_owned();
                if !entries.iter().any(|seen| seen.name == name) {
                    entries.push(Entry { name, ..entry });
                }
            }
        }
        entries
    }
}

fn all_equal<'a>(mut texts: impl Iterator<Item = &'a str>) -> bool {
    texts
        .next()
        .is_none_or(|first| texts.all(|text| text == first))
}
