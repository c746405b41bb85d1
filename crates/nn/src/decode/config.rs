//! How to decode, as data, the way a recipe's `[decode]` writes it.

use crate::NnError;
use serde::{Deserialize, Serialize};

/// More beginnings than this at a time would not fit a machine.
const MAX_WIDTH: usize = 65_536;

/// How hypotheses are found, and what they may look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecodeConfig {
    /// How tokens are chosen.
    pub search: Search,
    /// Fewest tokens before the end; 0 by default.
    pub min_len: usize,
    /// Most tokens before the end, 100 by default; there the end is all that may follow.
    pub max_len: usize,
    /// No run of this many tokens comes twice in a hypothesis (Paulus et al. 2017);
    /// 0, the default, blocks nothing.
    pub block_ngram: usize,
}

impl Default for DecodeConfig {
    fn default() -> Self {
        Self {
            search: Search::default(),
            min_len: 0,
            max_len: 100,
            block_ngram: 0,
        }
    }
}

/// How tokens are chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum Search {
    /// The likeliest token at every step; the first of equally likely ones.
    Greedy {},
    /// A token drawn at every step.
    Sample(SampleConfig),
    /// The best of several hypotheses that are followed at once.
    Beam(BeamConfig),
}

impl Default for Search {
    fn default() -> Self {
        Self::Greedy {}
    }
}

/// How a token is drawn.
///
/// `p ∝ exp(log_prob / temperature)` over the `top_k` likeliest tokens, and of these over
/// the fewest that together have a probability of at least `top_p`.
///
/// # Source
/// Top-k: Fan et al. 2018; top-p, or nucleus: Holtzman et al. 2020.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SampleConfig {
    /// Above 1 more even, below 1 more greedy; 1 by default.
    pub temperature: f64,
    /// How many tokens may be drawn; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// How much probability may be drawn from, in `(0, 1]`; 1 by default.
    pub top_p: f64,
    /// Of the generator; 0 by default. Each row has a stream of its own, see
    /// [`Start::stream`](super::Start).
    pub seed: u64,
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: None,
            top_p: 1.0,
            seed: 0,
        }
    }
}

/// Beam search.
///
/// At each length the `width` likeliest beginnings of a row go on. An end is taken in when
/// it is among the `width` likeliest continuations; after `width` ends the row is done, so
/// width 1 is greedy search. Equally likely continuations are ordered by their beginnings'
/// rank, then by token. A beginning is given up when `n_best` ends are better than anything
/// that it can still become.
///
/// Ends are ranked by `log_prob / lp + cp`, see [`LengthPenalty`] and
/// [`coverage_penalty`](super::coverage_penalty).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BeamConfig {
    /// Beginnings that are followed at once; 5 by default.
    pub width: usize,
    /// Hypotheses that are handed out for each row, best first; 1 by default. At most `width`
    /// where only [`Ends::Likely`] are taken in.
    pub n_best: usize,
    /// How the length of a hypothesis enters its score; not at all by default.
    pub length_penalty: LengthPenalty,
    /// Weight of the coverage penalty; 0 by default. Needs a model with attention.
    pub coverage_penalty: f64,
    /// Which ends are taken in.
    pub ends: Ends,
}

impl Default for BeamConfig {
    fn default() -> Self {
        Self {
            width: 5,
            n_best: 1,
            length_penalty: LengthPenalty::default(),
            coverage_penalty: 0.0,
            ends: Ends::default(),
        }
    }
}

/// Which ends a beam search takes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ends {
    /// Those among the `width` likeliest continuations; a row with `width` of them is done.
    #[default]
    Likely,
    /// The end of every beginning that is followed. A row is done when none can become better
    /// than the `n_best` found, which then are exact unless a beginning was crowded out.
    All,
}

/// What a log-probability is divided by before hypotheses of unlike length are compared.
///
/// `|Y|` is the number of tokens whose log-probabilities are summed, the end included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum LengthPenalty {
    /// 1: shorter hypotheses win.
    None {},
    /// `((5 + |Y|) / 6)^alpha` (Wu et al. 2016, equation 14).
    Gnmt {
        /// 0 is no penalty; 0.2 to 1 are usual.
        alpha: f64,
    },
    /// `|Y|`: the mean log-probability of a token.
    Average {},
}

impl Default for LengthPenalty {
    fn default() -> Self {
        Self::None {}
    }
}

impl DecodeConfig {
    /// Greedy search, everything else at its default.
    pub fn greedy() -> Self {
        Self::default()
    }

    /// Beam search of this width, everything else at its default.
    pub fn beam(width: usize) -> Self {
        Self {
            search: Search::Beam(BeamConfig {
                width,
                ..BeamConfig::default()
            }),
            ..Self::default()
        }
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`NnError::Config`] naming the first option that is out of range.
    pub fn validate(&self) -> Result<(), NnError> {
        if self.max_len == 0 {
            return Err(NnError::config("decode.max_len", "at least 1", 0));
        }
        if self.min_len > self.max_len {
            let want = format!("at most `max_len`, {}", self.max_len);
            return Err(NnError::config("decode.min_len", want, self.min_len));
        }
        match &self.search {
            Search::Greedy {} => Ok(()),
            Search::Sample(sample) => sample.validate(),
            Search::Beam(beam) => beam.validate(),
        }
    }
}

impl SampleConfig {
    pub(super) fn validate(&self) -> Result<(), NnError> {
        let Self {
            temperature, top_p, ..
        } = *self;
        if !(temperature.is_finite() && temperature > 0.0) {
            let want = "a number above 0; `greedy` takes the likeliest token";
            return Err(NnError::config(
                "decode.search.temperature",
                want,
                temperature,
            ));
        }
        if self.top_k == Some(0) {
            return Err(NnError::config("decode.search.top_k", "at least 1", 0));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(NnError::config(
                "decode.search.top_p",
                "a number above 0, at most 1",
                top_p,
            ));
        }
        Ok(())
    }
}

impl BeamConfig {
    fn validate(&self) -> Result<(), NnError> {
        if !(1..=MAX_WIDTH).contains(&self.width) {
            let want = format!("1 to {MAX_WIDTH}");
            return Err(NnError::config("decode.search.width", want, self.width));
        }
        let most = match self.ends {
            Ends::Likely => self.width,
            Ends::All => usize::MAX,
        };
        if !(1..=most).contains(&self.n_best) {
            let want = format!("1 to `width`, {}", self.width);
            return Err(NnError::config("decode.search.n_best", want, self.n_best));
        }
        let weights = [
            ("decode.search.coverage_penalty", self.coverage_penalty),
            ("decode.search.length_penalty.alpha", self.alpha()),
        ];
        match weights.iter().find(|(_, x)| !(x.is_finite() && *x >= 0.0)) {
            Some(&(key, got)) => Err(NnError::config(key, "a finite number of at least 0", got)),
            None => Ok(()),
        }
    }

    fn alpha(&self) -> f64 {
        match self.length_penalty {
            LengthPenalty::Gnmt { alpha } => alpha,
            LengthPenalty::None {} | LengthPenalty::Average {} => 0.0,
        }
    }
}
