//! For tests only: comparing numbers, central differences, reading goldens.
//!
//! Everything here panics with a message made for the person who reads the failing test.
//! Three chapters:
//!
//! - [`assert_close`]: two arrays agree within a [`Tol`], or the worst index is shown;
//! - [`gradcheck()`]: a hand-written gradient agrees with central differences in f64;
//! - [`Golden`]: values from `testdata/golden`, each stored beside the script that made them.

mod close;
mod golden;
mod gradcheck;

pub use close::{Tol, assert_close};
pub use golden::{Array, Golden};
pub use gradcheck::{central_difference, gradcheck};
