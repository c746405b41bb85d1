//! The charts of a run.

use super::config::Head;
use super::data::Dataset;
use super::example::Example;
use super::judge::{LINEAR_AR, RELATIVE};
use super::panel::NAIVE2;
use crate::report::Svg;
use crate::report::chart::{
    Bar, BarChart, BarGroup, Better, LineChart, LineStyle, Role, Scale, Series, SmallMultiples,
};
use crate::tasks::Evaluation;
use recurra_train::Evaluation as Measured;
use recurra_train::baseline::ForecastRule;
use recurra_train::metric::{LOSS, Metrics, OWA};

/// Windows that are drawn when there is only one family.
const DRAWN_WINDOWS: usize = 6;
/// Values of a window that are drawn; with more, the next one is too small to see.
const DRAWN_VALUES: usize = 8;
/// Steps of the test part that are drawn.
const DRAWN_STEPS: usize = 60;
/// Below this share of the variance an error is rounding.
const ROUNDING: f64 = 1e-12;

/// Loss over the updates.
pub(super) fn learning_curves(history: &[Measured], head: &Head) -> Svg {
    // A likelihood may be below 1 or above, and its logarithm of either sign.
    let (title, y_label, y_scale) = match head {
        Head::Point {} => (
            "Squared error",
            "MSE (units of the window, squared)",
            Scale::Log,
        ),
        Head::Quantiles { .. } => (
            "Pinball loss",
            "mean loss (units of the window)",
            Scale::Log,
        ),
        _ => (
            "Surprise",
            "negative log-likelihood, up to a constant",
            Scale::Linear,
        ),
    };
    let of = match head {
        Head::NegativeBinomial {} => "of the counts",
        _ => "of the scaled change",
    };
    let held_out = history
        .iter()
        .filter_map(|e| Some((e.update as f64, e.metrics.get(LOSS.name)?)));
    let train = history.iter().map(|e| (e.update as f64, e.train_loss));
    let chart = LineChart {
        title: format!("{title} {of}"),
        x_label: "update".to_owned(),
        y_label: y_label.to_owned(),
        y_scale,
        series: vec![
            Series::new("held out", held_out.collect()).role(Role::HeldOut),
            Series::new("training", train.collect()).role(Role::Train),
        ],
        ..LineChart::default()
    };
    chart.to_svg()
}

/// Baselines as they are listed: the rules in their own order, then what is fitted.
const ORDER: [&str; 7] = [
    NAIVE2,
    "last value",
    "drift",
    "mean",
    "last season",
    "moving average",
    LINEAR_AR,
];

/// The model and its baselines, by name.
pub(super) fn columns(evaluation: &Evaluation) -> Vec<(&str, &Metrics)> {
    let baselines = ORDER
        .iter()
        .filter_map(|&name| Some((name, evaluation.baselines.get(name)?)));
    std::iter::once(("model", &evaluation.metrics))
        .chain(baselines)
        .collect()
}

/// Errors of the model and its baselines on each part of the data.
pub(super) fn error_chart(evaluations: &[Evaluation]) -> Svg {
    let has_owa = evaluations
        .iter()
        .all(|one| one.metrics.get(OWA.name).is_some());
    let (metric, title, value_label, scale) = match has_owa {
        true => (OWA.name, "Error", "OWA: 1 is Naive2", Scale::Linear),
        false => (
            RELATIVE,
            "Squared error",
            "MSE / variance of the targets",
            Scale::Log,
        ),
    };
    let bar = |(label, metrics): (&str, &Metrics)| {
        let value = metrics.get(metric).unwrap_or(f64::NAN);
        Bar {
            label: label.to_owned(),
            // A log axis down to rounding would leave no room for the rest.
            value: if value < ROUNDING { 0.0 } else { value },
            role: if label == "model" {
                Role::HeldOut
            } else {
                Role::Baseline
            },
        }
    };
    let chart = BarChart {
        title: format!("{title} beside the baselines"),
        value_label: value_label.to_owned(),
        scale,
        better: Some(Better::Lower),
        groups: evaluations
            .iter()
            .map(|evaluation| BarGroup {
                label: evaluation.split.clone(),
                bars: columns(evaluation).into_iter().map(bar).collect(),
            })
            .collect(),
    };
    chart.to_svg()
}

