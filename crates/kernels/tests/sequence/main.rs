//! What the kernels promise, through their public door.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod agree;
mod bf16;
mod case;
#[path = "../cells/mod.rs"]
mod cells;
mod errors;
mod gradcheck;
mod lengths;
mod threads;
mod worked;
