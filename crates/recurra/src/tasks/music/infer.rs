//! A trained network at work: what comes next, and tunes continued.

use super::config::{MusicData, Recipe};
use super::data::{Tunes, read_tunes};
use super::judge::{is_silent, sounding};
use super::model::MusicModel;
use crate::Error;
use crate::report::piano_roll::PianoRoll;
use crate::tasks::{PredictOptions, Prediction, Predictor, Task, device};
use crate::{Ended, GenerateOptions, Generated};
use rand::RngExt;
use recurra_data::music::{
    NUM_KEYS, Roll, Tune, parse_steps, pitch_name, pitch_of, step_name, write_midi,
};
use recurra_nn::streaming::Precision;
use recurra_nn::{NnError, rng};
use recurra_train::Run;
use recurra_train::metric::Notes;
use serde_json::json;
use std::path::{Path, PathBuf};

/// An open run of this task.
#[derive(Debug)]
pub struct Music {
    model: MusicModel,
}

pub(super) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Music, Error> {
    recipe.only_f32(run, precision)?;
    let model = recipe.model.build(recipe.train.seed, &device())?;
    let (model, _) = run.read_model(model)?;
    Ok(Music::new(model))
}

/// Steps of a tune that a continuation begins with when nothing else is asked for.
pub(super) const PRIME_STEPS: usize = 32;

impl Music {
    pub(super) fn new(model: MusicModel) -> Self {
        Self { model }
    }

    pub(super) fn model(&self) -> &MusicModel {
        &self.model
    }

    /// The pitches that are likelier to sound after `roll` than not, and how likely each key is.
    pub(super) fn expect_next(&self, roll: &Roll) -> Result<(Vec<u8>, Vec<f64>), NnError> {
        let (logits, _) = self.model.read(roll, None)?;
        let probs: Vec<f64> = logits
            .iter()
            .map(|&logit| sigmoid(f64::from(logit)))
            .collect();
        let likely = probs.iter().enumerate().filter(|&(_, &p)| p >= 0.5);
        Ok((likely.map(|(key, _)| pitch_of(key)).collect(), probs))
    }

