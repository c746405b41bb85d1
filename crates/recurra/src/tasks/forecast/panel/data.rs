//! Several series: their file, what a run keeps of it, and their windows.

use super::super::data::{Dataset, Subject, Training};
use super::super::example::{Cut, Example};
use super::super::rows::File;
use super::PanelConfig;
use crate::Error;
use recurra_data::DataError;
use recurra_data::series::ScaleBy;
use recurra_data::source::{NamedSeries, locate, read_series_rows, read_text_columns};
use recurra_train::Run;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The series that a run was begun with, a row each, what came after them at their ends.
const PANEL_FILE: &str = "panel.csv";

/// Series by name.
#[derive(Debug)]
pub(in super::super) struct Panel {
    series: Vec<NamedSeries>,
    /// What errors call it.
    origin: PathBuf,
}

impl Panel {
    /// The series that the recipe names, with what came after them.
    pub(in super::super) fn read(data: &PanelConfig) -> Result<Self, Error> {
        let place = |dataset: &Option<String>, path: &Option<PathBuf>, key: &str| match dataset {
            Some(name) => {
                let hint = "A CSV file of your own will do: --set data.path=FILE";
                Ok(locate(name, path.as_deref(), Some(hint))?)
            }
            None => {
                let path = path.clone().unwrap_or_default();
                if path.exists() {
                    return Ok(path);
                }
                let got = format!("`{}`, which is not there", path.display());
                Err(Error::config(key, "a CSV file of yours", got))
            }
        };
        let origin = place(&data.dataset, &data.path, "data.path")?;
        let mut panel = Self::of_file(origin, data)?;
        if data.test_dataset.is_some() || data.test_path.is_some() {
            // A folder that holds the one file holds the other.
            let folder = data.path.clone().filter(|path| path.is_dir());
            let path = data.test_path.clone().or(folder);
            let after = place(&data.test_dataset, &path, "data.test_path")?;
            panel.append(Self::of_file(after, data)?, data.held_out())?;
        }
        Ok(panel)
    }

    /// The series of a file.
    pub(in super::super) fn of_file(origin: PathBuf, data: &PanelConfig) -> Result<Self, Error> {
        let series = match &data.by {
            None => read_series_rows(&origin)?,
            Some(_) => long(&origin, data)?,
        };
        Ok(Self { series, origin })
    }

    /// The series that a run was begun with.
    pub(in super::super) fn kept(run: &Run) -> Result<Self, Error> {
        let origin = run.path(PANEL_FILE)?;
        let series = read_series_rows(&origin)?;
        Ok(Self { series, origin })
    }

    /// Each series by what errors call it.
    pub(in super::super) fn series(&self) -> impl Iterator<Item = (String, &[f64])> {
        (self.series.iter()).map(|one| (format!("series `{}`", one.name), &one.values[..]))
    }

    /// Puts the series into the run, so that it needs no other file.
    pub(in super::super) fn keep(&self, run: &Run) -> Result<(), Error> {
        let longest = self.series.iter().map(|one| one.values.len()).max();
        let longest = longest.unwrap_or(0);
        let mut text = String::new();
        for one in &self.series {
            text += &format!("\"{}\"", one.name.replace('"', "\"\""));
            for value in &one.values {
                // The fewest digits that read back as the same number.
                text += &format!(",{value:?}");
            }
            text += &",".repeat(longest - one.values.len());
            text.push('\n');
        }
        Ok(run.write(PANEL_FILE, text.as_bytes())?)
    }

    /// Puts what came after each series at its end.
    fn append(&mut self, after: Self, count: usize) -> Result<(), Error> {
        let mut ends: HashMap<String, NamedSeries> = after
            .series
            .into_iter()
            .map(|one| (one.name.clone(), one))
            .collect();
        let wrong = |line: usize, problem: String| Error::Row {
            path: after.origin.clone(),
            line,
            column: "of names".to_owned(),
            problem,
        };
        for one in &mut self.series {
            let end = ends.remove(&one.name).ok_or_else(|| {
                let problem = format!("expected what came after `{}`, got no such row", one.name);
                wrong(1, problem)
            })?;
            if end.values.len() != count {
                let problem = format!(
                    "expected {count} values of `{}` (folds times horizon), got {}",
                    end.name,
                    end.values.len()
                );
                return Err(wrong(end.line, problem));
            }
            one.values.extend(end.values);
        }
        match ends.into_values().min_by_key(|end| end.line) {
            Some(end) => {
                let problem = format!("there is no series `{}` for this to come after", end.name);
                Err(wrong(end.line, problem))
            }
            None => Ok(()),
        }
    }

