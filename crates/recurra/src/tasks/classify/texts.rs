//! Labelled texts: from files to classes, parts and clean text.

use super::config::{BadRows, Keep, TextsConfig};
use crate::Error;
use recurra_data::fault::RowFault;
use recurra_data::labelled::{LabelledTexts, read_labelled};
use recurra_data::source::locate;
use recurra_data::text::Normalization;
use recurra_data::{DataError, Split, SplitFractions, TokenId, Tokenizer};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// More kinds of labels than this are no classes.
const MOST_CLASSES: usize = 1000;
/// What to do about bad rows in what a run is made of.
const SKIP: &str = "correct them, or leave them out with `--set data.bad_rows=skip`";

/// The texts of a run, those of the first file before the others'.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Texts {
    pub(super) texts: Vec<String>,
    pub(super) labels: Vec<u32>,
    pub(super) classes: Vec<String>,
    pub(super) split: Split,
    /// The files or the built-in list.
    pub(super) source: String,
    /// How many were read and what was left out, in sentences.
    pub(super) summary: Vec<String>,
}

/// Texts of one file, with their labels as they are called.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) texts: Vec<String>,
    labels: Vec<String>,
    pub(super) summary: String,
}

impl Texts {
    /// Reads what the recipe names.
    pub(super) fn read(config: &TextsConfig, seed: u64) -> Result<Self, Error> {
        if let (Some(list), None) = (config.texts, &config.path) {
            let (labels, texts): (Vec<_>, Vec<_>) = list.texts().into_iter().unzip();
            let first = Part {
                texts: texts.into_iter().map(str::to_owned).collect(),
                labels: labels.into_iter().map(str::to_owned).collect(),
                summary: format!("{} texts", list.texts().len()),
            };
            let source = format!("built-in list `{}`", list.name());
            return Self::of_parts(config, first, [None, None], source, seed);
        }
        if config.is_one_file() {
            let path = config.path.clone().unwrap_or_default();
            let first = Part::read(&path, config, None, SKIP)?;
            let source = path.display().to_string();
            return Self::of_parts(config, first, [None, None], source, seed);
        }
        let Some(name) = &config.dataset else {
            let path = config.path.clone().unwrap_or_default();
            let first = Part::read(&path, config, None, SKIP)?;
            let source = path.display().to_string();
            return Self::of_parts(config, first, [None, None], source, seed);
        };
        let find = |name: &String| -> Result<PathBuf, Error> {
            let hint = "Any table with a column of texts and one of labels will do: --data FILE";
            Ok(locate(name, config.path.as_deref(), Some(hint))?)
        };
        let path = find(name)?;
        let first = Part::read(&path, config, None, SKIP)?;
        let classes = classes(&first, config, &path)?;
        let part = |name: &Option<String>| -> Result<Option<(PathBuf, Part)>, Error> {
            let Some(name) = name else { return Ok(None) };
            let path = find(name)?;
            let part = Part::read(&path, config, Some(&classes), SKIP)?;
            Ok(Some((path, part)))
        };
        let others = [part(&config.valid_dataset)?, part(&config.test_dataset)?];
        let mut source = path.display().to_string();
        for (path, _) in others.iter().flatten() {
            source.push_str(&format!(", {}", path.display()));
        }
        let others = others.map(|other| other.map(|(_, part)| part));
        Self::of_parts(config, first, others, source, seed)
    }