    /// `prime` and the steps that follow it, with how surprising the network finds them; `say` is
    /// given each step.
    ///
    /// Each key sounds with the probability that the network gives it, its log-odds divided by
    /// the temperature; at 0, when that is at least one half. The same seed gives the same tune.
    pub(super) fn continue_tune(
        &self,
        prime: &Roll,
        options: &GenerateOptions,
        say: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(Roll, Notes), Error> {
        let mut random = rng(options.seed, 0);
        let mut roll = prime.clone();
        let mut surprise = Notes::default();
        let (mut logits, mut state) = self.model.read(prime, None)?;
        for index in 0..options.length {
            let mut keys = Vec::new();
            for (key, &logit) in logits.iter().enumerate() {
                // One draw a key, whether it is needed or not: a key's luck is its own.
                let draw = random.random::<f64>();
                let logit = f64::from(logit);
                let sounds = match options.temperature > 0.0 {
                    true => draw < sigmoid(logit / options.temperature),
                    false => logit >= 0.0,
                };
                if sounds {
                    keys.push(pitch_of(key));
                }
            }
            let logs = logits.iter().map(|&logit| f64::from(logit));
            surprise.add(logs, sounding(&keys).into_iter());
            let space = if index > 0 { " " } else { "" };
            say(&format!("{space}{}", step_name(&keys)))?;
            let (step, _) = Roll::new(vec![keys.clone()]);
            roll.push(keys);
            (logits, state) = self.model.read(&step, Some(state))?;
        }
        Ok((roll, surprise))
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Continues a tune, and writes it as MIDI and as a picture.
pub(super) fn generate(
    recipe: &Recipe,
    run: &Run,
    options: &GenerateOptions,
    say: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<Generated, Error> {
    only_of_texts(options)?;
    let midi = match &options.out {
        Some(out) => out.clone(),
        None => run.path("generated.mid")?,
    };
    let svg = beside(&midi)?;
    let music = open(recipe, run, options.precision)?;
    let mut notices = Vec::new();
    let prime = match options.prime.as_deref() {
        Some(prime) => given(prime, &recipe.data, &mut notices)?,
        None => {
            let tunes = Tunes::of_run(run)?;
            let count = tunes.test.len() as u64;
            let tune = &tunes.test[(options.seed % count) as usize];
            notices.push(format!(
                "no --prime: the first {PRIME_STEPS} steps of {}, which was not trained on",
                tune.name
            ));
            Tune {
                name: tune.name.clone(),
                roll: tune.roll.beginning(PRIME_STEPS),
            }
        }
    };
    if prime.roll.is_empty() {
        let want = "a tune with notes in it";
        return Err(Error::config(
            "--prime",
            want,
            format!("`{}`, which has none", prime.name),
        ));
    }
    let (roll, surprise) = music.continue_tune(&prime.roll, options, say)?;
    if is_silent(&roll) {
        notices.push("nothing sounds in it".to_owned());
    }
    let picture = PianoRoll {
        title: format!("{}, continued", prime.name),
        steps_per_beat: usize::from(recipe.data.steps_per_beat),
        given: prime.roll.len(),
        roll: roll.clone(),
    }
    .to_svg();
    let data = &recipe.data;
    let bytes = write_midi(&roll, data.steps_per_beat, data.beats_per_minute);
    recurra_train::write_atomic(&midi, &bytes)?;
    recurra_train::write_atomic(&svg, picture.as_str().as_bytes())?;
    let (before, new) = roll.steps().split_at(prime.roll.len());
    let names = |steps: &[Vec<u8>]| {
        let names: Vec<String> = steps.iter().map(|step| step_name(step)).collect();
        names.join(" ")
    };
    Ok(Generated {
        prime: names(before),
        text: names(new),
        steps: new.len(),
        ended: Ended::Length,
        nats: surprise.nats_per_step().unwrap_or_default(),
        files: vec![midi, svg],
        notices,
    })
}

/// Each key is drawn by itself, and a tune has no words to stop behind.
fn only_of_texts(options: &GenerateOptions) -> Result<(), Error> {
    let want = "a language run; of a music run each key is drawn by itself";
    if let Some(top_k) = options.top_k {
        return Err(Error::config("--top-k", want, top_k));
    }
    if options.top_p < 1.0 {
        return Err(Error::config("--top-p", want, options.top_p));
    }
    if let Some(stop) = options.stop.first() {
        let want = "a language run; a tune has no words to stop behind";
        return Err(Error::config("--stop", want, format!("`{stop}`")));
    }
    Ok(())
}

/// The picture's place: that of the tune, with another ending.
fn beside(midi: &Path) -> Result<PathBuf, Error> {
    let extension = midi.extension().unwrap_or_default();
    if !(extension == "mid" || extension == "midi") {
        let want = "a file that ends in .mid; its picture is written beside it";
        return Err(Error::config("--out", want, midi.display()));
    }
    Ok(midi.with_extension("svg"))
}

/// A file of one tune, or notes.
fn given(prime: &str, data: &MusicData, notices: &mut Vec<String>) -> Result<Tune, Error> {
    let path = Path::new(prime);
    if path.is_file() {
        let (tunes, notes) = read_tunes(path, data)?;
        notices.extend(notes);
        if tunes.len() > 1 {
            notices.push(format!(
                "{prime} has {} tunes; the first is taken",
                tunes.len()
            ));
        }
        return tunes.into_iter().next().ok_or_else(|| {
            Error::config("--prime", "a tune", format!("`{prime}`, which has none"))
        });
    }
    let steps = parse_steps(prime).map_err(|problem| {
        let want = "a .mid file that is there, or notes such as `C4:2 E4+G4 -`";
        Error::config("--prime", want, format!("`{prime}` ({problem})"))
    })?;
    Ok(Tune {
        name: "The notes given".to_owned(),
        roll: Roll::new(steps).0,
    })
}

impl Predictor for Music {
    fn predict(
        &self,
        input: &str,
        line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, Error> {
        let wrong = |message: String| Error::Input { line, message };
        let steps = parse_steps(input).map_err(wrong)?;
        if steps.is_empty() {
            return Err(wrong(
                "expected notes such as `C4:2 E4+G4 -`, got none".to_owned(),
            ));
        }
        let (keys, probs) = self.expect_next(&Roll::new(steps).0)?;
        let mut order: Vec<usize> = (0..NUM_KEYS).collect();
        order.sort_by(|&a, &b| probs[b].total_cmp(&probs[a]));
        let likeliest: Vec<_> = order
            .iter()
            .take(options.top_k)
            .map(|&key| json!({ "note": pitch_name(pitch_of(key)), "prob": probs[key] }))
            .collect();
        Ok(Prediction {
            text: step_name(&keys),
            json: json!({ "input": input, "next": step_name(&keys), "notes": likeliest }),
            notices: Vec::new(),
            ranked: Vec::new(),
            alignment: None,
        })
    }
}
