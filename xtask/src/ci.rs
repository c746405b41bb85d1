//! `cargo xtask ci`: one command for everything that a change has to pass.

use crate::{Findings, docs, layers, sizes, sources};
use std::env;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// What a step found out.
enum Verdict {
    Passed,
    Failed,
    /// With the reason.
    Skipped(&'static str),
}

/// What it is called, and what it does.
type Step = (&'static str, fn() -> Verdict);

/// All steps, quick ones first; all of them run, so that one go shows every fault.
pub(crate) fn run() -> ExitCode {
    let steps: [Step; 9] = [
        ("format", || cargo(&["fmt", "--all", "--check"])),
        ("layers", || found(layers::check())),
        ("sizes", || found(sizes::check())),
        ("docs", || found(docs::check())),
        ("typos", typos),
        ("deny", deny),
        ("clippy", clippy),
        ("rustdoc", rustdoc),
        ("tests", || cargo(TESTS)),
    ];
    let mut summary = Vec::new();
    let mut failed = false;
    for (name, step) in steps {
        eprintln!("== {name}");
        let started = Instant::now();
        let verdict = step();
        let seconds = started.elapsed().as_secs_f64();
        failed |= matches!(verdict, Verdict::Failed);
        let outcome = match verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed => "FAILED".to_owned(),
            Verdict::Skipped(why) => format!("skipped: {why}"),
        };
        summary.push(format!("{name:8} {seconds:6.1} s  {outcome}"));
    }
    eprintln!("== summary\n{}", summary.join("\n"));
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// All tests and doctests.
pub(crate) fn test() -> ExitCode {
    match cargo(TESTS) {
        Verdict::Passed => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

const TESTS: &[&str] = &["test", "--workspace", "--no-fail-fast"];

fn clippy() -> Verdict {
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])
}

fn rustdoc() -> Verdict {
    let mut command = cargo_command(&["doc", "--workspace", "--no-deps"]);
    ran(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, banned and duplicate crates, sources; not advisories, which need a download.
fn deny() -> Verdict {
    if !is_installed("cargo-deny") {
        return Verdict::Skipped("cargo-deny is not installed");
    }
    cargo(&["deny", "check", "licenses", "bans", "sources"])
}

fn typos() -> Verdict {
    if !is_installed("typos") {
        return Verdict::Skipped("typos is not installed");
    }
    ran(Command::new("typos").current_dir(sources::root()))
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn cargo(arguments: &[&str]) -> Verdict {
    ran(&mut cargo_command(arguments))
}

pub(crate) fn cargo_command(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(sources::root());
    command
}

fn ran(command: &mut Command) -> Verdict {
    match command.status() {
        Ok(status) if status.success() => Verdict::Passed,
        Ok(_) => Verdict::Failed,
        Err(error) => {
            eprintln!("{}: {error}", command.get_program().display());
            Verdict::Failed
        }
    }
}

fn found(findings: Findings) -> Verdict {
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Failed
    }
}
