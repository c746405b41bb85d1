//! Everything that resuming needs, on disk.
//!
//! ```text
//! checkpoints/update-00000123/
//!   manifest.json         size and checksum of the files below
//!   state.toml            position, schedule, early stopping, history, `[train]` section
//!   weights.safetensors   the weights as they were after update 123
//!   average.safetensors   their average, if there is one
//!   best.safetensors      those of the best evaluation, if early stopping keeps them
//!   carried.safetensors   what goes from one batch to the next beside the weights, if anything
//!   optimizer.safetensors what the optimizer remembers
//! ```
//!
//! A checkpoint is written into a temporary directory beside its place, flushed and
//! renamed; older ones go only after that, and two are kept. There is no generator
//! state in it: every random number is a function of seed and update (see
//! [`Stream`](crate::Stream)).

use crate::TrainError;
use crate::atomic::{flush_directory, temporary_beside, write_through};
use crate::config::TrainConfig;
use crate::diagnosis::Watch;
use crate::early_stopping::EarlyStoppingState;
use crate::history::Evaluation;
use crate::run::{CHECKPOINTS, Run, absent_is_fine};
use crate::schedule::ScheduleState;
use recurra_data::Checksum;
use recurra_nn::weights::{self, NamedTensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How many checkpoints stay: the newest, and one to fall back to.
const KEPT: usize = 2;

const MANIFEST: &str = "manifest.json";
const STATE: &str = "state.toml";
const WEIGHTS: &str = "weights.safetensors";
const AVERAGE: &str = "average.safetensors";
const BEST: &str = "best.safetensors";
const CARRIED: &str = "carried.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";

/// Where training is, apart from weights and optimizer. TOML keeps every bit of a float.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainState {
    /// Updates made.
    pub(crate) update: u64,
    /// Epoch of the next update, counted from 0.
    pub(crate) epoch: u64,
    /// Its batch within that epoch.
    pub(crate) position: usize,
    /// Batches of that epoch, to notice other data.
    pub(crate) batches: usize,
    /// Epoch of the last update, counted from 1.
    pub(crate) last_epoch: u64,
    /// Updates that went into the average of the weights.
    pub(crate) averaged: u64,
    /// Sums since the last evaluation.
    pub(crate) window: Window,
    pub(crate) schedule: ScheduleState,
    pub(crate) early_stopping: Option<EarlyStoppingState>,
    pub(crate) watch: Watch,
    pub(crate) config: TrainConfig,
    /// The kernels that made the numbers so far: others round differently.
    pub(crate) kernels: String,
    pub(crate) history: Vec<Evaluation>,
}

/// Sums since the last evaluation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    pub(crate) updates: u64,
    pub(crate) loss: f64,
    pub(crate) gradient_norm: f64,
}

