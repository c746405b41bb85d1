//! Words that are copied, and words that stand for unknown ones.

use crate::recipe::RecipeSource;
use crate::tasks::PredictOptions;
use crate::{
    Error, Precision, Recipe, evaluate, evaluate_with, open, open_in, open_with, quantize, train,
};
use recurra_nn::likeliest;
use recurra_train::Control;
use recurra_train::metric::ACCURACY;
use std::path::Path;

/// A network that attends, and words; `MORE` are values of `[model]`.
const RECIPE: &str = r#"
task = "translate"
about = "Words that are copied"
[data]
files = { format = "table", path = "TRAIN", source = 1, target = 2 }
test = { format = "table", path = "TEST", source = 1, target = 2 }
vocabulary = "joint"
source = { pieces = "words", min_count = COUNT }
target = { pieces = "words", min_count = COUNT }
max_len = 8
[model]
embed_size = 16
readout_size = 24
MORE
encoder.layer = { cell = "gru", hidden_size = 24, bidirectional = "concat" }
decoder.layer = { cell = "gru", hidden_size = 24 }
attention = { score = { name = "additive", key_size = 24 } }
[train]
batch_size = 30
updates = 300
evaluate_every = 300
clip_norm = 1.0
optimizer = { name = "adam", learning_rate = 1e-2 }
[decode]
max_len = 8
search = { name = "beam", width = 3 }
"#;

fn recipe(place: &Path, [train, test]: [&str; 2], min_count: usize, more: &str) -> RecipeSource {
    let write = |name: &str, text: &str| {
        let path = place.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    RecipeSource {
        name: "copying".to_owned(),
        origin: "copying".to_owned(),
        text: RECIPE
            .replace("TRAIN", &write("train.tsv", train))
            .replace("TEST", &write("test.tsv", test))
            .replace("COUNT", &min_count.to_string())
            .replace("MORE", more),
    }
}

fn refusal(recipe: &RecipeSource, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|&one| one.to_owned()).collect();
    recipe.resolve(&overrides).unwrap_err().to_string()
}

/// Some names are said in answers and some never are, though the network reads them: only a copy
/// can answer with these.
#[test]
fn a_word_that_was_never_said_is_copied_from_the_source() {
    let (mut learnt, mut held_out) = (String::new(), String::new());
    for number in 0..30 {
        let skip = format!("skip n{number} now\tnobody\n");
        learnt += &skip;
        let said = format!("greet n{number} now\thello n{number}\n");
        match number < 20 {
            true => learnt += &(said + &format!("call n{number} please\tn{number} come\n")),
            false => held_out += &said,
        }
    }
    let place = tempfile::tempdir().unwrap();
    let accuracy = |name: &str, more: &str| {
        let source = recipe(place.path(), [&learnt, &held_out], 1, more);
        let dir = place.path().join(name);
        let trained = train(&source.resolve(&[]).unwrap(), &dir, &Control::silent()).unwrap();
        assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);
        let predictor = open(&dir).unwrap();
        let said = predictor.predict("greet n25 now", 1, PredictOptions { top_k: 1 });
        let accuracy = trained.evaluations[0].metrics.get(ACCURACY.name).unwrap();
        (accuracy, said.unwrap().text)
    };
    let (copied, said) = accuracy("copies", "copy = true");
    assert!(copied >= 0.9, "{copied}");
    assert_eq!(said, "hello n25");
    let (made_up, said) = accuracy("makes-up", "");
    assert_eq!(made_up, 0.0, "{said}");

    let refused = quantize(&place.path().join("copies"), Precision::Int8);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("`copy`"), "{message}");
    let Err(refused) = open_in(&place.path().join("copies"), Precision::Int8) else {
        panic!("opened in int8");
    };
    assert_eq!(refused.to_string(), message);
}

