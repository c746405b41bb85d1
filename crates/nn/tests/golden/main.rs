//! Against what others computed: `testdata/golden` holds their numbers beside the
//! scripts and library versions that made them.

mod case;
mod checkpoint;
mod loss;
mod options;
mod torch;
