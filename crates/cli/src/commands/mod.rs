//! One file for each subcommand, and what they share: running and failing.

mod chat;
mod completions;
mod data_check;
mod doctor;
mod eval;
mod explain;
mod generate;
mod inspect;
mod monitor;
mod predict;
mod quantize;
mod recipes;
mod report;
mod run;
mod train;

pub(crate) use run::{Ending, run};
