//! Dialogues in the YAML of ChatterBot: each line with the one that answers it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::read::ParallelText;
use crate::error::DataError;
use crate::source::read_text;

/// A file of dialogues; what else it says, its categories, is of no matter.
#[derive(Debug, Deserialize)]
struct File {
    conversations: Vec<serde_saphyr::Spanned<Dialogue>>,
}

/// What is said in turn; nothing where a file has something else than a list of lines.
#[derive(Debug)]
struct Dialogue(Vec<String>);

impl<'de> Deserialize<'de> for Dialogue {
    fn deserialize<D: Deserializer<'de>>(entry: D) -> Result<Self, D::Error> {
        entry.deserialize_any(DialogueVisitor)
    }
}

struct DialogueVisitor;

/// Each takes a value that is no list.
macro_rules! nothing_is_said {
    ($($visit:ident($($value:ty)?);)*) => {$(
        fn $visit<E>(self $(, _: $value)?) -> Result<Dialogue, E> {
            Ok(Dialogue(Vec::new()))
        }
    )*};
}

impl<'de> Visitor<'de> for DialogueVisitor {
    type Value = Dialogue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of lines")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Dialogue, A::Error> {
        let mut said = Vec::new();
        while let Some(line) = list.next_element()? {
            said.push(line);
        }
        Ok(Dialogue(said))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dialogue, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Dialogue(Vec::new()))
    }

    nothing_is_said! {
        visit_str(&str);
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
        visit_unit();
    }
}

/// Adds each line with its answer, of all dialogues of a file, or of all `.yml` and `.yaml` files
/// of a folder in the order of their names. The first line of a dialogue is its pairs' group, so
/// that those who begin alike stay together. A single line, and an entry that is no list, count as
/// one without an answer.
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
            let Dialogue(said) = dialogue.value;
            if said.len() < 2 {
                text.count_unanswered(line);
            }
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