    fn of_parts(
        config: &TextsConfig,
        first: Part,
        [valid, test]: [Option<Part>; 2],
        source: String,
        seed: u64,
    ) -> Result<Self, Error> {
        let classes = classes(&first, config, Path::new(&source))?;
        let others = [valid.is_some(), test.is_some()];
        let mut split = parted(config.split.as_ref(), first.texts.len(), others, seed)?;
        let mut summary = vec![first.summary.clone()];
        let mut all = first;
        for (part, other) in [(&mut split.valid, valid), (&mut split.test, test)] {
            let Some(other) = other else { continue };
            part.extend(all.texts.len()..all.texts.len() + other.texts.len());
            all.texts.extend(other.texts);
            all.labels.extend(other.labels);
            summary.push(other.summary);
        }
        let labels = all.ids(&classes);
        let trained: HashSet<&str> = split.train.iter().map(|&i| &all.texts[i][..]).collect();
        let again = |&&index: &&usize| trained.contains(&all.texts[index][..]);
        match split.test.iter().filter(again).count() {
            0 => {}
            1 => summary.push("1 text of the test is also trained on".to_owned()),
            count => summary.push(format!("{count} texts of the test are also trained on")),
        }
        for (class, name) in (0..).zip(&classes) {
            if !split.train.iter().any(|&index| labels[index] == class) {
                return Err(Error::Data(DataError::TooFew {
                    what: format!("class `{name}` of {source}, in the training part"),
                    expected: 1,
                    got: 0,
                    unit: "texts",
                    advice: "give more texts of it, or leave it out",
                }));
            }
        }
        Ok(Self {
            texts: all.texts,
            labels,
            classes,
            split,
            source,
            summary,
        })
    }
}

/// Which of the first file's `n` examples are for what; validation and test may have files of their
/// own.
pub(super) fn parted(
    fractions: Option<&SplitFractions>,
    n: usize,
    [valid, test]: [bool; 2],
    seed: u64,
) -> Result<Split, Error> {
    let nothing = Split {
        train: (0..n).collect(),
        valid: Vec::new(),
        test: Vec::new(),
    };
    let Some(fractions) = fractions else {
        if valid && test {
            return Ok(nothing);
        }
        let want = "fractions, as { train = 0.8, valid = 0.1, test = 0.1 }, for the parts that \
                    have no file of their own";
        return Err(Error::config("data.split", want, "nothing"));
    };
    for (name, fraction, has_file) in [
        ("valid", fractions.valid, valid),
        ("test", fractions.test, test),
    ] {
        if has_file == (fraction > 0.0) {
            let want = match has_file {
                true => format!("0 for {name}, which has a file of its own"),
                false => format!(
                    "above 0 for {name}, so that there is something to judge by; for example \
                     --set data.split=\"{{ train = 0.8, valid = 0.1, test = 0.1 }}\""
                ),
            };
            return Err(Error::config("data.split", want, fraction));
        }
    }
    Ok(Split::random(n, fractions, seed)?)
}

/// What the texts of the first file can be, in a fixed order.
fn classes(part: &Part, config: &TextsConfig, path: &Path) -> Result<Vec<String>, Error> {
    if let Some(labels) = &config.labels {
        let mut classes: Vec<String> = Vec::new();
        for name in labels.values() {
            if !classes.contains(name) {
                classes.push(name.clone());
            }
        }
        return Ok(classes);
    }
    let distinct: BTreeSet<&String> = part.labels.iter().collect();
    if distinct.len() < 2 {
        let only = distinct.first().map_or("none", |label| label.as_str());
        return Err(Error::Data(DataError::TooFew {
            what: format!(
                "{}: labels in column {} (there is only `{only}`)",
                path.display(),
                config.label
            ),
            expected: 2,
            got: distinct.len(),
            unit: "classes",
            advice: "give texts of another class too, or name the right column",
        }));
    }
    if distinct.len() > MOST_CLASSES {
        let want = format!("a column of labels, at most {MOST_CLASSES} different ones");
        return Err(Error::config("data.label", want, distinct.len()));
    }
    let mut classes: Vec<String> = distinct.into_iter().cloned().collect();
    if classes.iter().all(|class| class.parse::<i64>().is_ok()) {
        classes.sort_by_key(|class| class.parse::<i64>().unwrap_or_default());
    }
    Ok(classes)
}

