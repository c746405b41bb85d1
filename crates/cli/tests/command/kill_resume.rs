//! Killed at any moment and resumed, a run ends as if it had not been; the same at any
//! number of threads.

use crate::folder::Folder;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Duration;

const WEIGHTS: &str = "model.safetensors";
const HISTORY: &str = "metrics.jsonl";

/// Starts the command and returns when it has said `lines` lines and some time has passed.
fn start_and_watch(folder: &Folder, arguments: &[&str], lines: usize, delay: Duration) -> Child {
    let mut child = folder.command(arguments).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    for _ in 0..lines {
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
    }
    // Keeps the pipe open and empty, so that the child neither stops nor waits.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    std::thread::sleep(delay);
    child
}

fn same_files(folder: &Folder, run: &str, reference: &str) {
    for file in [WEIGHTS, HISTORY] {
        assert!(
            folder.read(&format!("{run}/{file}")) == folder.read(&format!("{reference}/{file}")),
            "{run}/{file} differs"
        );
    }
}

#[test]
fn killed_at_ten_moments_and_resumed_the_weights_are_the_same() {
    let folder = Folder::new();
    folder.run(&["train", "tiny.toml", "--out", "whole"]).fine();
    let mut killed = 0;
    for moment in 0..10_u64 {
        let run = format!("killed-{moment}");
        // The directory, the start, then an evaluation each: 1 to 10 of 14 lines.
        let lines = 1 + moment as usize;
        let delay = Duration::from_millis(moment * 7 % 23);
        let arguments = ["train", "tiny.toml", "--out", &run];
        let mut child = start_and_watch(&folder, &arguments, lines, delay);
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        let resumed = folder.run(&["train", "--resume", &run]);
        let complete = folder.files().contains(&format!("{run}/{WEIGHTS}"));
        if resumed.code != Some(0) && !complete {
            // Killed before there was anything to resume; the place is still free.
            folder.run(&arguments).fine();
        }
        same_files(&folder, &run, "whole");
    }
    assert!(
        killed >= 8,
        "only {killed} of 10 were killed before their end"
    );
}

#[test]
fn killed_again_and_again_a_run_still_ends_the_same() {
    let folder = Folder::new();
    folder.run(&["train", "tiny.toml", "--out", "whole"]).fine();
    let first = ["train", "tiny.toml", "--out", "run"];
    let resume = ["train", "--resume", "run"];
    for (arguments, lines) in [(&first[..], 3), (&resume, 2), (&resume, 4)] {
        let mut child = start_and_watch(&folder, arguments, lines, Duration::ZERO);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    folder.run(&resume).fine();
    same_files(&folder, "run", "whole");
}

#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let folder = Folder::new();
    let arguments = [
        "train",
        "tiny.toml",
        "--out",
        "run",
        "--set",
        "train.updates=100000",
    ];
    let child = start_and_watch(&folder, &arguments, 4, Duration::ZERO);
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("Interrupted after "), "{said}");
    assert!(said.trim_end().ends_with("train --resume run"), "{said}");
    let unfinished = folder.run(&["predict", "run"]);
    assert_eq!(unfinished.code, Some(1));
    assert!(
        unfinished.stderr.contains("recurra train --resume run"),
        "{}",
        unfinished.stderr
    );
}

#[test]
fn one_thread_and_two_give_the_same_weights() {
    let folder = Folder::new();
    for threads in ["1", "2"] {
        folder
            .run(&["train", "tiny.toml", "--out", threads, "--threads", threads])
            .fine();
    }
    same_files(&folder, "2", "1");
}
