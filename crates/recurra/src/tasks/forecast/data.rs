//! From series to windows, and from windows to what the network is fitted on.

use super::column::{Column, column_of_file, kept_column};
use super::config::{ColumnConfig, DataConfig, GeneratedConfig, Head, ModelConfig, Recipe};
use super::counts::is_count;
use super::covariates::Standard;
use super::example::{Cut, Example};
use super::panel::Panel;
use crate::Error;
use recurra_data::rng::rng;
use recurra_data::series::{Interval, ScaleBy, SeriesSet};
use recurra_data::{DataError, Split};
use recurra_train::{Run, Stream};
use std::sync::Arc;

/// What a run is fitted on and judged by.
#[derive(Debug)]
pub(super) struct Dataset {
    pub(super) train: Training,
    pub(super) valid: Vec<Example>,
    pub(super) test: Vec<Example>,
    /// Names of the families or series, by their number in an example.
    pub(super) names: Vec<String>,
    pub(super) subject: Subject,
}

/// What the windows are of.
#[derive(Debug)]
pub(super) enum Subject {
    /// Made-up families.
    Families,
    /// One series: its windows follow each other.
    Series(Series),
    /// Several series, each with a part for the test.
    Panel,
}

/// What is known of the only series beside its windows.
#[derive(Debug)]
pub(super) struct Series {
    /// The values after which nothing is known yet: its end.
    pub(super) latest: Vec<f64>,
    /// The values that training sees.
    pub(super) history: Vec<f64>,
    /// How the known columns beside it are measured: by what training sees.
    pub(super) standards: Vec<Standard>,
}

/// Where training examples come from.
#[derive(Debug)]
pub(super) enum Training {
    Generated(Generated),
    Windows(Vec<Example>),
}

/// Windows by number, each a pure function of the seed and its number.
#[derive(Debug)]
pub(super) struct Generated {
    set: SeriesSet,
    /// The most of each family, and the range that a length is drawn from.
    window_len: Vec<(usize, Interval)>,
    longest: usize,
    examples_per_epoch: usize,
    by: ScaleBy,
    seed: u64,
}

/// Numbers of held-out windows start here; training counts from 0 and never gets so far.
const VALID_FROM: u64 = 1 << 40;
const TEST_FROM: u64 = 1 << 41;

impl Dataset {
    /// The data that the recipe names.
    pub(super) fn read(recipe: &Recipe) -> Result<Self, Error> {
        match &recipe.data {
            DataConfig::Generated(data) => Self::generated(data, recipe),
            DataConfig::Column(data) => {
                let column = column_of_file(data, recipe.train.seed)?;
                let name = column.origin.display().to_string();
                check_values(&recipe.model, [(name, &column.values[..])])?;
                Self::from_series(&column, data, recipe.model.scale_by)
            }
            DataConfig::Panel(data) => {
                let panel = Panel::read(data)?;
                check_values(&recipe.model, panel.series())?;
                Ok(panel.dataset(data, recipe.model.scale_by)?.0)
            }
        }
    }

    /// The data that `run` was begun with: what the file of a column said then.
    pub(super) fn of_run(recipe: &Recipe, run: &Run) -> Result<Self, Error> {
        match &recipe.data {
            DataConfig::Generated(data) => Self::generated(data, recipe),
            DataConfig::Column(data) => {
                Self::from_series(&kept_column(recipe, run)?, data, recipe.model.scale_by)
            }
            DataConfig::Panel(data) => {
                let panel = Panel::kept(run)?;
                Ok(panel.dataset(data, recipe.model.scale_by)?.0)
            }
        }
    }

    /// How the known columns beside the series of a run are measured, which it has learnt.
    pub(super) fn standards(recipe: &Recipe, run: &Run) -> Result<Vec<Standard>, Error> {
        if recipe.num_covariates()[1] == 0 {
            return Ok(Vec::new());
        }
        Ok(match Self::of_run(recipe, run)?.subject {
            Subject::Series(series) => series.standards,
            Subject::Families | Subject::Panel => Vec::new(),
        })
    }

    /// The only series, where there is one.
    pub(super) fn series(&self) -> Option<&Series> {
        match &self.subject {
            Subject::Series(series) => Some(series),
            Subject::Families | Subject::Panel => None,
        }
    }

    fn generated(data: &GeneratedConfig, recipe: &Recipe) -> Result<Self, Error> {
        let generated = Generated::new(data, recipe)?;
        let held_out = |from: u64, count: usize| -> Result<Vec<Example>, DataError> {
            let numbers = from..from + count as u64;
            numbers.map(|number| generated.example(number)).collect()
        };
        Ok(Self {
            valid: held_out(VALID_FROM, data.num_valid)?,
            test: held_out(TEST_FROM, data.num_test)?,
            names: data.families.iter().map(|f| f.name.clone()).collect(),
            subject: Subject::Families,
            train: Training::Generated(generated),
        })
    }

