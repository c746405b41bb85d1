//! Rows of a table by their ids, and the gradient of the table.
//!
//! On the way back every row of the table adds up its own gradients, in the order of the ids, on
//! one thread: the same bits whatever the number of threads.

mod call;
mod door;

pub use call::{Embed, EmbedBackward, EmbeddingShape};
pub use door::{embed, embed_backward, embed_backward_on, embed_on};
