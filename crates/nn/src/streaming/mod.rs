//! A trained network that reads one step at a time: the answer to a step is there before the
//! next one comes in.
//!
//! A [`Streamer`] is built once from a [`Stack`](crate::Stack) and its head. Its weights are
//! packed for single steps, in f32, bf16 or int8, and shared by all who stream; a
//! [`StreamState`] is what one of them has read so far. No step allocates.

mod layer;
mod state;
mod streamer;

pub(crate) use layer::{StreamLinear, pack_cell};
pub use recurra_kernels::Precision;
pub use state::{StreamState, StreamWorkspace};
pub use streamer::Streamer;
