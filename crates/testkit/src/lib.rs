//! For tests only: numbers to compute with, comparing them, central differences, goldens.
//!
//! Everything here panics with a message made for the person who reads the failing test.
//! Four chapters:
//!
//! - [`Numbers`]: pseudo-random inputs, the same on every run;
//! - [`assert_close`]: two arrays agree within a [`Tol`], or the worst index is shown;
//! - [`gradcheck()`]: a hand-written gradient agrees with central differences in f64;
//! - [`Golden`]: values from `testdata/golden`, each stored beside the script that made them.

mod close;
mod golden;
mod gradcheck;
mod numbers;

pub use close::{Tol, assert_close};
pub use golden::{Array, Golden};
pub use gradcheck::{central_difference, gradcheck};
pub use numbers::Numbers;
