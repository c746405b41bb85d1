//! The task from a recipe to answers.

use super::config::Recipe as TagRecipe;
use super::data::{Batch, Corpus, Parts, Row, Vocabs};
use super::judge::Judged;
use super::model::build;
use crate::recipe::RecipeSource;
use crate::tasks::{PredictOptions, device};
use crate::{Error, evaluate, train};
use recurra_data::Specials;
use recurra_nn::Mode;
use recurra_nn::weights::values;
use recurra_train::Control;
use recurra_train::metric::{ACCURACY, SPAN_F1};
use std::path::Path;

fn resolve(overrides: &[String]) -> Result<crate::Recipe, Error> {
    RecipeSource::find("tag-entities")?.resolve(overrides)
}

fn tag_recipe(overrides: &[String]) -> TagRecipe {
    match resolve(overrides).unwrap() {
        crate::Recipe::Tag(recipe) => *recipe,
        _ => panic!("a recipe of this task"),
    }
}

fn overrides(given: &[&str]) -> Vec<String> {
    given.iter().map(|&one| one.to_owned()).collect()
}

/// The recipe on the same few sentences for all parts.
fn by_heart(path: &Path, more: &[&str]) -> Vec<String> {
    let files = format!("[\"{}\"]", path.display());
    let mut all = vec![
        format!("data.train={files}"),
        format!("data.valid={files}"),
        format!("data.test={files}"),
        "train.updates=60".to_owned(),
        "train.batch_size=4".to_owned(),
    ];
    all.extend(overrides(more));
    all
}

fn without_embedded(given: &[String]) -> Result<crate::Recipe, Error> {
    let mut source = RecipeSource::find("tag-entities")?;
    source.text = source
        .text
        .lines()
        .filter(|line| !line.starts_with("sentences") && !line.starts_with("split"))
        .map(|line| format!("{line}\n"))
        .collect();
    source.resolve(given)
}

const FEW: &str = "Mina B-PER\nlives O\nin O\nNew B-LOC\nYork I-LOC\n\n\
                   Tom B-PER\nlives O\nin O\nRome B-LOC\n\n\
                   He O\nsleeps O\n\nRome B-LOC\ncalled O\nTom B-PER\nLee I-PER\n\n";

#[test]
fn a_few_sentences_are_learnt_by_heart_and_lines_are_answered() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("few.conll");
    std::fs::write(&path, FEW).unwrap();
    let recipe = without_embedded(&by_heart(&path, &[])).unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let metrics = &trained.evaluations[0].metrics;
    assert_eq!(metrics.get(SPAN_F1.name), Some(1.0));
    assert_eq!(metrics.get(ACCURACY.name), Some(1.0));
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);
    let predictor = crate::open(&dir).unwrap();
    let say = |line: &str| {
        let options = PredictOptions { top_k: 2 };
        predictor.predict(line, 1, options).unwrap()
    };
    let said = say("Mina  lives in New York");
    assert_eq!(said.text, "Mina/S-PER lives/O in/O New/B-LOC York/E-LOC");
    assert_eq!(said.json["spans"][1]["text"], "New York");
    let token = &said.json["tokens"][0];
    assert!(token["probability"].as_f64().unwrap() > 0.9);
    assert_eq!(token["likeliest"][0]["label"], "S-PER");
    assert_eq!(say("").text, "");
    assert_eq!(say("Zoltan sleeps").json["unknown_words"][0], "Zoltan");
    let long = say(&"Rome ".repeat(1500));
    assert!(long.notices[0].contains("1500 words, read in pieces of 1000"));
    assert_eq!(long.text.split(' ').count(), 1500);
    let report = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains("class=\"chip"), "labels are in colour");
}

#[test]
fn sentences_that_cannot_be_used_are_told_with_their_line() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("bad.conll");
    let refusal = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let recipe = without_embedded(&by_heart(&path, &[])).unwrap();
        let dir = place.path().join("run");
        let refused = train(&recipe, &dir, &Control::silent());
        assert!(!dir.exists(), "nothing is left behind");
        refused.unwrap_err().to_string()
    };
    for (text, want) in [
        ("a B-X\nb\n", "bad.conll:2: expected 2 columns"),
        ("a\nb\n", "bad.conll: expected column 2 (the label)"),
        ("a B-X\nb NOUN\n", "bad.conll:2: expected `O`"),
        ("\n\n", "bad.conll: expected sentences"),
    ] {
        let message = refusal(text);
        assert!(message.contains(want), "{message}");
    }
}

#[test]
fn labels_that_training_lacks_and_strays_are_noted() {
    let place = tempfile::tempdir().unwrap();
    let (known, other) = (place.path().join("a.conll"), place.path().join("b.conll"));
    std::fs::write(&known, FEW).unwrap();
    std::fs::write(&other, "Mina B-PER\nin O\nMay I-TIME\n").unwrap();
    let mut given = by_heart(&known, &[]);
    given[1] = format!("data.valid=[\"{}\"]", other.display());
    given[2] = format!("data.test=[\"{}\"]", other.display());
    let crate::Recipe::Tag(recipe) = without_embedded(&given).unwrap() else {
        panic!("a recipe of this task");
    };
    let parts = Parts::read(&recipe).unwrap();
    let [stray, _, _, unknown] = &parts.origin.notes[..] else {
        panic!("{:?}", parts.origin.notes);
    };
    assert!(stray.contains("b.conll:3: `I-TIME` follows `O`"), "{stray}");
    assert!(unknown.contains("`S-TIME` (1 in test)"), "{unknown}");
    let vocabs = Vocabs::new(&parts.train, &recipe.data);
    let tagger = build(&recipe, &vocabs, &device()).unwrap();
    let valid = Corpus::new(&parts.valid, &recipe.data, &vocabs);
    let judged = Judged::new(&tagger, &valid).unwrap();
    assert_eq!(judged.loss, None, "there is no row with known labels alone");
    let metrics = judged.watched(&parts.valid, &vocabs, recipe.data.labels);
    assert!(metrics.get(ACCURACY.name).unwrap() < 1.0);
}

