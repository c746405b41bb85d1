//! What may be asked for, and what is said to a wrong question.

use crate::folder::Folder;

#[test]
fn help_shows_every_command() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]).fine();
    insta::assert_snapshot!(help.stdout, @r#"
        Train, explain and ship recurrent sequence models on the CPU you have

        Usage: recurra [OPTIONS] <COMMAND>

        Commands:
          recipes      List the built-in recipes
          train        Train by a recipe, or go on with a run
          eval         Judge a run beside its baselines
          predict      Answer lines: one input a line, one output a line
          chat         Talk with a run that has learnt answers
          generate     Let a run go on by itself: with a text or a tune
          explain      Say which words moved a classifier's answer
          monitor      Watch what is said of brands over time, by a classifier
          quantize     Write a run's weights in fewer bits, and show what that costs
          inspect      Show layers, shapes, parameters, and which path each layer takes
          report       Write a run's report page and its charts
          data         Look at data before training on it
          doctor       Show how Recurra sees this machine
          completions  Print a completion script for a shell
          help         Print this message or the help of the given subcommand(s)

        Options:
              --json     Print one JSON object on standard output, and nothing else
          -h, --help     Print help
          -V, --version  Print version

        Exit codes: 0 fine, 1 failure, 2 wrong usage or recipe, 130 stopped by Ctrl-C
        (training then finishes its update and saves).
        "#);
}

