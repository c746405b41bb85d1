//! One row that goes on and on, token by token.

use super::config::SampleConfig;
use super::sample::draw;
use super::stepwise::{StepOutput, Stepwise};
use crate::{NnError, Rng, likeliest};

/// The tokens that follow what a model has read, one after the other without an end.
///
/// Where a [`decode`](super::decode) is over when a sentence is, this is for running text and other
/// streams: whoever asks for tokens decides when there are enough.
///
/// # Example
/// ```
/// use recurra_nn::NnError;
/// use recurra_nn::decode::{Continuation, SampleConfig, StepOutput, Stepwise};
///
/// /// Counts to three, over and over; a state has nothing to remember.
/// struct Count;
///
/// impl Stepwise for Count {
///     type State = ();
///     fn vocab_size(&self) -> usize {
///         3
///     }
///     fn step(&self, tokens: &[u32], (): (), output: &mut StepOutput) -> Result<(), NnError> {
///         let mut log_probs = vec![f32::NEG_INFINITY; 3];
///         log_probs[(tokens[0] as usize + 1) % 3] = 0.0;
///         output.set(3, log_probs, Vec::new());
///         Ok(())
///     }
///     fn select(&self, (): (), _: &[usize]) {}
/// }
///
/// let sample = SampleConfig::default();
/// let counted: Result<Vec<_>, _> =
///     Continuation::new(&Count, (), 2, Some(&sample), &[])?.take(4).collect();
/// let ids: Vec<u32> = counted?.into_iter().map(|said| said.id).collect();
/// assert_eq!(ids, [0, 1, 2, 0]);
/// # Ok::<(), NnError>(())
/// ```
#[derive(Debug)]
pub struct Continuation<'a, S: Stepwise> {
    model: &'a S,
    /// None after an error.
    state: Option<S::State>,
    last: u32,
    sample: Option<SampleConfig>,
    banned: Vec<u32>,
    rng: Rng,
    output: StepOutput,
}

/// A token of a [`Continuation`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// Which.
    pub id: u32,
    /// What the model thought of it, whatever the temperature.
    pub log_prob: f32,
}

impl<'a, S: Stepwise> Continuation<'a, S> {
    /// Goes on after `last`, which is still to be read in `state`. Without `sample` the likeliest
    /// token is taken; `banned` ones never are.
    ///
    /// # Errors
    /// [`NnError::Config`] for an option out of range, [`NnError::Shape`] for an id that the model
    /// does not have.
    pub fn new(
        model: &'a S,
        state: S::State,
        last: u32,
        sample: Option<&SampleConfig>,
        banned: &[u32],
    ) -> Result<Self, NnError> {
        if let Some(sample) = sample {
            sample.validate()?;
        }
        let vocab_size = model.vocab_size();
        if last as usize >= vocab_size {
            let want = format!("an id below vocab_size = {vocab_size}");
            return Err(NnError::shape("continuation", "last", want, last));
        }
        Ok(Self {
            model,
            state: Some(state),
            last,
            sample: sample.cloned(),
            banned: banned.to_vec(),
            rng: crate::rng(sample.map_or(0, |sample| sample.seed), 0),
            output: StepOutput::default(),
        })
    }

    fn advance(&mut self, state: S::State) -> Result<Said, NnError> {
        let output = &mut self.output;
        let state = self.model.step(&[self.last], state, output)?;
        output.check(1, self.model.vocab_size())?;
        let log_probs = &*output.normalise(0);
        let mut allowed = log_probs.to_vec();
        for &id in &self.banned {
            if let Some(log_prob) = allowed.get_mut(id as usize) {
                *log_prob = f32::NEG_INFINITY;
            }
        }
        if allowed
            .iter()
            .all(|&log_prob| log_prob == f32::NEG_INFINITY)
        {
            let want = "a token that may be said";
            return Err(NnError::shape("continuation", "log_probs", want, "none"));
        }
        let id = match &self.sample {
            Some(sample) => draw(sample, &allowed, &mut self.rng),
            None => likeliest(&allowed) as u32,
        };
        self.last = id;
        self.state = Some(state);
        let log_prob = log_probs[id as usize];
        Ok(Said { id, log_prob })
    }
}

impl<S: Stepwise> Iterator for Continuation<'_, S> {
    type Item = Result<Said, NnError>;

    fn next(&mut self) -> Option<Self::Item> {
        let state = self.state.take()?;
        Some(self.advance(state))
    }
}
