//! What the scanning kernels promise, through their public door.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod agree;
mod case;
mod errors;
mod extremes;
mod gradcheck;
mod lengths;
mod steps;
mod threads;
mod worked;
