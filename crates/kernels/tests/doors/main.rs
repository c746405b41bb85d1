//! What holds for every door of the crate, whatever it computes: no call panics, a refused one
//! writes nothing, and no result depends on where a slice starts or on the instruction set.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod around;
mod door;
mod properties;
mod recurrence;
