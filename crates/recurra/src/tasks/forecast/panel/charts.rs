//! What is drawn of several series.

use super::judge::Judgement;
use crate::report::Svg;
use crate::report::chart::{LineChart, LineStyle, Role, Series, SmallMultiples};
use crate::tasks::evenly;

/// Series that are drawn.
const DRAWN_SERIES: usize = 6;
/// Baselines that are drawn beside the model; more lines hide each other.
const DRAWN_BASELINES: usize = 3;

/// The error by how far ahead, beside the best baselines.
pub(in super::super) fn error_by_step(judgement: &Judgement<'_>) -> Svg {
    let styles = [
        LineStyle::Solid,
        LineStyle::Dashed,
        LineStyle::Dotted,
        LineStyle::DashDot,
    ];
    let mut lines = judgement.by_step();
    let all = |errors: &[Option<f64>]| errors.iter().flatten().sum::<f64>();
    lines[1..].sort_by(|a, b| all(&a.1).total_cmp(&all(&b.1)));
    let lines = lines.into_iter().take(1 + DRAWN_BASELINES);
    let series = lines.zip(styles).map(|((name, errors), style)| {
        let points = errors.iter().enumerate();
        let points = points.filter_map(|(step, error)| Some(((step + 1) as f64, (*error)?)));
        let role = match name {
            "model" => Role::HeldOut,
            _ => Role::Baseline,
        };
        Series::new(name, points.collect()).role(role).style(style)
    });
    LineChart {
        title: "Error by how far ahead".to_owned(),
        x_label: "steps ahead".to_owned(),
        y_label: "sMAPE, the mean over all series".to_owned(),
        series: series.collect(),
        ..LineChart::default()
    }
    .to_svg()
}

/// Some series: the end of what was seen, what came, and what the model said.
pub(in super::super) fn window_chart(judgement: &Judgement<'_>, names: &[String]) -> Svg {
    let windows: Vec<_> = judgement.windows().collect();
    let charts = evenly(windows.len(), DRAWN_SERIES).map(|place| {
        let (example, said) = windows[place];
        let inputs = example.inputs();
        let seen = &inputs[inputs.len().saturating_sub(2 * said.len().max(4))..];
        let start = 1.0 - seen.len() as f64;
        let seen = (0..)
            .zip(seen)
            .map(|(step, value)| (start + f64::from(step), *value));
        let ahead = |values: &[f64]| -> Vec<(f64, f64)> {
            let values = [example.last()].into_iter().chain(values.iter().copied());
            (0..).map(f64::from).zip(values).collect()
        };
        let series = vec![
            Series::new("seen", seen.collect())
                .role(Role::Train)
                .style(LineStyle::Solid),
            Series::new("came next", ahead(&example.targets())).style(LineStyle::Solid),
            Series::new("model", ahead(said))
                .role(Role::HeldOut)
                .style(LineStyle::Dashed),
        ];
        LineChart {
            title: names[example.family].clone(),
            x_label: "steps from the last value seen".to_owned(),
            y_label: "value".to_owned(),
            series,
            ..LineChart::default()
        }
    });
    SmallMultiples {
        title: "Ends of some series".to_owned(),
        columns: 2,
        shared_axes: false,
        charts: charts.collect(),
    }
    .to_svg()
}
