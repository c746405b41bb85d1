//! The task from a recipe to answers.

mod images;
mod pretrained;

use crate::recipe::RecipeSource;
use crate::tasks::PredictOptions;
use crate::{Error, evaluate, evaluate_in, open, open_in, quantize, train, write_report};
use recurra_nn::streaming::Precision;
use recurra_train::Control;
use recurra_train::metric::ACCURACY;
use std::path::{Path, PathBuf};

/// A folder with a file of texts in it, and a run beside it.
struct Place {
    dir: tempfile::TempDir,
}

/// Whether `x` comes before `y`: nothing that counts words can know it.
fn order_matters() -> String {
    let mut text = String::from("label\ttext\n");
    for count in 0..60 {
        let fill = |n: usize| "o ".repeat(n);
        let (a, b) = (fill(count / 2 % 4), fill(count / 8));
        let (label, first, second) = match count % 2 {
            0 => ("forward", "x", "y"),
            _ => ("backward", "y", "x"),
        };
        text.push_str(&format!("{label}\t{a}{first} {b}{second} {a}\n"));
    }
    text
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir };
        place.write("texts.tsv", &order_matters());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn recipe(&self, more: &[&str]) -> Result<crate::Recipe, Error> {
        let mut overrides = vec![
            format!("data.path={}", self.path("texts.tsv").display()),
            "data.tokenizer={ pieces = \"words\", vocab_size = 50 }".to_owned(),
            "data.split={ train = 0.6, valid = 0.2, test = 0.2 }".to_owned(),
            "data.baseline_terms=words".to_owned(),
            "model.stack.layer={ cell = \"gru\", hidden_size = 24 }".to_owned(),
            "model.pooling=[\"last\", \"mean\", \"max\", \"attention\"]".to_owned(),
            "model.output_dropout=0.0".to_owned(),
            "model.word_dropout=0.0".to_owned(),
            "train.updates=200".to_owned(),
            "train.optimizer.learning_rate=1e-2".to_owned(),
        ];
        overrides.extend(more.iter().map(|&one| one.to_owned()));
        RecipeSource::find("sentiment-small")?.resolve(&overrides)
    }

    fn train(&self, more: &[&str]) -> Result<crate::Trained, Error> {
        train(&self.recipe(more)?, &self.path("run"), &Control::silent())
    }

    fn refusal(&self, more: &[&str]) -> String {
        let message = self.train(more).unwrap_err().to_string();
        assert!(!self.path("run").exists(), "{message}");
        message.replace(&self.dir.path().display().to_string(), "DIR")
    }
}

const OPTIONS: PredictOptions = PredictOptions { top_k: 1 };

#[test]
fn order_is_learnt_which_linear_models_cannot_and_every_precision_says_so() {
    let place = Place::new();
    let trained = place.train(&[]).unwrap();
    let evaluation = &trained.evaluations[0];
    assert_eq!(evaluation.metrics.get(ACCURACY.name), Some(1.0));
    for (name, baseline) in &evaluation.baselines {
        let accuracy = baseline.get(ACCURACY.name).unwrap();
        assert!(accuracy < 1.0, "{name}: {accuracy}");
    }
    assert_eq!(evaluation.baselines.len(), 3);
    let run = place.path("run");
    assert_eq!(evaluate(&run, None).unwrap(), trained.evaluations);
    let predictor = open(&run).unwrap();
    let prediction = predictor.predict("o x o y", 1, OPTIONS).unwrap();
    assert!(
        prediction.text.starts_with("forward "),
        "{}",
        prediction.text
    );
    let probs = prediction.json["probabilities"].as_object().unwrap();
    let sum: f64 = probs.values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9 && probs.len() == 2);
    // Step by step, with weights in fewer bits, the same comes out.
    for precision in [Precision::Bf16, Precision::Int8] {
        quantize(&run, precision).unwrap();
        let narrow = open_in(&run, precision).unwrap();
        let near = narrow.predict("o x o y", 1, OPTIONS).unwrap();
        assert_eq!(near.json["label"], "forward");
        let [exact, near] = [&prediction, &near].map(|p| p.json["probability"].as_f64().unwrap());
        assert!((exact - near).abs() < 0.1, "{precision}: {exact} {near}");
        let judged = evaluate_in(&run, None, precision).unwrap();
        assert!(judged[0].metrics.get(ACCURACY.name) >= Some(0.9));
    }
    // Another file, where nothing is as the model believes.
    let swapped = order_matters()
        .replace("forward", "?")
        .replace("backward", "forward")
        .replace('?', "backward");
    let other = place.write("other.tsv", &swapped);
    let judged = &evaluate(&run, Some(&other)).unwrap()[0];
    assert!(judged.metrics.get(ACCURACY.name) <= Some(0.1));
    assert!(judged.notes[0].contains("no better than the baseline"));
    assert!(judged.baselines.len() == 3 && judged.notes[1].contains("60 texts"));
    // A finished run answers without its texts, and its page needs none.
    std::fs::remove_file(place.path("texts.tsv")).unwrap();
    assert!(open(&run).unwrap().predict("x y", 1, OPTIONS).is_ok());
    let page = std::fs::read_to_string(write_report(&run).unwrap()).unwrap();
    assert!(page.contains("Reliability") && page.contains("backward"));
    let judged = &evaluate(&run, Some(&other)).unwrap()[0];
    assert!(judged.baselines.is_empty() && judged.notes.iter().any(|n| n.contains("no baselines")));
}

