//! The page of a run.

use super::baseline;
use super::config::Recipe;
use super::data::{Corpus, Origin};
use super::judge::in_words;
use super::model::describe;
use super::scored::{Scored, read_temperature};
use crate::Error;
use crate::report::chart::{LineChart, LineStyle, Role, Series};
use crate::report::html::{Block, Outcome, Prediction, PredictionTable, Section, Table};
use crate::report::{Svg, excerpt};
use crate::tasks::sections::{self, Plots, loss_curve, page, result, sentence, watched_curve};
use crate::tasks::{Evaluation, RunReport, evenly};
use recurra_train::metric::{ACCURACY, Calibration, Temperature, threshold_report};
use recurra_train::{Evaluation as Milestone, Run, read_history};

/// Examples on the page, and how much of each.
const SHOWN: usize = 16;
const LETTERS: usize = 240;

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let origin = Origin::read(run)?;
    let temperature = read_temperature(run)?;
    let scored = Scored::read(run, &origin.classes)?;
    let evaluation = Evaluation {
        task: super::NAME,
        split: "test".to_owned(),
        metrics: scored.metrics()?,
        baselines: baseline::read(run)?,
        notes: Vec::new(),
    }
    .with_verdict(ACCURACY);
    let mut plots = curves(&read_history(run)?);
    let learning = sections::charts(&plots);
    let networks = describe(recipe, Some(run))?;
    let network = sections::networks(&networks, &mut plots);
    let reliability = reliability(&scored, &temperature)?;
    plots.push(("reliability".to_owned(), reliability.clone()));
    let [trained, chosen, tested] = origin.counts;
    let mut facts = vec![("from".to_owned(), origin.source.clone())];
    let read = origin.summary.iter();
    facts.extend(read.map(|line| ("read".to_owned(), line.clone())));
    for (key, count) in [
        ("trained on", trained),
        ("chosen and tempered by", chosen),
        ("tested on", tested),
    ] {
        facts.push((key.to_owned(), count.to_string()));
    }
    let mut sections = vec![
        Section::new("Result", result(&evaluation)),
        Section::new("Classes", classes(&scored, &origin.classes)?),
        Section::new(
            "Confidence",
            vec![
                Block::Prose(sentence(&in_words(&temperature))),
                Block::Chart(reliability),
                Block::Prose(
                    "What silence below a confidence would give: the share of examples that is \
                     answered, and how many of the answers are right."
                        .to_owned(),
                ),
                Block::Table(thresholds(&scored)?),
            ],
        ),
    ];
    // The texts themselves are not in the run; without their files the page has none.
    let shown = match Corpus::read(recipe, run, None) {
        Ok(corpus) => examples(&corpus, &scored),
        Err(error) => vec![Block::Prose(sentence(&format!(
            "none, as the examples that the run began with cannot be read: {error}"
        )))],
    };
    sections.push(Section::new("Examples", shown));
    sections.extend([
        Section::new("Learning", learning),
        Section::new("Network", network),
        Section::new("Data", vec![Block::KeyValues(facts)]),
    ]);
    let page = page(run, &recipe.about, recipe.train.seed, sections)?;
    Ok(RunReport { page, plots })
}

/// More classes than this make no matrix that anybody reads.
const MOST_COLUMNS: usize = 20;

fn classes(scored: &Scored, names: &[String]) -> Result<Vec<Block>, Error> {
    let matrix = scored.confusion()?;
    let figures = names.iter().zip(matrix.classes()).map(|(name, class)| {
        vec![
            name.clone(),
            format!("{:.4}", class.precision),
            format!("{:.4}", class.recall),
            format!("{:.4}", class.f1),
            class.num_labels.to_string(),
        ]
    });
    let headings = ["class", "precision", "recall", "F1", "examples"];
    let mut blocks = vec![Block::Table(Table {
        headings: headings.map(str::to_owned).to_vec(),
        rows: figures.collect(),
    })];
    if names.len() > MOST_COLUMNS {
        return Ok(blocks);
    }
    blocks.push(Block::Prose(
        "What was taken for what: a row for each true class.".to_owned(),
    ));
    let mut headings = vec!["is \\ said to be".to_owned()];
    headings.extend(names.iter().cloned());
    let row = |(label, name): (usize, &String)| {
        let counts = (0..names.len()).map(|said| matrix.count(label, said).to_string());
        [name.clone()].into_iter().chain(counts).collect()
    };
    blocks.push(Block::Table(Table {
        headings,
        rows: names.iter().enumerate().map(row).collect(),
    }));
    Ok(blocks)
}

