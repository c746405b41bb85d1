//! The door: a batch of rows in, hypotheses out.

use super::beam::beam_search;
use super::config::{DecodeConfig, Search};
use super::constraint::Rules;
use super::hypothesis::Hypothesis;
use super::sample::draw;
use super::single::follow;
use super::start::{self, Start, Symbols};
use super::stepwise::Stepwise;
use crate::{NnError, Rng, likeliest};
use rayon::prelude::*;

/// Decodes a batch: the best hypotheses of each row, best first, in the order of `starts`.
///
/// Rows know nothing of each other: threads take some of them each.
///
/// `state` is what the model knows of each row before it reads the row's first token, an
/// encoded source for instance. Greedy search and sampling give one hypothesis a row, beam
/// search at most `n_best`.
///
/// # Errors
/// [`NnError::Config`] for an option out of range, [`NnError::Shape`] for an id that the model
/// does not have, a state of another number of rows or log-probabilities that are not numbers,
/// and whatever the model refuses.
///
/// # Example
/// ```
/// use recurra_nn::NnError;
/// use recurra_nn::decode::{DecodeConfig, Start, StepOutput, Stepwise, Symbols, decode};
///
/// /// Says 1, then ends with 0; it only has to remember the rows.
/// struct OneThenEnd;
///
/// impl Stepwise for OneThenEnd {
///     type State = Vec<()>;
///     fn vocab_size(&self) -> usize {
///         3
///     }
///     fn step(
///         &self,
///         tokens: &[u32],
///         rows: Vec<()>,
///         output: &mut StepOutput,
///     ) -> Result<Vec<()>, NnError> {
///         let row = |&token: &u32| match token {
///             1 => [0.75_f32.ln(), 0.125_f32.ln(), 0.125_f32.ln()],
///             _ => [0.25_f32.ln(), 0.75_f32.ln(), f32::NEG_INFINITY],
///         };
///         output.set(3, tokens.iter().flat_map(row).collect(), Vec::new());
///         Ok(rows)
///     }
///     fn select(&self, _: Vec<()>, rows: &[usize]) -> Vec<()> {
///         vec![(); rows.len()]
///     }
/// }
///
/// let symbols = Symbols { eos: 0, banned: Vec::new() };
/// let starts = [Start::new(2)];
/// let found = decode(&OneThenEnd, vec![()], &starts, &symbols, &DecodeConfig::beam(2))?;
/// assert_eq!(found[0][0].ids, [1]);
/// assert!((found[0][0].log_prob.exp() - 0.75 * 0.75).abs() < 1e-6);
/// # Ok::<(), NnError>(())
/// ```
pub fn decode<S: Stepwise>(
    model: &S,
    state: S::State,
    starts: &[Start],
    symbols: &Symbols,
    config: &DecodeConfig,
) -> Result<Vec<Vec<Hypothesis>>, NnError> {
    config.validate()?;
    start::check(starts, symbols, model.vocab_size())?;
    if let Some(rows) = model.num_rows(&state).filter(|&rows| rows != starts.len()) {
        let want = format!("{} rows, one for each start", starts.len());
        return Err(NnError::shape("decode", "state", want, rows));
    }
    let rules = Rules { symbols, config };
    let search = |(state, starts): (S::State, &[Start])| search(model, state, starts, rules);
    let parts = (starts.len() / LEAST_ROWS).max(1);
    if parts == 1 {
        return search((state, starts));
    }
    let parts: Vec<(S::State, &[Start])> = (0..parts)
        .map(|part| {
            let [first, end] = [part, part + 1].map(|part| starts.len() * part / parts);
            let rows: Vec<usize> = (first..end).collect();
            (model.select(state.clone(), &rows), &starts[first..end])
        })
        .collect();
    let found: Result<Vec<_>, NnError> = parts.into_par_iter().map(search).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Rows that are stepped together at least, where there are so many; whatever the number of
/// threads. Fewer would read the weights too often, and what more rows are working on outgrows
/// the second-level cache.
const LEAST_ROWS: usize = 16;

/// Rows that are stepped together.
fn search<S: Stepwise>(
    model: &S,
    state: S::State,
    starts: &[Start],
    rules: Rules<'_>,
) -> Result<Vec<Vec<Hypothesis>>, NnError> {
    let single = match &rules.config.search {
        Search::Beam(beam) => return beam_search(model, state, starts, rules, beam),
        Search::Greedy {} => follow(model, state, starts, rules, |_, log_probs| {
            likeliest(log_probs) as u32
        })?,
        Search::Sample(sample) => {
            let mut rngs: Vec<Rng> = starts
                .iter()
                .map(|start| crate::rng(sample.seed, start.stream))
                .collect();
            follow(model, state, starts, rules, |row, log_probs| {
                draw(sample, log_probs, &mut rngs[row])
            })?
        }
    };
    Ok(single.into_iter().map(|one| vec![one]).collect())
}