impl Part {
    /// Reads a file; with `classes`, a label that is none of them makes a row a bad one. Where bad
    /// rows are refused, `advice` says what to do about them.
    pub(super) fn read(
        path: &Path,
        config: &TextsConfig,
        classes: Option<&[String]>,
        advice: &'static str,
    ) -> Result<Self, Error> {
        let LabelledTexts {
            texts: rows,
            mut faults,
            ..
        } = read_labelled(path, &config.text, &config.label)?;
        let num_rows = rows.len() + faults.count;
        let (mut texts, mut labels) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let text = config.markup.apply(&row.text).into_owned();
            let known = match &config.labels {
                Some(names) => names.get(&row.label),
                None => Some(&row.label),
            };
            let known = known.filter(|name| classes.is_none_or(|all| all.contains(name)));
            let mut fault = |column: String, problem: String| {
                faults.add(RowFault {
                    line: row.line,
                    column,
                    problem,
                });
            };
            match known {
                _ if Normalization::default().apply(&text).is_empty() => fault(
                    config.text.to_string(),
                    "expected a text, got no visible letter".to_owned(),
                ),
                Some(label) => {
                    labels.push(label.clone());
                    texts.push(text);
                }
                None => fault(
                    config.label.to_string(),
                    unknown_label(&row.label, config, classes),
                ),
            }
        }
        if faults.count > 0 && config.bad_rows == BadRows::Refuse {
            return Err(Error::Data(DataError::BadRows {
                path: path.to_owned(),
                num_rows,
                faults: Box::new(faults),
                advice,
            }));
        }
        let file = path.file_name().unwrap_or(path.as_os_str());
        let mut summary = format!("{}: {} texts", file.to_string_lossy(), texts.len());
        if faults.count > 0 {
            summary.push_str(&format!(
                "; {} of {num_rows} rows left out ({faults})",
                faults.count
            ));
        }
        Ok(Self {
            texts,
            labels,
            summary,
        })
    }

    /// The labels as numbers of classes, which they are all among.
    pub(super) fn ids(&self, classes: &[String]) -> Vec<u32> {
        let id = |label: &String| classes.iter().position(|class| class == label);
        let ids = self.labels.iter().map(id);
        ids.map(|id| id.map_or(0, |id| id as u32)).collect()
    }
}

fn unknown_label(label: &str, config: &TextsConfig, classes: Option<&[String]>) -> String {
    const SHOWN: usize = 12;
    let known: Vec<String> = match (&config.labels, classes) {
        (Some(names), _) => names.keys().cloned().collect(),
        (None, Some(classes)) => classes.to_vec(),
        (None, None) => Vec::new(),
    };
    let mut list: Vec<String> = known
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    if known.len() > SHOWN {
        list.push("…".to_owned());
    }
    format!("expected one of {}, got `{label}`", list.join(", "))
}

/// The part of a text that is read, and whether that is not all of it.
pub(super) fn cut(mut ids: Vec<TokenId>, max_len: usize, keep: Keep) -> (Vec<TokenId>, bool) {
    let over = ids.len().saturating_sub(max_len);
    if over == 0 {
        return (ids, false);
    }
    match keep {
        Keep::Beginning => ids.truncate(max_len),
        Keep::End => drop(ids.drain(..over)),
        Keep::BothEnds => drop(ids.drain(max_len.div_ceil(2)..max_len.div_ceil(2) + over)),
    }
    (ids, true)
}

/// Learns the pieces of the texts that are trained on.
pub(super) fn learn_tokenizer(texts: &Texts, config: &TextsConfig) -> Result<Tokenizer, Error> {
    let training = texts.split.train.iter().map(|&index| &texts.texts[index]);
    Ok(Tokenizer::train(&config.tokenizer, training)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_where_it_should_be() {
        let ids: Vec<TokenId> = (0..7).collect();
        assert_eq!(cut(ids.clone(), 3, Keep::Beginning).0, [0, 1, 2]);
        assert_eq!(cut(ids.clone(), 3, Keep::End).0, [4, 5, 6]);
        assert_eq!(cut(ids.clone(), 3, Keep::BothEnds).0, [0, 1, 6]);
        assert_eq!(cut(ids.clone(), 7, Keep::End), (ids, false));
    }
}
