//! Several series that one network learns from, judged series by series as in the M4 competition.

mod charts;
mod config;
mod data;
mod judge;

pub use config::PanelConfig;

pub(super) use charts::{error_by_step, window_chart};
pub(super) use data::{Ends, Panel};
pub(super) use judge::{Judgement, NAIVE2};
