//! A run from training to report, and bad input at every step of it.

use crate::folder::Folder;

fn trained() -> Folder {
    let folder = Folder::new();
    folder
        .run(&["train", "tiny.toml", "--set", "train.updates=20"])
        .fine();
    folder
}

#[test]
fn training_writes_a_run_and_says_how_to_go_on() {
    let folder = Folder::new();
    let arguments = ["train", "tiny.toml", "--set", "train.updates=20"];
    let first = folder.run(&arguments).fine();
    assert!(
        first.stdout.starts_with("Finished: 20 updates in "),
        "{}",
        first.stdout
    );
    for expected in [
        "this model",
        "predict runs/tiny",
        "runs/tiny/report.html",
        "Samples:",
    ] {
        assert!(
            first.stdout.contains(expected),
            "{expected}: {}",
            first.stdout
        );
    }
    for line in first.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(first.stderr.starts_with("run directory: runs/tiny\n"));
    for file in [
        "recipe.toml",
        "model.safetensors",
        "vocab.txt",
        "metrics.jsonl",
        "report.html",
    ] {
        let path = format!("runs/tiny/{file}");
        assert!(folder.files().contains(&path), "{path}");
    }
    let second = folder.run(&arguments).fine();
    assert!(
        second.stderr.starts_with("run directory: runs/tiny-2\n"),
        "{}",
        second.stderr
    );
    assert_eq!(
        folder.read("runs/tiny/model.safetensors"),
        folder.read("runs/tiny-2/model.safetensors"),
        "the same seed gives the same weights"
    );
}

#[test]
fn training_in_json_is_one_object() {
    let folder = Folder::new();
    let arguments = [
        "train",
        "tiny.toml",
        "--set",
        "train.updates=20",
        "--seed",
        "7",
        "--json",
    ];
    let object = folder.run(&arguments).fine().json();
    assert_eq!(object["run"], "runs/tiny");
    assert_eq!(object["outcome"], "finished");
    assert_eq!(object["updates"], 20);
    assert!(object["evaluations"][0]["metrics"].is_object());
    assert!(object["samples"][0]["output"].is_string());
    let recipe = String::from_utf8(folder.read("runs/tiny/recipe.toml")).unwrap();
    assert!(recipe.contains("seed = 7"), "{recipe}");
}

#[test]
fn an_evaluation_has_metrics_beside_baselines() {
    let folder = trained();
    let object = folder.run(&["eval", "runs/tiny", "--json"]).fine().json();
    assert_eq!(object["task"], "complete");
    assert!(object["split"].is_string());
    assert!(object["metrics"]["bits_per_char"].is_number());
    assert!(!object["baselines"].as_object().unwrap().is_empty());
    folder.write("more.txt", "table\nchair\n");
    let other = folder
        .run(&["eval", "runs/tiny", "--data", "more.txt"])
        .fine();
    assert!(other.stdout.contains("more.txt"), "{}", other.stdout);
    let missing = folder.run(&["eval", "runs/tiny", "--data", "missing.txt"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("missing.txt"));
}

#[test]
fn every_input_line_has_an_output_line() {
    let folder = trained();
    let input = b"ab\n\xff\xfe\nabracadabraabracadabra\nb\xc3\xa9\nan";
    let done = folder.run_with_input(&["predict", "runs/tiny"], input);
    assert_eq!(done.code, Some(1));
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("ab"));
    assert_eq!((lines[1], lines[2]), ("", ""));
    assert!(!lines[3].is_empty() && lines[4].starts_with("an"));
    let notices: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(notices[0], "line 2: byte 1 is 0xff, which is not UTF-8");
    assert!(notices[1].starts_with("line 3: expected"), "{}", notices[1]);
    assert!(notices[2].starts_with("line 4: letters"), "{}", notices[2]);
    assert_eq!(notices.len(), 3);
}

