//! The page of a run.

use super::config::Recipe;
use super::data::{Dataset, Example};
use super::fit::{on_test, samples, trained};
use super::infer::Forecast;
use super::judge::{RELATIVE, SKILL};
use super::model::ForecastModel;
use crate::Error;
use crate::report::Svg;
use crate::report::chart::{
    Bar, BarChart, BarGroup, Better, LineChart, LineStyle, Role, Scale, Series, SmallMultiples,
    compact,
};
use crate::report::html::{
    Block, Metric, MetricTable, Outcome, Page, Prediction, PredictionTable, Section,
};
use crate::tasks::{Evaluation, RunReport};
use recurra_train::baseline;
use recurra_train::metric::{LOSS, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, Metrics};
use recurra_train::{Run, read_history};

/// Windows that are drawn when there is only one family.
const DRAWN_WINDOWS: usize = 6;

/// Below this share of the variance an error is rounding.
const ROUNDING: f64 = 1e-12;

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let data = Dataset::of_run(recipe, run)?;
    let model = trained(recipe, run)?;
    let evaluations = on_test(&model, &data)?;
    let curves = learning_curves(run)?;
    let errors = error_chart(&evaluations);
    let windows = window_chart(&model, &data)?;
    let samples = samples(&Forecast::new(recipe, model), &data)?;
    let whole = crate::Recipe::Forecast(recipe.clone());
    let inspection = crate::inspect(&whole, Some(run))?;
    let mut network = vec![Block::Prose(NETWORK.to_owned())];
    let mut plots = vec![
        ("learning-curves".to_owned(), curves.clone()),
        ("errors".to_owned(), errors.clone()),
        ("windows".to_owned(), windows.clone()),
    ];
    if let Some(graph) = inspection.graph(None) {
        network.push(Block::Chart(graph.clone()));
        plots.push(("graph".to_owned(), graph));
    }
    let mut judged = vec![
        Block::Chart(errors),
        Block::Metrics(metric_table(&evaluations)),
    ];
    judged.extend(notes(&evaluations));
    let page = Page {
        title: "Forecast of the next value".to_owned(),
        subtitle: recipe.about.clone(),
        lang: "en".to_owned(),
        sections: vec![
            Section::new("What it learnt", summary(&evaluations, &data)),
            Section::new("Learning curves", vec![Block::Chart(curves)]),
            Section::new("Beside the baselines", judged),
            Section::new(
                "Held-out windows",
                vec![Block::Prose(WINDOWS.to_owned()), Block::Chart(windows)],
            ),
            Section::new(
                "Predictions",
                vec![Block::Predictions(PredictionTable {
                    predictions: samples
                        .into_iter()
                        .map(|sample| Prediction {
                            input: sample.input,
                            expected: None,
                            predicted: vec![(sample.output, None)],
                            outcome: Outcome::Unjudged,
                        })
                        .collect(),
                })],
            ),
            Section::new("The network", network),
            Section::new("Recipe", vec![Block::Preformatted(whole.to_toml())]),
        ],
    };
    Ok(RunReport { page, plots })
}

const NETWORK: &str = "A window is scaled by its own values: 0 is its last value, 1 its mean \
    absolute change (or its range, if the recipe says so). A step reads the change to one value \
    and where that value lies; the state behind the last step gives the next change, which is \
    turned back into the series' own numbers. So a series may be anywhere and of any size.";

const WINDOWS: &str = "What was seen, then from the last value a line to what came next and to \
    each forecast of it. None of these windows was trained on.";

fn summary(evaluations: &[Evaluation], data: &Dataset) -> Vec<Block> {
    let Some(all) = evaluations.first() else {
        return Vec::new();
    };
    let figure = |name: &str| all.metrics.get(name).map_or("–".to_owned(), compact);
    vec![Block::KeyValues(vec![
        ("test windows".to_owned(), data.test.len().to_string()),
        ("MSE".to_owned(), figure(MEAN_SQUARED_ERROR.name)),
        ("MAE".to_owned(), figure(MEAN_ABSOLUTE_ERROR.name)),
        ("MSE / variance of the targets".to_owned(), figure(RELATIVE)),
        ("MSE / MSE of the last value".to_owned(), figure(SKILL)),
    ])]
}

fn notes(evaluations: &[Evaluation]) -> Vec<Block> {
    let lines = evaluations.iter().flat_map(|evaluation| {
        let said = evaluation.notes.iter();
        said.map(move |note| format!("{}: {note}.", evaluation.split))
    });
    let text = lines.collect::<Vec<_>>().join("\n\n");
    if text.is_empty() {
        return Vec::new();
    }
    vec![Block::Prose(text)]
}

