//! One pair of axes with its lines.

use super::{
    axis::{Axis, Place, Room, Scale},
    canvas::{Anchor, Canvas, Dash, Pen, Point, Type},
    line::LineChart,
    series::{Look, REFERENCE_LOOK},
};
use crate::report::{text, theme::Color};

/// Edges in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// Room that tick labels take below the plot.
pub(crate) const TICK_ROOM: f64 = 20.0;

const GRID: Pen = Pen {
    color: Color::Grid,
    width: 1.0,
    dash: Dash::Solid,
};
const AXIS: Pen = Pen {
    color: Color::Axis,
    width: 1.0,
    dash: Dash::Solid,
};

/// The fitted axes of a chart.
#[derive(Debug)]
pub(crate) struct Axes {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Axes {
    /// Fits the axes to all of `charts` together; scales are those of the first.
    pub(crate) fn fit(charts: &[&LineChart], x_ticks: usize, y_ticks: usize) -> Self {
        let (x_scale, y_scale) = charts
            .first()
            .map_or_else(Default::default, |chart| (chart.x_scale, chart.y_scale));
        let points = || {
            let series = charts.iter().flat_map(|chart| &chart.series);
            series
                .flat_map(|one| &one.points)
                .filter(|(x, y)| x.is_finite() && y.is_finite())
        };
        let levels = charts
            .iter()
            .flat_map(|chart| &chart.reference_lines)
            .map(|line| line.value)
            // A level that cannot be shown must not make room for hollow marks.
            .filter(|&value| y_scale == Scale::Linear || value > 0.0);
        Self {
            x: Axis::fit(points().map(|&(x, _)| x), x_scale, Room::Tight, x_ticks),
            y: Axis::fit(
                points().map(|&(_, y)| y).chain(levels),
                y_scale,
                Room::Round,
                y_ticks,
            ),
        }
    }

    /// Room that the labels of the y ticks take.
    pub(crate) fn label_width(&self) -> f64 {
        let widths = self
            .y
            .ticks
            .iter()
            .map(|tick| text::width(&tick.label, Type::LABEL.measure()));
        widths.fold(0.0, f64::max) + 8.0
    }

    /// Grid, ticks and tick labels.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>, plot: Area) {
        for tick in &self.y.ticks {
            let y = plot.bottom - tick.at * (plot.bottom - plot.top);
            canvas.line([(plot.left, y), (plot.right, y)], GRID);
            canvas.text(
                &tick.label,
                (plot.left - 7.0, y),
                Type::LABEL.anchor(Anchor::End),
            );
        }
        canvas.line([(plot.left, plot.bottom), (plot.right, plot.bottom)], AXIS);
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let x = plot.left + tick.at * (plot.right - plot.left);
            canvas.line([(x, plot.bottom), (x, plot.bottom + 4.0)], AXIS);
            let half = text::width(&tick.label, Type::LABEL.measure()) / 2.0;
            if x - half < free_from {
                continue;
            }
            free_from = x + half + 8.0;
            let at = (x, plot.bottom + 13.0);
            canvas.text(&tick.label, at, Type::LABEL.anchor(Anchor::Middle));
        }
    }
}

/// What could not be shown as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) gaps: usize,
    pub(crate) clipped: usize,
}

impl Faults {
    pub(crate) fn count(charts: &[&LineChart]) -> Self {
        let mut faults = Self::default();
        for chart in charts {
            for &(x, y) in chart.series.iter().flat_map(|one| &one.points) {
                let clips = |scale, value| scale == Scale::Log && value <= 0.0;
                if !x.is_finite() || !y.is_finite() {
                    faults.gaps += 1;
                } else if clips(chart.x_scale, x) || clips(chart.y_scale, y) {
                    faults.clipped += 1;
                }
            }
        }
        faults
    }

    /// Notes for under the chart.
    pub(crate) fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        match self.gaps {
            0 => {}
            1 => notes.push("1 point is not a finite number and leaves a gap.".into()),
            n => notes.push(format!("{n} points are not finite numbers and leave gaps.")),
        }
        let drawn = "drawn hollow at the edge: a log axis has no 0.";
        match self.clipped {
            0 => {}
            1 => notes.push(format!("1 point at or below 0 is {drawn}")),
            n => notes.push(format!("{n} points at or below 0 are {drawn}")),
        }
        notes
    }
}

