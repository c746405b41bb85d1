//! The bar chart: one number per thing, such as a metric beside its baselines.

use super::{
    CHART_WIDTH,
    axis::{Axis, Place, Room, Scale},
    canvas::{Anchor, Canvas, Dash, Pen, Type, paint},
    line::{LABEL_ROW, MARGIN, NOTE_ROW, TITLE_ROW, draw_rows},
    number::compact,
    panel::TICK_ROOM,
    series::Role,
};
use crate::report::{
    svg::Svg,
    text,
    theme::{Color, PALETTE},
};
use recurra_train::metric::Better;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its length; a value that is not finite is written but not drawn.
    pub value: f64,
    /// What it stands for; [`Role::Auto`] is the first colour of the palette.
    pub role: Role,
}

/// Bars under a common heading.
#[derive(Clone, Debug, PartialEq)]
pub struct BarGroup {
    /// The heading; empty for none.
    pub label: String,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

/// Level bars with their values written beside them.
///
/// On a log scale, dots stand for bars, whose lengths would mean nothing there.
#[derive(Clone, Debug, PartialEq)]
pub struct BarChart {
    /// What the chart shows.
    pub title: String,
    /// The quantity, with its unit.
    pub value_label: String,
    /// How values are spread.
    pub scale: Scale,
    /// Which way is good: marks the best of each group.
    pub better: Option<Better>,
    /// The bars.
    pub groups: Vec<BarGroup>,
}

const ROW: f64 = 26.0;
const THICK: f64 = 16.0;
const AXIS: Pen = Pen {
    color: Color::Axis,
    width: 1.0,
    dash: Dash::Solid,
};
const GRID: Pen = Pen {
    color: Color::Grid,
    width: 1.0,
    dash: Dash::Solid,
};

impl BarChart {
    /// Draws the chart, 760 pixels wide.
    pub fn to_svg(&self) -> Svg {
        let width = f64::from(CHART_WIDTH);
        let inner = width - 2.0 * MARGIN;
        let title = text::wrap(&self.title, Type::TITLE.measure(), inner);
        let all = || self.groups.iter().flat_map(|group| &group.bars);
        // Bars grow from 0, so 0 is on the axis.
        let zero = (self.scale == Scale::Linear).then_some(0.0);
        let axis = Axis::fit(
            all().map(|bar| bar.value).chain(zero),
            self.scale,
            Room::Round,
            5,
        );
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let label_width =
            widest(&mut all().map(|bar| text::width(&bar.label, Type::NAME.bold().measure())))
                .min(260.0);
        let value_width = widest(
            &mut all().map(|bar| text::width(&written(bar.value), Type::NAME.bold().measure())),
        ) + 40.0;
        let clipped =
            all().any(|bar| self.scale == Scale::Log && bar.value.is_finite() && bar.value <= 0.0);
        let mut notes = Vec::new();
        if clipped {
            notes.push("Hollow: at or below 0, which a log axis does not have.".to_owned());
        }

        let subtitle = match self.better {
            Some(better) => format!("{} ({})", self.value_label, better.label()),
            None => self.value_label.clone(),
        };
        let subtitle_top = MARGIN + title.len() as f64 * TITLE_ROW;
        let top = subtitle_top
            + if subtitle.is_empty() {
                6.0
            } else {
                LABEL_ROW + 8.0
            };
        let headed = |group: &BarGroup| !group.label.is_empty();
        let rows: f64 = self
            .groups
            .iter()
            .map(|group| group.bars.len() as f64 * ROW + if headed(group) { ROW } else { 6.0 })
            .sum();
        let bottom = top + rows.max(ROW) + 4.0;
        let left = MARGIN + label_width + 10.0;
        let right = width - MARGIN - value_width;
        let notes_top = bottom + TICK_ROOM + 4.0;
        let height = notes_top + notes.len() as f64 * NOTE_ROW + MARGIN / 2.0;
        let x_of = |at: f64| left + at * (right - left);

        let names: Vec<_> = all()
            .map(|bar| format!("{}: {}", bar.label, written(bar.value)))
            .collect();
        let description = format!("Bar chart of {}. {}.", self.value_label, names.join("; "));
        paint(
            CHART_WIDTH,
            height.ceil() as u32,
            &self.title,
            &description,
            |canvas| {
                draw_rows(canvas, &title, MARGIN, TITLE_ROW, Type::TITLE);
                let subtitle = text::fit(&subtitle, Type::LABEL.measure(), inner);
                canvas.text(
                    &subtitle,
                    (MARGIN, subtitle_top + LABEL_ROW / 2.0),
                    Type::LABEL,
                );
                let mut free_from = f64::NEG_INFINITY;
                for tick in &axis.ticks {
                    let x = x_of(tick.at);
                    canvas.line([(x, top), (x, bottom)], GRID);
                    let half = text::width(&tick.label, Type::LABEL.measure()) / 2.0;
                    if x - half >= free_from {
                        free_from = x + half + 8.0;
                        let kind = Type::LABEL.anchor(Anchor::Middle);
                        canvas.text(&tick.label, (x, bottom + 11.0), kind);
                    }
                }
                let origin = match axis.place(0.0) {
                    Place::On(at) => x_of(at),
                    _ => left,
                };
                let mut y = top;
                for group in &self.groups {
                    if headed(group) {
                        let kind = Type::NAME.bold();
                        let label = text::fit(&group.label, kind.measure(), right - MARGIN);
                        canvas.text(&label, (MARGIN, y + ROW / 2.0 + 2.0), kind);
                        y += ROW;
                    } else {
                        y += 6.0;
                    }
                    let best = self
                        .better
                        .filter(|_| group.bars.len() > 1)
                        .and_then(|better| better.best(group.bars.iter().map(|bar| bar.value)));
                    for bar in &group.bars {
                        let is_best = best == Some(bar.value);
                        let row = BarRow {
                            bar,
                            y: y + ROW / 2.0,
                            left,
                            right,
                            origin,
                            is_best,
                        };
                        row.draw(canvas, &axis, self.scale);
                        y += ROW;
                    }
                }
                canvas.line([(origin, top), (origin, bottom)], AXIS);
                draw_rows(canvas, &notes, notes_top, NOTE_ROW, Type::NOTE);
            },
        )
    }
}

/// The value as it is written beside its bar.
fn written(value: f64) -> String {
    if value.is_nan() {
        "no value".into()
    } else {
        compact(value)
    }
}

struct BarRow<'a> {
    bar: &'a Bar,
    y: f64,
    left: f64,
    right: f64,
    origin: f64,
    is_best: bool,
}