/// A training state that can be written down and gone on from.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    pub(crate) state: TrainState,
    pub(crate) weights: Vec<NamedTensor>,
    pub(crate) average: Option<Vec<NamedTensor>>,
    pub(crate) best: Option<Vec<NamedTensor>>,
    /// Empty when batches do not continue each other.
    pub(crate) carried: Vec<NamedTensor>,
    pub(crate) optimizer: Vec<u8>,
    pub(crate) notes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointManifest {
    update: u64,
    files: BTreeMap<String, FileFacts>,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileFacts {
    bytes: u64,
    /// A [`Checksum`].
    checksum: String,
}

impl Checkpoint {
    /// The newest complete checkpoint of a run; `None` when none was ever written, so that
    /// the run is simply started.
    ///
    /// A damaged one is passed over for the one before it; [`notes`](Self::notes) says so.
    ///
    /// # Errors
    /// [`TrainError::NoCheckpoint`] when all that exist are damaged; [`TrainError::Io`].
    pub fn newest(run: &Run) -> Result<Option<Self>, TrainError> {
        let mut damaged = Vec::new();
        for (_, dir) in list(run)?.into_iter().rev() {
            match Self::read(&dir) {
                Ok(mut checkpoint) => {
                    checkpoint.notes = damaged;
                    if !checkpoint.notes.is_empty() {
                        let fallback = format!("falling back to update {}", checkpoint.update());
                        checkpoint.notes.push(fallback);
                    }
                    return Ok(Some(checkpoint));
                }
                Err(error) => damaged.push(error.to_string()),
            }
        }
        if damaged.is_empty() {
            return Ok(None);
        }
        Err(TrainError::NoCheckpoint {
            path: run.dir().to_owned(),
            damaged,
        })
    }

    /// Updates made.
    pub fn update(&self) -> u64 {
        self.state.update
    }

    /// The `[train]` section that it was made with.
    pub fn config(&self) -> &TrainConfig {
        &self.state.config
    }

    /// What a user should know about how it was found.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Reads and verifies one checkpoint directory.
    fn read(dir: &Path) -> Result<Self, TrainError> {
        let damaged = |reason: String| TrainError::DamagedCheckpoint {
            path: dir.to_owned(),
            reason,
        };
        let read_file = |name: &str| {
            fs::read(dir.join(name)).map_err(|error| damaged(format!("`{name}`: {error}")))
        };
        let manifest: CheckpointManifest = serde_json::from_slice(&read_file(MANIFEST)?)
            .map_err(|error| damaged(format!("`{MANIFEST}`: {error}")))?;
        let mut files = BTreeMap::new();
        for (name, facts) in &manifest.files {
            let bytes = read_file(name)?;
            if FileFacts::of(&bytes) != *facts {
                return Err(damaged(format!(
                    "`{name}` is not what was written: {} bytes of {} or another checksum",
                    bytes.len(),
                    facts.bytes
                )));
            }
            files.insert(name.as_str(), bytes);
        }
        let mut take = |name: &str| files.remove(name);
        let missing = |name: &str| damaged(format!("`{MANIFEST}` does not list `{name}`"));
        let tensors = |name: &str, bytes: Vec<u8>| {
            weights::read_safetensors(&bytes, &dir.join(name))
                .map(|(tensors, _)| tensors)
                .map_err(|error| damaged(error.to_string()))
        };
        let state = take(STATE).ok_or_else(|| missing(STATE))?;
        let state = std::str::from_utf8(&state)
            .map_err(|error| damaged(format!("`{STATE}`: {error}")))
            .and_then(|text| {
                toml::from_str(text)
                    .map_err(|error| damaged(format!("`{STATE}`: {}", error.message())))
            })?;
        let weights = take(WEIGHTS).ok_or_else(|| missing(WEIGHTS))?;
        Ok(Self {
            state,
            weights: tensors(WEIGHTS, weights)?,
            average: take(AVERAGE)
                .map(|bytes| tensors(AVERAGE, bytes))
                .transpose()?,
            best: take(BEST).map(|bytes| tensors(BEST, bytes)).transpose()?,
            carried: take(CARRIED)
                .map(|bytes| tensors(CARRIED, bytes))
                .transpose()?
                .unwrap_or_default(),
            optimizer: take(OPTIMIZER).ok_or_else(|| missing(OPTIMIZER))?,
            notes: Vec::new(),
        })
    }

    /// Writes the checkpoint into the run and removes those that it makes superfluous;
    /// returns its directory.
    pub(crate) fn write(&self, run: &Run) -> Result<PathBuf, TrainError> {
        let parent = run.path(CHECKPOINTS)?;
        let dir = parent.join(directory_name(self.update()));
        let temporary = temporary_beside(&dir);
        remove_directory(&temporary)?;
        fs::create_dir_all(&temporary)
            .map_err(TrainError::io(&temporary, "create the checkpoint"))?;
        let result = self
            .write_files(&temporary)
            .and_then(|()| remove_directory(&dir))
            .and_then(|()| {
                fs::rename(&temporary, &dir).map_err(TrainError::io(&dir, "put in place"))
            });
        if result.is_err() {
            // The failure to tell is the one above; a leftover is harmless.
            let _ = fs::remove_dir_all(&temporary);
        }
        result?;
        flush_directory(&parent)?;
        self.remove_others(run)?;
        Ok(dir)
    }

    fn write_files(&self, dir: &Path) -> Result<(), TrainError> {
        let none = BTreeMap::new();
        let state =
            toml::to_string(&self.state).map_err(|error| TrainError::DamagedCheckpoint {
                path: dir.join(STATE),
                reason: error.to_string(),
            })?;
        let mut files = vec![
            (STATE, state.into_bytes()),
            (WEIGHTS, weights::write_safetensors(&self.weights, &none)?),
            (OPTIMIZER, self.optimizer.clone()),
        ];
        let carried = (!self.carried.is_empty()).then_some(&self.carried);
        for (name, tensors) in [
            (AVERAGE, self.average.as_ref()),
            (BEST, self.best.as_ref()),
            (CARRIED, carried),
        ] {
            if let Some(tensors) = tensors {
                files.push((name, weights::write_safetensors(tensors, &none)?));
            }
        }
        let manifest = CheckpointManifest {
            update: self.update(),
            files: files
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), FileFacts::of(bytes)))
                .collect(),
        };
        let manifest = serde_json::to_vec_pretty(&manifest)
            .expect("a manifest is text and numbers, which JSON holds");
        files.push((MANIFEST, manifest));
        for (name, bytes) in files {
            let path = dir.join(name);
            let file = File::create(&path).map_err(TrainError::io(&path, "write"))?;
            write_through(file, &bytes, &path)?;
        }
        flush_directory(dir)
    }

    /// Keeps this one and the newest before it; those of later updates are of a branch
    /// that was abandoned when training went on from an older checkpoint.
    fn remove_others(&self, run: &Run) -> Result<(), TrainError> {
        let all = list(run)?;
        let kept: Vec<u64> = all
            .iter()
            .rev()
            .map(|(update, _)| *update)
            .filter(|update| *update <= self.update())
            .take(KEPT)
            .collect();
        for (update, dir) in all {
            if !kept.contains(&update) {
                remove_directory(&dir)?;
            }
        }
        Ok(())
    }
}

/// Removes all checkpoints, whole and half.
pub(crate) fn remove_all(run: &Run) -> Result<(), TrainError> {
    remove_directory(&run.path(CHECKPOINTS)?)
}

/// The directory of the newest checkpoint, complete or not.
pub(crate) fn newest_directory(run: &Run) -> Option<PathBuf> {
    list(run).ok()?.pop().map(|(_, dir)| dir)
}

/// All checkpoint directories by update; half-written ones have another name.
fn list(run: &Run) -> Result<Vec<(u64, PathBuf)>, TrainError> {
    let parent = run.path(CHECKPOINTS)?;
    let entries = match fs::read_dir(&parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TrainError::io(&parent, "list")(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(TrainError::io(&parent, "list"))?;
        let update = entry
            .file_name()
            .to_str()
            .and_then(|name| name.strip_prefix("update-"))
            .and_then(|number| number.parse().ok());
        if let Some(update) = update {
            found.push((update, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn directory_name(update: u64) -> String {
    format!("update-{update:08}")
}

fn remove_directory(dir: &Path) -> Result<(), TrainError> {
    absent_is_fine(fs::remove_dir_all(dir)).map_err(TrainError::io(dir, "remove"))
}

impl FileFacts {
    fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            checksum: Checksum::of(bytes).to_string(),
        }
    }
}
