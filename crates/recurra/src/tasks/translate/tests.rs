//! The task from a recipe to answers.

use super::config::DecodeOptions;
use super::data::Corpus;
use super::model::{self, Translator};
use super::pairs::Pairs;
use crate::recipe::RecipeSource;
use crate::tasks::{PredictOptions, device};
use crate::{Error, compare, evaluate, quantize, train};
use recurra_nn::streaming::Precision;
use recurra_train::Control;
use recurra_train::metric::ACCURACY;
use std::path::{Path, PathBuf};

/// A dozen words and the same the wrong way round: a task of nothing but order.
fn reversed(place: &Path) -> PathBuf {
    let words = [
        "ab", "bca", "cab", "dcb", "abcd", "dcba", "bd", "ca", "adc", "bbd", "cdab", "daab",
    ];
    let lines = words.map(|word| format!("{word}\t{}\n", word.chars().rev().collect::<String>()));
    let path = place.join("pairs.tsv");
    std::fs::write(&path, lines.concat()).unwrap();
    path
}

fn resolve(overrides: &[String]) -> Result<crate::Recipe, Error> {
    RecipeSource::find("word-translation")?.resolve(overrides)
}

fn small(path: &Path) -> crate::Recipe {
    let overrides = [
        format!("data.path={}", path.display()),
        "data.target.pieces=characters".to_owned(),
        "data.max_len=8".to_owned(),
        "train.updates=300".to_owned(),
        "train.batch_size=12".to_owned(),
    ];
    resolve(&overrides).unwrap()
}

fn options() -> PredictOptions {
    PredictOptions { top_k: 3 }
}

#[test]
fn a_small_list_is_learnt_by_heart_and_lines_keep_their_order() {
    let place = tempfile::tempdir().unwrap();
    let recipe = small(&reversed(place.path()));
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let accuracy = trained.evaluations[0].metrics.get(ACCURACY.name);
    assert_eq!(accuracy, Some(1.0));
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);
    let predictor = crate::open(&dir).unwrap();
    let say = |line: &str| predictor.predict(line, 1, options()).unwrap();
    assert_eq!(say("dcb").text, "bcd");
    assert_eq!(say("CAB ").text, "bac", "capitals and blanks are no matter");
    let json = say("abcd").json;
    assert_eq!(json["translations"][0]["text"], "dcba");
    let alignment = json["translations"][0]["alignment"].as_array().unwrap();
    assert_eq!(alignment.len(), 5, "four letters and the end");
    assert_eq!(alignment[0].as_array().unwrap().len(), 4);
    let empty = say("  ");
    assert_eq!(empty.text, "");
    assert!(empty.notices.is_empty());
    let unknown = say("a\u{7}z");
    assert!(unknown.notices[0].contains("not trained on"));
    let long = say(&"ab".repeat(5_000));
    assert!(long.notices[0].contains("10000 pieces, of which the first 8 are read"));
    let report = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains("Translations"));

    for precision in [Precision::Bf16, Precision::Int8] {
        let refused = crate::open_in(&dir, precision).unwrap_err().to_string();
        assert!(refused.contains("quantize"), "{refused}");
        let written = quantize(&dir, precision).unwrap();
        let [exact, rounded] = &written.figures;
        assert_eq!(rounded.metrics.get(ACCURACY.name), Some(1.0), "{precision}");
        assert!(rounded.size_bytes < exact.size_bytes);
        let predictor = crate::open_in(&dir, precision).unwrap();
        let says = predictor.predict("dcb", 1, options()).unwrap();
        assert_eq!(says.text, "bcd", "{precision}");
    }
}

#[test]
fn the_report_counts_capital_letters_as_the_judgement_does() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("pairs.tsv");
    std::fs::write(&path, "ab\tBA\nba\tAB\n").unwrap();
    let outcomes = |case: &str| {
        let overrides = [
            format!("data.path={}", path.display()),
            "data.target={ pieces = \"characters\", case = \"lower\" }".to_owned(),
            "data.max_len=4".to_owned(),
            "train.updates=60".to_owned(),
            "train.batch_size=2".to_owned(),
            format!("judge.case={case}"),
        ];
        let dir = place.path().join(case);
        train(&resolve(&overrides).unwrap(), &dir, &Control::silent()).unwrap();
        let report = std::fs::read_to_string(dir.join("report.html")).unwrap();
        ["class=\"right\"", "class=\"wrong\""].map(|class| report.matches(class).count())
    };
    assert_eq!(outcomes("lower"), [2, 0]);
    assert_eq!(outcomes("mixed"), [0, 2]);
}

