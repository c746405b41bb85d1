//! A run directory: what one execution of `recurra train` leaves behind.
//!
//! ```text
//! run.json            format version, recurra's version, task, status
//! recipe.toml         the resolved recipe
//! model.safetensors   the weights; vocab.txt and the like beside it, as the task needs
//! metrics.jsonl       one evaluation a line
//! report.html plots/  what a person looks at
//! checkpoints/        what resuming needs
//! ```

use crate::TrainError;
use crate::atomic::{temporary_beside, write_atomic};
use burn::module::Module;
use recurra_nn::weights;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// The layout of run directories that this version writes and reads.
pub const FORMAT_VERSION: u32 = 1;

const MANIFEST: &str = "run.json";
const RECIPE: &str = "recipe.toml";
const MODEL: &str = "model.safetensors";
pub(crate) const METRICS: &str = "metrics.jsonl";
pub(crate) const CHECKPOINTS: &str = "checkpoints";
/// Runs inside the run, of tasks that compare networks.
const NETWORKS: &str = "networks";
const LOCK: &str = ".lock";

/// How far a run got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being trained, or killed while it was.
    Training,
    /// Stopped on request; can be resumed.
    Interrupted,
    /// Stopped because numbers ceased to make sense.
    Diverged,
    /// Complete.
    Finished,
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Version of recurra that wrote it.
    pub recurra_version: String,
    /// The task's name.
    pub task: String,
    /// How far the run got.
    pub status: Status,
}

/// An open run directory.
#[derive(Debug, Clone)]
pub struct Run {
    dir: PathBuf,
    manifest: Manifest,
}

/// Held while a run is being trained; freed when dropped, or by the system.
#[derive(Debug)]
pub struct RunLock {
    file: Option<File>,
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing would not do: a process that is just being started may hold a copy.
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

impl Run {
    /// Makes a new run directory, and its parents.
    ///
    /// An empty directory is taken. So is a run that was killed before its first
    /// checkpoint. Any other run, and a directory that holds anything else, is refused.
    ///
    /// # Errors
    /// [`TrainError::Occupied`] with what is there and how to go on; [`TrainError::Io`].
    ///
    /// # Example
    /// ```
    /// use recurra_train::Run;
    /// let place = tempfile::tempdir()?;
    /// let run = Run::create(&place.path().join("first"), "forecast")?;
    /// run.write("vocab.txt", b"a\nb\n")?;
    /// assert_eq!(Run::open(run.dir())?.task(), "forecast");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(dir: &Path, task: &str) -> Result<Self, TrainError> {
        let old = if is_empty_or_absent(dir)? {
            None
        } else {
            Some(Self::barely_begun(dir)?)
        };
        fs::create_dir_all(dir).map_err(TrainError::io(dir, "create the run directory"))?;
        let run = Self {
            dir: dir.to_owned(),
            manifest: Manifest {
                format_version: FORMAT_VERSION,
                recurra_version: env!("CARGO_PKG_VERSION").to_owned(),
                task: task.to_owned(),
                status: Status::Training,
            },
        };
        let _lock = old.as_ref().map(Self::lock).transpose()?;
        run.write_manifest(&run.manifest)?;
        if old.is_some() {
            run.remove_results()?;
        }
        Ok(run)
    }