    /// Cuts a series in order of time. Every target of `valid` is later than every value
    /// that training sees, and every target of `test` is later still: of windows with several
    /// targets, those whose later ones would reach into the next part are left out.
    pub(super) fn from_series(
        column: &Column,
        data: &ColumnConfig,
        by: ScaleBy,
    ) -> Result<Self, Error> {
        let Column {
            values: series,
            covariates,
            origin,
            ..
        } = column;
        let short = |error: DataError| error.about(origin.display());
        let num_windows = (series.len() + 1).saturating_sub(data.window_len + data.horizon);
        let split = Split::in_order(num_windows, &data.split);
        // Of too short a series the cut says more.
        let num_seen = data.window_len + split.as_ref().map_or(0, |split| split.train.len());
        let standards = covariates.standards(num_seen);
        let cut = Cut {
            series,
            covariates: Arc::new(covariates.clone().standardised(&standards)),
            window_len: [data.window_len; 2],
            horizon: data.horizon,
            by,
            family: 0,
        };
        let all = cut.windows().map_err(short)?;
        let split = split.map_err(short)?;
        let overlap = data.horizon - 1;
        let part = |indices: &[usize]| -> Result<Vec<Example>, DataError> {
            let kept = indices.len().saturating_sub(overlap);
            if kept == 0 {
                return Err(DataError::TooFew {
                    what: "a part of the series, for windows with all their targets in it"
                        .to_owned(),
                    expected: data.horizon,
                    got: indices.len(),
                    unit: "windows",
                    advice: "give a longer series or a shorter horizon",
                });
            }
            Ok(indices[..kept].iter().map(|&at| all[at].clone()).collect())
        };
        let name = data.column.as_ref().map_or_else(
            || "the series".to_owned(),
            |column| format!("column {column}"),
        );
        Ok(Self {
            train: Training::Windows(part(&split.train).map_err(short)?),
            valid: part(&split.valid).map_err(short)?,
            test: split.test.iter().map(|&at| all[at].clone()).collect(),
            names: vec![name],
            subject: Subject::Series(Series {
                history: series[..num_seen].to_vec(),
                standards,
                latest: series[series.len() - data.window_len..].to_vec(),
            }),
        })
    }
}

/// Refuses series that the model's head cannot say, or that have no logarithms.
pub(super) fn check_values<'a>(
    model: &ModelConfig,
    series: impl IntoIterator<Item = (String, &'a [f64])>,
) -> Result<(), Error> {
    let counts = model.head == (Head::NegativeBinomial {});
    for (name, values) in series {
        let told = |at: usize| format!("{name}, whose value {} is {}", at + 1, values[at]);
        if let Some(at) = values.iter().position(|&value| counts && !is_count(value)) {
            let want = "a head for other values than counts, which are whole numbers from 0 on";
            let got = format!("`negative-binomial` for {}", told(at));
            return Err(Error::config("model.head", want, got));
        }
        let has_log = |value: f64| !model.scale_by.is_log() || value > 0.0;
        if let Some(at) = values.iter().position(|&value| !has_log(value)) {
            let want = "a unit of values, as only numbers above 0 have logarithms";
            let got = format!("one of logarithms for {}", told(at));
            return Err(Error::config("model.scale_by", want, got));
        }
    }
    Ok(())
}

impl Training {
    /// Training examples in an epoch.
    pub(super) fn examples_per_epoch(&self) -> usize {
        match self {
            Self::Generated(generated) => generated.examples_per_epoch,
            Self::Windows(windows) => windows.len(),
        }
    }

    /// The number of the first example of an epoch.
    pub(super) fn first_of(&self, epoch: u64) -> u64 {
        match self {
            Self::Generated(generated) => epoch * generated.examples_per_epoch as u64,
            Self::Windows(_) => 0,
        }
    }

    /// How many values the window of an example has.
    pub(super) fn len_of(&self, number: u64) -> usize {
        match self {
            Self::Generated(generated) => generated.len_of(number).1,
            Self::Windows(windows) => windows[number as usize].inputs().len(),
        }
    }

    /// The example of this number.
    pub(super) fn example(&self, number: u64) -> Result<Example, DataError> {
        match self {
            Self::Generated(generated) => generated.example(number),
            Self::Windows(windows) => Ok(windows[number as usize].clone()),
        }
    }
}

impl Generated {
    fn new(data: &GeneratedConfig, recipe: &Recipe) -> Result<Self, Error> {
        let seed = recipe.train.seed;
        let window_len = data.families.iter().map(|family| {
            let [least, most] = family.window_len;
            // The whole part of a number of this range: each length is as likely.
            let range = Interval::new(least as f64, (most + 1) as f64)?;
            Ok((most, range))
        });
        Ok(Self {
            set: data.series(seed)?,
            window_len: window_len.collect::<Result<_, DataError>>()?,
            longest: recipe.window_len()[1],
            examples_per_epoch: data.examples_per_epoch,
            by: recipe.model.scale_by,
            seed,
        })
    }

    /// The family of a window and how many values it has.
    fn len_of(&self, number: u64) -> (usize, usize) {
        let (family, _) = self.set.series(number, 0);
        let (most, range) = self.window_len[family];
        let mut rng = rng(self.seed, Stream::Data.number() + number);
        (family, (range.draw(&mut rng) as usize).min(most))
    }

    fn example(&self, number: u64) -> Result<Example, DataError> {
        let (family, len) = self.len_of(number);
        let (_, series) = self.set.series(number, self.longest + 1);
        let (series, target): (_, f64) = (series[..len].into(), series[len]);
        Example::new(&series, 0..len, target, family, self.by)
    }
}