/// One test window of each family, or several of the only one.
pub(super) fn window_chart(data: &Dataset, forecasts: &[f64]) -> Svg {
    let test: Vec<(&Example, f64)> = data.test.iter().zip(forecasts.iter().copied()).collect();
    let charts = if data.names.len() > 1 {
        let families = data.names.iter().enumerate();
        families
            .filter_map(|(family, name)| {
                let (example, forecast) = test.iter().find(|(e, _)| e.family == family)?;
                Some(panel(name.clone(), example, *forecast))
            })
            .collect()
    } else {
        let stride = test.len().div_ceil(DRAWN_WINDOWS).max(1);
        let drawn = test.iter().enumerate().step_by(stride);
        drawn
            .map(|(step, (example, forecast))| {
                panel(format!("test value {}", step + 1), example, *forecast)
            })
            .collect()
    };
    let chart = SmallMultiples {
        title: "Held-out windows and what follows".to_owned(),
        columns: 2,
        shared_axes: false,
        charts,
    };
    chart.to_svg()
}

fn panel(title: String, example: &Example, forecast: f64) -> LineChart {
    let inputs = example.inputs();
    let seen = &inputs[inputs.len().saturating_sub(DRAWN_VALUES)..];
    let start = 1.0 - seen.len() as f64;
    let seen = seen.iter().enumerate();
    let seen = seen.map(|(step, &value)| (start + step as f64, value));
    let ahead = |value: f64| vec![(0.0, example.last()), (1.0, value)];
    let mut series = vec![
        Series::new("seen", seen.collect())
            .role(Role::Train)
            .style(LineStyle::Solid),
        Series::new("came next", ahead(example.target)).style(LineStyle::Solid),
        Series::new("model", ahead(forecast))
            .role(Role::HeldOut)
            .style(LineStyle::Dashed),
    ];
    // The mean of the whole window may be far off: it would set the scale for all.
    for (rule, style) in [
        (ForecastRule::LastValue, LineStyle::Dotted),
        (ForecastRule::Drift, LineStyle::DashDot),
    ] {
        if let Some(value) = rule.predict(inputs) {
            let line = Series::new(rule.name(), ahead(value)).role(Role::Baseline);
            series.push(line.style(style));
        }
    }
    LineChart {
        title,
        x_label: "steps from the last value seen".to_owned(),
        y_label: "value".to_owned(),
        series,
        ..LineChart::default()
    }
}

/// The end of the test part of a series: its values, and its changes, where a model that
/// copies the last value cannot hide.
pub(super) fn course_charts(
    data: &Dataset,
    forecasts: &[f64],
    intervals: Option<&[[f64; 2]]>,
) -> [Svg; 2] {
    let from = data.test.len().saturating_sub(DRAWN_STEPS);
    let steps: Vec<(f64, &Example, f64)> = (from..data.test.len())
        .map(|step| ((step + 1) as f64, &data.test[step], forecasts[step]))
        .collect();
    let line = |name: &str, role: Role, value: &dyn Fn(&Example, f64) -> f64| {
        let points = steps.iter().map(|&(x, e, said)| (x, value(e, said)));
        Series::new(name, points.collect()).role(role)
    };
    let chart = |title: &str, y_label: &str, series: Vec<Series>| LineChart {
        title: title.to_owned(),
        x_label: "test value".to_owned(),
        y_label: y_label.to_owned(),
        series,
        ..LineChart::default()
    };
    let mut values = vec![
        line("true", Role::Train, &|e, _| e.target),
        line("model", Role::HeldOut, &|_, said| said),
    ];
    if let Some(intervals) = intervals {
        // No band: two lines, from and to.
        for (end, name) in ["80 % from", "80 % to"].into_iter().enumerate() {
            let bounds = steps.iter().zip(&intervals[from..]);
            let points = bounds.map(|((x, ..), interval)| (*x, interval[end]));
            let bound = Series::new(name, points.collect()).role(Role::Baseline);
            values.push(bound.style(LineStyle::Dotted));
        }
    }
    let values = chart("One step ahead, again and again", "value", values);
    let changes = chart(
        "The same as changes from the value before",
        "change",
        vec![
            line("true", Role::Train, &|e, _| e.target - e.last()),
            line("model", Role::HeldOut, &|e, said| said - e.last()),
        ],
    );
    [values.to_svg(), changes.to_svg()]
}