    /// Cuts every series: its end for the test, as much before it to be watched, and what is before
    /// that to learn from. What is too short for that is left out, which a note says.
    pub(in super::super) fn dataset(
        &self,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Result<(Dataset, Option<String>), Error> {
        let held_out = data.held_out();
        let mut parts: [Vec<Example>; 3] = Default::default();
        let mut names = Vec::new();
        let mut left_out = Vec::new();
        for one in &self.series {
            if one.values.len() < data.least_len() {
                left_out.push(format!("`{}`", one.name));
                continue;
            }
            let family = names.len();
            names.push(one.name.clone());
            let windows = self.windows(one, family, data, by)?;
            // A window is held out from the first of its targets on.
            let first = |example: &Example| example.past().len();
            let [watched, test] = [2, 1].map(|parts| one.values.len() - parts * held_out);
            for example in windows {
                let at = first(&example);
                let is_fold = |from: usize| (at - from).is_multiple_of(data.horizon);
                let part = match at {
                    at if at + data.horizon <= watched => 0,
                    at if at >= test && is_fold(test) => 2,
                    at if (watched..test).contains(&at) && is_fold(watched) => 1,
                    _ => continue,
                };
                parts[part].push(example);
            }
        }
        if names.is_empty() {
            return Err(DataError::TooFew {
                what: format!("{}: the longest series", self.origin.display()),
                expected: data.least_len(),
                got: self
                    .series
                    .iter()
                    .map(|one| one.values.len())
                    .max()
                    .unwrap_or(0),
                unit: "values",
                advice: "give longer series, a shorter window, a shorter horizon or fewer folds",
            }
            .into());
        }
        let [train, valid, test] = parts;
        let note = (!left_out.is_empty()).then(|| {
            const NAMED: usize = 5;
            let more = match left_out.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            left_out.truncate(NAMED);
            format!(
                "left out, as shorter than {} values: {}{more}",
                data.least_len(),
                left_out.join(", ")
            )
        });
        let dataset = Dataset {
            train: Training::Windows(train),
            valid,
            test,
            names,
            subject: Subject::Panel,
        };
        Ok((dataset, note))
    }

    /// The windows of each series that its last values follow, fold by fold.
    pub(in super::super) fn ends(
        &self,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Result<Vec<Example>, Error> {
        let mut ends = Vec::new();
        for (family, one) in self.series.iter().enumerate() {
            let windows = self.windows(one, family, data, by)?;
            let last = windows.len();
            let folds = (0..data.folds)
                .rev()
                .map(|fold| last.checked_sub(1 + fold * data.horizon));
            ends.extend(folds.flatten().map(|at| windows[at].clone()));
        }
        Ok(ends)
    }

    /// The end of each series, behind which nothing is known yet, with its name.
    pub(in super::super) fn open_ends(
        &self,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Result<Vec<(String, Example)>, Error> {
        let ends = self.series.iter().enumerate().map(|(family, one)| {
            let end = self.cut(one, family, data, by).end();
            let end = end.map_err(|error| error.about(self.place(one)))?;
            Ok((one.name.clone(), end))
        });
        ends.collect()
    }

    fn windows(
        &self,
        one: &NamedSeries,
        family: usize,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Result<Vec<Example>, Error> {
        let windows = self.cut(one, family, data, by).windows();
        Ok(windows.map_err(|error| error.about(self.place(one)))?)
    }

    fn cut<'a>(
        &self,
        one: &'a NamedSeries,
        family: usize,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Cut<'a> {
        Cut {
            series: &one.values,
            covariates: Arc::default(),
            window_len: [data.window_len; 2],
            horizon: data.horizon,
            by,
            family,
        }
    }

    /// What errors call a series.
    fn place(&self, one: &NamedSeries) -> String {
        format!(
            "{}:{}: series `{}`",
            self.origin.display(),
            one.line,
            one.name
        )
    }
}

/// The series of a file with a row for each value, in the order in which they begin.
fn long(path: &Path, data: &PanelConfig) -> Result<Vec<NamedSeries>, Error> {
    let (Some(by), Some(column)) = (&data.by, &data.column) else {
        return Ok(Vec::new());
    };
    let mut columns = vec![by, column];
    columns.extend(&data.dates);
    let file = File { path };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups = Vec::new();
    for row in read_text_columns(path, &columns)? {
        let name = row.cells[0].trim();
        if name.is_empty() {
            return Err(file.wrong(&row, by, "expected the name of a series, got an empty cell"));
        }
        let place = *places.entry(name.to_owned()).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(row);
    }
    let series = groups.into_iter().map(|rows| {
        if let Some(dates) = &data.dates {
            file.dates(&rows, 2, dates)?;
        }
        let values = rows.iter().map(|row| file.number(row, 1, column));
        Ok(NamedSeries {
            name: rows[0].cells[0].trim().to_owned(),
            line: rows[0].line,
            values: values.collect::<Result<_, Error>>()?,
        })
    });
    series.collect()
}
