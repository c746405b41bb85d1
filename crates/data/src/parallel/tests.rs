use std::path::PathBuf;

use super::*;
use crate::error::DataError;
use crate::split::SplitFractions;

/// A folder with these files in it.
fn folder<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    let root = dir.path().to_owned();
    (dir, move |name| root.join(name))
}

fn aligned(source: &[u8], target: &[u8]) -> Result<ParallelText, DataError> {
    let (_dir, path) = folder([("a.en", source), ("a.de", target)]);
    read_parallel(&ParallelFiles::Lines {
        source: path("a.en"),
        target: path("a.de"),
    })
}

fn table(content: &[u8], source: &str, target: &str) -> Result<ParallelText, DataError> {
    let (_dir, path) = folder([("t", content)]);
    read_parallel(&ParallelFiles::Table {
        path: path("t"),
        source: source.parse().unwrap(),
        target: target.parse().unwrap(),
        group: vec![],
    })
}

fn sides(text: &ParallelText) -> Vec<(&str, &str)> {
    let pairs = text.pairs.iter();
    pairs.map(|pair| (&*pair.source, &*pair.target)).collect()
}

#[test]
fn unequal_line_counts_name_both_files_and_how_many() {
    let error = aligned(b"a\nb\nc\n", b"x\n").unwrap_err();
    let DataError::LineCounts {
        source_lines,
        target_lines,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((source_lines, target_lines), (3, 1));
    let error = aligned(b"a\n", b"x\ny\n").unwrap_err().to_string();
    assert!(
        error.contains("a.en has 1 lines and ") && error.contains("a.de has 2"),
        "{error}"
    );
}

#[test]
fn empty_lines_are_left_out_and_numbered() {
    let text = aligned(b"a\n \nc\nd\n", b"x\ny\n\nz\n").unwrap();
    assert_eq!(sides(&text), [("a", "x"), ("d", "z")]);
    assert_eq!(
        (text.empty_source, text.empty_target, text.num_lines),
        (vec![2], vec![3], 4)
    );
    assert_eq!(text.pairs[1].line, 4);
}

#[test]
fn control_characters_are_taken_out_and_numbered() {
    let text = aligned(b"a\x07b\nc\n", "x\u{feff}\ny\tz\n".as_bytes()).unwrap();
    assert_eq!(sides(&text), [("ab", "x"), ("c", "y z")]);
    assert_eq!(text.control, [1]);
}

#[test]
fn an_endless_line_is_cut_with_a_notice() {
    let long = "한 ".repeat(MAX_CHARS);
    let text = aligned(long.as_bytes(), b"x\n").unwrap();
    assert_eq!(text.truncated, [1]);
    assert_eq!(text.pairs[0].source.chars().count(), MAX_CHARS);
}

#[test]
fn a_byte_that_is_no_text_is_named_with_its_line() {
    let error = aligned(b"a\n\xff\n", b"x\ny\n").unwrap_err().to_string();
    assert!(error.contains("a.en:2: byte column 1"), "{error}");
}

#[test]
fn tabs_divide_cells_and_leave_quotes_alone() {
    let text = table("\"Hi, \tyou\tCC\nGo.\t가.\tCC\n".as_bytes(), "1", "2").unwrap();
    assert_eq!(sides(&text), [("\"Hi,", "you"), ("Go.", "가.")]);
}

#[test]
fn csv_has_quotes_and_names() {
    let text = table(
        "Q,A,label\n\"a, b\",c,0\nd,\"e\"\"f\",1\n".as_bytes(),
        "Q",
        "A",
    )
    .unwrap();
    assert_eq!(sides(&text), [("a, b", "c"), ("d", "e\"f")]);
    assert_eq!(text.pairs[0].line, 2);
    let error = table(b"Q,A\na,b\n", "Q", "Answer").unwrap_err();
    assert!(matches!(error, DataError::NoColumn { .. }), "{error}");
    let error = table(b"a\tb\nc\n", "1", "2").unwrap_err();
    assert!(
        matches!(error, DataError::RaggedRow { line: 2, .. }),
        "{error}"
    );
}

#[test]
fn json_lines_are_read_and_their_faults_named() {
    let read = |content: &str| {
        let (_dir, path) = folder([("c.jsonl", content.as_bytes())]);
        read_parallel(&ParallelFiles::JsonLines {
            path: path("c.jsonl"),
            source: String::from("q"),
            target: String::from("a"),
        })
    };
    let text = read("{\"q\":\"뭐?\",\"a\":\"응\",\"n\":1}\n\n{\"a\":\"y\",\"q\":\"x\"}\n").unwrap();
    assert_eq!(sides(&text), [("뭐?", "응"), ("x", "y")]);
    for (content, fault) in [
        (
            "{\"q\":\"x\"}",
            ":1: expected a JSON object with text under `a`, got no such key",
        ),
        ("{\"q\":1,\"a\":\"y\"}", "under `q`, got a number"),
        (
            "\n{\"q\":",
            ":2: expected a JSON object with text under `q`, got no JSON",
        ),
    ] {
        let error = read(content).unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
}

#[test]
fn nothing_but_empty_lines_is_an_error() {
    assert!(matches!(
        aligned(b"\n\n", b"\nx\n"),
        Err(DataError::Empty { .. })
    ));
    assert!(matches!(aligned(b"", b""), Err(DataError::Empty { .. })));
}

#[test]
fn a_ratio_beyond_the_filter_is_dropped() {
    let filter = LengthFilter {
        min_len: 1,
        max_len: 10,
        max_ratio: 3.0,
    };
    let keeps = |source, target| filter.keeps(Lengths { source, target });
    assert!(keeps(1, 3) && keeps(10, 10));
    assert!(!keeps(1, 4) && !keeps(0, 1) && !keeps(11, 11));
    assert!(
        LengthFilter {
            max_ratio: 0.5,
            ..filter
        }
        .check()
        .is_err()
    );
    assert!(
        LengthFilter {
            max_len: 0,
            ..filter
        }
        .check()
        .is_err()
    );
}

#[test]
fn a_multi30k_folder_is_found_packed_or_not_and_a_missing_file_is_named() {
    let (dir, path) = folder([]);
    for (name, line) in [("train", "a"), ("val", "b"), ("test_2016_flickr", "c")] {
        std::fs::write(path(&format!("{name}.en")), line).unwrap();
        std::fs::write(path(&format!("{name}.de")), line).unwrap();
    }
    let read = |name| {
        ParallelDataset::find(name)
            .unwrap()
            .read(Some(dir.path()), 1)
    };
    let parts = read("multi30k-de-en").unwrap();
    assert_eq!(sides(&parts.valid), [("b", "b")]);
    let error = read("multi30k-en-fr").unwrap_err().to_string();
    assert!(
        error.contains("train.fr") && error.contains("github.com/multi30k"),
        "{error}"
    );
}

#[test]
fn pairs_of_one_source_stay_in_one_part() {
    let lines: String = (0..60).map(|n| format!("s{}\tt{n}\n", n % 20)).collect();
    let parts = table(lines.as_bytes(), "1", "2").unwrap();
    let parts = parts
        .split(
            &SplitFractions {
                train: 0.8,
                valid: 0.1,
                test: 0.1,
            },
            5,
        )
        .unwrap();
    assert_eq!((parts.train.pairs.len(), parts.test.pairs.len()), (48, 6));
    assert_eq!(find_overlap(&parts.train.pairs, &parts.test.pairs), [0; 0]);
    assert_eq!(
        find_overlap(&parts.train.pairs, &parts.train.pairs).len(),
        48
    );
}

#[test]
fn a_line_of_a_dialogue_is_paired_with_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "b.yml",
        "categories:\n- tea\nconversations:\n- - Tea?\n  - Please.\n  - \"Milk: yes?\"\n- - 2 + 2?\n  - 4\n",
    );
    write("a.yaml", "conversations:\n- [Alone]\n- [Hello, Hi]\n");
    write("notes.txt", "no dialogue");
    let path = folder.path().to_owned();
    let text = read_parallel(&ParallelFiles::Dialogues { path }).unwrap();
    let pairs: Vec<[&str; 2]> = (text.pairs.iter())
        .map(|pair| [&pair.source[..], &pair.target])
        .collect();
    let wanted = [
        ["Hello", "Hi"],
        ["Tea?", "Please."],
        ["Please.", "Milk: yes?"],
        ["2 + 2?", "4"],
    ];
    assert_eq!(pairs, wanted);
    assert_eq!(text.pairs[2].group.as_deref(), Some("Tea?"));
    assert_eq!((text.num_lines, text.empty_target), (5, vec![2]));

    write("c.yml", "conversations:\n- - Tea?\n  - {milk: yes}\n");
    let path = folder.path().join("c.yml");
    let error = read_parallel(&ParallelFiles::Dialogues { path }).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("c.yml") && message.contains("line 3"),
        "{message}"
    );
}

