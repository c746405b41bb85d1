//! Encoder and decoder with attention: from one sequence to another.
//!
//! ```text
//! source --embedding--> encoder stack --> memory, final state
//! final state --bridge--> the decoder's first state
//! target --embedding--> decoder layers, attention to the memory --> readout --> logits
//! logits, alignment --copying--> log-probabilities, where tokens are copied
//! ```
//!
//! - [`Seq2SeqConfig`]: the network as data; [`Seq2Seq`]: its weights, loss and steps
//! - [`Score`], [`Query`]: how the decoder attends, and with what
//! - [`Bridge`]: what the decoder begins with
//! - [`Memory`], [`DecoderState`]: what decoding carries along
//! - [`EncoderDecoder`]: what reads a source and then writes: the network, or a
//!   [`PackedSeq2Seq`], whose decoder is packed for single steps
//!
//! In training the target is known, so without input feeding and coverage every decoder layer runs
//! over the whole of it as one sequence and all queries attend at once.

mod config;

mod attention;

mod bridge;

mod copy;

mod memory;

mod decoder;

mod model;

mod rows;

mod sources;

mod packed;

mod packed_attention;

mod scheduled_sampling;

mod stepwise;

mod summary;

pub use attention::{Attention, Dot};
pub use bridge::{Bridge, Dense};
pub use config::{AttentionConfig, Query, Score, Seq2SeqConfig, Tied};
pub use decoder::{Decoder, DecoderState};
pub use memory::Memory;
pub use model::{LossOptions, Seq2Seq, Tokens};
pub use packed::{PackedDecoding, PackedSeq2Seq};
pub use stepwise::{Decoding, EncoderDecoder};
pub use summary::Seq2SeqSummary;