impl BarRow<'_> {
    fn draw(&self, canvas: &Canvas<'_>, axis: &Axis, scale: Scale) {
        let Self {
            bar,
            y,
            left,
            right,
            origin,
            is_best,
        } = *self;
        let kind = Type {
            bold: is_best,
            ..Type::NAME
        };
        let label = text::fit(&bar.label, kind.measure(), left - MARGIN - 8.0);
        canvas.text(&label, (left - 10.0, y), kind.anchor(Anchor::End));
        let color = match bar.role {
            Role::Auto | Role::Train => Color::Blue,
            Role::HeldOut => Color::Vermilion,
            Role::Baseline => Color::Axis,
            Role::Palette(index) => PALETTE[index % PALETTE.len()],
        };
        let end = match axis.place(bar.value) {
            Place::On(at) => {
                let x = left + at * (right - left);
                if scale == Scale::Log {
                    let pen = Pen {
                        color,
                        width: 1.2,
                        dash: Dash::Fine,
                    };
                    canvas.line([(left, y), (x, y)], pen);
                    canvas.dot((x, y), 5.0, color);
                } else {
                    let (from, to) = (x.min(origin), x.max(origin));
                    canvas.bar((from, y - THICK / 2.0), (to, y + THICK / 2.0), color);
                }
                x.max(origin) + if scale == Scale::Log { 5.0 } else { 0.0 }
            }
            Place::Clipped => {
                canvas.ring((left, y), 5.0, color);
                left + 5.0
            }
            Place::Gap => origin,
        };
        let mut value = written(bar.value);
        if is_best {
            value.push_str(" ★");
        }
        canvas.text(&value, (end + 7.0, y), kind);
    }
}
