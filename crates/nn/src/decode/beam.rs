//! Batched beam search.

use super::config::{BeamConfig, Ends};
use super::constraint::{Allowed, Rules};
use super::hypothesis::Hypothesis;
use super::live::{Beginning, Best, Candidate, History};
use super::start::Start;
use super::stepwise::{RowOutput, RowsOutput, StepOutput, Stepwise};
use crate::NnError;
use recurra_kernels::PEAK_LEN;

/// The best hypotheses of each row, best first.
///
/// All beginnings of all rows are stepped together; a row that is done leaves the batch.
pub(super) fn beam_search<S: Stepwise>(
    model: &S,
    mut state: S::State,
    starts: &[Start],
    rules: Rules<'_>,
    config: &BeamConfig,
) -> Result<Vec<Vec<Hypothesis>>, NnError> {
    let vocab_size = model.vocab_size();
    let mut rows: Vec<Row<'_>> = starts
        .iter()
        .map(|start| Row::new(start, rules, config))
        .collect();
    let mut tokens: Vec<u32> = starts.iter().map(|start| start.first).collect();
    let mut output = StepOutput::default();
    while !tokens.is_empty() {
        let next = model.step(&tokens, state, &mut output)?;
        output.check(tokens.len(), vocab_size)?;
        if config.coverage_penalty > 0.0 && output.alignment().is_empty() {
            let want = "0 for a model without attention";
            let got = config.coverage_penalty;
            return Err(NnError::config("decode.search.coverage_penalty", want, got));
        }
        let mut rest = output.rows();
        tokens.clear();
        let mut parents = Vec::new();
        let mut first = 0;
        for row in rows.iter_mut().filter(|row| !row.beginnings.is_empty()) {
            let count = row.beginnings.len();
            let (part, after) = rest.split_at(count);
            let chosen = row.advance(part);
            parents.extend(chosen.iter().map(|one| first + one.parent));
            tokens.extend(chosen.iter().map(|one| one.id));
            first += count;
            rest = after;
        }
        let unmoved = parents.len() == first && parents.iter().copied().eq(0..first);
        state = match unmoved {
            true => next,
            false => model.select(next, &parents),
        };
    }
    Ok(rows.into_iter().map(|row| row.found).collect())
}

/// The search of one row.
#[derive(Debug)]
struct Row<'a> {
    start: &'a Start,
    rules: Rules<'a>,
    config: &'a BeamConfig,
    /// The likeliest first; empty when the row is done.
    beginnings: Vec<Beginning>,
    history: History,
    /// The `n_best` best ends so far, best first.
    found: Vec<Hypothesis>,
    /// How many ends were taken in.
    num_ends: usize,
}

impl<'a> Row<'a> {
    fn new(start: &'a Start, rules: Rules<'a>, config: &'a BeamConfig) -> Self {
        Self {
            start,
            rules,
            config,
            beginnings: vec![Beginning {
                ids: Vec::new(),
                log_prob: 0.0,
                step: None,
            }],
            history: History::default(),
            found: Vec::new(),
            num_ends: 0,
        }
    }

    /// One more token for every beginning, of which `output` says how they go on. Returns the
    /// continuations that go on, none when the row is done.
    fn advance(&mut self, mut output: RowsOutput<'_>) -> Vec<Candidate> {
        let (mut ends, mut going_on) = self.candidates(&mut output);
        let alignment: Vec<Vec<f32>> = (0..self.beginnings.len())
            .map(|place| output.take_alignment(place))
            .collect();
        if self.config.ends == Ends::Likely {
            keep_likely(&mut ends, &going_on, self.config.width);
        }
        for end in &ends {
            self.take_in(end, &alignment[end.parent]);
        }
        self.num_ends += ends.len();
        let hopeless = |one: &Candidate| self.bound().is_some_and(|least| one.log_prob <= least);
        match self.config.ends {
            Ends::Likely => {
                // Unlikely beginnings end early: however many did, the search goes on until the
                // likeliest continuation is an end, or would be no better than one.
                let len = self.beginnings.first().map_or(0, |one| one.ids.len() + 1);
                let behind = |one: &Candidate| {
                    let ended = ends.first().is_some_and(|end| end.order(one).is_lt());
                    ended
                        || self.found.first().is_some_and(|best| {
                            one.log_prob <= self.config.least_log_prob(best.score, len)
                        })
                };
                let enough =
                    self.num_ends >= self.config.width && going_on.first().is_none_or(behind);
                if enough || going_on.first().is_some_and(hopeless) {
                    going_on.clear();
                }
            }
            Ends::All => going_on.retain(|one| !hopeless(one)),
        }
        self.beginnings = going_on
            .iter()
            .map(|one| {
                let parent = &self.beginnings[one.parent];
                let weights = alignment[one.parent].clone();
                Beginning {
                    ids: [&parent.ids[..], &[one.id]].concat(),
                    log_prob: one.log_prob,
                    step: Some(self.history.push(parent.step, one.token_log_prob, weights)),
                }
            })
            .collect();
        going_on
    }

