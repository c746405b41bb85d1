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
    let check = folder.run(&["data", "check", "gnmt-small2"]);
    assert!(
        check.stderr.contains("Did you mean `gnmt-small`?"),
        "{}",
        check.stderr
    );
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

/// Of three greetings two are learnt and one is judged by, which has a word that they lack.
const RECIPE: &str = r#"
task = "translate"
about = "Greetings"
[data]
files = { format = "lines", source = "a.en", target = "a.de" }
test = { format = "table", path = "test.tsv", source = 1, target = 2 }
[model]
embed_size = 4
encoder.layer = { cell = "gru", hidden_size = 4 }
decoder.layer = { cell = "gru", hidden_size = 4 }
[train]
batch_size = 2
updates = 1
optimizer = { name = "adam", learning_rate = 1e-2 }
"#;

#[test]
fn what_a_recipe_reads_is_checked_part_by_part() {
    let folder = Folder::new();
    folder.write("greetings.toml", RECIPE);
    folder.write("a.en", "good morning\n\ngood night\n");
    folder.write("a.de", "guten Morgen\nleer\ngute Nacht\n");
    folder.write("test.tsv", "good day\tguten Tag\n");
    let check = |more: &[&str]| {
        let arguments = [&["--json", "data", "check", "greetings.toml"], more].concat();
        folder.run(&arguments)
    };
    let found = check(&[]).fine().json();
    let parts = found["parts"].as_array().unwrap();
    let names: Vec<&str> = (parts.iter())
        .map(|part| part["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["train", "test"]);
    assert_eq!(parts[0]["empty_source"]["first"][0], 2);
    assert_eq!(parts[1]["source"]["unknown_rate"], 0.5, "`day` is new");
    let refused = check(&["--source", "1"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--source"), "{}", refused.stderr);
    let refused = folder.run(&["data", "check", "test.tsv", "--seed", "3"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--seed"), "{}", refused.stderr);
    folder.write("a.de", "guten Morgen\n");
    let refused = check(&[]);
    assert!(
        refused.stderr.contains("3 lines and a.de has 1"),
        "{}",
        refused.stderr
    );
    let other = folder.run(&["data", "check", "word-completion"]);
    assert!(other.stderr.contains("translate"), "{}", other.stderr);
}