/// Accuracy over confidence, as the model said it and at its temperature.
fn reliability(scored: &Scored, temperature: &Temperature) -> Result<Svg, Error> {
    let points = |calibration: &Calibration| -> Vec<(f64, f64)> {
        let bins = calibration.bins();
        let full = bins.iter().filter(|bin| bin.count > 0);
        full.map(|bin| (bin.confidence, bin.accuracy)).collect()
    };
    let (after, before) = (
        scored.calibration()?,
        scored.untempered(temperature).calibration()?,
    );
    let name = |when: &str, calibration: &Calibration| {
        let error = calibration.expected_error().unwrap_or_default();
        format!("{when}, error {error:.3}")
    };
    let least = 1.0 / scored.num_classes as f64;
    let chart = LineChart {
        title: "Reliability: how often an answer is right, by how sure it is".to_owned(),
        x_label: "confidence".to_owned(),
        y_label: "share that is right".to_owned(),
        series: vec![
            Series::new(name("at its temperature", &after), points(&after)).role(Role::HeldOut),
            Series::new(name("as it is", &before), points(&before))
                .role(Role::Palette(2))
                .style(LineStyle::Dashed),
            Series::new("honest", vec![(least, least), (1.0, 1.0)])
                .role(Role::Baseline)
                .style(LineStyle::Dotted),
        ],
        ..LineChart::default()
    };
    Ok(chart.to_svg())
}

fn thresholds(scored: &Scored) -> Result<Table, Error> {
    const LEVELS: [f64; 6] = [0.0, 0.6, 0.7, 0.8, 0.9, 0.95];
    let said = scored.predictions();
    let confidence: Vec<f64> = said
        .iter()
        .enumerate()
        .map(|(index, &class)| scored.row(index)[class as usize])
        .collect();
    let right: Vec<bool> = said
        .iter()
        .zip(&scored.labels)
        .map(|(a, b)| a == b)
        .collect();
    let headings = ["least confidence", "answered", "right of those"];
    let rows = threshold_report(&confidence, &right, &LEVELS)?;
    Ok(Table {
        headings: headings.map(str::to_owned).to_vec(),
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    format!("{:.2}", row.threshold),
                    format!("{:.1} %", 100.0 * row.selected),
                    format!("{:.1} %", 100.0 * row.precision),
                ]
            })
            .collect(),
    })
}

/// Some test examples, and those where the model was surest and wrong.
fn examples(corpus: &Corpus, scored: &Scored) -> Vec<Block> {
    let classes = &corpus.origin.classes;
    let test = &corpus.split.test;
    let said = scored.predictions();
    let shown = |place: usize| Prediction {
        input: excerpt(&corpus.texts[test[place]], LETTERS),
        expected: Some(classes[scored.labels[place] as usize].clone()),
        predicted: vec![(
            classes[said[place] as usize].clone(),
            Some(scored.row(place)[said[place] as usize]),
        )],
        outcome: match said[place] == scored.labels[place] {
            true => Outcome::Right,
            false => Outcome::Wrong,
        },
    };
    let table = |places: Vec<usize>| {
        Block::Predictions(PredictionTable {
            predictions: places.into_iter().map(shown).collect(),
        })
    };
    let mut wrong: Vec<usize> = (0..test.len())
        .filter(|&place| said[place] != scored.labels[place])
        .collect();
    let confidence = |place: &usize| scored.row(*place)[said[*place] as usize];
    wrong.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    wrong.truncate(SHOWN / 2);
    let mut blocks = vec![table(evenly(test.len(), SHOWN).collect())];
    if !wrong.is_empty() {
        blocks.push(Block::Prose("Surest where it was wrong:".to_owned()));
        blocks.push(table(wrong));
    }
    blocks
}

fn curves(history: &[Milestone]) -> Plots {
    vec![
        loss_curve(history, "Cross-entropy while learning", "nats"),
        watched_curve(
            history,
            ACCURACY,
            "Accuracy while learning",
            "share of watched examples",
        ),
    ]
}
