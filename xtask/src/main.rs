//! The workspace's own chores.
//!
//! | command | does |
//! |---|---|
//! | `cargo xtask ci` | everything that a change has to pass |
//! | `cargo xtask test` | all tests and doctests |
//! | `cargo xtask layers` | a crate depends only on the layers below it |
//! | `cargo xtask sizes` | files and inline tests keep to their length |
//! | `cargo xtask bench` | the kernels' benchmarks, with `--peers` other libraries' too |
//! | `cargo xtask memcheck` | the tests of kernels and parsers under valgrind |
//! | `cargo xtask docs` | no example is ignored, no link leads nowhere |

mod bench;
mod ci;
mod docs;
mod layers;
mod memcheck;
mod sizes;
mod sources;

use std::process::ExitCode;

const USAGE: &str =
    "usage: cargo xtask ci | test | bench [ARGUMENTS] | memcheck | layers | sizes | docs";

/// What a chore found: nothing, or what has to change.
type Findings = Vec<String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let findings = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ci"] => return ci::run(),
        ["test"] => return ci::test(),
        ["bench", ..] => return bench::run(&arguments[1..]),
        ["memcheck"] => return memcheck::run(),
        ["layers"] => layers::check(),
        ["sizes"] => sizes::check(),
        ["docs"] => docs::check(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