    /// Opens a run that exists.
    ///
    /// # Errors
    /// [`TrainError::NotARun`], [`TrainError::OtherVersion`], or [`TrainError::Io`].
    pub fn open(dir: &Path) -> Result<Self, TrainError> {
        let not_a_run = |reason: String| TrainError::NotARun {
            path: dir.to_owned(),
            reason,
        };
        let path = dir.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(_) if !dir.exists() => return Err(not_a_run("it does not exist".into())),
            Err(_) if !dir.is_dir() => return Err(not_a_run("it is a file".into())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(not_a_run(format!("it has no `{MANIFEST}`")));
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(not_a_run(format!("`{MANIFEST}` is no text")));
            }
            Err(error) => return Err(TrainError::io(&path, "read")(error)),
        };
        // The version first: the other fields may differ from version to version.
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
            #[serde(default)]
            recurra_version: String,
        }
        let unreadable = |error: serde_json::Error| not_a_run(format!("`{MANIFEST}`: {error}"));
        let version: Version = serde_json::from_str(&text).map_err(unreadable)?;
        if version.format_version != FORMAT_VERSION {
            return Err(TrainError::OtherVersion {
                path: dir.to_owned(),
                want: FORMAT_VERSION,
                got: version.format_version,
                written_by: version.recurra_version,
            });
        }
        Ok(Self {
            dir: dir.to_owned(),
            manifest: serde_json::from_str(&text).map_err(unreadable)?,
        })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The task's name.
    pub fn task(&self) -> &str {
        &self.manifest.task
    }

    /// The version of recurra that wrote it.
    pub fn recurra_version(&self) -> &str {
        &self.manifest.recurra_version
    }

    /// How far the run got, as the disk says now.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn status(&self) -> Result<Status, TrainError> {
        Ok(Self::open(&self.dir)?.manifest.status)
    }

    /// Writes how far the run got.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn set_status(&self, status: Status) -> Result<(), TrainError> {
        let manifest = Manifest {
            status,
            ..self.manifest.clone()
        };
        self.write_manifest(&manifest)
    }

    /// Where a file of the run is.
    ///
    /// # Errors
    /// [`TrainError::FileName`] for a name that leads out of the directory.
    pub fn path(&self, name: &str) -> Result<PathBuf, TrainError> {
        let relative = Path::new(name);
        let inside = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !inside {
            return Err(TrainError::FileName {
                name: name.to_owned(),
            });
        }
        Ok(self.dir.join(relative))
    }

    /// Writes a file of the run, all or nothing, and the folder that it is in.
    ///
    /// # Errors
    /// [`TrainError::FileName`] or [`TrainError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TrainError> {
        let path = self.path(name)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(TrainError::io(folder, "create the folder"))?;
        }
        write_atomic(&path, bytes)
    }

    /// Reads a file of the run.
    ///
    /// # Errors
    /// [`TrainError::FileName`] or [`TrainError::Io`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, TrainError> {
        let path = self.path(name)?;
        fs::read(&path).map_err(TrainError::io(&path, "read"))
    }

    /// Reads a text file of the run.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`TrainError::Io`] when it is not UTF-8.
    pub fn read_text(&self, name: &str) -> Result<String, TrainError> {
        let path = self.path(name)?;
        fs::read_to_string(&path).map_err(TrainError::io(&path, "read"))
    }

    /// Writes `recipe.toml`.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn write_recipe(&self, recipe: &str) -> Result<(), TrainError> {
        self.write(RECIPE, recipe.as_bytes())
    }

    /// Reads `recipe.toml`.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn read_recipe(&self) -> Result<String, TrainError> {
        self.read_text(RECIPE)
    }

    /// Writes `model.safetensors`.
    ///
    /// # Errors
    /// [`TrainError::Model`] or [`TrainError::Io`].
    pub fn write_model<M: Module>(
        &self,
        model: &M,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), TrainError> {
        let bytes = weights::write_safetensors(&weights::export(model), metadata)?;
        self.write(MODEL, &bytes)
    }

    /// `model` with the weights of `model.safetensors`, and the file's metadata.
    ///
    /// # Errors
    /// [`TrainError::Io`], or [`TrainError::Model`] when a tensor is missing, left over or
    /// of another shape, or the file is no such file.
    pub fn read_model<M: Module>(
        &self,
        model: M,
    ) -> Result<(M, BTreeMap<String, String>), TrainError> {
        let path = self.path(MODEL)?;
        let (tensors, metadata) = weights::read_safetensors(&self.read(MODEL)?, &path)?;
        let origin = path.display().to_string();
        Ok((weights::import(model, tensors, &origin)?, metadata))
    }

    /// Keeps other processes from training in this directory.
    ///
    /// # Errors
    /// [`TrainError::Locked`] when one does; [`TrainError::Io`].
    pub fn lock(&self) -> Result<RunLock, TrainError> {
        let path = self.dir.join(LOCK);
        let file = File::create(&path).map_err(TrainError::io(&path, "write"))?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock { file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(TrainError::Locked {
                path: self.dir.clone(),
            }),
            // Some network file systems have no locks; that is no reason not to train.
            Err(TryLockError::Error(_)) => Ok(RunLock { file: None }),
        }
    }

    fn write_manifest(&self, manifest: &Manifest) -> Result<(), TrainError> {
        let json = serde_json::to_string_pretty(manifest)
            .expect("a manifest is text and numbers, which JSON holds");
        self.write(MANIFEST, format!("{json}\n").as_bytes())
    }

    /// The run in `dir`, if it was killed before it had anything to lose.
    fn barely_begun(dir: &Path) -> Result<Self, TrainError> {
        let occupied = |found, advice: String| TrainError::Occupied {
            path: dir.to_owned(),
            found,
            advice,
        };
        let old = match Self::open(dir) {
            Ok(old) => old,
            Err(TrainError::NotARun { .. }) => {
                return Err(occupied(
                    "the directory is not empty and holds no run",
                    "choose a new or an empty one".into(),
                ));
            }
            Err(error) => return Err(error),
        };
        if old.manifest.status == Status::Finished {
            return Err(occupied(
                "the directory holds a finished run",
                "choose another one, or remove it".into(),
            ));
        }
        if dir.join(CHECKPOINTS).exists() || dir.join(NETWORKS).exists() {
            return Err(occupied(
                "the directory holds an unfinished run",
                format!(
                    "continue it with `recurra train --resume {}`, choose another one, or remove it",
                    dir.display()
                ),
            ));
        }
        Ok(old)
    }

    /// Removes what a run that barely began in this directory has written.
    fn remove_results(&self) -> Result<(), TrainError> {
        for name in [METRICS, RECIPE] {
            let path = self.dir.join(name);
            absent_is_fine(fs::remove_file(&path)).map_err(TrainError::io(&path, "remove"))?;
        }
        Ok(())
    }
}

fn is_empty_or_absent(dir: &Path) -> Result<bool, TrainError> {
    match fs::read_dir(dir) {
        // Leftovers of a start that was killed in its first moments count as nothing.
        Ok(entries) => Ok(entries.flatten().all(|entry| {
            let name = entry.file_name();
            name == LOCK || Path::new(&name) == temporary_beside(Path::new(MANIFEST))
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(TrainError::io(dir, "use as run directory")(error)),
    }
}

pub(crate) fn absent_is_fine(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