/// A point in pixels and whether it was clipped; `None` is a gap.
type Placed = Option<(Point, bool)>;

fn place(axes: &Axes, plot: Area, (x, y): (f64, f64)) -> Placed {
    let along = |place| match place {
        Place::On(at) => Some((at, false)),
        Place::Clipped => Some((0.0, true)),
        Place::Gap => None,
    };
    let (x, x_clipped) = along(axes.x.place(x))?;
    let (y, y_clipped) = along(axes.y.place(y))?;
    let at = (
        plot.left + x * (plot.right - plot.left),
        plot.bottom - y * (plot.bottom - plot.top),
    );
    Some((at, x_clipped || y_clipped))
}

/// Draws levels and series. Earlier series are drawn last, so they stay on top.
pub(crate) fn draw_lines(
    canvas: &Canvas<'_>,
    plot: Area,
    axes: &Axes,
    chart: &LineChart,
    looks: &[Look],
) {
    for line in &chart.reference_lines {
        if let Place::On(at) = axes.y.place(line.value) {
            let y = plot.bottom - at * (plot.bottom - plot.top);
            let pen = Pen {
                color: REFERENCE_LOOK.color,
                width: 1.2,
                dash: REFERENCE_LOOK.dash,
            };
            canvas.line([(plot.left, y), (plot.right, y)], pen);
        }
    }
    if chart.is_empty() {
        let middle = (
            (plot.left + plot.right) / 2.0,
            (plot.top + plot.bottom) / 2.0,
        );
        canvas.text("no data", middle, Type::LABEL.anchor(Anchor::Middle));
    }
    for (series, look) in chart.series.iter().zip(looks).rev() {
        let placed: Vec<_> = series
            .points
            .iter()
            .map(|&point| place(axes, plot, point))
            .collect();
        let pen = Pen {
            color: look.color,
            width: 2.0,
            dash: look.dash,
        };
        let mut clipped = Vec::new();
        for run in placed.split(Option::is_none) {
            let run: Vec<_> = run.iter().flatten().copied().collect();
            clipped.extend(
                run.iter()
                    .filter(|(_, clipped)| *clipped)
                    .map(|&(at, _)| at),
            );
            let points = thin(&run.iter().map(|&(at, _)| at).collect::<Vec<_>>());
            match points[..] {
                [] => {}
                [only] => canvas.dot(only, 3.5, look.color),
                _ => canvas.line(points, pen),
            }
        }
        for at in thin(&clipped) {
            canvas.ring(at, 3.2, look.color);
        }
    }
}

/// Keeps first, lowest, highest and last of the points that share a half pixel column: it looks
/// the same, and a million updates fit in a page.
fn thin(points: &[Point]) -> Vec<Point> {
    if points.len() < 2000 {
        return points.to_vec();
    }
    let column = |point: &Point| (point.0 * 2.0).floor();
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let extreme = |better: fn(f64, f64) -> bool| {
            (1..group.len()).fold(0, |best, i| {
                if better(group[i].1, group[best].1) {
                    i
                } else {
                    best
                }
            })
        };
        let mut indices = vec![
            0,
            extreme(|a, b| a < b),
            extreme(|a, b| a > b),
            group.len() - 1,
        ];
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().map(|index| group[index]));
    }
    kept
}

/// The height in pixels where the direct label of a series belongs, and whether its line ends at
/// the right edge.
pub(crate) fn end_of(axes: &Axes, plot: Area, points: &[(f64, f64)]) -> Option<(f64, bool)> {
    let ((x, y), _) = points
        .iter()
        .rev()
        .find_map(|&point| place(axes, plot, point))?;
    Some((y, x > plot.right - 8.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_ends_and_extremes() {
        let mut points: Vec<Point> = (0..100_000).map(|i| (f64::from(i) * 0.005, 50.0)).collect();
        points[40_321].1 = 1.0;
        points[77_777].1 = 99.0;
        let kept = thin(&points);
        assert!(kept.len() < 5000);
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        assert!(kept.contains(&points[40_321]) && kept.contains(&points[77_777]));
    }
}