#[test]
fn a_span_of_a_label_that_training_lacks_is_missed_and_its_row_alone_has_no_loss() {
    let place = tempfile::tempdir().unwrap();
    let (known, other) = (place.path().join("a.conll"), place.path().join("b.conll"));
    std::fs::write(&known, FEW).unwrap();
    std::fs::write(&other, "Mina B-PER\nin O\n\nMay B-TIME\n").unwrap();
    let mut given = by_heart(&known, &[]);
    given[1] = format!("data.valid=[\"{}\"]", other.display());
    let crate::Recipe::Tag(recipe) = without_embedded(&given).unwrap() else {
        panic!("a recipe of this task");
    };
    let parts = Parts::read(&recipe).unwrap();
    let vocabs = Vocabs::new(&parts.train, &recipe.data);
    let tagger = build(&recipe, &vocabs, &device()).unwrap();
    let judge =
        |sentences| Judged::new(&tagger, &Corpus::new(sentences, &recipe.data, &vocabs)).unwrap();
    let both = judge(&parts.valid);
    assert_eq!(both.loss, judge(&parts.valid[..1]).loss);
    assert!(both.loss.is_some());
    // As if the network had found Mina, and nothing else.
    let person = vocabs.labels.id("S-PER").unwrap() - Specials::COUNT as u32;
    let none = vocabs.labels.id("O").unwrap() - Specials::COUNT as u32;
    let found = Judged {
        labels: vec![vec![person, none], vec![none]],
        loss: None,
    };
    let metrics = found.watched(&parts.valid, &vocabs, recipe.data.labels);
    assert_eq!(
        metrics.get(SPAN_F1.name),
        Some(2.0 / 3.0),
        "1 of 1, and 1 of 2"
    );
}

#[test]
fn a_file_of_ones_own_takes_the_place_of_the_built_in_sentences() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("own.conll");
    std::fs::write(&path, FEW.repeat(5)).unwrap();
    let recipe = tag_recipe(&[format!("data.path={}", path.display())]);
    let parts = Parts::read(&recipe).unwrap();
    let sentences = [&parts.train, &parts.valid, &parts.test].map(Vec::len);
    assert_eq!(sentences, [16, 2, 2]);
    let folder = tag_recipe(&[format!("data.path={}", place.path().display())]);
    let message = Parts::read(&folder).unwrap_err().to_string();
    assert!(message.contains("data.path: expected a file"), "{message}");
}

#[test]
fn a_sentence_alone_is_labelled_as_in_a_batch() {
    for model in [
        "model.head=softmax",
        "model.characters={ kind = \"convolution\", embed_size = 8, num_filters = 6, window_len = 3 }",
    ] {
        let recipe = tag_recipe(&overrides(&[model]));
        let parts = Parts::read(&recipe).unwrap();
        let vocabs = Vocabs::new(&parts.train, &recipe.data);
        let tagger = build(&recipe, &vocabs, &device()).unwrap();
        let corpus = Corpus::new(&parts.valid, &recipe.data, &vocabs);
        let rows: Vec<&Row> = corpus.rows.iter().collect();
        let scores = |rows: &[&Row]| {
            let batch = Batch::new(&corpus, rows);
            let emissions = tagger.emissions(&batch, Mode::Eval).unwrap();
            let [_, seq_len, width] = emissions.dims();
            (values(&emissions), seq_len * width, width)
        };
        let (together, stride, width) = scores(&rows);
        for (index, row) in rows.iter().enumerate() {
            let (alone, ..) = scores(&[row]);
            let in_batch = &together[index * stride..][..row.len() * width];
            for (a, b) in alone.iter().zip(in_batch) {
                assert!((a - b).abs() < 1e-5, "{model}: {a} and {b}");
            }
        }
    }
}

#[test]
fn what_does_not_go_together_is_refused_by_key() {
    for (given, key) in [
        ("data.max_len=0", "data.max_len"),
        ("data.columns={ label = 0 }", "columns.label"),
        ("data.train=[\"x\"]", "`sentences`"),
        ("data.valid=[\"x\"]", "data.valid"),
        (
            "data.split={ train = 0.9, valid = 0.1, test = 0.0 }",
            "data.test",
        ),
        ("model.embed_size=0", "model.embed_size"),
        ("model.word_dropout=-1.0", "model.word_dropout"),
        ("model.input_dropout=1.0", "model.input_dropout"),
        ("model.head=tail", "model.head"),
        (
            "model.characters={ kind = \"convolution\", embed_size = 8, num_filters = 6, window_len = 4 }",
            "model.characters.window_len",
        ),
    ] {
        let message = resolve(&overrides(&[given])).unwrap_err().to_string();
        let key = key.rsplit_once('.').map_or(key, |(_, last)| last);
        assert!(message.contains(key), "{given}: {message}");
    }
}

#[test]
fn a_resolved_recipe_reads_back_the_same() {
    for name in ["tag-entities", "ewt-pos", "conll2000-chunks", "klue-ner"] {
        let recipe = RecipeSource::find(name).unwrap().resolve(&[]).unwrap();
        let source = RecipeSource {
            name: name.to_owned(),
            origin: name.to_owned(),
            text: recipe.to_toml(),
        };
        assert_eq!(source.resolve(&[]).unwrap(), recipe);
    }
}
