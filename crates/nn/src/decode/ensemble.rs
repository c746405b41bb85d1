//! Several models that decode as one.

use super::stepwise::{StepOutput, Stepwise};
use crate::NnError;
use serde::{Deserialize, Serialize};

/// What is averaged over the members of an ensemble.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Average {
    /// `p = Σ_m p_m / M`.
    #[default]
    Probs,
    /// `ln p = Σ_m ln p_m / M`, normalised: a token that one member rules out is ruled out.
    LogProbs,
}

/// Models with one vocabulary whose predictions are averaged; so are their alignments.
///
/// The state holds that of each member, in order.
#[derive(Debug)]
pub struct Ensemble<S> {
    members: Vec<S>,
    average: Average,
}

impl<S: Stepwise> Ensemble<S> {
    /// Of these members.
    ///
    /// # Errors
    /// [`NnError::Shape`] when there is none, or their vocabularies differ in size.
    pub fn new(members: Vec<S>, average: Average) -> Result<Self, NnError> {
        let shape = |want: String, got: usize| {
            Err(NnError::Shape {
                op: "ensemble",
                arg: "members",
                want,
                got: got.to_string(),
            })
        };
        let Some(first) = members.first().map(Stepwise::vocab_size) else {
            return shape("at least one model".to_owned(), 0);
        };
        match members.iter().find(|one| one.vocab_size() != first) {
            Some(other) => shape(
                format!("models of one vocab_size, {first} like the first"),
                other.vocab_size(),
            ),
            None => Ok(Self { members, average }),
        }
    }

    /// The models.
    pub fn members(&self) -> &[S] {
        &self.members
    }
}

impl<S: Stepwise> Stepwise for Ensemble<S> {
    type State = Vec<S::State>;

    fn vocab_size(&self) -> usize {
        self.members[0].vocab_size()
    }

    fn step(
        &self,
        tokens: &[u32],
        state: Self::State,
        output: &mut StepOutput,
    ) -> Result<Self::State, NnError> {
        if state.len() != self.members.len() {
            let want = self.members.len();
            return Err(NnError::shape("ensemble", "state", want, state.len()));
        }
        let vocab_size = self.vocab_size();
        let mut outputs = Vec::with_capacity(state.len());
        let mut states = Vec::with_capacity(state.len());
        for (member, state) in self.members.iter().zip(state) {
            let mut of_member = StepOutput::default();
            states.push(member.step(tokens, state, &mut of_member)?);
            of_member.check(tokens.len(), vocab_size)?;
            outputs.push(of_member);
        }
        let of_members: Vec<Vec<f32>> = outputs.iter().map(StepOutput::log_probs).collect();
        let average = |index| {
            let each = of_members.iter().map(|log_probs| log_probs[index]);
            self.average.of(each)
        };
        let mut log_probs: Vec<f32> = (0..tokens.len() * vocab_size).map(average).collect();
        if self.average == Average::LogProbs {
            log_probs.chunks_exact_mut(vocab_size).for_each(normalise);
        }
        output.set(vocab_size, log_probs, mean_alignment(&outputs));
        Ok(states)
    }

    fn num_rows(&self, state: &Self::State) -> Option<usize> {
        let mut members = self.members.iter().zip(state);
        members.find_map(|(member, state)| member.num_rows(state))
    }

    fn select(&self, state: Self::State, rows: &[usize]) -> Self::State {
        let members = self.members.iter().zip(state);
        members
            .map(|(member, state)| member.select(state, rows))
            .collect()
    }
}

impl Average {
    /// Of one token's log-probabilities.
    fn of(self, each: impl ExactSizeIterator<Item = f32> + Clone) -> f32 {
        let count = each.len() as f64;
        let each = each.map(f64::from);
        let mean = match self {
            Self::Probs => (each.map(f64::exp).sum::<f64>() / count).ln(),
            Self::LogProbs => each.sum::<f64>() / count,
        };
        mean as f32
    }
}

/// Subtracts `ln Σ exp` from a row.
fn normalise(row: &mut [f32]) {
    let max = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    // Where every token is ruled out there is nothing to normalise.
    if max == f64::NEG_INFINITY {
        return;
    }
    let sum: f64 = row.iter().map(|&x| (f64::from(x) - max).exp()).sum();
    let log_sum = max + sum.ln();
    for x in row {
        *x = (f64::from(*x) - log_sum) as f32;
    }
}

/// The mean of the members' weights, where all of them have some over the same source.
fn mean_alignment(outputs: &[StepOutput]) -> Vec<Vec<f32>> {
    let first = outputs[0].alignment();
    let alike = |other: &StepOutput| {
        let lens = |rows: &[Vec<f32>]| rows.iter().map(Vec::len).collect::<Vec<usize>>();
        lens(other.alignment()) == lens(first)
    };
    if !outputs.iter().all(alike) {
        return Vec::new();
    }
    let share = 1.0 / outputs.len() as f32;
    let mut mean: Vec<Vec<f32>> = first.iter().map(|row| vec![0.0; row.len()]).collect();
    for output in outputs {
        for (mean, row) in mean.iter_mut().zip(output.alignment()) {
            for (mean, weight) in mean.iter_mut().zip(row) {
                *mean += weight * share;
            }
        }
    }
    mean
}