    /// The end of each beginning that may end, and the `width` likeliest continuations.
    fn candidates(&self, output: &mut RowsOutput<'_>) -> (Vec<Candidate>, Vec<Candidate>) {
        let eos = self.rules.symbols.eos;
        let bound = match self.config.ends {
            Ends::Likely => None,
            Ends::All => self.bound(),
        };
        let mut ends = Vec::new();
        let mut best = Best::new(self.config.width, bound);
        for ((parent, beginning), row) in
            (self.beginnings.iter().enumerate()).zip(output.iter_mut())
        {
            let RowOutput {
                logits,
                normaliser,
                peaks,
            } = row;
            let candidate = |id: u32, logit: f32| {
                let token_log_prob = normaliser.log_prob(logit);
                Candidate {
                    parent,
                    id,
                    log_prob: beginning.log_prob + f64::from(token_log_prob),
                    token_log_prob,
                }
            };
            let eos_logit = logits[eos as usize];
            match self.rules.apply(self.start, &beginning.ids, logits) {
                Allowed::Only(id) if id == eos => ends.push(candidate(eos, eos_logit)),
                Allowed::Only(id) => best.offer(candidate(id, logits[id as usize])),
                Allowed::Any => {
                    let eos_logit = std::mem::replace(&mut logits[eos as usize], f32::NEG_INFINITY);
                    if eos_logit > f32::NEG_INFINITY {
                        ends.push(candidate(eos, eos_logit));
                    }
                    let blocks = (0..).step_by(PEAK_LEN).zip(peaks);
                    for ((first, &peak), logits) in blocks.zip(logits.chunks(PEAK_LEN)) {
                        if !best.takes(candidate(first, peak).log_prob) {
                            continue;
                        }
                        for (id, &logit) in (first..).zip(logits) {
                            if logit > f32::NEG_INFINITY {
                                best.offer(candidate(id, logit));
                            }
                        }
                    }
                }
            }
        }
        (ends, best.ranked())
    }

    /// Adds a complete hypothesis if it is among the `n_best`.
    fn take_in(&mut self, end: &Candidate, weights: &[f32]) {
        let parent = &self.beginnings[end.parent];
        let step = self
            .history
            .push(parent.step, end.token_log_prob, weights.to_vec());
        let ids = parent.ids.clone();
        let len = ids.len() + 1;
        let mut hypothesis = self.history.hypothesis(ids, end.log_prob, step);
        hypothesis.score = self
            .config
            .score(hypothesis.log_prob, &hypothesis.alignment, len);
        let better = |other: &Hypothesis| {
            let by_score = other.score.total_cmp(&hypothesis.score);
            by_score
                .then_with(|| hypothesis.ids.cmp(&other.ids))
                .is_gt()
        };
        let place = self.found.partition_point(better);
        self.found.insert(place, hypothesis);
        self.found.truncate(self.config.n_best);
    }

    /// What a beginning's log-probability must exceed for it to be of use still.
    fn bound(&self) -> Option<f64> {
        let worst = self.found.get(self.config.n_best - 1)?;
        let max_len = self.rules.max_len(self.start);
        Some(self.config.least_log_prob(worst.score, max_len))
    }
}

/// Drops the ends that are not among the `width` likeliest continuations, ends included.
fn keep_likely(ends: &mut Vec<Candidate>, going_on: &[Candidate], width: usize) {
    ends.sort_unstable_by(Candidate::order);
    let mut rank = 0;
    ends.retain(|end| {
        rank += 1;
        rank + going_on.partition_point(|one| one.order(end).is_lt()) <= width
    });
}
