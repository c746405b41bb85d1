//! Fused operations inside Burn: the only place that touches its extension API.

mod sequence;

pub(crate) use sequence::{SequenceInputs, SequenceSpec, recurrent_sequence};
