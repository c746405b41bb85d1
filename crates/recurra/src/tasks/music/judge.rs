//! How surprised a network is by tunes that it has not heard, beside what is cheap.

use super::model::MusicModel;
use super::windows::{Piece, RollBatch, cut};
use crate::tasks::Evaluation;
use recurra_data::music::{NUM_KEYS, Roll, Tune, key_of};
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::metric::{FRAME_ACCURACY, LOSS, Metrics, NATS_PER_STEP, Notes};
use std::collections::BTreeMap;

const FREQUENCIES: &str = "note frequencies";
const LAST_STEP: &str = "repeat the last step";

/// Padded steps of a batch that is judged: a bound on memory.
const BATCH_STEPS: usize = 16_384;

/// What an evaluation reports.
fn metrics(notes: &Notes) -> Metrics {
    let mut metrics = Metrics::new();
    metrics.set(NATS_PER_STEP.name, notes.nats_per_step());
    metrics.set(FRAME_ACCURACY.name, notes.frame_accuracy());
    metrics
}

/// What an evaluation while training reports.
pub(super) fn watched(notes: &Notes) -> Metrics {
    let mut metrics = metrics(notes);
    metrics.set(LOSS.name, notes.nats_per_step());
    metrics
}

/// Every step but the first of each tune, from the ones before it.
pub(super) fn judge_model(model: &MusicModel, tunes: &[Tune]) -> Result<Notes, NnError> {
    let mut windows = cut(tunes.iter().map(|tune| &tune.roll), None);
    // Tunes of like length share a batch.
    windows.sort_by_key(|window| window.len);
    let device = model.head.weight.val().device();
    let mut heard = Notes::default();
    let mut rest = windows.as_slice();
    while let Some(longest) = rest.last() {
        let rows = (BATCH_STEPS / longest.len).clamp(1, rest.len());
        let (before, batch) = rest.split_at(rest.len() - rows);
        rest = before;
        let pieces: Vec<Piece<'_>> = batch
            .iter()
            .map(|window| Piece {
                roll: &tunes[window.tune].roll,
                start: 0,
                len: window.len,
                shift: 0,
            })
            .collect();
        let padded = RollBatch::pad(&pieces, &device);
        let lengths = Some(padded.lengths.as_slice());
        let (logits, _) = model.logits(padded.inputs, lengths, None, Mode::Eval)?;
        let [_, seq_len, _] = logits.dims();
        let logits = values(&logits);
        for (row, piece) in pieces.iter().enumerate() {
            for t in 0..piece.len {
                let at = (row * seq_len + t) * NUM_KEYS;
                let logits = logits[at..at + NUM_KEYS]
                    .iter()
                    .map(|&logit| f64::from(logit));
                let sounded = sounding(&piece.roll.steps()[t + 1]);
                heard.add(logits, sounded.into_iter());
            }
        }
    }
    Ok(heard)
}

/// How often something happened, and how often it could have.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    happened: f64,
    all: f64,
}

impl Count {
    fn add(&mut self, happened: bool) {
        self.happened += f64::from(u8::from(happened));
        self.all += 1.0;
    }

    /// Its log-odds, drawn a little towards `prior`.
    fn logit(self, prior: f64) -> f64 {
        /// As many times has the prior been seen.
        const WEIGHT: f64 = 2.0;
        let p = (self.happened + WEIGHT * prior) / (self.all + WEIGHT);
        (p / (1.0 - p)).ln()
    }

    /// Never 0 or 1.
    fn share(self) -> f64 {
        (self.happened + 0.5) / (self.all + 1.0)
    }
}

/// What the keys of the training tunes do without regard to a tune.
#[derive(Debug)]
pub(super) struct Habits {
    /// How often each key sounds.
    sounds: Vec<Count>,
    /// How often each key sounds behind a step in which it was silent, or sounded.
    follows: Vec<[Count; 2]>,
}

impl Habits {
    pub(super) fn of(tunes: &[Tune]) -> Self {
        let mut habits = Self {
            sounds: vec![Count::default(); NUM_KEYS],
            follows: vec![[Count::default(); 2]; NUM_KEYS],
        };
        for tune in tunes {
            for pair in tune.roll.steps().windows(2) {
                let (before, now) = (sounding(&pair[0]), sounding(&pair[1]));
                for key in 0..NUM_KEYS {
                    habits.sounds[key].add(now[key]);
                    habits.follows[key][usize::from(before[key])].add(now[key]);
                }
            }
        }
        habits
    }

    /// The log-odds of each key's sounding at all.
    pub(super) fn log_odds(&self) -> Vec<f32> {
        let any = pooled(self.sounds.iter().copied());
        let log_odds = self.sounds.iter().map(|count| count.logit(any) as f32);
        log_odds.collect()
    }

    /// The two baselines on other tunes.
    pub(super) fn judge(&self, tunes: &[Tune]) -> BTreeMap<String, Metrics> {
        let any = pooled(self.sounds.iter().copied());
        let after = [0, 1].map(|state| pooled(self.follows.iter().map(|follows| follows[state])));
        let (mut frequencies, mut last_step) = (Notes::default(), Notes::default());
        for tune in tunes {
            for pair in tune.roll.steps().windows(2) {
                let (before, now) = (sounding(&pair[0]), sounding(&pair[1]));
                let sounds = self.sounds.iter().map(|count| count.logit(any));
                frequencies.add(sounds, now.into_iter());
                let follows = self.follows.iter().zip(before).map(|(follows, before)| {
                    follows[usize::from(before)].logit(after[usize::from(before)])
                });
                last_step.add(follows, now.into_iter());
            }
        }
        BTreeMap::from([
            (FREQUENCIES.to_owned(), metrics(&frequencies)),
            (LAST_STEP.to_owned(), metrics(&last_step)),
        ])
    }
}

/// How often something happened to any key.
fn pooled(counts: impl Iterator<Item = Count>) -> f64 {
    let sum = counts.fold(Count::default(), |sum, count| Count {
        happened: sum.happened + count.happened,
        all: sum.all + count.all,
    });
    sum.share()
}

/// Of each key, whether it is among the pitches.
pub(super) fn sounding(pitches: &[u8]) -> [bool; NUM_KEYS] {
    let mut keys = [false; NUM_KEYS];
    for &pitch in pitches {
        keys[key_of(pitch)] = true;
    }
    keys
}

/// The model beside its baselines on `tunes`.
pub(super) fn judge(
    model: &MusicModel,
    habits: &Habits,
    tunes: &[Tune],
    split: String,
    notes: Vec<String>,
) -> Result<Evaluation, NnError> {
    let metrics = metrics(&judge_model(model, tunes)?);
    let baselines = habits.judge(tunes);
    Ok(Evaluation {
        task: super::NAME,
        split,
        metrics,
        baselines,
        notes,
    }
    .with_verdict(NATS_PER_STEP))
}

/// Whether anything sounds in a roll.
pub(super) fn is_silent(roll: &Roll) -> bool {
    roll.steps().iter().all(Vec::is_empty)
}