#[test]
fn predictions_come_from_files_too_and_as_json() {
    let folder = trained();
    folder.write("in.txt", "ab\nbe\n");
    let done = folder
        .run(&["predict", "runs/tiny", "in.txt", "--top-k", "2", "--json"])
        .fine();
    let object = done.json();
    let predictions = object["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 2);
    assert_eq!(predictions[1]["line"], 2);
    let completions = predictions[1]["completions"].as_array().unwrap();
    assert_eq!(completions.len(), 2);
    let missing = folder.run(&["predict", "runs/tiny", "missing.txt"]);
    assert_eq!(missing.code, Some(1));
    insta::assert_snapshot!(missing.stderr, @r#"
        error: missing.txt: cannot read
          caused by: No such file or directory (os error 2)
        "#);
}

#[test]
fn what_follows_a_table_is_said_in_its_own_line() {
    let folder = Folder::new();
    let values = (0..60).map(|t| format!("{}\n", t % 5 + t / 3));
    folder.write("s.csv", values.collect::<String>());
    let recipe = [
        "train",
        "series-from-csv",
        "--out",
        "runs/s",
        "--set",
        "data.path=s.csv",
    ];
    let small = ["--set", "data.window_len=4", "--set", "train.updates=2"];
    folder.run(&[&recipe[..], &small[..]].concat()).fine();
    let done = folder
        .run(&["predict", "runs/s", "--table", "s.csv"])
        .fine();
    assert_eq!(done.stdout.lines().count(), 1);
    let next: f64 = done.stdout.trim().parse().unwrap();
    let done = folder
        .run(&["predict", "runs/s", "--table", "s.csv", "--json"])
        .fine();
    let said = done.json()["predictions"][0]["prediction"]
        .as_f64()
        .unwrap();
    assert!((said - next).abs() < 0.01, "{said} {next}");
    let both = folder.run(&["predict", "runs/s", "s.csv", "--table", "s.csv"]);
    assert_eq!(both.code, Some(2));
    let missing = folder.run(&["predict", "runs/s", "--table", "none.csv"]);
    assert!(missing.stderr.contains("none.csv"), "{}", missing.stderr);

    let other = trained().run(&["predict", "runs/tiny", "--table", "s.csv"]);
    assert_eq!(other.code, Some(2));
    assert!(
        other.stderr.contains("a run of the task `forecast`"),
        "{}",
        other.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    use std::io::{BufRead, BufReader, Write};
    let folder = trained();
    let mut child = folder.command(&["predict", "runs/tiny"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for prefix in ["ab", "be"] {
        writeln!(input, "{prefix}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with(prefix), "{line}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = trained();
    let many = "ab\n".repeat(2000);
    folder.write("in.txt", many);
    for script in [
        "(\"$0\" predict runs/tiny in.txt; echo $? > code) | head -n 1",
        "(\"$0\" completions bash; echo $? > code) | true",
        "(\"$0\" inspect runs/tiny; echo $? > code) | true",
    ] {
        let done = folder.shell(script);
        assert_eq!(folder.read("code"), b"0\n", "{script}: {}", done.stderr);
        assert_eq!(done.stderr, "", "{script}");
    }
}

#[test]
fn what_is_no_run_is_refused() {
    let folder = Folder::new();
    folder.write("notes.txt", "hello");
    for command in ["eval", "predict", "report"] {
        for (subject, reason) in [
            (".", "it has no `run.json`"),
            ("missing", "it does not exist"),
            ("notes.txt", "it is a file"),
        ] {
            let done = folder.run(&[command, subject]);
            assert_eq!(done.code, Some(1));
            assert!(done.stderr.contains(reason), "{}", done.stderr);
        }
    }
}

#[test]
fn a_run_of_another_version_is_refused() {
    let folder = trained();
    let manifest = String::from_utf8(folder.read("runs/tiny/run.json")).unwrap();
    let newer = manifest.replace("\"format_version\": 1", "\"format_version\": 2");
    assert_ne!(manifest, newer);
    folder.write("runs/tiny/run.json", newer);
    let done = folder.run(&["predict", "runs/tiny"]);
    assert_eq!(done.code, Some(1));
    insta::assert_snapshot!(done.stderr, @"error: runs/tiny: a run of format 2 (written by recurra 0.1.0); this recurra reads format 1");
}

#[test]
fn a_damaged_or_foreign_weight_file_is_refused() {
    let folder = trained();
    let whole = folder.read("runs/tiny/model.safetensors");
    let foreign: &[u8] = b"\x02\0\0\0\0\0\0\0{}";
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..5],
        b"",
        b"not weights at all",
        foreign,
    ] {
        folder.write("runs/tiny/model.safetensors", bytes);
        let done = folder.run(&["predict", "runs/tiny"]);
        assert_eq!(done.code, Some(1), "{}", done.stdout);
        assert!(done.stderr.contains("model.safetensors"), "{}", done.stderr);
    }
    folder.write("runs/tiny/model.safetensors", &whole);
    folder
        .run_with_input(&["predict", "runs/tiny"], b"ab\n")
        .fine();
}

#[test]
fn a_finished_run_is_neither_overwritten_nor_resumed() {
    let folder = trained();
    let before = folder.read("runs/tiny/model.safetensors");
    let again = folder.run(&["train", "tiny.toml", "--out", "runs/tiny"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("finished run"), "{}", again.stderr);
    let resumed = folder.run(&["train", "--resume", "runs/tiny"]);
    assert_eq!(resumed.code, Some(1));
    assert!(resumed.stderr.contains("finished"), "{}", resumed.stderr);
    assert_eq!(folder.read("runs/tiny/model.safetensors"), before);
}

#[test]
fn bad_training_data_is_found_before_a_run_is_made() {
    let folder = Folder::new();
    for (name, bytes, said) in [
        ("empty.txt", &b""[..], "empty"),
        ("bytes.txt", b"abc\nd\xffe\n", ":2:"),
        ("one.txt", b"word\n", "at least"),
        ("missing.txt", b"", "cannot read"),
    ] {
        if name != "missing.txt" {
            folder.write(name, bytes);
        }
        let done = folder.run(&["train", "tiny.toml", "--data", name]);
        assert_eq!(done.code, Some(1), "{name}: {}", done.stderr);
        assert!(
            done.stderr.contains(name) && done.stderr.contains(said),
            "{name}: {}",
            done.stderr
        );
    }
    assert!(!folder.path("runs").exists());
}

#[test]
fn a_report_is_one_page_of_its_own() {
    let folder = trained();
    let done = folder.run(&["report", "runs/tiny"]).fine();
    assert_eq!(done.stdout, "runs/tiny/report.html\n");
    let page = String::from_utf8(folder.read("runs/tiny/report.html")).unwrap();
    assert!(page.contains("<svg"));
    for foreign in ["src=\"http", "href=\"http", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let object = folder.run(&["report", "runs/tiny", "--json"]).fine().json();
    assert_eq!(object["report"], "runs/tiny/report.html");
}

#[test]
fn a_run_is_inspected_like_its_recipe() {
    let folder = trained();
    let run = folder
        .run(&["inspect", "runs/tiny", "--json"])
        .fine()
        .json();
    let recipe = folder
        .run(&["inspect", "tiny.toml", "--json"])
        .fine()
        .json();
    assert_eq!(run["task"], "complete");
    assert_eq!(
        run["networks"][0]["layers"][0],
        recipe["networks"][0]["layers"][0]
    );
    let layers = run["networks"][0]["layers"].as_array().unwrap();
    assert!(layers.iter().any(|layer| layer["training"].is_string()));
}
