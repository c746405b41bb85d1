//! The page of a run.

use super::config::{Form, Recipe};
use super::data::Corpus;
use super::fit::{Shown, show};
use super::infer::{Complete, open};
use super::judge::{BEST_POSSIBLE, Tally, judge, judge_model, judge_ngram, ngram};
use super::model::describe;
use crate::Error;
use crate::network::Network;
use crate::report::Svg;
use crate::report::chart::{LineChart, ReferenceLine, Role, Series};
use crate::report::html::{Block, MetricTable, Outcome, Prediction, PredictionTable, Section};
use crate::tasks::sections::{curve, page, sentence};
use crate::tasks::{Evaluation, RunReport};
use recurra_nn::streaming::Precision;
use recurra_train::metric::{self, ACCURACY, BITS_PER_CHAR, Metrics};
use recurra_train::{Evaluation as Milestone, Run, read_history};
use std::f64::consts::LN_2;

/// Completions on the page.
const SHOWN: usize = 16;

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let corpus = Corpus::of_run(recipe, run)?;
    let predictor = open(recipe, run, Precision::F32)?;
    let evaluation = judge(recipe, &corpus, &predictor, None)?;
    let history = read_history(run)?;
    let shown = show(recipe, &corpus, &predictor, SHOWN)?;
    let mut plots = match recipe.data.form {
        Form::LastLetter => memorising(&history, &evaluation),
        Form::AnyPrefix => generalising(recipe, &corpus, &predictor, &history)?,
    };
    let networks = describe(recipe, Some(run))?;
    plots.extend(
        networks
            .iter()
            .map(|network| ("graph".to_owned(), network.graph().to_svg())),
    );
    let chart = |name: &str| plots.iter().find(|(known, _)| known == name);
    let charts = |names: &[&str]| -> Vec<Block> {
        let found = names.iter().filter_map(|name| chart(name));
        found.map(|(_, svg)| Block::Chart(svg.clone())).collect()
    };
    let mut result = vec![Block::Metrics(metric_table(&evaluation))];
    result.extend(
        evaluation
            .notes
            .iter()
            .map(|note| Block::Prose(sentence(note))),
    );
    result.extend(charts(&["by-length"]));
    let mut network: Vec<Block> = networks.iter().map(Network::table).collect();
    network.extend(charts(&["graph"]));
    let sections = vec![
        Section::new("Result", result),
        Section::new("Completions", completions(recipe, &shown)),
        Section::new("Learning", charts(&["loss", "accuracy"])),
        Section::new("Network", network),
        Section::new(
            "Words",
            vec![Block::KeyValues(vec![
                ("from".to_owned(), corpus.origin.source.clone()),
                ("read".to_owned(), corpus.origin.summary.clone()),
                (
                    "trained on".to_owned(),
                    corpus.split.train.len().to_string(),
                ),
                ("held out".to_owned(), held_out(&corpus)),
                (
                    "letters".to_owned(),
                    corpus.vocab.tokens().len().to_string(),
                ),
            ])],
        ),
    ];
    let page = page(run, &recipe.about, recipe.train.seed, sections)?;
    Ok(RunReport { page, plots })
}

fn held_out(corpus: &Corpus) -> String {
    let (valid, test) = (corpus.split.valid.len(), corpus.split.test.len());
    if valid + test == 0 {
        return "none: the exercise is to remember the words".to_owned();
    }
    format!("{valid} to watch training, {test} for the result")
}

fn metric_table(evaluation: &Evaluation) -> MetricTable {
    let mut table = evaluation.table();
    if evaluation.baselines.contains_key(BEST_POSSIBLE) {
        // A ceiling and no rival.
        for metric in &mut table.metrics {
            metric.better = None;
        }
    }
    table
}

fn completions(recipe: &Recipe, shown: &[Shown]) -> Vec<Block> {
    let (text, words) = match recipe.data.form {
        Form::LastLetter => (
            "Beginnings that several words share, and some that only one has. Where several \
             words share one, the best that can be said is how likely each of them is.",
            "words",
        ),
        Form::AnyPrefix => (
            "The first halves of words that were not trained on, and the likeliest words that \
             begin so. Right: the word is among them.",
            "word",
        ),
    };
    let prediction = |one: &Shown| {
        let hit = one
            .completed
            .iter()
            .any(|found| one.expected.contains(&found.word));
        Prediction {
            input: one.prefix.clone(),
            expected: Some(one.expected.join(" ")),
            predicted: one
                .completed
                .iter()
                .map(|found| (found.word.clone(), Some(found.prob)))
                .collect(),
            outcome: if hit { Outcome::Right } else { Outcome::Wrong },
        }
    };
    let predictions = shown.iter().map(prediction).collect();
    vec![
        Block::Prose(format!("{text} Expected: the {words} of the list.")),
        Block::Predictions(PredictionTable { predictions }),
    ]
}

