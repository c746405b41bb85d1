//! Files of tunes.

use std::path::{Path, PathBuf};

use super::midi::read_midi;
use super::notation::parse_tunes;
use super::roll::Tune;
use crate::error::DataError;
use crate::source::read_text;

/// The tunes of some files, and what was left out of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TuneFiles {
    /// In the order of the files' names.
    pub tunes: Vec<Tune>,
    /// Steps times notes that a piano has no key for.
    pub outside: usize,
    /// Drum beats.
    pub drums: usize,
}

/// The melodies that are part of the crate.
pub fn folk_tunes() -> Vec<Tune> {
    parse_tunes(include_str!("folk.txt")).expect("a test reads the built-in tunes")
}

/// Reads a MIDI file, a folder of them with its folders, or a text of tunes ([`parse_tunes`]);
/// MIDI lands on a grid of `steps_per_beat`.
///
/// # Errors
/// [`DataError::Music`] naming the place in the file, [`DataError::Empty`] for a folder without
/// MIDI files, and those of [`read_text`].
pub fn read_tune_files(path: &Path, steps_per_beat: u16) -> Result<TuneFiles, DataError> {
    if path.is_dir() {
        return read_midi_files(&midi_files_of(path)?, steps_per_beat);
    }
    if is_midi(path) {
        return read_midi_files(&[path.to_owned()], steps_per_beat);
    }
    let tunes = parse_tunes(&read_text(path)?).map_err(|error| DataError::Music {
        path: path.to_owned(),
        place: format!("line {}", error.line),
        problem: error.problem,
    })?;
    Ok(TuneFiles {
        tunes,
        ..TuneFiles::default()
    })
}

fn midi_files_of(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |source| DataError::Io {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_midi(&path) {
                files.push(path);
            }
        }
    }
    // The order of a folder is anything.
    files.sort();
    if files.is_empty() {
        return Err(DataError::Empty {
            path: folder.to_owned(),
            expected: "a folder with .mid or .midi files in it",
        });
    }
    Ok(files)
}

fn read_midi_files(files: &[PathBuf], steps_per_beat: u16) -> Result<TuneFiles, DataError> {
    let mut found = TuneFiles::default();
    for path in files {
        let bytes = std::fs::read(path).map_err(|source| DataError::Io {
            path: path.clone(),
            source,
        })?;
        let read = read_midi(path, &bytes, steps_per_beat)?;
        found.outside += read.outside;
        found.drums += read.drums;
        let name = path.file_stem().unwrap_or(path.as_os_str());
        found.tunes.push(Tune {
            name: name.to_string_lossy().into_owned(),
            roll: read.roll,
        });
    }
    Ok(found)
}

fn is_midi(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    extension == "mid" || extension == "midi"
}
