//! One step of one row, or of a few: what answers while its input still comes in.
//!
//! At batch 1 a step multiplies one vector with every weight, so it takes as long as reading the
//! weights does. They are packed once, in the order in which a step reads them, and in as few
//! bytes as is wanted ([`Precision`]); the state and the working memory are the caller's, and no
//! step of one row allocates.
//!
//! In reading order:
//!
//! - [`precision`]: f32, bf16, int8, and rounding to them.
//! - [`panels`]: the order of the weights; [`product`]: reading them.
//! - [`matrix`]: a packed matrix; [`cell`]: a packed cell and its step; [`logits`](mod@logits): the
//!   matrix in front of a softmax.

mod cell;
mod logits;
mod matrix;
mod panels;
mod precision;
mod product;
mod rows;
mod workspace;

pub use cell::{PackedCell, Step, StepShape, step};
pub use logits::{Logits, Normaliser, PEAK_LEN, logits, peak};
pub use matrix::{MatrixRows, PackedMatrix, multiply_add};
pub(crate) use precision::quantize_operand;
pub use precision::{Int8Rows, Precision, bf16_to_f32, f32_to_bf16};
pub use workspace::StepWorkspace;
