//! Where a named data set is.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::source::zip;

/// The environment variable that names the folder of data sets.
pub const DATA_VARIABLE: &str = "RECURRA_DATA";

/// Finds the file or folder of the data set `name`.
///
/// An explicit path in `data` wins. If it is a folder that holds `name`, then that is meant. With
/// no explicit path, `$RECURRA_DATA/name` is taken. `name` may have folders in it
/// (`"autocomplete/words.txt.gz"`). `hint` says where the public original is and becomes part of
/// the error.
///
/// # Errors
/// [`DataError::NotFound`] that says where was looked and both ways to say where the data is.
///
/// # Example
/// ```
/// use std::path::Path;
///
/// let missing = recurra_data::source::locate("words.txt", Some(Path::new("/no/such")), None);
/// assert!(missing.unwrap_err().to_string().contains("RECURRA_DATA"));
/// ```
pub fn locate(name: &str, data: Option<&Path>, hint: Option<&str>) -> Result<PathBuf, DataError> {
    let root = env::var_os(DATA_VARIABLE).filter(|root| !root.is_empty());
    locate_in(name, data, root.as_deref().map(Path::new), hint)
}

/// [`locate`] with the folder of data sets as an argument, so that it can be tested.
fn locate_in(
    name: &str,
    data: Option<&Path>,
    root: Option<&Path>,
    hint: Option<&str>,
) -> Result<PathBuf, DataError> {
    let not_found = |tried: String| DataError::NotFound {
        name: name.to_owned(),
        tried,
        hint: hint.map(str::to_owned),
    };
    if let Some(data) = data {
        let inside = data.join(name);
        return if data.is_dir() && exists(&inside) {
            Ok(inside)
        } else if data.exists() {
            Ok(data.to_owned())
        } else {
            Err(not_found(format!("there is no `{}`", data.display())))
        };
    }
    let Some(root) = root else {
        return Err(not_found(format!(
            "no path was given and `{DATA_VARIABLE}` is not set"
        )));
    };
    let path = root.join(name);
    if exists(&path) {
        Ok(path)
    } else {
        Err(not_found(format!(
            "no path was given and `{DATA_VARIABLE}` has no `{}`",
            path.display()
        )))
    }
}

fn exists(path: &Path) -> bool {
    path.exists() || zip::has_member(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_file_wins_over_the_variable() {
        let dir = tempfile::tempdir().unwrap();
        let mine = dir.path().join("mine.txt");
        std::fs::write(&mine, "a").unwrap();
        std::fs::write(dir.path().join("words.txt"), "b").unwrap();
        let found = locate_in("words.txt", Some(&mine), Some(dir.path()), None).unwrap();
        assert_eq!(found, mine);
    }

    #[test]
    fn an_explicit_folder_is_searched_for_the_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("words.txt"), "b").unwrap();
        let found = locate_in("words.txt", Some(dir.path()), None, None).unwrap();
        assert_eq!(found, dir.path().join("words.txt"));
        let found = locate_in("photos", Some(dir.path()), None, None).unwrap();
        assert_eq!(found, dir.path());
    }

    #[test]
    fn the_variable_is_used_when_no_path_is_given() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("words.txt"), "b").unwrap();
        let found = locate_in("words.txt", None, Some(dir.path()), None).unwrap();
        assert_eq!(found, dir.path().join("words.txt"));
    }

    #[test]
    fn a_missing_data_set_is_explained_with_both_ways_and_the_original() {
        let error = locate_in(
            "words.txt",
            None,
            None,
            Some("It is in Debian's wamerican."),
        )
        .unwrap_err()
        .to_string();
        insta::assert_snapshot!(error, @"no data for `words.txt`: no path was given and `RECURRA_DATA` is not set. Give it with `--data PATH`, or set `RECURRA_DATA` to a folder that holds `words.txt`. It is in Debian's wamerican.");
    }
}
