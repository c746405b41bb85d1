//! The page of a run.

use super::charts::{columns, course_charts, error_chart, learning_curves, window_chart};
use super::config::Recipe;
use super::data::Dataset;
use super::fit::{judged, samples, trained};
use super::infer::Forecast;
use super::judge::{RELATIVE, SKILL};
use super::model::describe;
use super::streamed::Forecaster;
use crate::Error;
use crate::report::chart::{Better, compact};
use crate::report::html::{
    Block, Metric, MetricTable, Outcome, Page, Prediction, PredictionTable, Section,
};
use crate::tasks::{Evaluation, RunReport, Sample};
use recurra_train::baseline::ForecastRule;
use recurra_train::metric::{MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR};
use recurra_train::{Run, read_history};

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let data = Dataset::of_run(recipe, run)?;
    let model = trained(recipe, run)?;
    let rules = recipe.rules();
    let forecasts = model.forecast(&data.test)?;
    let evaluations = judged(recipe, &data, &forecasts);
    let mut plots = Vec::new();
    let mut plot = |name: &str, svg: crate::report::Svg| {
        plots.push((name.to_owned(), svg.clone()));
        Block::Chart(svg)
    };

    let curves = vec![plot(
        "learning-curves",
        learning_curves(&read_history(run)?),
    )];
    let mut judgement = vec![
        plot("errors", error_chart(&evaluations, &rules)),
        Block::Metrics(metric_table(&evaluations, &rules)),
    ];
    judgement.extend(notes(&evaluations));
    let mut windows = vec![
        Block::Prose(WINDOWS.to_owned()),
        plot("windows", window_chart(&data, &forecasts)),
    ];
    // Only windows of one series follow each other.
    if data.latest.is_some() {
        let [values, changes] = course_charts(&data, &forecasts);
        windows.push(Block::Prose(COURSE.to_owned()));
        windows.push(plot("values", values));
        windows.push(plot("changes", changes));
    }
    let samples = samples(
        &Forecast::new(recipe, Forecaster::Batch(Box::new(model))),
        &data,
    )?;
    let mut network = vec![Block::Prose(NETWORK.to_owned())];
    for one in describe(recipe, Some(run))? {
        network.push(one.table());
        network.push(plot("graph", one.graph().to_svg()));
    }
    let page = Page {
        title: "Forecast of the next value".to_owned(),
        subtitle: recipe.about.clone(),
        lang: "en".to_owned(),
        sections: vec![
            Section::new("What it learnt", summary(&evaluations, &data)),
            Section::new("Learning curves", curves),
            Section::new("Beside the baselines", judgement),
            Section::new("Held-out windows", windows),
            Section::new("Predictions", vec![prediction_table(samples)]),
            Section::new("The network", network),
            Section::new("Recipe", vec![Block::Preformatted(run.read_recipe()?)]),
        ],
    };
    Ok(RunReport { page, plots })
}

const NETWORK: &str = "A window is scaled by its own values: 0 is its last value, 1 its mean \
    absolute change (or its range, if the recipe says so). A step reads the change to one value \
    and where that value lies; the state behind the last step gives the next change, which is \
    turned back into the series' own numbers. So a series may be anywhere and of any size.";

const WINDOWS: &str = "The end of what was seen, then from the last value a line to what came \
    next and to each forecast of it. None of these windows was trained on.";

const COURSE: &str = "Below, each value is forecast from the true ones before it. A curve of \
    values hugs the truth even when the model only repeats the last value; a curve of changes \
    shows whether it knows more.";

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

fn metric_table(evaluations: &[Evaluation], rules: &[ForecastRule]) -> MetricTable {
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
            values: columns(evaluation, rules)
                .iter()
                .map(|(_, metrics)| metrics.get(key))
                .collect(),
        })
    });
    MetricTable {
        columns: columns(first, rules)
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        metrics: rows.collect(),
    }
}

fn prediction_table(samples: Vec<Sample>) -> Block {
    let predictions = samples.into_iter().map(|sample| Prediction {
        input: sample.input,
        expected: None,
        predicted: vec![(sample.output, None)],
        outcome: Outcome::Unjudged,
    });
    Block::Predictions(PredictionTable {
        predictions: predictions.collect(),
    })
}
