//! Against what others computed: `testdata/golden` holds their numbers beside the
//! scripts and library versions that made them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on should panic, and name the tensor that it was at"
)]

mod attention;
mod case;
mod checkpoint;
mod embedding;
mod loss;
mod options;
mod scan;
mod seq2seq;
mod torch;
