//! Translating lines, and talking, with a network that has hardly learnt anything.

use crate::folder::Folder;

fn trained() -> Folder {
    let folder = Folder::new();
    folder.write("pairs.tsv", "ab\tba\nabc\tcba\nbc\tcb\nca\tac\n");
    let arguments = [
        "train",
        "word-translation",
        "--data",
        "pairs.tsv",
        "--out",
        "run",
        "--set",
        "train.updates=3",
        "--set",
        "data.max_len=6",
        "--set",
        "decode.max_len=6",
    ];
    folder.run(&arguments).fine();
    folder
}

#[test]
fn lines_have_ranked_answers_and_a_picture_of_attention() {
    let folder = trained();
    folder.write("lines.txt", "ab\n\nbca\n");
    let arguments = ["predict", "run", "lines.txt"];
    let plain = folder.run(&arguments).fine();
    assert_eq!(plain.stdout.lines().count(), 3, "{}", plain.stdout);
    assert_eq!(
        plain.stdout.lines().nth(1),
        Some(""),
        "an empty line stays one"
    );
    let ranked = folder
        .run(&[&arguments[..], &["--n-best", "3", "--attention", "a.svg"]].concat())
        .fine();
    let lines: Vec<Vec<&str>> = (ranked.stdout.lines())
        .map(|line| line.split('\t').collect())
        .collect();
    assert!(lines.iter().all(|cells| cells.len() == 4), "{lines:?}");
    assert_eq!((lines[0][0], lines[0][1]), ("1", "1"));
    assert_eq!(lines.last().map(|cells| cells[0]), Some("3"));
    assert_eq!(lines[0][3], plain.stdout.lines().next().unwrap());
    let most = folder
        .run(&[&arguments[..], &["--n-best", "900"]].concat())
        .fine();
    let told = "--n-best 900: line 1 has no more than";
    assert_eq!(most.stderr.matches(told).count(), 1, "{}", most.stderr);
    let svg = String::from_utf8(folder.read("a.svg")).unwrap();
    assert!(svg.contains("fill-opacity") && svg.contains("(end)"));
}

#[test]
fn a_conversation_obeys_its_commands_and_can_be_had_again() {
    let folder = trained();
    let talk = |lines: &str| {
        let script =
            format!("printf '{lines}' | \"$0\" chat run --temperature 1.5 --history 2 --seed 3");
        folder.shell(&script).fine()
    };
    let once = talk("ab\\nbc\\n/reset\\nab\\n/temperature 0\\n/dance\\n/quit\\nab\\n");
    let answers: Vec<&str> = once.stdout.lines().collect();
    assert_eq!(answers.len(), 3, "{}", once.stdout);
    assert_eq!(answers[0], answers[2], "as if nothing had been said");
    assert!(once.stderr.contains("forgotten") && once.stderr.contains("there are /reset"));
    assert_eq!(talk("ab\\n").stdout.lines().next(), Some(answers[0]));
    folder
        .run(&["train", "tiny.toml", "--set", "train.updates=2"])
        .fine();
    let refused = folder.run(&["chat", "runs/tiny"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("no conversations"),
        "{}",
        refused.stderr
    );
    let cold = folder.run(&["chat", "run", "--temperature=-1"]);
    assert!(cold.stderr.contains("temperature"), "{}", cold.stderr);
}

#[test]
fn a_conversation_draws_nothing_at_zero_and_takes_rounded_weights() {
    let folder = trained();
    let talk = |options: &str| {
        let script = format!("printf 'ab\nbc\n' | \"$0\" chat run {options}");
        folder.shell(&script)
    };
    let searched = talk("").fine().stdout;
    assert_eq!(searched.lines().count(), 2, "{searched}");
    assert_eq!(talk("--temperature 0").fine().stdout, searched);
    let refused = talk("--precision int8");
    assert!(refused.stderr.contains("quantize"), "{}", refused.stderr);
    folder.run(&["quantize", "run", "--to", "int8"]).fine();
    let rounded = talk("--precision int8").fine().stdout;
    assert_eq!(rounded.lines().count(), 2, "{rounded}");
}

#[test]
fn what_is_judged_says_in_which_precision() {
    let folder = trained();
    folder.run(&["quantize", "run", "--to", "int8"]).fine();
    let judge = |options: &[&str]| {
        folder
            .run(&[&["eval", "run"], options].concat())
            .fine()
            .stdout
    };
    let plain = judge(&[]);
    assert!(plain.starts_with("translate, on train:"), "{plain}");
    let rounded = judge(&["--precision", "int8"]);
    assert!(rounded.starts_with("run in int8:\n"), "{rounded}");
    let beside = judge(&["--precision", "int8", "--against", "run"]);
    let rows: Vec<&str> = beside.lines().skip(2).collect();
    assert!(rows[0].starts_with("  run in int8 "), "{beside}");
    assert!(rows[1].starts_with("  run  "), "{beside}");
}
