//! The recipe of the task.

use super::covariates::Calendar;
use super::panel::PanelConfig;
use crate::Error;
use recurra_data::SplitFractions;
use recurra_data::series::{Family, Generator, ScaleBy, SeriesSet};
use recurra_data::source::ColumnSelector;
use recurra_nn::StackConfig;
use recurra_train::TrainConfig;
use recurra_train::baseline::ForecastRule;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Longest window that a recipe may ask for.
const MAX_WINDOW_LEN: usize = 10_000;

/// Most values ahead that a recipe may ask for.
const MAX_HORIZON: usize = 1000;

/// Most paths that a recipe may ask for.
const MAX_PATHS: usize = 10_000;

/// Paths where a recipe asks for no number of them.
pub(super) const PATHS: usize = 100;

/// Values of the moving average among the baselines: a working week.
const MOVING_AVERAGE: usize = 5;

/// Everything that a run of this task is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `forecast`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// Where the windows come from.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// How it is fitted.
    pub train: TrainConfig,
}

/// `[data]`: where the windows come from, told apart by the key `source`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum DataConfig {
    /// Series that are made up, without end.
    Generated(GeneratedConfig),
    /// A column of a CSV file.
    Column(Box<ColumnConfig>),
    /// Several series of a CSV file.
    Panel(Box<PanelConfig>),
}

/// Series of several families; training never sees the same one twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratedConfig {
    /// Windows in what counts as an epoch; the next epoch has new ones.
    pub examples_per_epoch: usize,
    /// Windows that are judged while training.
    pub num_valid: usize,
    /// Windows that the reported figures are of.
    pub num_test: usize,
    /// What the series are.
    pub families: Vec<FamilyConfig>,
}

/// One kind of series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyConfig {
    /// What reports call it.
    pub name: String,
    /// Its share of the windows, relative to the other families' weights.
    pub weight: f64,
    /// The fewest and the most values in a window. Fewer than determine the series make
    /// its continuation a guess.
    pub window_len: [usize; 2],
    /// What its series are.
    pub generator: Generator,
}

/// A series of the user's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnConfig {
    /// A data set by its place in the folder of data sets, or the folder given as `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The file: CSV with or without a header, or plain numbers, also gzip-compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// A series that is made up, to see what is found in it; in place of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<MadeSeries>,
    /// The column's name, or its number from 1; only needed when several hold numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnSelector>,
    /// Only the rows of one of several series in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowFilter>,
    /// The column of dates, which are then checked: each later than the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<ColumnSelector>,
    /// Columns, such as a volume, in which a negative number is a mistake of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_negative: Vec<ColumnSelector>,
    /// Other columns that are read beside it, as far as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<ColumnSelector>,
    /// Columns whose values are known before they come, such as a price that one sets: they are
    /// read as far as values are forecast.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<ColumnSelector>,
    /// What `dates` say of the time of `day`, `week` or `year`, which is known beforehand too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendar: Vec<Calendar>,
    /// How many values are seen before one is forecast.
    pub window_len: usize,
    /// How many values ahead are forecast. Default 1.
    #[serde(default = "one")]
    pub horizon: usize,
    /// Values in a season (12 in a year of months), if the series has one: then the value
    /// of a season ago is one of the baselines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season_len: Option<usize>,
    /// Shares of the series in order of time: the past for training, the latest for the test.
    pub split: SplitFractions,
}

/// `rows = { column = "Ticker", equals = "AAPL" }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowFilter {
    /// The column that says which series a row is of.
    pub column: ColumnSelector,
    /// What it says in the rows that are meant.
    pub equals: String,
}

/// `made = { kind = "random-walk", num_values = 3000 }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeSeries {
    /// What kind of series.
    pub kind: MadeKind,
    /// How many values.
    pub num_values: usize,
}

/// Series of which it is known what can be known about the next value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MadeKind {
    /// `xₜ = xₜ₋₁ + εₜ`, ε normal: the last value is the best forecast there is.
    RandomWalk,
    /// `xₜ = xₜ₋₁ + dₜ`, `dₜ = 1 − 1.8·|dₜ₋₁| + 0.1·εₜ`: the next change follows from the last,
    /// but by no straight line.
    FoldedWalk,
}

