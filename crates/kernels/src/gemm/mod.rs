//! The plain matrix product, `C = start + A·B`, of everything that is not fused into a cell.
//!
//! Pack the left operand as [`Tiles`] and the right one as [`Panels`], then run a [`Product`].
//! Every element is one sum over the depth from first to last, so it has the same bits whatever
//! other rows and columns are computed beside it, by whichever thread.

mod packing;
mod product;

pub(crate) use packing::{Panels, Tiles};
pub(crate) use product::{Product, Start, multiply_add};
