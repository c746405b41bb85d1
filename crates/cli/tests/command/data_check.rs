//! Data is looked at before anything is trained on it.

use crate::folder::Folder;

#[test]
fn pairs_are_counted_and_faults_are_listed_by_line() {
    let folder = Folder::new();
    folder.write("pairs.tsv", "Hi.\t안녕.\nHi.\t안녕.\n\t빈\na b\t가\u{7}\n");
    let check = folder.run(&["data", "check", "pairs.tsv"]).fine();
    let expected = "all: 3 pairs of 4 lines
  empty source: 1 (line 3)
  control characters: 1 (line 4)
  the same pair again: 1 (line 2)
";
    assert!(check.stdout.starts_with(expected), "{}", check.stdout);
    let json = folder
        .run(&["--json", "data", "check", "pairs.tsv"])
        .fine()
        .json();
    assert_eq!(json["parts"][0]["duplicates"]["first"][0], 2);
}

#[test]
fn files_that_do_not_belong_together_are_an_error_with_both_counts() {
    let folder = Folder::new();
    folder.write("a.en", "one\ntwo\n");
    folder.write("a.de", "eins\n");
    let check = folder.run(&["data", "check", "a.en", "a.de"]);
    assert_eq!(check.code, Some(1));
    assert!(
        check.stderr.contains("a.en has 2 lines and a.de has 1"),
        "{}",
        check.stderr
    );
    let check = folder.run(&["data", "check", "multi30k"]);
    assert_eq!(check.code, Some(1));
    assert!(check.stderr.contains("multi30k-en-de"), "{}", check.stderr);
}

#[test]
fn rows_that_cannot_be_read_are_all_listed() {
    let folder = Folder::new();
    folder.write("pairs.tsv", "Hi.\t안녕.\none\nBye.\t안녕.\na\tb\tc\n");
    let check = folder.run(&["data", "check", "pairs.tsv"]);
    assert_eq!(check.code, Some(1));
    let expected = "all: 2 pairs of 4 lines
  cannot be read: 2 (line 2: expected 2 columns as in line 1, got 1; line 4: expected 2 columns as in line 1, got 3)
";
    assert!(check.stdout.starts_with(expected), "{}", check.stdout);
    folder.write("pairs.jsonl", "{\"source\": 3, \"target\": \"x\"}\nnone\n");
    let check = folder.run(&["data", "check", "pairs.jsonl", "--json"]);
    let part = &check.json()["parts"][0];
    assert_eq!(
        (&part["pairs"], &part["bad_rows"]["count"]),
        (&0.into(), &2.into())
    );
}
