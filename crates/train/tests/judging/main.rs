//! Metrics and baselines against other programs' figures and on public data.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

mod classification;
mod forecast;
mod text;