#[test]
fn help_of_train_shows_every_flag() {
    let folder = Folder::new();
    let help = folder.run(&["train", "--help"]).fine();
    insta::assert_snapshot!(help.stdout, @r#"
        Train by a recipe, or go on with a run

        Usage: recurra train [OPTIONS] [RECIPE]

        Arguments:
          [RECIPE]  A built-in recipe's name, or a recipe file

        Options:
              --set <KEY=VALUE>  Replace one of the recipe's values, as in
                                 train.batch_size=64
              --out <DIR>        The run directory to make [default: runs/ and the
                                 recipe's name, numbered when that is taken]
              --seed <N>         Seed of all random numbers (train.seed)
              --data <PATH>      The data to train on (data.path)
              --resume <DIR>     Go on with an interrupted or killed run, by its own
                                 recipe
              --threads <N>      Threads to compute with [default: one for each CPU;
                                 results are the same]
              --json             Print one JSON object on standard output, and nothing
                                 else
          -h, --help             Print help

        Examples:
          recurra train word-completion
          recurra train number-sequence --set train.updates=500 --out runs/short
          recurra train my-recipe.toml --data prices.csv --seed 7
          recurra train --resume runs/short
        "#);
}

#[test]
fn help_of_predict_says_what_happens_to_a_bad_line() {
    let folder = Folder::new();
    let help = folder.run(&["predict", "--help"]).fine();
    insta::assert_snapshot!(help.stdout, @r#"
        Answer lines: one input a line, one output a line

        Usage: recurra predict [OPTIONS] <RUN> [FILE]

        Arguments:
          <RUN>   The run directory
          [FILE]  A file of input lines; `-` is standard input [default: -]

        Options:
              --table <FILE>           Forecast what follows the last rows of a table in
                                       place of lines, by the columns of the run's
                                       recipe. Where some are known beforehand, rows
                                       with nothing in the column that is forecast say
                                       what is known of what is yet to come
              --top-k <K>              How many answers to give where the task ranks
                                       them; 5 unless told otherwise
              --n-best <N>             Print this many answers a line where the task
                                       ranks whole texts: line, rank, score and text,
                                       parted by tabs
              --attention <OUT.svg>    Draw what the network looked at while it wrote
                                       the answer to the first line
              --precision <PRECISION>  The weights to answer with; bf16 and int8 after
                                       `recurra quantize` [default: f32] [possible
                                       values: f32, bf16, int8]
              --set <KEY=VALUE>        Replace one of the recipe's values under
                                       `decode`, as in decode.replace_unknown=true
              --json                   Print one JSON object on standard output, and
                                       nothing else
          -h, --help                   Print help

        A line that the model cannot take gets an empty line and a message on standard
        error; the exit code is then 1.

        Examples:
          echo 1,2,3,4,5 | recurra predict runs/number-sequence
          echo wor | recurra predict runs/word-completion --top-k 3
        "#);
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = Folder::new();
    for arguments in [
        &["train"][..],
        &["fly"],
        &["train", "memory", "--threads", "0"],
        &["train", "memory", "--seed", "-1"],
        &["train", "memory", "--resume", "runs/a"],
        &["predict", "runs/a", "--top-k", "0"],
        &["eval"],
        &["completions", "no-shell"],
    ] {
        let done = folder.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.stderr);
        assert_eq!(done.stdout, "");
    }
}

/// The message on standard error for a recipe that is refused.
fn refused(arguments: &[&str]) -> String {
    let folder = Folder::new();
    let before = folder.files();
    let done = folder.run(arguments);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert_eq!(done.stdout, "");
    assert_eq!(folder.files(), before, "nothing is written");
    done.stderr
}

#[test]
fn an_unknown_recipe_names_the_nearest() {
    insta::assert_snapshot!(refused(&["train", "word-compeltion"]), @"error: no recipe `word-compeltion`: `recurra recipes` lists them all, and a path to a .toml file works too; did you mean `word-completion`?");
    insta::assert_snapshot!(refused(&["train", "missing.toml"]), @r#"
        error: missing.toml: cannot read the recipe
          caused by: No such file or directory (os error 2)
        "#);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    insta::assert_snapshot!(refused(&["train", "tiny.toml", "--set", "train.batch_sise=2"]), @"error: tiny.toml: unknown field `batch_sise`, expected one of `seed`, `precision`, `batch_size`, `bucketing`, `updates`, `epochs`, `evaluate_every`, `checkpoint_every`, `clip_norm`, `optimizer`, `schedule`, `averaging`, `early_stopping`, `fine_tuning` in `train`; did you mean `batch_size`?");
    insta::assert_snapshot!(
        refused(&["train", "tiny.toml", "--set", "model.stack.layer.hiden_size=2"]),
        @"error: tiny.toml: unknown field `hiden_size`, expected one of `cell`, `hidden_size`, `activation`, `forget_bias`, `peepholes`, `proj_size`, `coupled`, `clip`, `cell_clip`, `layer_norm`, `reset`, `gate_activation`, `candidate_activation`, `output_activation`, `candidate`, `highway_scale`, `pooling`, `window_size`, `recurrent_dropout`, `zoneout_hidden`, `zoneout_cell`, `weight_drop`, `bidirectional`, `backward`, `init` in `model.stack.layer`; did you mean `hidden_size`?"
    );
}

#[test]
fn a_wrong_type_is_named_with_its_key() {
    insta::assert_snapshot!(refused(&["train", "tiny.toml", "--set", "train.updates=many"]), @r#"error: tiny.toml: invalid type: string "many", expected u64 in `train.updates`"#);
}

#[test]
fn a_bad_set_is_shown_as_it_was_given() {
    insta::assert_snapshot!(refused(&["train", "tiny.toml", "--set", "train.updates"]), @"error: --set train.updates: expected key=value, as in train.batch_size=64");
    insta::assert_snapshot!(refused(&["train", "tiny.toml", "--set", "about.more=1"]), @"error: --set about.more=1: `about` is a value, not a section");
}

#[test]
fn a_value_out_of_range_is_refused_before_anything_is_written() {
    insta::assert_snapshot!(refused(&["train", "tiny.toml", "--set", "train.batch_size=0"]), @"error: `train.batch_size`: expected a whole number of at least 1, got 0");
    insta::assert_snapshot!(
        refused(&["train", "tiny.toml", "--set", "model.stack.dropout=1.5"]),
        @"error: `dropout`: expected a probability in [0, 1), got 1.5"
    );
}

#[test]
fn a_recipe_file_that_is_no_toml_is_named_with_line_and_column() {
    let folder = Folder::new();
    folder.write("broken.toml", "task = \"complete\"\nabout = oops\n");
    let done = folder.run(&["train", "broken.toml"]);
    assert_eq!(done.code, Some(2));
    insta::assert_snapshot!(done.stderr, @r#"
        error: broken.toml: TOML parse error at line 2, column 9
          |
        2 | about = oops
          |         ^^^^
        string values must be quoted, expected literal string
        "#);
    folder.write("bytes.toml", b"task = \"\xff\"");
    let done = folder.run(&["inspect", "bytes.toml"]);
    assert_eq!(done.code, Some(2));
    insta::assert_snapshot!(done.stderr, @r#"
        error: bytes.toml: cannot read the recipe
          caused by: stream did not contain valid UTF-8
        "#);
}

#[test]
fn every_command_can_answer_in_json() {
    let folder = Folder::new();
    let recipes = folder.run(&["recipes", "--json"]).fine().json();
    let listed = recipes["recipes"].as_array().unwrap();
    assert!(listed.iter().any(|recipe| recipe["name"] == "memory"));
    let doctor = folder.run(&["--json", "doctor"]).fine().json();
    assert_eq!(doctor["allocator"], "mimalloc");
    assert!(doctor["threads"].as_u64().unwrap() >= 1);
    let script = folder.run(&["completions", "bash", "--json"]).fine().json();
    assert!(script["script"].as_str().unwrap().contains("recurra"));
    let error = folder.run(&["eval", "runs/none", "--json"]);
    assert_eq!(error.code, Some(1));
    assert!(
        error.json()["error"]
            .as_str()
            .unwrap()
            .contains("runs/none")
    );
    assert!(error.stderr.starts_with("error: "));
}

#[test]
fn doctor_follows_the_environment() {
    let folder = Folder::new();
    let mut command = folder.command(&["doctor", "--json"]);
    command
        .env("RAYON_NUM_THREADS", "3")
        .env("RECURRA_ISA", "scalar");
    let output = command.output().unwrap();
    let doctor: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(doctor["threads"], 3);
    assert_eq!(doctor["kernels"], "scalar");
}

#[test]
fn every_built_in_recipe_can_be_inspected() {
    let folder = Folder::new();
    let recipes = folder.run(&["recipes", "--json"]).fine().json();
    for recipe in recipes["recipes"].as_array().unwrap() {
        let name = recipe["name"].as_str().unwrap();
        let shown = folder.run(&["inspect", name, "--graph", "graph.svg"]);
        if shown.stderr.contains("RECURRA_DATA") {
            // Its vocabulary, hence its size, depends on data that is not built in.
            continue;
        }
        let shown = shown.fine();
        assert!(shown.stdout.contains("parameters"), "{}", shown.stdout);
        for line in shown.stdout.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        let svg = String::from_utf8(folder.read("graph.svg")).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    }
}

#[test]
fn completions_are_there_for_the_usual_shells() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&["completions", shell]).fine().stdout;
        assert!(
            script.contains("recurra") && script.contains("resume"),
            "{shell}"
        );
    }
}
