//! Several series: their file, what a run keeps of it, and their windows.

use super::super::data::{Dataset, Subject, Training};
use super::super::example::{Cut, Example};
use super::super::rows::File;
use super::PanelConfig;
use crate::Error;
use recurra_data::DataError;
use recurra_data::series::ScaleBy;
use recurra_data::source::{
    ColumnSelector, Moment, NamedSeries, locate, read_series_rows, read_text_columns,
};
use recurra_train::Run;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The series that a run was begun with, a value a row, what came after them at their ends.
const PANEL_FILE: &str = "panel.csv";
/// Its columns.
const NAME: &str = "series";
const VALUE: &str = "value";

/// Series by name.
#[derive(Debug)]
pub(in super::super) struct Panel {
    series: Vec<NamedSeries>,
    /// What errors call it.
    origin: PathBuf,
    /// What was noticed while it was read.
    notes: Vec<String>,
}

/// What was taken of each series, and which were too short for it, in words.
#[derive(Debug)]
pub(in super::super) struct Ends<T> {
    pub(in super::super) taken: Vec<T>,
    pub(in super::super) left_out: Option<String>,
}

impl Panel {
    /// The series that the recipe names, with what came after them.
    pub(in super::super) fn read(data: &PanelConfig) -> Result<Self, Error> {
        let place = |dataset: &Option<String>, path: &Option<PathBuf>, key: &str| match dataset {
            Some(name) => {
                let hint = format!("A CSV file of your own will do: --set {key}=FILE");
                Ok(locate(name, path.as_deref(), Some(&hint))?)
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
        // A folder that holds the one data set holds the other; what came after a file of the user's
        // own is not what came after the data set.
        let folder = data.path.clone().filter(|path| path.is_dir());
        let own_file = data.path.is_some() && folder.is_none();
        let after = match &data.test_path {
            Some(_) => Some(place(&None, &data.test_path, "data.test_path")?),
            None if data.test_dataset.is_none() => None,
            None if own_file => {
                panel.notes.push(
                    "`data.test_dataset` is not of the file that was given: the test is the end of \
                     its series"
                        .to_owned(),
                );
                None
            }
            None => Some(place(&data.test_dataset, &folder, "data.test_path")?),
        };
        if let Some(after) = after {
            panel.append(Self::of_file(after, data)?, data.held_out())?;
        }
        Ok(panel)
    }

    /// The series of a file.
    pub(in super::super) fn of_file(origin: PathBuf, data: &PanelConfig) -> Result<Self, Error> {
        let (series, note) = match (&data.by, &data.column) {
            (Some(by), Some(column)) => long(&origin, [by, column], data.dates.as_ref())?,
            _ => (read_series_rows(&origin)?, None),
        };
        Ok(Self {
            series,
            origin,
            notes: note.into_iter().collect(),
        })
    }

    /// The series that a run was begun with.
    pub(in super::super) fn kept(run: &Run) -> Result<Self, Error> {
        let origin = run.path(PANEL_FILE)?;
        let columns = [NAME, VALUE].map(|name| ColumnSelector::Name(name.to_owned()));
        let (series, _) = long(&origin, columns.each_ref(), None)?;
        Ok(Self {
            series,
            origin,
            notes: Vec::new(),
        })
    }

    /// Each series by what errors call it.
    pub(in super::super) fn series(&self) -> impl Iterator<Item = (String, &[f64])> {
        (self.series.iter()).map(|one| (format!("series `{}`", one.name), &one.values[..]))
    }

    /// Puts the series into the run, so that it needs no other file.
    pub(in super::super) fn keep(&self, run: &Run) -> Result<(), Error> {
        let mut text = format!("{NAME},{VALUE}\n");
        for one in &self.series {
            let name = one.name.replace('"', "\"\"");
            for value in &one.values {
                // The fewest digits that read back as the same number.
                text += &format!("\"{name}\",{value:?}\n");
            }
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
    ) -> Result<(Dataset, Vec<String>), Error> {
        let held_out = data.held_out();
        let mut parts: [Vec<Example>; 3] = Default::default();
        let mut names = Vec::new();
        let left_out = self.each_of(data.least_len(), |family, one| {
            names.push(one.name.clone());
            let [watched, test] = [2, 1].map(|parts| one.values.len() - parts * held_out);
            for example in self.windows(one, family, data, by)? {
                // A window is held out from the first of its targets on.
                let at = example.past().len();
                let is_fold = |from: usize| (at - from).is_multiple_of(data.horizon);
                let part = match at {
                    at if at + data.horizon <= watched => 0,
                    at if at >= test && is_fold(test) => 2,
                    at if (watched..test).contains(&at) && is_fold(watched) => 1,
                    _ => continue,
                };
                parts[part].push(example);
            }
            Ok(())
        })?;
        let [train, valid, test] = parts;
        let notes = left_out.into_iter().collect();
        let dataset = Dataset {
            train: Training::Windows(train),
            valid,
            test,
            names,
            subject: Subject::Panel,
        };
        Ok((dataset, notes))
    }

    /// The windows of each series that its last values follow, fold by fold.
    pub(in super::super) fn ends(
        &self,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Result<Ends<Example>, Error> {
        let least = data.window_len + data.horizon;
        let mut taken = Vec::new();
        let left_out = self.each_of(least, |family, one| {
            let windows = self.windows(one, family, data, by)?;
            let folds = (0..data.folds).rev();
            let places =
                folds.filter_map(|fold| windows.len().checked_sub(1 + fold * data.horizon));
            taken.extend(places.map(|at| windows[at].clone()));
            Ok(())
        })?;
        Ok(Ends { taken, left_out })
    }

    /// The end of each series, behind which nothing is known yet, with its name.
    pub(in super::super) fn open_ends(
        &self,
        data: &PanelConfig,
        by: ScaleBy,
    ) -> Result<Ends<(String, Example)>, Error> {
        let mut taken = Vec::new();
        let left_out = self.each_of(data.window_len, |family, one| {
            let end = self.cut(one, family, data, by).end();
            let end = end.map_err(|error| error.about(self.place(one)))?;
            taken.push((one.name.clone(), end));
            Ok(())
        })?;
        Ok(Ends { taken, left_out })
    }

    /// Takes each series that has `least` values; the others, and what else was noticed, in words.
    fn each_of(
        &self,
        least: usize,
        mut take: impl FnMut(usize, &NamedSeries) -> Result<(), Error>,
    ) -> Result<Option<String>, Error> {
        let (long, short): (Vec<&NamedSeries>, Vec<&NamedSeries>) = self
            .series
            .iter()
            .partition(|one| one.values.len() >= least);
        if long.is_empty() {
            return Err(self.too_short(least));
        }
        for (family, one) in long.into_iter().enumerate() {
            take(family, one)?;
        }
        let notes = left_out_note(&short, least).into_iter();
        let notes: Vec<String> = notes.chain(self.notes.iter().cloned()).collect();
        Ok((!notes.is_empty()).then(|| notes.join("; ")))
    }

    /// That no series is long enough.
    fn too_short(&self, least: usize) -> Error {
        let longest = self.series.iter().map(|one| one.values.len()).max();
        DataError::TooFew {
            what: format!("{}: the longest series", self.origin.display()),
            expected: least,
            got: longest.unwrap_or(0),
            unit: "values",
            advice: "give longer series, or a recipe with a shorter window, a shorter horizon or \
                     fewer folds",
        }
        .into()
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

/// Which series are left out, and why.
fn left_out_note(left_out: &[&NamedSeries], least: usize) -> Option<String> {
    const NAMED: usize = 5;
    let named = left_out
        .iter()
        .take(NAMED)
        .map(|one| format!("`{}`", one.name));
    let named: Vec<String> = named.collect();
    let more = match left_out.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = named.join(", ");
    (!named.is_empty()).then(|| format!("left out, as shorter than {least} values: {names}{more}"))
}

/// The series of a file with a row for each value, in the order in which they begin; by the columns of
/// names and values, and of dates; and in words when they end on different ones.
fn long(
    path: &Path,
    [by, column]: [&ColumnSelector; 2],
    dates: Option<&ColumnSelector>,
) -> Result<(Vec<NamedSeries>, Option<String>), Error> {
    let mut columns = vec![by, column];
    columns.extend(dates);
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
    let mut ends: Vec<(Moment, String)> = Vec::new();
    let series = groups.into_iter().map(|rows| {
        let name = rows[0].cells[0].trim().to_owned();
        if let Some(dates) = dates {
            let last = file.dates(&rows, 2, dates)?.pop();
            ends.extend(last.map(|last| {
                let written = rows.last().map_or("", |row| row.cells[2].trim());
                (last, format!("`{name}` on {written}"))
            }));
        }
        let values = rows.iter().map(|row| file.number(row, 1, column));
        Ok(NamedSeries {
            name,
            line: rows[0].line,
            values: values.collect::<Result<_, Error>>()?,
        })
    });
    let series = series.collect::<Result<Vec<_>, Error>>()?;
    ends.sort_by_key(|(end, _)| *end);
    let note = match &ends[..] {
        [(first, earliest), .., (last, latest)] if first != last => Some(format!(
            "the series do not end together, {earliest} and {latest}: what is forecast follows the \
             end of each"
        )),
        _ => None,
    };
    Ok((series, note))
}
