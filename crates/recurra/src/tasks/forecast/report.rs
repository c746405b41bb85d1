//! The page of a run.

use super::charts::{columns, course_charts, error_chart, learning_curves, window_chart};
use super::config::Recipe;
use super::data::{Dataset, Subject};
use super::fit::{Judged, judged, samples, trained};
use super::infer::Forecast;
use super::judge::{COVERAGE, DIRECTION, RELATIVE, SKILL};
use super::model::describe;
use super::panel;
use super::streamed::Forecaster;
use crate::Error;
use crate::report::chart::{Better, compact};
use crate::report::html::{
    Block, Metric, MetricTable, Outcome, Page, Prediction, PredictionTable, Section,
};
use crate::tasks::{Evaluation, RunReport, Sample};
use recurra_train::metric::{
    CRPS, MASE, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, NEGATIVE_LOG_LIKELIHOOD, OWA, RMSE, SMAPE,
};
use recurra_train::{Run, read_history};

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let data = Dataset::of_run(recipe, run)?;
    let model = trained(recipe, run)?;
    let forecaster = Forecaster::Batch(Box::new(model));
    let Judged {
        evaluations,
        forecasts,
        intervals,
        panel,
    } = judged(recipe, &data, &forecaster)?;
    let mut plots = Vec::new();
    let mut plot = |name: &str, svg: crate::report::Svg| {
        plots.push((name.to_owned(), svg.clone()));
        Block::Chart(svg)
    };

    let curves = vec![plot(
        "learning-curves",
        learning_curves(&read_history(run)?, &recipe.model.head),
    )];
    let mut judgement = vec![
        plot("errors", error_chart(&evaluations)),
        Block::Metrics(metric_table(&evaluations)),
    ];
    judgement.extend(notes(&evaluations));
    let mut windows = vec![Block::Prose(WINDOWS.to_owned())];
    match &panel {
        Some(judgement) => windows.extend([
            plot("windows", panel::window_chart(judgement, &data.names)),
            plot("steps", panel::error_by_step(judgement)),
        ]),
        None => windows.push(plot("windows", window_chart(&data, &forecasts))),
    }
    // Only windows of one series follow each other.
    if data.series().is_some() {
        let [values, changes] = course_charts(&data, &forecasts, intervals.as_deref());
        windows.push(Block::Prose(COURSE.to_owned()));
        windows.push(plot("values", values));
        windows.push(plot("changes", changes));
    }
    let samples = samples(&Forecast::new(recipe, forecaster), &data)?;
    let mut network = vec![Block::Prose(NETWORK.to_owned())];
    for one in describe(recipe, Some(run))? {
        network.push(one.table());
        network.push(plot("graph", one.graph().to_svg()));
    }
    let page = Page {
        title: match recipe.horizon() {
            1 => "Forecast of the next value".to_owned(),
            horizon => format!("Forecast of the next {horizon} values"),
        },
        subtitle: recipe.about.clone(),
        lang: "en".to_owned(),
        sections: vec![
            Section::new("What it learnt", summary(&evaluations, &data)),
            Section::new("Learning curves", curves),
            Section::new("Beside the baselines", judgement),
            Section::new("Held-out windows", windows),
            Section::new("Predictions", predictions(samples)),
            Section::new("The network", network),
            Section::new("Recipe", vec![Block::Preformatted(run.read_recipe()?)]),
        ],
    };
    Ok(RunReport { page, plots })
}