#[test]
fn an_entry_that_is_no_list_is_one_without_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trivia.yml");
    let text = "conversations:
- Which number is represented by \"two little ducks\"? - '22'
- - Tea?
  - 4
- {milk: [yes, 3], sugar: {no: 1}}
- 22
-
- - Milk?
  - Please.
";
    std::fs::write(&path, text).unwrap();
    let text = read_parallel(&ParallelFiles::Dialogues { path }).unwrap();
    let pairs: Vec<[&str; 2]> = (text.pairs.iter())
        .map(|pair| [&pair.source[..], &pair.target])
        .collect();
    assert_eq!(pairs, [["Tea?", "4"], ["Milk?", "Please."]]);
    assert_eq!(text.empty_target.len(), 4);
    assert_eq!((text.empty_target[0], text.num_lines), (2, 6));
}

#[test]
fn a_recipe_names_its_files() {
    let text = "format = \"table\"\npath = \"t.tsv\"\nsource = 1\ntarget = \"ko\"";
    let files: ParallelFiles = toml::from_str(text).unwrap();
    assert_eq!(
        toml::from_str::<ParallelFiles>(&toml::to_string(&files).unwrap()).unwrap(),
        files
    );
    assert!(
        toml::from_str::<ParallelFiles>(
            "format = \"lines\"\nsource = \"a\"\ntarget = \"b\"\nx = 1"
        )
        .is_err()
    );
}
