//! The same network, one letter at a time, in any precision.

use super::config::Form;
use super::data::Examples;
use super::judge::Tally;
use super::model::CompletionModel;
use crate::tasks::streamed::{Enter, Reader, StreamedModel, log_softmax};
use recurra_data::TokenId;
use recurra_nn::NnError;
use recurra_nn::streaming::{Precision, Streamer};

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