/// `[model]`: the network, and the unit in which it sees a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What counts as 1 in a window. Default: its mean absolute change.
    #[serde(default)]
    pub scale_by: ScaleBy,
    /// Steps whose features also go straight to the answer, by a linear map beside the recurrent
    /// layers (LSTNet's autoregressive highway). Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ar_len: Option<usize>,
    /// Where that map begins. Default: at small numbers that are drawn.
    #[serde(default)]
    pub ar_init: ArInit,
    /// How values behind the next are forecast. Default: directly.
    #[serde(default)]
    pub ahead: Ahead,
    /// How many times values behind the next are drawn, where a distribution is said of each and
    /// read on. Default 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<usize>,
    /// What is said of a value. Default: the value alone.
    #[serde(default)]
    pub head: Head,
    /// The recurrent layers.
    pub stack: StackConfig,
}

/// Where the linear map beside the recurrent layers begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArInit {
    /// At numbers that are drawn.
    #[default]
    Drawn,
    /// As the last season: each value ahead is that of `data.season_len` before it. Good for series
    /// whose season is most of what they are, and a burden for others.
    LastSeason,
}

/// How values behind the next are forecast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ahead {
    /// All of them are said at once, each by weights of its own.
    #[default]
    Direct,
    /// The next value is said, and read as if it had come; of a distribution many values are drawn,
    /// each of which is read on by itself, and their mean is the value.
    Recursive,
}

/// What is said of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Head {
    /// The value, fitted by squared error; how far off it may be, the errors on the validation part
    /// say.
    Point {},
    /// A normal distribution, fitted by its likelihood.
    Gaussian {},
    /// A Student-t distribution of so many degrees of freedom, fitted by its likelihood: leaps are
    /// less of a surprise to it.
    StudentT {
        /// Above 2; the fewer, the more leaps.
        degrees: f64,
    },
    /// A negative binomial distribution of counts, fitted by its likelihood: for whole numbers from 0
    /// to a million, such as sales of a day. The value is its mean.
    NegativeBinomial {},
    /// Quantiles of these levels, fitted by pinball loss.
    Quantiles {
        /// Ascending, 0.1, 0.5 and 0.9 among them: unless it is drawn from and read on, the value is
        /// the median, and the interval goes from one to the other.
        levels: Vec<f64>,
    },
}

impl Default for Head {
    fn default() -> Self {
        Self::Point {}
    }
}

impl Head {
    /// Numbers that the network puts out for a value.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Point {} => 1,
            Self::Gaussian {} | Self::StudentT { .. } | Self::NegativeBinomial {} => 2,
            Self::Quantiles { levels } => levels.len(),
        }
    }

    fn validate(&self) -> Result<(), Error> {
        match self {
            Self::StudentT { degrees } if !(degrees.is_finite() && *degrees > 2.0) => {
                let want = "a number above 2, so that there is a variance";
                Err(Error::config("model.head.degrees", want, degrees))
            }
            Self::Quantiles { levels } => {
                let inside = levels
                    .iter()
                    .all(|level| (0.0..1.0).contains(level) && *level > 0.0);
                let needed = [0.1, 0.5, 0.9].iter().all(|level| levels.contains(level));
                if inside && needed && levels.is_sorted_by(|a, b| a < b) {
                    return Ok(());
                }
                let want = "ascending levels between 0 and 1, with 0.1, 0.5 and 0.9 among them";
                Err(Error::config(
                    "model.head.levels",
                    want,
                    format!("{levels:?}"),
                ))
            }
            _ => Ok(()),
        }
    }
}

fn one() -> usize {
    1
}

impl Recipe {
    /// How many values ahead are forecast.
    pub(super) fn horizon(&self) -> usize {
        match &self.data {
            DataConfig::Generated(_) => 1,
            DataConfig::Column(data) => data.horizon,
            DataConfig::Panel(data) => data.horizon,
        }
    }

    /// How many input columns, and how many known ones, stand beside the series.
    pub(super) fn num_covariates(&self) -> [usize; 2] {
        match &self.data {
            DataConfig::Generated(_) | DataConfig::Panel(_) => [0, 0],
            DataConfig::Column(data) => [
                data.inputs.len(),
                data.known.len() + 2 * data.calendar.len(),
            ],
        }
    }