const NETWORK: &str = "A window is scaled by its own values: 0 is its last value, 1 its mean \
    absolute change (or its range, or either of the logarithms, if the recipe says so). A step reads the change to one value \
    and where that value lies; the state behind the last step gives the next change, which is \
    turned back into the series' own numbers. (Counts are said by their own distribution, and read in \
    units of the window's level.) So a series may be anywhere and of any size. Other \
    columns are read in the same way, and what is known of a step beforehand as it is.";

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
    let mut blocks = Vec::new();
    // Of series, the first note is the verdict, and it comes before any figure.
    let meaning = match &data.subject {
        Subject::Families => None,
        Subject::Series(_) => Some(MEANING),
        Subject::Panel => Some(MEANING_OF_PANEL),
    };
    if let (Some(meaning), Some(verdict)) = (meaning, all.notes.first()) {
        blocks.push(Block::Prose(format!("{verdict}\n\n{meaning}")));
    }
    let mut facts = vec![("test windows".to_owned(), data.test.len().to_string())];
    let keys = [
        (OWA.name, OWA.title),
        (SMAPE.name, SMAPE.title),
        (RMSE.name, RMSE.title),
        (MEAN_SQUARED_ERROR.name, "MSE"),
        (MEAN_ABSOLUTE_ERROR.name, "MAE"),
        (RELATIVE, "MSE / variance of the targets"),
        (SKILL, "MSE / MSE of the last value"),
        (MASE.name, MASE.title),
    ];
    let measured = keys
        .into_iter()
        .filter(|(key, _)| all.metrics.get(key).is_some());
    facts.extend(measured.map(|(key, title)| (title.to_owned(), figure(key))));
    if all.metrics.get(COVERAGE).is_some() {
        facts.push(("values in their 80 % interval".to_owned(), figure(COVERAGE)));
    }
    blocks.push(Block::KeyValues(facts));
    blocks
}

const MEANING_OF_PANEL: &str = "What this means: the values at the end of each series were forecast \
    from those before them, by one model that was never fitted to them. Every series has \
    one vote, however large its numbers.";

const MEANING: &str = "What this means: each value of the test part was forecast one step ahead \
    from the true values before it, by a model that was never fitted to them. More steps ahead \
    are judged apart, where the model says them. It says nothing, of prices, about profit: costs, spreads and the price at which \
    one could have bought are in no figure here.";

fn notes(evaluations: &[Evaluation]) -> Vec<Block> {
    let lines = evaluations.iter().flat_map(|evaluation| {
        let said = evaluation.notes.iter();
        said.map(move |note| format!("{}: {}.", evaluation.split, note.trim_end_matches('.')))
    });
    let text = lines.collect::<Vec<_>>().join("\n\n");
    if text.is_empty() {
        return Vec::new();
    }
    vec![Block::Prose(text)]
}

fn metric_table(evaluations: &[Evaluation]) -> MetricTable {
    let Some(first) = evaluations.first() else {
        return MetricTable::default();
    };
    let rows = evaluations.iter().flat_map(|evaluation| {
        let split = &evaluation.split;
        let rows = [
            (MEAN_SQUARED_ERROR.name, "MSE", Better::Lower),
            (MEAN_ABSOLUTE_ERROR.name, "MAE", Better::Lower),
            (RMSE.name, "RMSE", Better::Lower),
            (OWA.name, OWA.title, Better::Lower),
            (MASE.name, "MASE", Better::Lower),
            (SMAPE.name, "sMAPE", Better::Lower),
            (CRPS.name, "CRPS", Better::Lower),
            (
                NEGATIVE_LOG_LIKELIHOOD.name,
                "negative log-likelihood",
                Better::Lower,
            ),
            (DIRECTION, "direction right", Better::Higher),
        ];
        let measured = rows
            .into_iter()
            .filter(|(key, ..)| evaluation.metrics.get(key).is_some());
        measured.map(move |(key, title, better)| Metric {
            name: format!("{title}, {split}"),
            better: Some(better),
            values: columns(evaluation)
                .iter()
                .map(|(_, metrics)| metrics.get(key))
                .collect(),
        })
    });
    MetricTable {
        columns: columns(first)
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        metrics: rows.collect(),
    }
}

/// What it says to some lines; of a run that reads more than a line, where that is asked for.
fn predictions(samples: Vec<Sample>) -> Vec<Block> {
    if samples.is_empty() {
        return vec![Block::Prose(NO_LINES.to_owned())];
    }
    vec![prediction_table(samples)]
}

const NO_LINES: &str = "What follows the rows of a table, series by series, `recurra predict RUN \
    --table FILE` says.";

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
