//! Attention: what of a memory matters for each query.
//!
//! ```text
//! let keys = attention.project(memory, lengths)?;   // once for each memory
//! let attended = attention.attend(query, &keys)?;   // for one query or many
//! ```
//!
//! - [`AdditiveAttention`]: Bahdanau's, and its normed form.
//! - [`DotAttention`]: Luong's, and the scaled form.

mod additive;
mod dot;
mod keys;

pub use additive::AdditiveAttention;
pub use dot::DotAttention;
pub use keys::{Attended, Keys};
