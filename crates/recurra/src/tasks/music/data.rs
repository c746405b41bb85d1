//! From files to tunes, and what a run keeps of them.

use super::config::{MusicData, Recipe};
use crate::Error;
use crate::artifact::read_json;
use recurra_data::music::{Roll, Tune, TuneFiles, folk_tunes, read_tune_files};
use recurra_data::source::{locate, read_text};
use recurra_data::{DataError, Split};
use recurra_train::Run;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The tunes of a run as they were when it began.
const TUNES: &str = "tunes.json";

/// A tune of fewer steps has nothing to be continued.
const LEAST_STEPS: usize = 2;

/// Tunes for fitting, for watching, and for the figures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tunes {
    pub(super) train: Vec<Tune>,
    pub(super) valid: Vec<Tune>,
    pub(super) test: Vec<Tune>,
    pub(super) origin: Origin,
}

/// Where they came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    pub(super) source: String,
    /// What was left out.
    pub(super) notes: Vec<String>,
}

/// How a run keeps a tune.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTune {
    name: String,
    steps: Vec<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    origin: Origin,
    train: Vec<KeptTune>,
    valid: Vec<KeptTune>,
    test: Vec<KeptTune>,
}

/// A published file of piano rolls: for each tune its steps, for each step its keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollFile {
    train: Vec<Vec<Vec<u8>>>,
    valid: Vec<Vec<Vec<u8>>>,
    test: Vec<Vec<Vec<u8>>>,
}

impl Tunes {
    /// What the recipe names.
    pub(super) fn read(recipe: &Recipe) -> Result<Self, Error> {
        let data = &recipe.data;
        let tunes = match (&data.dataset, &data.path) {
            (None, None) => {
                Self::part(folk_tunes(), data, recipe.train.seed, "built-in folk tunes")?
            }
            (Some(name), path) => {
                let hint = "Your own MIDI files will do: --data FOLDER";
                Self::of_path(&locate(name, path.as_deref(), Some(hint))?, recipe)?
            }
            (None, Some(path)) if !path.exists() => {
                let want = "a folder of .mid files, a JSON file of piano rolls or a text of tunes";
                let got = format!("`{}`, which is not there", path.display());
                return Err(Error::config("data.path", want, got));
            }
            (None, Some(path)) => Self::of_path(path, recipe)?,
        };
        for (part, tunes) in [
            ("train", &tunes.train),
            ("valid", &tunes.valid),
            ("test", &tunes.test),
        ] {
            if tunes.is_empty() {
                return Err(Error::Data(DataError::TooFew {
                    what: format!("part `{part}`"),
                    expected: 1,
                    got: 0,
                    unit: "tunes of two steps or more",
                    advice: "give more tunes",
                }));
            }
        }
        Ok(tunes)
    }

    fn of_path(path: &Path, recipe: &Recipe) -> Result<Self, Error> {
        if path.is_file() && is_json(path) {
            return Self::of_rolls(path, &recipe.data);
        }
        let (tunes, notes) = read_tunes(path, &recipe.data)?;
        let source = path.display().to_string();
        let mut tunes = Self::part(tunes, &recipe.data, recipe.train.seed, &source)?;
        tunes.origin.notes.splice(0..0, notes);
        Ok(tunes)
    }

    /// Parts tunes that came without parts.
    fn part(tunes: Vec<Tune>, data: &MusicData, seed: u64, source: &str) -> Result<Self, Error> {
        let (tunes, notes) = long_enough(tunes);
        let split = Split::random(tunes.len(), &data.split, seed)?;
        let of = |indices: &[usize]| indices.iter().map(|&index| tunes[index].clone()).collect();
        Ok(Self {
            train: of(&split.train),
            valid: of(&split.valid),
            test: of(&split.test),
            origin: Origin {
                source: source.to_owned(),
                notes,
            },
        })
    }

    fn of_rolls(path: &Path, data: &MusicData) -> Result<Self, Error> {
        let file: RollFile = serde_json::from_str(&read_text(path)?).map_err(|error| DataError::Music {
            path: path.to_owned(),
            place: format!("line {}, column {}", error.line(), error.column()),
            problem: format!(
                "expected {{\"train\": [tunes], \"valid\": .., \"test\": ..}}, a tune being a list of \
                 steps and a step a list of keys from 0 to 127; {error}"
            ),
        })?;
        let mut outside = 0;
        let mut notes = Vec::new();
        let mut part = |part: &str, tunes: Vec<Vec<Vec<u8>>>| -> Result<Vec<Tune>, Error> {
            let mut read = Vec::with_capacity(tunes.len());
            for (index, mut steps) in tunes.into_iter().enumerate() {
                for (step, keys) in steps.iter_mut().enumerate() {
                    for key in keys {
                        *key = key
                            .checked_add(data.lowest_pitch)
                            .filter(|&pitch| pitch <= 127)
                            .ok_or_else(|| DataError::Music {
                                path: path.to_owned(),
                                place: format!("{part}, tune {}, step {}", index + 1, step + 1),
                                problem: format!(
                                    "expected keys that are pitches up to 127 when \
                                     `data.lowest_pitch` = {} is added, got {key}",
                                    data.lowest_pitch
                                ),
                            })?;
                    }
                }
                let (roll, left_out) = Roll::new(steps);
                outside += left_out;
                let name = format!("{part} {}", index + 1);
                read.push(Tune { name, roll });
            }
            let (read, short) = long_enough(read);
            notes.extend(short);
            Ok(read)
        };
        let train = part("train", file.train)?;
        let valid = part("valid", file.valid)?;
        let test = part("test", file.test)?;
        notes.extend(outside_note(outside));
        Ok(Self {
            train,
            valid,
            test,
            origin: Origin {
                source: path.display().to_string(),
                notes,
            },
        })
    }

