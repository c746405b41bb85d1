//! The page of a run.

use super::config::Recipe;
use super::data::Tunes;
use super::fit::on_test;
use super::infer::{Music, PRIME_STEPS, open};
use super::model::describe;
use crate::report::Svg;
use crate::report::html::{Block, Section};
use crate::report::piano_roll::PianoRoll;
use crate::tasks::sections::{self, loss_curve, page, result};
use crate::tasks::{RunReport, kept};
use crate::{Error, GenerateOptions};
use recurra_nn::streaming::Precision;
use recurra_train::{Run, read_history};

/// Test tunes that are continued on the page.
const SHOWN: usize = 3;
/// Steps that follow the given ones in a picture.
const CONTINUED: usize = 96;
/// Below 1, as independent keys drawn as they are make more discords than the tunes have.
const TEMPERATURE: f64 = 0.8;

pub(super) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let tunes = Tunes::of_run(run)?;
    let music = open(recipe, run, Precision::F32)?;
    let evaluations = kept(run, super::NAME, || Ok(vec![on_test(&music, &tunes)?]))?;
    let history = read_history(run)?;
    let mut plots = vec![loss_curve(
        &history,
        "Surprise while learning",
        "nats a step",
    )];
    let learning = sections::charts(&plots);
    let mut pictures = vec![Block::Prose(format!(
        "The first {PRIME_STEPS} steps of tunes that were not trained on, as they were written, \
         and {CONTINUED} steps that the network makes of them, drawn at temperature {TEMPERATURE}. \
         `recurra generate` writes such a tune as MIDI."
    ))];
    for (name, svg) in continuations(recipe, &music, &tunes)? {
        pictures.push(Block::Chart(svg.clone()));
        plots.push((name, svg));
    }
    let networks = describe(recipe, Some(run))?;
    let network = sections::networks(&networks, &mut plots);
    let mut result: Vec<Block> = evaluations.iter().flat_map(result).collect();
    let figures = Block::Prose(
        "Nats a step: how surprised one is by the next step of a test tune, the sum over a \
         piano's 88 keys. Frame accuracy: keys that were rightly thought to sound, over those \
         that sounded or were thought to."
            .to_owned(),
    );
    result.insert(1, figures);
    let mut facts = vec![
        ("from".to_owned(), tunes.origin.source.clone()),
        ("tunes".to_owned(), tunes.summary()),
    ];
    for note in &tunes.origin.notes {
        facts.push(("note".to_owned(), note.clone()));
    }
    let sections = vec![
        Section::new("Result", result),
        Section::new("Tunes continued", pictures),
        Section::new("Learning", learning),
        Section::new("Network", network),
        Section::new("Tunes", vec![Block::KeyValues(facts)]),
    ];
    let page = page(run, &recipe.about, recipe.train.seed, sections)?;
    Ok(RunReport { page, plots })
}

fn continuations(
    recipe: &Recipe,
    music: &Music,
    tunes: &Tunes,
) -> Result<Vec<(String, Svg)>, Error> {
    let mut drawn = Vec::new();
    for (index, tune) in tunes.test.iter().take(SHOWN).enumerate() {
        let given = tune.roll.beginning(PRIME_STEPS);
        let options = GenerateOptions {
            length: CONTINUED,
            temperature: TEMPERATURE,
            seed: recipe.train.seed + index as u64,
            ..GenerateOptions::default()
        };
        let (roll, _) = music.continue_tune(&given, &options, &mut |_| Ok(()))?;
        let picture = PianoRoll {
            title: format!("{}, continued", tune.name),
            steps_per_beat: usize::from(recipe.data.steps_per_beat),
            given: given.len(),
            roll,
        };
        drawn.push((format!("continued-{}", index + 1), picture.to_svg()));
    }
    Ok(drawn)
}
