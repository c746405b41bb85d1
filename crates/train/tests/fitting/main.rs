//! Training end to end with a tiny network: resuming, stopping, optimizers.

mod optimizers;
mod resume;
#[cfg(unix)]
mod sigkill;
mod stops;
mod support;
