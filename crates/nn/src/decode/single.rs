//! One hypothesis a row: greedy search and sampling.

use super::constraint::{Allowed, Rules};
use super::hypothesis::Hypothesis;
use super::start::Start;
use super::stepwise::{StepOutput, Stepwise};
use crate::NnError;

/// Follows one hypothesis of each row to its end; `choose(row, log_probs)` picks the token
/// where there is a choice.
pub(super) fn follow<S: Stepwise>(
    model: &S,
    mut state: S::State,
    starts: &[Start],
    rules: Rules<'_>,
    mut choose: impl FnMut(usize, &[f32]) -> u32,
) -> Result<Vec<Hypothesis>, NnError> {
    let vocab_size = model.vocab_size();
    let mut hypotheses = vec![
        Hypothesis {
            ids: Vec::new(),
            log_prob: 0.0,
            score: 0.0,
            token_log_probs: Vec::new(),
            alignment: Vec::new(),
        };
        starts.len()
    ];
    // The rows that go on, in the order of the state.
    let mut open: Vec<usize> = (0..starts.len()).collect();
    let mut tokens: Vec<u32> = starts.iter().map(|start| start.first).collect();
    let mut output = StepOutput::default();
    while !open.is_empty() {
        let next = model.step(&tokens, state, &mut output)?;
        output.check(open.len(), vocab_size)?;
        let mut going_on = Vec::with_capacity(open.len());
        tokens.clear();
        for (place, &row) in open.iter().enumerate() {
            let hypothesis = &mut hypotheses[row];
            let log_probs = output.normalise(place);
            let eos_log_prob = log_probs[rules.symbols.eos as usize];
            let (id, log_prob) = match rules.apply(&starts[row], &hypothesis.ids, log_probs) {
                Allowed::Only(id) if id == rules.symbols.eos => (id, eos_log_prob),
                Allowed::Only(id) => (id, log_probs[id as usize]),
                Allowed::Any => {
                    let id = choose(row, log_probs);
                    (id, log_probs[id as usize])
                }
            };
            hypothesis.log_prob += f64::from(log_prob);
            hypothesis.token_log_probs.push(log_prob);
            hypothesis.alignment.push(output.take_alignment(place));
            if id != rules.symbols.eos {
                hypothesis.ids.push(id);
                tokens.push(id);
                going_on.push(place);
            }
        }
        state = match going_on.len() == open.len() {
            true => next,
            false => model.select(next, &going_on),
        };
        open = going_on.into_iter().map(|place| open[place]).collect();
    }
    for hypothesis in &mut hypotheses {
        hypothesis.score = hypothesis.log_prob;
    }
    Ok(hypotheses)
}