    fn check_ahead(&self) -> Result<(), Error> {
        let model = &self.model;
        model.head.validate()?;
        let is_made = match &self.data {
            DataConfig::Generated(_) => true,
            DataConfig::Column(data) => data.made.is_some(),
            DataConfig::Panel(_) => false,
        };
        if model.scale_by.is_log() {
            let is_generated = matches!(self.data, DataConfig::Generated(_));
            let why = match (&model.head, is_generated) {
                (Head::NegativeBinomial {}, _) => "counts may be 0, which has no logarithm",
                (_, true) => "families that are made up go below 0",
                _ => "",
            };
            if !why.is_empty() {
                let want = format!("a unit of values: {why}");
                return Err(Error::config("model.scale_by", want, "one of logarithms"));
            }
        }
        if model.head == (Head::NegativeBinomial {}) && is_made {
            let want = "another head: series that are made up are no counts";
            return Err(Error::config("model.head", want, "`negative-binomial`"));
        }
        let draws = model.ahead == Ahead::Recursive && model.head != Head::Point {};
        if let Some(paths) = model.paths {
            if !draws {
                let want = "no key here: values are drawn where `model.ahead` is `recursive` and \
                            `model.head` says more than a value";
                return Err(Error::config("model.paths", want, paths));
            }
            if !(2..=MAX_PATHS).contains(&paths) {
                let want = format!("2 to {MAX_PATHS}");
                return Err(Error::config("model.paths", want, paths));
            }
        }
        if model.ahead == Ahead::Recursive {
            let why = match (self.horizon(), self.num_covariates()) {
                (1, _) => "only the next value is forecast (`data.horizon`)",
                (_, [0, _]) => return Ok(()),
                _ => "`data.inputs` have no values behind the last",
            };
            let want = format!("`direct`: {why}");
            return Err(Error::config("model.ahead", want, "`recursive`"));
        }
        Ok(())
    }
    /// The fewest and the most values in a window.
    pub fn window_len(&self) -> [usize; 2] {
        match &self.data {
            DataConfig::Generated(data) => data.window_len(),
            DataConfig::Column(data) => [data.window_len; 2],
            DataConfig::Panel(data) => [data.window_len; 2],
        }
    }

    /// Values in a season, where the series have one.
    pub(super) fn season_len(&self) -> Option<usize> {
        match &self.data {
            DataConfig::Generated(_) => None,
            DataConfig::Column(data) => data.season_len,
            DataConfig::Panel(data) => data.season_len,
        }
    }

    /// What forecasts are measured against.
    pub(super) fn rules(&self) -> Vec<ForecastRule> {
        let mut rules = ForecastRule::with_season(self.season_len());
        if !matches!(self.data, DataConfig::Generated(_)) {
            rules.push(ForecastRule::MovingAverage {
                num_values: MOVING_AVERAGE.min(self.window_len()[1]),
            });
        }
        rules
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.data {
            DataConfig::Generated(data) => data.validate()?,
            DataConfig::Column(data) => data.validate()?,
            DataConfig::Panel(data) => data.validate()?,
        }
        let window_len = self.window_len()[0];
        match (self.model.ar_len, &self.data) {
            (Some(_), DataConfig::Generated(_)) => {
                let want = "no key here: windows of made-up families have any length";
                return Err(Error::config("model.ar_len", want, "a number"));
            }
            (Some(ar_len), _) if !(1..window_len).contains(&ar_len) => {
                let want = format!("1 to {} (below window_len)", window_len - 1);
                return Err(Error::config("model.ar_len", want, ar_len));
            }
            _ => {}
        }
        if self.model.ar_init == ArInit::LastSeason {
            let holds = self
                .season_len()
                .filter(|&len| self.model.ar_len >= Some(len));
            if holds.is_none() || self.model.head == (Head::NegativeBinomial {}) {
                let want = "`drawn`, unless `model.ar_len` holds a season (`data.season_len`) and the \
                            head says changes, not counts";
                return Err(Error::config("model.ar_init", want, "`last-season`"));
            }
        }
        self.check_ahead()?;
        for layer in self.model.stack.expanded()? {
            layer.cell()?;
            layer.noise()?;
        }
        Ok(())
    }
}

/// How many values are seen before some are forecast.
pub(super) fn check_window_len(window_len: usize) -> Result<(), Error> {
    if (2..=MAX_WINDOW_LEN).contains(&window_len) {
        return Ok(());
    }
    let want = format!("2 to {MAX_WINDOW_LEN}, as a change needs two values");
    Err(Error::config("data.window_len", want, window_len))
}

