//! Metrics and baselines against other programs' figures and on public data.

mod classification;
mod forecast;
mod text;