    /// Puts them into a run that begins.
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        let keep = |tunes: &[Tune]| {
            let keep = |tune: &Tune| KeptTune {
                name: tune.name.clone(),
                steps: tune.roll.steps().to_vec(),
            };
            tunes.iter().map(keep).collect()
        };
        let kept = Kept {
            origin: self.origin.clone(),
            train: keep(&self.train),
            valid: keep(&self.valid),
            test: keep(&self.test),
        };
        // In one line: of a roll, every note would have its own.
        let json = serde_json::to_vec(&kept).expect("tunes are text and numbers");
        Ok(run.write(TUNES, &json)?)
    }

    /// Takes them out of a run.
    pub(super) fn of_run(run: &Run) -> Result<Self, Error> {
        let kept: Kept = read_json(run, TUNES)?;
        let damaged = |reason: String| Error::Damaged {
            path: run.dir().join(TUNES),
            reason,
        };
        let tunes = |part: &str, kept: Vec<KeptTune>| -> Result<Vec<Tune>, Error> {
            if kept.is_empty() {
                return Err(damaged(format!("no tunes in part `{part}`")));
            }
            let tune = |KeptTune { name, steps }: KeptTune| match Roll::new(steps) {
                (roll, 0) if roll.len() >= LEAST_STEPS => Ok(Tune { name, roll }),
                (roll, 0) => Err(damaged(format!("{} steps in `{name}`", roll.len()))),
                (_, outside) => Err(damaged(format!("{outside} notes of no piano in `{name}`"))),
            };
            kept.into_iter().map(tune).collect()
        };
        Ok(Self {
            train: tunes("train", kept.train)?,
            valid: tunes("valid", kept.valid)?,
            test: tunes("test", kept.test)?,
            origin: kept.origin,
        })
    }

    /// One sentence on all of them.
    pub(super) fn summary(&self) -> String {
        let steps = |tunes: &[Tune]| tunes.iter().map(|tune| tune.roll.len()).sum::<usize>();
        let of = |tunes: &[Tune]| format!("{} tunes ({} steps)", tunes.len(), steps(tunes));
        format!(
            "{} to learn from, {} to watch training, {} for the result",
            of(&self.train),
            of(&self.valid),
            of(&self.test)
        )
    }
}

/// All tunes of a MIDI file, a folder of them, a text of tunes or all parts of a roll file;
/// and what was left out.
pub(super) fn read_tunes(path: &Path, data: &MusicData) -> Result<(Vec<Tune>, Vec<String>), Error> {
    if is_json(path) && !path.is_dir() {
        let tunes = Tunes::of_rolls(path, data)?;
        let all = [tunes.train, tunes.valid, tunes.test].concat();
        return Ok((all, tunes.origin.notes));
    }
    let TuneFiles {
        tunes,
        outside,
        drums,
    } = read_tune_files(path, data.steps_per_beat)?;
    let mut notes = Vec::new();
    notes.extend(outside_note(outside));
    if drums > 0 {
        notes.push(format!("{drums} drum beats were left out"));
    }
    Ok((tunes, notes))
}

fn outside_note(outside: usize) -> Option<String> {
    (outside > 0).then(|| {
        format!("{outside} notes were left out, as a piano has no key for them (per step)")
    })
}

/// Those of two steps or more, and a note on the others.
fn long_enough(tunes: Vec<Tune>) -> (Vec<Tune>, Vec<String>) {
    let all = tunes.len();
    let tunes: Vec<Tune> = tunes
        .into_iter()
        .filter(|tune| tune.roll.len() >= LEAST_STEPS)
        .collect();
    let short = all - tunes.len();
    let note = format!("{short} tunes were left out, as they have fewer than {LEAST_STEPS} steps");
    let notes = if short > 0 { vec![note] } else { Vec::new() };
    (tunes, notes)
}

/// `rolls.json`, `rolls.json.gz`.
fn is_json(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.strip_suffix(".zst").unwrap_or(name).ends_with(".json")
}
