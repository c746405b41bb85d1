//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the repository's folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// All files with this extension, in order, without what builds and runs leave behind.
pub(crate) fn with_extension(extension: &str) -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    collect(&root, &root, extension, &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn collect(root: &Path, folder: &Path, extension: &str, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "runs" {
                collect(root, &path, extension, sources);
            }
        } else if path.extension().is_some_and(|found| found == extension)
            && let Ok(text) = fs::read_to_string(&path)
        {
            let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
            sources.push(Source { path, text });
        }
    }
}
