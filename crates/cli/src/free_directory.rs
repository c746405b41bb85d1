//! Where a run goes when nobody said where.

use crate::error::CliError;
use std::fs::{create_dir, create_dir_all, remove_dir};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A directory that is made here and now, so that no other process chooses it too;
/// removed again when dropped, unless something was put into it.
#[derive(Debug)]
pub(crate) struct FreeDirectory {
    parent: PathBuf,
    path: PathBuf,
}

impl FreeDirectory {
    /// `<parent>/<name>`, or the first of `<name>-2`, `<name>-3`, ... that is not there.
    pub(crate) fn claim(parent: &Path, name: &str) -> Result<Self, CliError> {
        let names = (2_u64..).map(|number| format!("{name}-{number}"));
        for name in [name.to_owned()].into_iter().chain(names) {
            let path = parent.join(name);
            match create_dir_all(parent).and_then(|()| create_dir(&path)) {
                Ok(()) => {
                    let parent = parent.to_owned();
                    return Ok(Self { parent, path });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.exists() => {}
                Err(source) => return Err(CliError::Write { path, source }),
            }
        }
        unreachable!("no file system holds that many directories")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for FreeDirectory {
    fn drop(&mut self) {
        // The system refuses to remove what is not empty, which is what is wanted.
        let _ = remove_dir(&self.path);
        let _ = remove_dir(&self.parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::write;

    #[test]
    fn nobody_gets_a_directory_twice() {
        let place = tempfile::tempdir().unwrap();
        let runs = place.path().join("runs");
        let claims: Vec<FreeDirectory> = std::thread::scope(|scope| {
            let claim = || FreeDirectory::claim(&runs, "memory").unwrap();
            let claiming: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
            claiming
                .into_iter()
                .map(|one| one.join().unwrap())
                .collect()
        });
        let mut paths: Vec<&Path> = claims.iter().map(FreeDirectory::path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 8);
        assert!(paths.contains(&&*runs.join("memory")));
        assert!(paths.contains(&&*runs.join("memory-8")));
    }

    #[test]
    fn what_stays_empty_is_taken_away_again() {
        let place = tempfile::tempdir().unwrap();
        let runs = place.path().join("runs");
        drop(FreeDirectory::claim(&runs, "a").unwrap());
        assert!(!runs.exists());
        let used = FreeDirectory::claim(&runs, "a").unwrap();
        write(used.path().join("run.json"), "{}").unwrap();
        drop(used);
        assert!(runs.join("a/run.json").exists());
    }
}