#[test]
fn packed_in_f32_it_says_what_the_tensors_say() {
    let place = tempfile::tempdir().unwrap();
    let crate::Recipe::Translate(recipe) = small(&reversed(place.path())) else {
        panic!("a recipe of this task");
    };
    let corpus = Corpus::new(&recipe, Pairs::read(&recipe).unwrap()).unwrap();
    let network = model::build(&recipe, &corpus.vocabs, &device()).unwrap();
    let packed = Translator::new(network.clone(), Precision::F32).unwrap();
    assert!(matches!(packed, Translator::Packed(_)));
    let sources: Vec<&[_]> = corpus.rows.iter().map(|row| &row.source[..]).collect();
    let options = DecodeOptions {
        max_len: 8,
        ..recipe.decode.clone()
    };
    let said = |model: &Translator| model.translate(&sources, &options, 0).unwrap();
    let (wanted, got) = (said(&Translator::Unpacked(network)), said(&packed));
    assert_eq!(wanted.len(), got.len());
    for (wanted, got) in wanted.iter().flatten().zip(got.iter().flatten()) {
        assert_eq!(wanted.ids, got.ids);
        assert!((wanted.log_prob - got.log_prob).abs() < 1e-5);
    }
}

#[test]
fn what_the_kernels_for_single_steps_do_not_know_is_done_by_tensors() {
    let place = tempfile::tempdir().unwrap();
    let overrides = [
        format!("data.path={}", reversed(place.path()).display()),
        "model.decoder.layer.zoneout_hidden=0.1".to_owned(),
        "train.updates=1".to_owned(),
        "train.batch_size=12".to_owned(),
    ];
    let recipe = resolve(&overrides).unwrap();
    let dir = place.path().join("run");
    train(&recipe, &dir, &Control::silent()).unwrap();
    crate::open(&dir)
        .unwrap()
        .predict("ab", 1, options())
        .unwrap();
    let refused = quantize(&dir, Precision::Int8).unwrap_err().to_string();
    assert!(refused.contains("zoneout"), "{refused}");
}

#[test]
fn pairs_that_cannot_be_used_are_told() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("pairs.tsv");
    let refusal = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let overrides = [format!("data.path={}", path.display())];
        let recipe = resolve(&overrides).unwrap();
        let dir = place.path().join("run");
        let refused = train(&recipe, &dir, &Control::silent());
        assert!(!dir.exists(), "nothing is left behind");
        refused.unwrap_err().to_string()
    };
    let message = refusal("a\tb\nno tab\n");
    assert!(
        message.contains("line 2") || message.contains(":2"),
        "{message}"
    );
    let message = refusal("a\tb\n\tb\na\t \n");
    assert!(
        message.contains("expected at least 2 pairs, got 1"),
        "{message}"
    );
}

#[test]
fn a_joint_vocabulary_learns_by_pieces_and_is_not_taken_for_another() {
    let place = tempfile::tempdir().unwrap();
    let path = reversed(place.path());
    let train_into = |name: &str, vocab_size: usize| {
        let tokenizer = format!("{{ pieces = \"bpe\", vocab_size = {vocab_size} }}");
        let overrides = [
            format!("data.path={}", path.display()),
            format!("data.source={tokenizer}"),
            format!("data.target={tokenizer}"),
            "data.vocabulary=joint".to_owned(),
            "data.batch_tokens=40".to_owned(),
            "data.split={ train = 0.7, valid = 0.15, test = 0.15 }".to_owned(),
            "model.tied=embeddings".to_owned(),
            "train.updates=4".to_owned(),
            "train.evaluate_every=2".to_owned(),
            "train.early_stopping={ metric = \"bleu\", patience = 3 }".to_owned(),
        ];
        let dir = place.path().join(name);
        let recipe = resolve(&overrides).unwrap();
        let trained = train(&recipe, &dir, &Control::silent()).unwrap();
        let evaluation = &trained.evaluations[0];
        assert_eq!(evaluation.split, "test");
        assert!(evaluation.metrics.get("bleu").is_some());
        assert_eq!(evaluation.baselines.len(), 2);
        dir
    };
    let (first, second) = (train_into("first", 14), train_into("second", 15));
    for name in ["source-tokenizer.json", "target-tokenizer.json"] {
        let text = std::fs::read_to_string(first.join(name)).unwrap();
        assert!(text.contains("\"bpe\""));
        // The same pieces, made by another recipe.
        std::fs::write(
            first.join(name),
            text.replace("\"vocab_size\":14", "\"vocab_size\":15"),
        )
        .unwrap();
    }
    let refused = || crate::open(&first).unwrap_err().to_string();
    assert!(refused().contains("of another run"), "{}", refused());
    // Other pieces, and another number of them.
    for name in ["source-tokenizer.json", "target-tokenizer.json"] {
        std::fs::copy(second.join(name), first.join(name)).unwrap();
    }
    assert!(refused().contains("of another run"), "{}", refused());
    crate::open(&second).unwrap();
}

