//! Disks that are full, read-only or not there: an error, and nothing half-written.

use crate::folder::Folder;

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let folder = Folder::new();
    folder.write("file", "x");
    for place in ["/sys/recurra-run", "/proc/recurra-run", "file/run"] {
        let done = folder.run(&["train", "tiny.toml", "--out", place]);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        assert!(done.stderr.contains(place), "{}", done.stderr);
    }
    let done = folder.run(&["inspect", "tiny.toml", "--graph", "/sys/graph.svg"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("/sys/graph.svg"), "{}", done.stderr);
}

#[test]
fn a_full_disk_under_a_picture_is_an_error() {
    let folder = Folder::new();
    let done = folder.run(&["inspect", "tiny.toml", "--graph", "/dev/full"]);
    assert_eq!(done.code, Some(1));
    insta::assert_snapshot!(done.stderr, @r#"
        error: /dev/full: cannot write
          caused by: No space left on device (os error 28)
        "#);
    assert_eq!(done.stdout, "");
}

#[test]
fn a_full_disk_under_standard_output_is_an_error() {
    let folder = Folder::new();
    for command in ["recipes", "doctor", "recipes --json"] {
        let done = folder.shell(&format!("\"$0\" {command} > /dev/full"));
        assert_eq!(done.code, Some(1), "{command}");
        assert!(
            done.stderr
                .starts_with("error: standard output: cannot write\n"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn a_picture_goes_down_a_pipe_as_well() {
    let folder = Folder::new();
    let done = folder
        .run(&["inspect", "tiny.toml", "--graph", "/dev/stdout"])
        .fine();
    assert!(done.stdout.starts_with("<svg"), "{}", done.stdout);
}

/// A limit on file sizes stands in for a disk that is nearly full.
#[test]
fn a_disk_that_fills_up_while_training_leaves_a_run_that_goes_on() {
    let folder = Folder::new();
    let script = "trap '' XFSZ; ulimit -f 8; \"$0\" train tiny.toml --out run";
    let done = folder.shell(script);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    assert!(done.stderr.contains("cannot write"), "{}", done.stderr);
    let files = folder.files();
    assert!(
        !files.iter().any(|file| file.ends_with(".tmp")),
        "{files:?}"
    );
    assert!(
        !files.contains(&"run/model.safetensors".to_owned()),
        "{files:?}"
    );
    folder.run(&["train", "--resume", "run"]).fine();
    folder.run(&["train", "tiny.toml", "--out", "whole"]).fine();
    assert_eq!(
        folder.read("run/model.safetensors"),
        folder.read("whole/model.safetensors")
    );
}