#[test]
fn every_step_read_alone_gives_what_the_whole_batch_does() {
    use crate::tasks::classify::data::Sequences;
    use crate::tasks::classify::model::Input;
    use crate::tasks::classify::streamed::StreamedClassifier;
    use recurra_nn::Mode;
    use recurra_nn::weights::values;
    let place = Place::new();
    let crate::Recipe::Classify(recipe) = place.recipe(&[]).unwrap() else {
        unreachable!("the recipe is of this task");
    };
    let input = Input::Tokens { vocab_size: 9 };
    let model = recipe
        .model
        .build(input, 3, 1, &crate::tasks::device())
        .unwrap();
    let rows = vec![vec![4, 5, 6, 7, 8], vec![5], vec![8, 8, 4]];
    let batch = Sequences::Tokens(rows).batch(&[0, 1, 2]);
    let whole = values(&model.logits(&batch, Mode::Eval).unwrap());
    let streamed = StreamedClassifier::new(&model, Precision::F32).unwrap();
    for (a, b) in whole.iter().zip(streamed.logits(&batch).unwrap()) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

#[test]
fn a_network_that_reads_both_ways_learns_and_is_not_streamed() {
    let place = Place::new();
    let both =
        "model.stack.layer={ cell = \"lstm\", hidden_size = 16, bidirectional = \"concat\" }";
    let more = [
        both,
        "train.updates=150",
        "loss.class_weights=balanced",
        "loss.label_smoothing=0.05",
        "model.word_dropout=0.02",
        "model.input_dropout=0.05",
    ];
    let trained = place.train(&more).unwrap();
    assert!(trained.evaluations[0].metrics.get(ACCURACY.name).unwrap() > 0.6);
    let refused = quantize(&place.path("run"), Precision::Int8).unwrap_err();
    assert!(refused.to_string().contains("backward"), "{refused}");
}

#[test]
fn a_text_is_answered_or_refused_by_its_line() {
    let place = Place::new();
    place.train(&["train.updates=3", "data.max_len=5"]).unwrap();
    let predictor = open(&place.path("run")).unwrap();
    let empty = predictor.predict(" \u{200b} ", 7, OPTIONS).unwrap_err();
    insta::assert_snapshot!(empty, @"line 7: expected a text, got no visible letter");
    let strange = predictor.predict("never seen x", 1, OPTIONS).unwrap();
    assert!(strange.notices[0].starts_with("2 of 3 pieces are none"));
    let long = "x ".repeat(1 << 19);
    let long = predictor.predict(&long, 1, OPTIONS).unwrap();
    assert_eq!(
        long.notices[0],
        "524288 pieces, of which 5 are read (`data.max_len` of this run)"
    );
}

#[test]
fn rows_that_cannot_be_used_are_told_by_line_and_column() {
    let place = Place::new();
    let bad = order_matters() + "forward\n\tx y\nforward\t \u{200b}\n";
    place.write("texts.tsv", &bad);
    insta::assert_snapshot!(place.refusal(&[]), @"DIR/texts.tsv: 3 of 63 rows cannot be used: line 62: expected 2 columns as in line 1, got 1; line 63, column `label`: expected a label, got an empty cell; line 64, column `text`: expected a text, got no visible letter; correct them, or leave them out with `--set data.bad_rows=skip`");
    let trained = place
        .train(&["data.bad_rows=skip", "train.updates=2"])
        .unwrap();
    assert_eq!(trained.updates, 2);
    let origin = std::fs::read_to_string(place.path("run/data.json")).unwrap();
    assert!(
        origin.contains("3 of 63 rows left out (line 62: "),
        "{origin}"
    );
}

#[test]
fn labels_that_make_no_classes_are_refused() {
    let place = Place::new();
    let names = "data.labels={ forward = \"ahead\", back = \"back\" }";
    let refusal = place.refusal(&[names]);
    assert!(
        refusal.contains("30 of 60 rows cannot be used: line 3, column `label`: expected one of `back`, `forward`, got `backward`"),
        "{refusal}"
    );
    insta::assert_snapshot!(place.refusal(&["data.label=stars"]), @"DIR/texts.tsv: expected column `stars`, got 2 columns: `label`, `text`; name one of these");
    place.write("texts.tsv", "label\ttext\na\tx\na\ty\na\tz\n");
    insta::assert_snapshot!(place.refusal(&[]), @"DIR/texts.tsv: labels in column `label` (there is only `a`): expected at least 2 classes, got 1; give texts of another class too, or name the right column");
    place.write("texts.tsv", "");
    insta::assert_snapshot!(place.refusal(&[]), @"DIR/texts.tsv: expected rows of text, got an empty file; give a file with content");
    let none = "data.split={ train = 0.9, valid = 0.1, test = 0.0 }";
    place.write("texts.tsv", &order_matters());
    assert!(
        place
            .refusal(&[none])
            .starts_with("data.split: expected above 0 for test")
    );
}

#[test]
fn a_changed_file_is_found_out_when_the_run_is_judged() {
    let place = Place::new();
    place.train(&["train.updates=2"]).unwrap();
    place.write("texts.tsv", &order_matters().replace("x o y", "x y"));
    let error = evaluate(&place.path("run"), None).unwrap_err().to_string();
    assert!(
        error.contains("not those that the run began with"),
        "{error}"
    );
    let page = write_report(&place.path("run")).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains("cannot be read: ") && page.contains("not those that the run began with")
    );
    place.write("more.tsv", "label\ttext\nforward\tx o y\nsideways\tx o y\n");
    let more = place.path("more.tsv");
    let error = evaluate(&place.path("run"), Some(&more))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("correct them, or take them out of the file"),
        "{error}"
    );
}

