//! The command `recurra`: reads the command line, makes one call into the library,
//! prints what comes back.

mod args;
mod commands;
mod error;
mod free_directory;
mod output;
mod table;
mod wording;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::run(args::Cli::parse())
}