/// How many values ahead are forecast.
pub(super) fn check_horizon(horizon: usize) -> Result<(), Error> {
    if (1..=MAX_HORIZON).contains(&horizon) {
        return Ok(());
    }
    let want = format!("1 to {MAX_HORIZON}");
    Err(Error::config("data.horizon", want, horizon))
}

/// Values in a season, which a window holds.
pub(super) fn check_season_len(season_len: Option<usize>, window_len: usize) -> Result<(), Error> {
    match season_len {
        Some(season_len) if !(2..=window_len).contains(&season_len) => {
            let want = format!("2 to {window_len} (window_len)");
            Err(Error::config("data.season_len", want, season_len))
        }
        _ => Ok(()),
    }
}

impl GeneratedConfig {
    fn window_len(&self) -> [usize; 2] {
        let least = self.families.iter().map(|family| family.window_len[0]);
        let most = self.families.iter().map(|family| family.window_len[1]);
        [least.min().unwrap_or(0), most.max().unwrap_or(0)]
    }

    /// The families as the generator takes them.
    pub(super) fn series(&self, seed: u64) -> Result<SeriesSet, Error> {
        let families = self.families.iter().map(|family| Family {
            name: family.name.clone(),
            weight: family.weight,
            generator: family.generator.clone(),
        });
        Ok(SeriesSet::new(families.collect(), seed)?)
    }

    fn validate(&self) -> Result<(), Error> {
        for (key, value) in [
            ("data.examples_per_epoch", self.examples_per_epoch),
            ("data.num_valid", self.num_valid),
            ("data.num_test", self.num_test),
        ] {
            if value == 0 {
                return Err(Error::config(key, "at least 1", value));
            }
        }
        self.series(0)?;
        for (index, family) in self.families.iter().enumerate() {
            let [least, most] = family.window_len;
            if !(2 <= least && least <= most && most <= MAX_WINDOW_LEN) {
                return Err(Error::config(
                    format!("data.families[{index}].window_len"),
                    format!("[least, most] with 2 <= least <= most <= {MAX_WINDOW_LEN}"),
                    format!("[{least}, {most}]"),
                ));
            }
        }
        Ok(())
    }
}

impl ColumnConfig {
    fn validate(&self) -> Result<(), Error> {
        check_window_len(self.window_len)?;
        let sources = [
            self.dataset.is_some() || self.path.is_some(),
            self.made.is_some(),
        ];
        if sources != [true, false] && sources != [false, true] {
            let want = "a series: `path`, `dataset` or `made`";
            let got = if sources[0] {
                "two of them"
            } else {
                "none of them"
            };
            return Err(Error::config("data", want, got));
        }
        if let Some(made) = &self.made
            && !(10..=1_000_000).contains(&made.num_values)
        {
            let want = "10 to 1000000";
            return Err(Error::config("data.made.num_values", want, made.num_values));
        }
        check_horizon(self.horizon)?;
        let beside = [
            ("data.inputs", self.inputs.is_empty()),
            ("data.known", self.known.is_empty()),
            ("data.calendar", self.calendar.is_empty()),
        ];
        let given = beside.iter().find(|(_, none)| !none);
        if let (Some((key, _)), true) = (given, self.made.is_some()) {
            let want = "nothing beside a series that is made up";
            return Err(Error::config(*key, want, "columns"));
        }
        for (key, columns) in [("data.inputs", &self.inputs), ("data.known", &self.known)] {
            let forecast = columns
                .iter()
                .find(|&column| Some(column) == self.column.as_ref());
            if let Some(column) = forecast {
                let want = "columns beside the one that is forecast, which is read anyway, and is \
                            not known before it comes";
                return Err(Error::config(key, want, format!("column {column}")));
            }
        }
        if !self.calendar.is_empty() && self.dates.is_none() {
            return Err(Error::config(
                "data.calendar",
                "`data.dates` beside it",
                "none",
            ));
        }
        check_season_len(self.season_len, self.window_len)?;
        self.split.check()?;
        for (key, share) in [
            ("data.split.valid", self.split.valid),
            ("data.split.test", self.split.test),
        ] {
            if share == 0.0 {
                return Err(Error::config(key, "a share above 0", share));
            }
        }
        Ok(())
    }
}
