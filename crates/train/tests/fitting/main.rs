//! Training end to end with a tiny network: resuming, stopping, optimizers.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

mod optimizers;
mod recurrent;
mod resume;
#[cfg(unix)]
mod signals;
mod stops;
mod support;
