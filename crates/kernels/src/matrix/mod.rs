//! Matrices in panels of sixteen columns, and the two products of them that everything is made of.
//!
//! - [`panels`]: the one layout of every operand; [`pool`]: its memory, kept between calls.
//! - [`pairs`]: operands whose lanes hold two bf16 each.
//! - [`product`]: the products, their sums in registers; [`tiled`]: that of pairs in tiles;
//!   [`column_sums`]: plain sums.
//!
//! Every element of a product is one sum in a fixed order, so it has the same bits whatever other
//! rows and columns are computed beside it, by whichever thread.

mod column_sums;
mod pairs;
mod panels;
mod pool;
mod product;
mod tiled;

pub(crate) use column_sums::ColumnSums;
pub(crate) use pairs::paired;
pub(crate) use panels::{Panels, View, ViewMut, lanes_of, put_lanes};
pub(crate) use product::{Correlate, Multiply, Run, Selection, Start, Target, tiles};

#[cfg(test)]
mod tests;
