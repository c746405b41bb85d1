//! Files that are either wholly there or not there at all.
//!
//! A file is written under a temporary name beside its place, flushed to the disk
//! and renamed over its place; the directory is flushed last. Whoever is killed in
//! between leaves the old file, and a leftover that the next write replaces.

use crate::TrainError;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Replaces the file at `path` by `bytes`, all or nothing.
///
/// # Errors
/// [`TrainError::Io`] with the path; the old file is then still in place.
///
/// # Example
/// ```
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("notes.txt");
/// recurra_train::write_atomic(&path, b"whole")?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let temporary = temporary_beside(path);
    let written = File::create(&temporary)
        .map_err(TrainError::io(path, "write"))
        .and_then(|file| write_through(file, bytes, path))
        .and_then(|()| fs::rename(&temporary, path).map_err(TrainError::io(path, "replace")));
    if written.is_err() {
        // The failure to tell is the one above; a leftover is harmless.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    flush_directory(parent_of(path))
}

/// Writes `bytes` and waits until they are on the disk; `path` is named in errors.
pub(crate) fn write_through(mut file: File, bytes: &[u8], path: &Path) -> Result<(), TrainError> {
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(TrainError::io(path, "write"))
}

/// Makes renames and removals in `directory` survive a power cut, where the system can.
pub(crate) fn flush_directory(directory: &Path) -> Result<(), TrainError> {
    if cfg!(unix) {
        File::open(directory)
            .and_then(|opened| opened.sync_all())
            .map_err(TrainError::io(directory, "flush"))?;
    }
    Ok(())
}

/// `.<name>.tmp` in the same directory, hence on the same file system.
pub(crate) fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_no_temporary_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        write_atomic(&path, b"old and longer").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_leftover_of_a_killed_writer_does_not_disturb() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        fs::write(dir.path().join(".a.txt.tmp"), b"half of a much longer fi").unwrap();
        write_atomic(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_and_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("occupied");
        fs::create_dir_all(path.join("inside")).unwrap();
        let error = write_atomic(&path, b"x").unwrap_err().to_string();
        assert!(error.contains("occupied: cannot replace"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_to_be_full() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = write_through(full, b"x", Path::new("runs/a/model.safetensors")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "runs/a/model.safetensors: cannot write: the disk is full; free some space and try again"
        );
    }
}