/// Words are read and said one by one; every line has one that no other has.
#[test]
fn an_unknown_word_becomes_the_word_that_was_attended_to() {
    let words = ["ein", "zwei", "drei", "vier"];
    let line = |number: usize| {
        let name = format!("name{number}");
        let mut source: Vec<&str> = (0..4).map(|place| words[(number >> place) % 4]).collect();
        source.insert(number % 5, &name);
        let target: Vec<String> = source.iter().map(|word| word.to_uppercase()).collect();
        let target = target.join(" ").replace("NAME", "name");
        format!("{}\t{target}\n", source.join(" "))
    };
    let learnt: String = (0..200).map(line).collect();
    let held_out: String = (200..220).map(line).collect();
    let place = tempfile::tempdir().unwrap();
    let source = recipe(place.path(), [&learnt, &held_out], 2, "");
    let dir = place.path().join("run");
    // In a joint vocabulary a name would be known: it is in the source and in the target.
    let separate = ["data.vocabulary=separate".to_owned()];
    let recipe = source.resolve(&separate).unwrap();
    train(&recipe, &dir, &Control::silent()).unwrap();
    let replacing = ["decode.replace_unknown=true".to_owned()];
    let accuracy = |overrides: &[String]| {
        let judged = evaluate_with(&dir, None, Precision::F32, overrides).unwrap();
        judged[0].metrics.get(ACCURACY.name).unwrap()
    };
    assert_eq!(accuracy(&[]), 0.0);
    let replaced = accuracy(&replacing);
    assert!(replaced >= 0.9, "{replaced}");

    let line = "vier zwei drei Zsófia zwei";
    let options = PredictOptions { top_k: 1 };
    let said = open_with(&dir, Precision::F32, &replacing).unwrap();
    let said = said.predict(line, 1, options).unwrap();
    assert_eq!(said.text, "VIER ZWEI DREI Zsófia ZWEI");
    let translation = &said.json["translations"][0];
    let places = translation["replaced"].as_array().unwrap();
    assert_eq!(places.len(), 1);
    let at = places[0].as_u64().unwrap() as usize;
    let weights = translation["alignment"][at].as_array().unwrap();
    let attended = likeliest(weights.iter().map(|weight| weight.as_f64().unwrap()));
    assert_eq!(
        translation["tokens"][at],
        said.json["source_tokens"][attended]
    );

    let plain = open(&dir).unwrap().predict(line, 1, options).unwrap();
    assert!(plain.json["translations"][0].get("replaced").is_none());
    assert!(!plain.text.contains('\u{fffd}') && !plain.text.contains("Zsófia"));
}

#[test]
fn only_decoding_is_told_otherwise_once_a_run_is_trained() {
    let place = tempfile::tempdir().unwrap();
    let lines = "a b\tc d\nb a\td c\n";
    let source = recipe(place.path(), [lines, lines], 1, "");
    let dir = place.path().join("run");
    let few = ["train.updates=1".to_owned()];
    train(&source.resolve(&few).unwrap(), &dir, &Control::silent()).unwrap();
    let refusal = |given: &str| {
        let refused = open_with(&dir, Precision::F32, &[given.to_owned()]);
        refused.unwrap_err()
    };
    assert!(matches!(refusal("model.copy=true"), Error::Override { .. }));
    let message = refusal("decode.unknown=1").to_string();
    assert!(message.contains("`replace_unknown`"), "{message}");
    let message = refusal("decode.search.width=0").to_string();
    assert!(message.contains("decode.search.width"), "{message}");
}

#[test]
fn copying_and_replacing_are_refused_where_they_mean_nothing() {
    let place = tempfile::tempdir().unwrap();
    let source = recipe(place.path(), ["a\tb\n", "a\tb\n"], 1, "");
    let message = refusal(&source, &["model.copy=true", "data.vocabulary=separate"]);
    assert!(
        message.contains("model.copy") && message.contains("`joint`"),
        "{message}"
    );
    let bpe = ["data.source.pieces=bpe", "data.target.pieces=bpe"];
    let replace = "decode.replace_unknown=true";
    let message = refusal(&source, &[replace, bpe[0], bpe[1]]);
    assert!(
        message.contains("decode.replace_unknown") && message.contains("`words`"),
        "{message}"
    );
    let message = refusal(&source, &["loss.coverage_weight=1.0"]);
    assert!(message.contains("`loss.coverage_weight`"), "{message}");
    let blind = RecipeSource {
        text: source.text.replace("attention =", "# attention ="),
        ..source
    };
    let message = refusal(&blind, &[replace]);
    assert!(
        message.contains("decode.replace_unknown") && message.contains("`model.attention`"),
        "{message}"
    );
}

#[test]
fn a_network_that_copies_is_counted_whole() {
    let place = tempfile::tempdir().unwrap();
    let lines = "a b\tc d\nb a\td c\n";
    let source = recipe(place.path(), [lines, lines], 1, "copy = true");
    let overrides = ["model.attention.coverage=true".to_owned()];
    let Recipe::Translate(recipe) = source.resolve(&overrides).unwrap() else {
        panic!("a recipe of this task");
    };
    let layers = super::model::describe(&recipe, None).unwrap();
    let weights = |name: &str| {
        let part = layers[1].head.iter().find(|part| part.name == name);
        part.unwrap().num_params
    };
    // The context 48, the top layer 24, the embedding 16, and the bias.
    assert_eq!(weights("generation gate"), 48 + 24 + 16 + 1);
    // W_q, W_m, v, w_c
    assert_eq!(weights("attention"), 24 * (24 + 48 + 1 + 1));
}