fn learning_curves(run: &Run) -> Result<Svg, Error> {
    let history = read_history(run)?;
    let held_out = history
        .iter()
        .filter_map(|e| Some((e.update as f64, e.metrics.get(LOSS.name)?)));
    let train = history.iter().map(|e| (e.update as f64, e.train_loss));
    let chart = LineChart {
        title: "Squared error of the scaled change".to_owned(),
        x_label: "update".to_owned(),
        y_label: "MSE (units of the window, squared)".to_owned(),
        y_scale: Scale::Log,
        series: vec![
            Series::new("held out", held_out.collect()).role(Role::HeldOut),
            Series::new("training", train.collect()).role(Role::Train),
        ],
        ..LineChart::default()
    };
    Ok(chart.to_svg())
}

/// The model and its baselines, by name.
fn columns(evaluation: &Evaluation) -> impl Iterator<Item = (String, &Metrics)> {
    let baselines = baseline::Forecast::ALL.iter().filter_map(|rule| {
        let metrics = evaluation.baselines.get(rule.name())?;
        Some((rule.name().to_owned(), metrics))
    });
    std::iter::once(("model".to_owned(), &evaluation.metrics)).chain(baselines)
}

fn error_chart(evaluations: &[Evaluation]) -> Svg {
    let bar = |(label, metrics): (String, &Metrics)| {
        let value = metrics.get(RELATIVE).unwrap_or(f64::NAN);
        let role = if label == "model" {
            Role::HeldOut
        } else {
            Role::Baseline
        };
        // A log axis down to rounding would leave no room for the rest.
        let value = if value < ROUNDING { 0.0 } else { value };
        Bar { label, value, role }
    };
    let chart = BarChart {
        title: "Squared error beside the baselines".to_owned(),
        value_label: "MSE / variance of the targets".to_owned(),
        scale: Scale::Log,
        better: Some(Better::Lower),
        groups: evaluations
            .iter()
            .map(|evaluation| BarGroup {
                label: evaluation.split.clone(),
                bars: columns(evaluation).map(bar).collect(),
            })
            .collect(),
    };
    chart.to_svg()
}

fn metric_table(evaluations: &[Evaluation]) -> MetricTable {
    let Some(first) = evaluations.first() else {
        return MetricTable::default();
    };
    let rows = evaluations.iter().flat_map(|evaluation| {
        let split = &evaluation.split;
        [
            (MEAN_SQUARED_ERROR.name, "MSE"),
            (MEAN_ABSOLUTE_ERROR.name, "MAE"),
        ]
        .map(|(key, title)| Metric {
            name: format!("{title}, {split}"),
            better: Some(Better::Lower),
            values: columns(evaluation).map(|(_, m)| m.get(key)).collect(),
        })
    });
    MetricTable {
        columns: columns(first).map(|(name, _)| name).collect(),
        metrics: rows.collect(),
    }
}

/// One window of each family, or several of the only one.
fn window_chart(model: &ForecastModel, data: &Dataset) -> Result<Svg, Error> {
    let chosen: Vec<&Example> = if data.families.len() > 1 {
        let families = 0..data.families.len();
        families
            .filter_map(|family| data.test.iter().find(|e| e.family == family))
            .collect()
    } else {
        let stride = data.test.len().div_ceil(DRAWN_WINDOWS).max(1);
        data.test.iter().step_by(stride).collect()
    };
    let mut charts = Vec::new();
    for (index, example) in chosen.into_iter().enumerate() {
        let forecast = model.forecast(std::slice::from_ref(example))?[0];
        let title = if data.families.len() > 1 {
            data.families[example.family].clone()
        } else {
            format!("window {}", index + 1)
        };
        charts.push(panel(title, example, forecast));
    }
    let chart = SmallMultiples {
        title: "Held-out windows and what follows".to_owned(),
        columns: 2,
        shared_axes: false,
        charts,
    };
    Ok(chart.to_svg())
}

fn panel(title: String, example: &Example, forecast: f64) -> LineChart {
    let start = 1.0 - example.inputs.len() as f64;
    let seen = example.inputs.iter().enumerate();
    let ahead = |value: f64| vec![(0.0, example.last()), (1.0, value)];
    let mut series = vec![
        Series::new(
            "seen",
            seen.map(|(step, &value)| (start + step as f64, value))
                .collect(),
        )
        .role(Role::Train)
        .style(LineStyle::Solid),
        Series::new("came next", ahead(example.target)).style(LineStyle::Solid),
        Series::new("model", ahead(forecast))
            .role(Role::HeldOut)
            .style(LineStyle::Dashed),
    ];
    let styles = [LineStyle::Dotted, LineStyle::DashDot, LineStyle::Dashed];
    for (rule, style) in baseline::Forecast::ALL.into_iter().zip(styles) {
        if let Some(value) = rule.predict(&example.inputs) {
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