#[test]
fn unequal_line_counts_name_files_and_counts() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (source, target) = (write("a.en", "a\nb\nc\n"), write("a.de", "a\nb\n"));
    let mut source_file = RecipeSource::find("word-translation").unwrap();
    let files =
        format!("files = {{ format = \"lines\", source = {source:?}, target = {target:?} }}");
    source_file.text = source_file
        .text
        .replace("pairs = \"english-korean\"", &files);
    let recipe = source_file.resolve(&[]).unwrap();
    let refused = train(&recipe, &place.path().join("run"), &Control::silent());
    let message = refused.unwrap_err().to_string();
    assert!(
        message.contains("a.en") && message.contains("a.de"),
        "{message}"
    );
    assert!(message.contains('3') && message.contains('2'), "{message}");
}

#[test]
fn what_does_not_go_together_is_refused_by_key() {
    for (given, key) in [
        ("data.max_len=0", "data.max_len"),
        ("data.pair=x", "`pairs`"),
        ("data.dataset=multi30k-en-de", "data: expected"),
        ("data.max_ratio=0.5", "data.max_ratio"),
        ("data.batch_tokens=0", "data.batch_tokens"),
        ("data.vocabulary=joint", "data.target"),
        ("decode.search.width=0", "decode.search.width"),
        ("decode.min_len=500", "decode.min_len"),
        ("loss.label_smoothing=2.0", "loss.label_smoothing"),
        (
            "loss.teacher_forcing_rate=-1.0",
            "loss.teacher_forcing_rate",
        ),
        (
            "data.split={ train = 0.9, valid = 0.1, test = 0.0 }",
            "data.split",
        ),
    ] {
        let message = resolve(&[given.to_owned()]).unwrap_err().to_string();
        assert!(message.contains(key), "{given}: {message}");
    }
}

#[test]
fn a_resolved_recipe_reads_back_the_same() {
    let recipe = resolve(&[]).unwrap();
    let source = RecipeSource {
        name: "again".to_owned(),
        origin: "again".to_owned(),
        text: recipe.to_toml(),
    };
    assert_eq!(source.resolve(&[]).unwrap(), recipe);
    let crate::Recipe::Translate(recipe) = recipe else {
        panic!("a recipe of this task");
    };
    assert!(recipe.model.attention.is_some());
}

#[test]
fn runs_are_compared_on_the_same_lines_only() {
    let place = tempfile::tempdir().unwrap();
    let path = reversed(place.path());
    let trained = |name: &str, updates: usize, more: &[&str]| {
        let overrides = [
            format!("data.path={}", path.display()),
            "data.max_len=8".to_owned(),
            format!("train.updates={updates}"),
            "train.batch_size=12".to_owned(),
        ];
        let more = more.iter().map(|&one| one.to_owned());
        let overrides: Vec<String> = overrides.into_iter().chain(more).collect();
        let dir = place.path().join(name);
        train(&resolve(&overrides).unwrap(), &dir, &Control::silent()).unwrap();
        dir
    };
    let characters = "data.target.pieces=characters";
    let (good, bad) = (
        trained("good", 300, &[characters]),
        trained("bad", 2, &[characters]),
    );
    let found = compare(&good, &bad, None, Precision::F32).unwrap();
    assert_eq!((found.num_lines, &found.split[..]), (12, "train"));
    assert!(found.bootstrap.system.value > found.bootstrap.baseline.value);
    assert!(found.bootstrap.p_value < 0.05);
    let same = compare(&good, &good, None, Precision::F32).unwrap();
    assert_eq!(same.bootstrap.system, same.bootstrap.baseline);

    let split = "data.split={ train = 0.6, valid = 0.2, test = 0.2 }";
    let other = trained("other", 2, &[characters, split]);
    let refused = compare(&good, &other, None, Precision::F32).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains("against") && message.contains("same 12 pairs"),
        "{message}"
    );
}
