//! Reading one's own tokens while training.

use super::{DecoderState, Memory, Seq2Seq, Tokens};
use crate::{Mode, NnError};
use rand::RngExt;

impl Seq2Seq {
    /// The decoder's input with some tokens replaced by what the network itself says there,
    /// each with probability `1 - rate`, which is in `[0, 1]`; none in evaluation or where `rate`
    /// is 1.
    ///
    /// The network's tokens are the likeliest ones after the true beginning, from a first pass
    /// over the whole target, so that both passes run as sequences.
    ///
    /// # Source
    /// Bengio et al. 2015, "Scheduled sampling"; in two passes: Duckworth et al. 2019,
    /// "Parallel scheduled sampling".
    pub(super) fn mix_own_tokens(
        &self,
        decoder_input: Tokens<'_>,
        memory: &Memory,
        state: &DecoderState,
        rate: f64,
        mode: Mode<'_>,
    ) -> Result<Option<Vec<u32>>, NnError> {
        let rng = match mode {
            Mode::Train { rng, .. } if rate < 1.0 => rng,
            Mode::Train { .. } | Mode::Eval => return Ok(None),
        };
        let lengths = Some(decoder_input.lengths);
        let decoded = self.read(decoder_input, lengths, memory, state.clone(), Mode::Eval)?;
        let logits = self.to_logits(&decoded, memory, Mode::Eval).detach();
        let own = logits.argmax(2).into_data();
        let own: Vec<i64> = own.iter::<i64>().collect();
        let seq_len = decoder_input.ids.len() / decoder_input.lengths.len();
        let mut ids = decoder_input.ids.to_vec();
        for (index, id) in ids.iter_mut().enumerate() {
            // The first token has none before it; the one behind step t - 1 stands at t.
            if index % seq_len > 0 && rng.random::<f64>() >= rate {
                *id = own[index - 1] as u32;
            }
        }
        Ok(Some(ids))
    }
}