/// Charts of the exercise: loss, and accuracy below its ceiling.
fn memorising(history: &[Milestone], evaluation: &Evaluation) -> Vec<(String, Svg)> {
    let of = |name: &'static str| curve(history, move |one| one.metrics.get(name));
    let loss = LineChart {
        title: "Cross-entropy of the last letter".to_owned(),
        x_label: "update".to_owned(),
        y_label: "nats per letter".to_owned(),
        series: vec![
            Series::new("with dropout", curve(history, |one| Some(one.train_loss)))
                .role(Role::Train),
            Series::new("without dropout", of(metric::LOSS.name)),
        ],
        ..LineChart::default()
    };
    let reference = |(name, metrics): (&String, &Metrics)| {
        Some(ReferenceLine {
            label: name.clone(),
            value: metrics.get(ACCURACY.name)?,
        })
    };
    let accuracy = LineChart {
        title: "Accuracy on the words that are learnt".to_owned(),
        x_label: "update".to_owned(),
        y_label: "share of words whose last letter is right".to_owned(),
        series: vec![Series::new("network", of(ACCURACY.name)).role(Role::Train)],
        reference_lines: evaluation.baselines.iter().filter_map(reference).collect(),
        ..LineChart::default()
    };
    vec![
        ("loss".to_owned(), loss.to_svg()),
        ("accuracy".to_owned(), accuracy.to_svg()),
    ]
}

/// Charts of the useful form: bits per letter over training beside the n-gram model on the
/// same words, and by the number of letters that were seen.
fn generalising(
    recipe: &Recipe,
    corpus: &Corpus,
    predictor: &Complete,
    history: &[Milestone],
) -> Result<Vec<(String, Svg)>, Error> {
    let form = recipe.data.form;
    let ngram = ngram(corpus, form)?;
    let name = format!("{}-gram", ngram.order());
    let valid = judge_ngram(&ngram, form, &corpus.rows_of(&corpus.split.valid))?;
    let level = |value: Option<f64>| -> Vec<ReferenceLine> {
        let line = value.map(|value| ReferenceLine {
            label: name.clone(),
            value,
        });
        line.into_iter().collect()
    };
    let of = |name: &'static str| curve(history, move |one| one.metrics.get(name));
    let loss = LineChart {
        title: "Bits per letter while learning".to_owned(),
        x_label: "update".to_owned(),
        y_label: "bits per letter".to_owned(),
        series: vec![
            Series::new(
                "training (with dropout)",
                curve(history, |one| Some(one.train_loss / LN_2)),
            )
            .role(Role::Train),
            Series::new("held out", of(BITS_PER_CHAR.name)).role(Role::HeldOut),
        ],
        reference_lines: level(valid.entropy.bits()),
        ..LineChart::default()
    };
    let accuracy = LineChart {
        title: "Next letters that are right".to_owned(),
        x_label: "update".to_owned(),
        y_label: "share of letters, held-out words".to_owned(),
        series: vec![Series::new("network", of(ACCURACY.name)).role(Role::HeldOut)],
        reference_lines: level(valid.accuracy.value()),
        ..LineChart::default()
    };
    let test = corpus.rows_of(&corpus.split.test);
    let by_len = |tally: &Tally| -> Vec<(f64, f64)> {
        let points = tally.by_len.iter().enumerate();
        points
            .filter_map(|(len, entropy)| Some((len as f64, entropy.bits()?)))
            .collect()
    };
    let by_length = LineChart {
        title: "What a longer memory is worth".to_owned(),
        x_label: format!("{} seen", recipe.data.units()),
        y_label: "bits for the next letter, held-out words".to_owned(),
        series: vec![
            Series::new(
                "network",
                by_len(&judge_model(predictor.model(), form, &test)?),
            )
            .role(Role::HeldOut),
            Series::new(name.clone(), by_len(&judge_ngram(&ngram, form, &test)?))
                .role(Role::Baseline),
        ],
        ..LineChart::default()
    };
    Ok(vec![
        ("loss".to_owned(), loss.to_svg()),
        ("accuracy".to_owned(), accuracy.to_svg()),
        ("by-length".to_owned(), by_length.to_svg()),
    ])
}
