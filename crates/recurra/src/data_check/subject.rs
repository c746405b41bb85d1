//! What is meant by a name or by files.

use crate::Error;
use crate::recipe::{Recipe, RecipeSource, embedded, most_similar};
use crate::tasks::translate;
use recurra_data::DataError;
use recurra_data::parallel::{DATASETS, ParallelDataset, ParallelFiles};
use recurra_data::source::{ColumnSelector, is_json_lines};
use std::path::Path;

/// What `recurra data check` looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckSubject {
    /// A public data set by its name, in its parts.
    Dataset(&'static ParallelDataset),
    /// What a recipe trains on, watches and is judged by.
    Recipe(Box<translate::Recipe>),
    /// A user's files.
    Files(ParallelFiles),
}

impl CheckSubject {
    /// What is meant by one name or two files: a data set that is known by name; a recipe that
    /// translates, by its name or as a `.toml` file; two files that belong together line by line;
    /// JSON lines with the keys `source` and `target`; or a table of which the columns 1 and 2 are
    /// taken. `columns` are other columns or keys.
    ///
    /// # Errors
    /// [`DataError::NotFound`] for a name that is none of these; [`Error::Config`] for a recipe of
    /// another task, and for columns of what has its own.
    pub fn find(
        first: &Path,
        second: Option<&Path>,
        columns: [Option<&str>; 2],
    ) -> Result<Self, Error> {
        if let Some(second) = second {
            return Ok(Self::Files(ParallelFiles::Lines {
                source: first.to_owned(),
                target: second.to_owned(),
            }));
        }
        let name = first.to_string_lossy();
        let own = match ParallelDataset::find(&name) {
            Some(dataset) => Some(Self::Dataset(dataset)),
            None if is_recipe(&name) => Some(Self::Recipe(of_translation(&name)?)),
            None => None,
        };
        if let Some(own) = own {
            return match columns {
                [None, None] => Ok(own),
                _ => {
                    let want = format!("nothing beside `{name}`, which has its own columns");
                    Err(Error::config("--source, --target", want, "a column"))
                }
            };
        }
        if !first.exists() {
            let names: Vec<&str> = DATASETS.iter().map(|dataset| dataset.name).collect();
            let recipes = embedded().iter().map(|recipe| recipe.name);
            let similar = most_similar(&name, names.iter().copied().chain(recipes));
            let similar = similar.map(|name| format!("Did you mean `{name}`? "));
            let known = names.join(", ");
            return Err(Error::Data(DataError::NotFound {
                name: name.into_owned(),
                tried: String::from(
                    "there is no such file, and no data set or recipe is called so",
                ),
                hint: Some(format!(
                    "{}The known data sets are {known}; `recurra recipes` lists the recipes",
                    similar.unwrap_or_default()
                )),
            }));
        }
        let path = first.to_owned();
        let [source, target] = columns;
        Ok(Self::Files(if is_json_lines(first) {
            ParallelFiles::JsonLines {
                path,
                source: source.unwrap_or("source").to_owned(),
                target: target.unwrap_or("target").to_owned(),
            }
        } else {
            ParallelFiles::Table {
                path,
                source: column(source, 1),
                target: column(target, 2),
                group: Vec::new(),
            }
        }))
    }
}

fn is_recipe(name: &str) -> bool {
    name.ends_with(".toml") || embedded().iter().any(|recipe| recipe.name == name)
}

fn of_translation(name: &str) -> Result<Box<translate::Recipe>, Error> {
    match RecipeSource::find(name)?.resolve(&[])? {
        Recipe::Translate(recipe) => Ok(recipe),
        other => {
            let want = "`translate`: what is checked are pairs of texts";
            Err(Error::config("task", want, other.task()))
        }
    }
}

fn column(given: Option<&str>, otherwise: usize) -> ColumnSelector {
    given.map_or(ColumnSelector::Number(otherwise), |given| {
        let Ok(column) = given.parse();
        column
    })
}
