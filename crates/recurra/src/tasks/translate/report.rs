//! The page of a run.

use super::config::Recipe;
use super::data::Corpus;
use super::fit::show;
use super::infer::open;
use super::judge::judge;
use super::model::{describe, graphs};
use crate::Error;
use crate::report::graph::Graph;
use crate::report::html::{Block, Outcome, Prediction, PredictionTable, Section};
use crate::tasks::sections::{self, Plots, loss_curve, page, result, watched_curve};
use crate::tasks::{RunReport, kept};
use recurra_nn::streaming::Precision;
use recurra_train::metric::ACCURACY;
use recurra_train::metric::translation::BLEU;
use recurra_train::{Evaluation as Milestone, Run, read_history};

/// Translations on the page.
const SHOWN: usize = 24;

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let corpus = Corpus::of_run(recipe, run)?;
    let predictor = open(recipe, run, Precision::F32)?;
    let evaluations = kept(run, super::NAME, || {
        Ok(vec![judge(recipe, &corpus, predictor.model(), None)?])
    })?;
    let shown = show(&corpus, &predictor, SHOWN)?;
    let mut plots = curves(&read_history(run)?);
    let learning = sections::charts(&plots);
    let networks = describe(recipe, Some(run))?;
    // One picture shows both halves.
    let graph = graphs(recipe, &networks).first().map(Graph::to_svg);
    let mut network: Vec<Block> = graph.iter().cloned().map(Block::Chart).collect();
    for one in &networks {
        network.push(Block::Prose(format!("The {}.", one.name)));
        network.push(one.table());
    }
    plots.extend(graph.map(|svg| ("graph".to_owned(), svg)));
    let predictions = shown
        .into_iter()
        .map(|one| Prediction {
            outcome: match recipe.judge.same(&one.translation, &one.expected) {
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
    let sections = vec![
        Section::new("Result", evaluations.iter().flat_map(result).collect()),
        Section::new(
            "Translations",
            vec![Block::Predictions(PredictionTable { predictions })],
        ),
        Section::new("Learning", learning),
        Section::new("Network", network),
        Section::new("Pairs", vec![Block::KeyValues(facts)]),
    ];
    let page = page(run, &recipe.about, recipe.train.seed, sections)?;
    Ok(RunReport { page, plots })
}

fn curves(history: &[Milestone]) -> Plots {
    let watched = |metric, title, y_label| watched_curve(history, metric, title, y_label);
    vec![
        loss_curve(
            history,
            "Cross-entropy while learning",
            "nats per piece of the target",
        ),
        watched(BLEU, "BLEU while learning", "points, greedy search"),
        watched(
            ACCURACY,
            "Translations that are right",
            "share of sources, greedy search",
        ),
    ]
}
