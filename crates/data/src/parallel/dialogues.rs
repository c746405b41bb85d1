//! Dialogues in the YAML of ChatterBot: each line with the one that answers it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::read::ParallelText;
use crate::error::DataError;
use crate::source::read_text;

/// A file of dialogues; what else it says, its categories, is of no matter.
#[derive(Debug, Deserialize)]
struct File {
    conversations: Vec<serde_saphyr::Spanned<Vec<String>>>,
}

/// Adds each line with its answer, of all dialogues of a file, or of all `.yml` and `.yaml` files
/// of a folder in the order of their names. The first line of a dialogue is its pairs' group, so
/// that those who begin alike stay together.
///
/// # Errors
/// [`DataError::Dialogues`] for a file that is something else, and those of [`read_text`].
pub(super) fn read_dialogues(text: &mut ParallelText, path: &Path) -> Result<(), DataError> {
    for path in files(path)? {
        let refused = |problem: String| DataError::Dialogues {
            path: path.clone(),
            problem,
        };
        let options = serde_saphyr::options! { with_snippet: false };
        let file: File = serde_saphyr::from_str_with_options(&read_text(&path)?, options)
            .map_err(|error| refused(error.to_string()))?;
        for dialogue in file.conversations {
            let line = dialogue.defined.line() as usize;
            let said = dialogue.value;
            for (place, pair) in said.windows(2).enumerate() {
                text.add(line + place, &pair[0], &pair[1], Some(said[0].clone()));
            }
        }
    }
    Ok(())
}

/// The file, or those of the folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(DataError::Empty {
            path: path.to_owned(),
            expected: "at least one `.yml` file of dialogues",
        });
    }
    files.sort();
    Ok(files)
}
