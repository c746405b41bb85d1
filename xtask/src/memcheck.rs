//! `cargo xtask memcheck`: the tests of the kernels and of the parsers under valgrind.
//!
//! Every instruction set that valgrind knows is run (it knows AVX2, not AVX-512). What is not
//! ours is not looked at: leaks of the test harness, and other crates' code.

use crate::ci::cargo_command;
use cargo_metadata::Message;
use std::io::{self, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The crates that hold `unsafe` code or read bytes of strangers.
const PACKAGES: [&str; 2] = ["recurra-kernels", "recurra-data"];

/// Cases of a property: valgrind is some fifty times slower than the processor.
const CASES: &str = "2";

/// Builds the tests and runs each binary under valgrind.
pub(crate) fn run() -> ExitCode {
    match memcheck() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("memcheck: {error}");
            ExitCode::FAILURE
        }
    }
}

fn memcheck() -> io::Result<bool> {
    let mut clean = true;
    for (program, folder) in test_programs()? {
        eprintln!("== valgrind {program}");
        let status = Command::new("valgrind")
            .args(["--quiet", "--leak-check=no", "--error-exitcode=99"])
            .args([program.as_str(), "--test-threads=1"])
            .env("PROPTEST_CASES", CASES)
            .current_dir(&folder)
            .status()
            .map_err(|error| io::Error::new(error.kind(), format!("valgrind: {error}")))?;
        if !status.success() {
            eprintln!("{program}: {status}");
            clean = false;
        }
    }
    Ok(clean)
}

/// The test binaries of [`PACKAGES`], each with the folder that its tests expect to run in.
fn test_programs() -> io::Result<Vec<(String, String)>> {
    // The whole workspace, because a part of it would choose other features and be built anew.
    let mut build = cargo_command(&["test", "--workspace", "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut programs = Vec::new();
    if let Some(stdout) = build.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            let Message::CompilerArtifact(artifact) = message? else {
                continue;
            };
            let Some(folder) = artifact.manifest_path.parent() else {
                continue;
            };
            let wanted = PACKAGES.iter().any(|name| {
                let folder_name = name.trim_start_matches("recurra-");
                Path::new(folder.as_str()).ends_with(Path::new("crates").join(folder_name))
            });
            if let (true, true, Some(program)) =
                (wanted, artifact.profile.test, artifact.executable)
            {
                programs.push((program.into_string(), folder.to_string()));
            }
        }
    }
    if build.wait()?.success() {
        Ok(programs)
    } else {
        Err(io::Error::other("the tests were not built"))
    }
}