#[test]
fn what_does_not_go_together_is_refused_by_key() {
    let place = Place::new();
    for (given, key) in [
        ("model.pooling=[]", "model.pooling"),
        ("model.pooling=[\"max\", \"max\"]", "model.pooling"),
        ("model.embed_size=0", "model.embed_size"),
        ("model.word_dropout=1.0", "model.word_dropout"),
        ("loss.label_smoothing=1.0", "loss.label_smoothing"),
        ("loss.adversarial=1.0", "loss.adversarial"),
        ("data.max_len=0", "data.max_len"),
        ("data.valid_dataset=x.tsv", "data.valid_dataset"),
        ("data.labels={ a = \"x\", b = \"x\" }", "data.labels"),
        ("data.keep=middle", "middle"),
        ("data.txt=1", "`text`"),
    ] {
        let message = place.recipe(&[given]).unwrap_err().to_string();
        assert!(message.contains(key), "{given}: {message}");
    }
    let built_in = RecipeSource::find("sentiment-small").unwrap();
    for (given, key) in [
        ("data.labels={ a = \"x\", b = \"y\" }", "data.labels"),
        ("data.markup=strip", "data.markup"),
    ] {
        let refused = built_in.resolve(&[given.to_owned()]).unwrap_err();
        let wanted = format!("{key}: expected a file of texts beside it, as `data.path`, got the");
        assert!(refused.to_string().starts_with(&wanted), "{refused}");
        place.recipe(&[given]).unwrap();
    }
    assert!(Path::new(&place.path("texts.tsv")).exists());
}
