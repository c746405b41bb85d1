//! The same network, one letter at a time, in any precision.

use super::config::Form;
use super::data::Examples;
use super::judge::Tally;
use super::model::{CompletionModel, log_softmax};
use recurra_data::TokenId;
use recurra_nn::NnError;
use recurra_nn::decode::{StepOutput, Stepwise};
use recurra_nn::streaming::{Precision, StreamState, StreamWorkspace, Streamer};

/// A letter model whose weights are packed for single steps.
#[derive(Debug)]
pub(super) struct StreamedModel {
    enter: Enter,
    streamer: Streamer,
}

/// Letters as vectors.
#[derive(Debug)]
pub(super) enum Enter {
    OneHot,
    /// `[vocab_size, embed_size]`
    Embedding(Vec<f32>),
}

impl StreamedModel {
    /// From a letter's vector to the logits of the next one.
    pub(super) fn new(enter: Enter, streamer: Streamer) -> Self {
        Self { enter, streamer }
    }

    pub(super) fn streamer(&self) -> &Streamer {
        &self.streamer
    }

    /// The state behind these letters.
    pub(super) fn read(&self, ids: &[TokenId]) -> Result<StreamState, NnError> {
        let mut reader = Reader::new(self);
        for &id in ids {
            reader.read(id)?;
        }
        Ok(reader.state)
    }

    /// The logits behind these letters; zeros behind none.
    pub(super) fn last_logits(&self, ids: &[TokenId]) -> Result<Vec<f32>, NnError> {
        let mut reader = Reader::new(self);
        for &id in ids {
            reader.read(id)?;
        }
        Ok(reader.logits)
    }
}

/// One who reads letters.
struct Reader<'a> {
    model: &'a StreamedModel,
    state: StreamState,
    input: Vec<f32>,
    logits: Vec<f32>,
    workspace: StreamWorkspace,
}

impl<'a> Reader<'a> {
    fn new(model: &'a StreamedModel) -> Self {
        let streamer = &model.streamer;
        Self {
            state: streamer.zero_state(),
            input: vec![0.0; streamer.input_size()],
            logits: vec![0.0; streamer.output_size()],
            workspace: StreamWorkspace::new(),
            model,
        }
    }

    /// Reads a letter; `logits` are then those of the next one.
    fn read(&mut self, id: TokenId) -> Result<(), NnError> {
        let index = id as usize;
        match &self.model.enter {
            Enter::OneHot => {
                self.input.fill(0.0);
                self.input[index] = 1.0;
            }
            Enter::Embedding(vectors) => {
                let size = self.input.len();
                self.input.copy_from_slice(&vectors[index * size..][..size]);
            }
        }
        self.model.streamer.step(
            &self.input,
            &mut self.state,
            &mut self.logits,
            &mut self.workspace,
        )
    }
}

impl Stepwise for StreamedModel {
    /// One for each row.
    type State = Vec<StreamState>;

    fn vocab_size(&self) -> usize {
        self.streamer.output_size()
    }

    fn step(
        &self,
        tokens: &[u32],
        mut state: Self::State,
    ) -> Result<(StepOutput, Self::State), NnError> {
        let mut reader = Reader::new(self);
        let mut log_probs = Vec::with_capacity(tokens.len() * self.vocab_size());
        for (&token, state) in tokens.iter().zip(&mut state) {
            std::mem::swap(&mut reader.state, state);
            reader.read(token)?;
            std::mem::swap(&mut reader.state, state);
            log_probs.extend(log_softmax(&reader.logits));
        }
        let output = StepOutput {
            log_probs,
            alignment: Vec::new(),
        };
        Ok((output, state))
    }

    fn select(&self, state: Self::State, rows: &[usize]) -> Self::State {
        rows.iter().map(|&row| state[row].clone()).collect()
    }
}

/// The predictions on rows, letter by letter.
pub(super) fn judge_streamed(
    model: &StreamedModel,
    form: Form,
    rows: &[&[TokenId]],
) -> Result<Tally, NnError> {
    let mut tally = Tally::default();
    for row in rows {
        let Examples { input, labels } =
            Examples::new(form, &[row]).expect("encoded words have letters and no specials");
        let mut reader = Reader::new(model);
        for (step, &id) in input.ids[..input.lengths[0]].iter().enumerate() {
            reader.read(id)?;
            if form == Form::AnyPrefix {
                tally.add(step, &log_softmax(&reader.logits), labels.ids[step]);
            }
        }
        if form == Form::LastLetter {
            let len = input.lengths[0];
            tally.add(len, &log_softmax(&reader.logits), labels.ids[0]);
        }
    }
    Ok(tally)
}

impl CompletionModel {
    /// The same network, one letter at a time.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for a network that needs a whole word.
    pub(super) fn streamed(&self, precision: Precision) -> Result<StreamedModel, NnError> {
        let (stack, head) = self.parts();
        let streamer = Streamer::new(stack, Some(head), precision)?;
        let enter = match self.embedding_values() {
            None => Enter::OneHot,
            Some(values) => Enter::Embedding(precision.round(&values, streamer.input_size())),
        };
        Ok(StreamedModel::new(enter, streamer))
    }
}
