//! `--set key=value`.

use crate::Error;
use toml::{Table, Value};

/// Sets the value at a dotted key, making sections on the way.
///
/// The value is read as TOML (`3`, `0.5`, `true`, `[1, 2]`, `{ name = "sgd" }`); what
/// is no TOML is a string, so that `model.stack.layer.cell=gru` needs no quotes.
pub(super) fn apply(table: &mut Table, given: &str) -> Result<(), Error> {
    let wrong = |message: String| Error::Override {
        given: given.to_owned(),
        message,
    };
    let (key, value) = given
        .split_once('=')
        .ok_or_else(|| wrong("expected key=value, as in train.batch_size=64".to_owned()))?;
    let parts: Vec<&str> = key.trim().split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(wrong("the key has an empty part".to_owned()));
    }
    let (last, sections) = parts
        .split_last()
        .expect("splitting a string gives at least one part");
    let mut place = table;
    for section in sections {
        place = place
            .entry(*section)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| wrong(format!("`{section}` is a value, not a section")))?;
    }
    place.insert((*last).to_owned(), parse(value.trim()));
    Ok(())
}

fn parse(value: &str) -> Value {
    format!("value = {value}")
        .parse::<Table>()
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, given: &str) -> Result<Table, Error> {
        let mut table = text.parse::<Table>().unwrap();
        apply(&mut table, given)?;
        Ok(table)
    }

    #[test]
    fn a_value_replaces_the_recipes() {
        let table = set("[train]\nseed = 1", "train.seed=7").unwrap();
        assert_eq!(table["train"]["seed"].as_integer(), Some(7));
    }

    #[test]
    fn a_bare_word_is_a_string_and_sections_are_made() {
        let table = set("", "model.stack.layer.cell=gru").unwrap();
        let cell = &table["model"]["stack"]["layer"]["cell"];
        assert_eq!(cell.as_str(), Some("gru"));
    }

    #[test]
    fn inline_tables_and_lists_are_toml() {
        let table = set(
            "",
            "train.optimizer={ name = \"sgd\", learning_rate = 0.1 }",
        )
        .unwrap();
        assert_eq!(table["train"]["optimizer"]["name"].as_str(), Some("sgd"));
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for given in ["train.seed", ".=1", "a..b=1"] {
            assert!(set("", given).is_err(), "{given}");
        }
        let error = set("about = \"x\"", "about.more=1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "--set about.more=1: `about` is a value, not a section"
        );
    }
}
