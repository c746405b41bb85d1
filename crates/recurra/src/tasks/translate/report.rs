//! The page of a run.

use super::config::Recipe;
use super::data::Corpus;
use super::fit::show;
use super::infer::open;
use super::judge::judge;
use super::model::{describe, graphs};
use crate::Error;
use crate::report::Svg;
use crate::report::chart::{LineChart, Role, Series};
use crate::report::graph::Graph;
use crate::report::html::{Block, Outcome, Page, Prediction, PredictionTable, Section};
use crate::tasks::RunReport;
use recurra_nn::streaming::Precision;
use recurra_train::metric::translation::BLEU;
use recurra_train::metric::{ACCURACY, LOSS, MetricInfo};
use recurra_train::{Evaluation as Milestone, Run, read_history};

/// Translations on the page.
const SHOWN: usize = 24;

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let corpus = Corpus::of_run(recipe, run)?;
    let predictor = open(recipe, run, Precision::F32)?;
    let evaluation = judge(recipe, &corpus, predictor.model(), None)?;
    let shown = show(&corpus, &predictor, SHOWN)?;
    let mut plots = curves(&read_history(run)?);
    let learning = plots.iter().map(|(_, svg)| Block::Chart(svg.clone()));
    let learning: Vec<Block> = learning.collect();
    let networks = describe(recipe, Some(run))?;
    // One picture shows both halves.
    let graph = graphs(recipe, &networks).first().map(Graph::to_svg);
    let mut network: Vec<Block> = graph.iter().cloned().map(Block::Chart).collect();
    for one in &networks {
        network.push(Block::Prose(format!("The {}.", one.name)));
        network.push(one.table());
    }
    plots.extend(graph.map(|svg| ("graph".to_owned(), svg)));
    let mut result = vec![Block::Metrics(evaluation.table())];
    result.extend(evaluation.notes.iter().cloned().map(Block::Prose));
    let predictions = shown
        .into_iter()
        .map(|one| Prediction {
            outcome: match one.translation == one.expected {
                true => Outcome::Right,
                false => Outcome::Wrong,
            },
            input: one.source,
            expected: Some(one.expected),
            predicted: vec![(one.translation, None)],
        })
        .collect();
    let held_out = corpus.split.valid.len() + corpus.split.test.len();
    let facts = [
        ("from", corpus.origin.source.clone()),
        ("read", corpus.origin.summary.clone()),
        ("trained on", corpus.split.train.len().to_string()),
        ("held out", held_out.to_string()),
        ("source pieces", corpus.vocabs.sizes()[0].to_string()),
        ("target pieces", corpus.vocabs.sizes()[1].to_string()),
    ];
    let facts = facts.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let page = Page {
        title: recipe.about.clone(),
        subtitle: format!("task {}, seed {}", super::NAME, recipe.train.seed),
        lang: "en".to_owned(),
        sections: vec![
            Section::new("Result", result),
            Section::new(
                "Translations",
                vec![Block::Predictions(PredictionTable { predictions })],
            ),
            Section::new("Learning", learning),
            Section::new("Network", network),
            Section::new("Pairs", vec![Block::KeyValues(facts)]),
            Section::new("Recipe", vec![Block::Preformatted(run.read_recipe()?)]),
        ],
    };
    Ok(RunReport { page, plots })
}

fn curves(history: &[Milestone]) -> Vec<(String, Svg)> {
    let curve = |value: &dyn Fn(&Milestone) -> Option<f64>| -> Vec<(f64, f64)> {
        let point = |one: &Milestone| Some((one.update as f64, value(one)?));
        history.iter().filter_map(point).collect()
    };
    let loss = LineChart {
        title: "Cross-entropy while learning".to_owned(),
        x_label: "update".to_owned(),
        y_label: "nats per piece of the target".to_owned(),
        series: vec![
            Series::new("training", curve(&|one| Some(one.train_loss))).role(Role::Train),
            Series::new("watched", curve(&|one| one.metrics.get(LOSS.name))).role(Role::HeldOut),
        ],
        ..LineChart::default()
    };
    let watched = |metric: MetricInfo, title: &str, unit: &str| {
        let points = curve(&|one| one.metrics.get(metric.name));
        let chart = LineChart {
            title: title.to_owned(),
            x_label: "update".to_owned(),
            y_label: unit.to_owned(),
            series: vec![Series::new("watched", points).role(Role::HeldOut)],
            ..LineChart::default()
        };
        (metric.name.to_owned(), chart.to_svg())
    };
    vec![
        ("loss".to_owned(), loss.to_svg()),
        watched(BLEU, "BLEU while learning", "points, greedy search"),
        watched(
            ACCURACY,
            "Translations that are right",
            "share of sources, greedy search",
        ),
    ]
}
