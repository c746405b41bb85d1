//! What is drawn on a line chart, and how each series looks.

use super::canvas::Dash;
use crate::report::theme::{Color, PALETTE};

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineStyle {
    /// The next pattern that no series of the chart has yet; the first is solid.
    #[default]
    Auto,
    /// Without breaks.
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// A dash, a dot.
    DashDot,
}

/// What a series stands for, which decides its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// One of several alike: the next colour of the palette.
    #[default]
    Auto,
    /// Measured on the data that the model is fitted to: blue.
    Train,
    /// Measured on held-out data: vermilion.
    HeldOut,
    /// Something to compare with: grey.
    Baseline,
    /// A palette colour by number, so that one thing keeps its colour over several charts.
    Palette(usize),
}

/// A named line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// `(x, y)` in drawing order. A point that is not finite leaves a gap.
    pub points: Vec<(f64, f64)>,
    /// Solid or dashed.
    pub style: LineStyle,
    /// What it stands for.
    pub role: Role,
}

impl Series {
    /// A series with the next free colour and pattern.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points,
            ..Self::default()
        }
    }

    /// The same with a role.
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The same with a line style.
    pub fn style(self, style: LineStyle) -> Self {
        Self { style, ..self }
    }
}

/// A level line across the chart, such as the loss of a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceLine {
    /// Its name.
    pub label: String,
    /// Its y. A value that the axis cannot show is left out.
    pub value: f64,
}

/// Colour and pattern of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) color: Color,
    pub(crate) dash: Dash,
}

/// How a reference line looks.
pub(crate) const REFERENCE_LOOK: Look = Look {
    color: Color::Muted,
    dash: Dash::Fine,
};

/// Decides colour and pattern of each series, so that no two are alike while there is a choice.
pub(crate) fn looks(series: &[&Series]) -> Vec<Look> {
    let patterns = [Dash::Solid, Dash::Long, Dash::Dots, Dash::Mixed];
    let mut colors_used = Vec::new();
    let mut patterns_used = Vec::new();
    for one in series {
        match one.role {
            Role::Train => colors_used.push(Color::Blue),
            Role::HeldOut => colors_used.push(Color::Vermilion),
            Role::Palette(index) => colors_used.push(PALETTE[index % PALETTE.len()]),
            Role::Auto | Role::Baseline => {}
        }
        patterns_used.extend(fixed_pattern(one.style));
    }
    let mut free_colors = free(&PALETTE, &colors_used);
    let mut free_patterns = free(&patterns, &patterns_used);
    series
        .iter()
        .map(|one| Look {
            color: match one.role {
                Role::Train => Color::Blue,
                Role::HeldOut => Color::Vermilion,
                Role::Baseline => Color::Muted,
                Role::Palette(index) => PALETTE[index % PALETTE.len()],
                Role::Auto => free_colors.next().unwrap_or(Color::Ink),
            },
            dash: fixed_pattern(one.style)
                .or_else(|| free_patterns.next())
                .unwrap_or(Dash::Solid),
        })
        .collect()
}

fn fixed_pattern(style: LineStyle) -> Option<Dash> {
    match style {
        LineStyle::Auto => None,
        LineStyle::Solid => Some(Dash::Solid),
        LineStyle::Dashed => Some(Dash::Long),
        LineStyle::Dotted => Some(Dash::Dots),
        LineStyle::DashDot => Some(Dash::Mixed),
    }
}

/// Those of `all` that are not `used`, over and over; all of them when none is left.
fn free<T: Copy + PartialEq>(all: &[T], used: &[T]) -> impl Iterator<Item = T> + use<T> {
    let left: Vec<T> = all
        .iter()
        .copied()
        .filter(|one| !used.contains(one))
        .collect();
    let pool = if left.is_empty() { all.to_vec() } else { left };
    pool.into_iter().cycle()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks_of(series: &[Series]) -> Vec<Look> {
        looks(&series.iter().collect::<Vec<_>>())
    }

    #[test]
    fn six_plain_series_all_look_different_and_neighbours_differ_in_pattern() {
        let series: Vec<_> = (0..6)
            .map(|i| Series::new(format!("{i}"), vec![]))
            .collect();
        let looks = looks_of(&series);
        for (index, look) in looks.iter().enumerate() {
            assert!(!looks[..index].contains(look));
        }
        assert!(looks.windows(2).all(|pair| pair[0].dash != pair[1].dash));
        assert_eq!(looks[0].dash, Dash::Solid);
    }

    #[test]
    fn a_free_series_does_not_take_a_color_that_is_spoken_for() {
        let series = [
            Series::new("new", vec![]),
            Series::new("train", vec![])
                .role(Role::Train)
                .style(LineStyle::Solid),
        ];
        let looks = looks_of(&series);
        assert_ne!(looks[0].color, looks[1].color);
        assert_ne!(looks[0].dash, looks[1].dash);
    }
}
