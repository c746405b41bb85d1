//! The task from a recipe to answers.

use super::config::{Form, Recipe};
use super::data::{Corpus, Examples};
use super::judge::judge_model;
use super::{Complete, NAME, infer::open};
use crate::recipe::RecipeSource;
use crate::tasks::{Evaluation, PredictOptions, Prediction, Predictor, Trained};
use crate::{Error, evaluate, evaluate_in, open_in, quantize, train};
use recurra_data::TokenId;
use recurra_nn::Mode;
use recurra_nn::streaming::Precision;
use recurra_nn::weights::values;
use recurra_train::{Control, Run};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Four letters each; only `word` and `work` share all but the last.
const TWENTY: [&str; 20] = [
    "able", "baby", "cake", "dark", "each", "face", "game", "hand", "harm", "idea", "join", "keep",
    "lamp", "make", "name", "open", "park", "quit", "word", "work",
];

/// A place with a list of words in it.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new(words: &[&str]) -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        place.write("words.txt", &words.join("\n"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A small recipe on the list.
    fn recipe(&self, form: &str, more: &[&str]) -> Result<crate::Recipe, Error> {
        let split = match form {
            "any-prefix" => "split = { train = 0.8, valid = 0.1, test = 0.1 }",
            _ => "min_len = 2",
        };
        let text = format!(
            r#"
            task = "complete"
            about = "test"
            [data]
            form = "{form}"
            path = '{}'
            {split}
            [model.stack.layer]
            cell = "lstm"
            hidden_size = 32
            [train]
            batch_size = 20
            updates = 150
            evaluate_every = 150
            checkpoint_every = 150
            optimizer = {{ name = "adam", learning_rate = 2e-2 }}
            "#,
            self.path("words.txt").display()
        );
        let source = RecipeSource {
            name: NAME.to_owned(),
            origin: "test".to_owned(),
            text,
        };
        let more: Vec<String> = more.iter().map(|&one| one.to_owned()).collect();
        source.resolve(&more)
    }

    fn train(&self, form: &str, more: &[&str]) -> Result<Trained, Error> {
        let recipe = self.recipe(form, more)?;
        train(&recipe, &self.path("run"), &Control::silent())
    }

    fn open(&self) -> (Recipe, Run, Complete) {
        let run = Run::open(&self.path("run")).unwrap();
        let crate::Recipe::Complete(recipe) = crate::Recipe::of_run(&run).unwrap() else {
            panic!("the run is of another task");
        };
        let complete = open(&recipe, &run, Precision::F32).unwrap();
        (recipe, run, complete)
    }
}

fn predict(complete: &Complete, input: &str) -> Result<Prediction, Error> {
    complete.predict(input, 7, PredictOptions { top_k: 5 })
}

fn words_and_probs(prediction: &Prediction) -> Vec<(String, f64)> {
    let completions = prediction.json["completions"].as_array().unwrap();
    let pair = |one: &serde_json::Value| {
        let word = one["word"].as_str().unwrap().to_owned();
        (word, one["probability"].as_f64().unwrap())
    };
    completions.iter().map(pair).collect()
}

fn baseline(evaluation: &Evaluation, name: &str, metric: &str) -> f64 {
    evaluation.baselines[name].get(metric).unwrap()
}

#[test]
fn twenty_words_are_learnt_by_heart() {
    let place = Place::new(&TWENTY);
    let trained = place.train("last-letter", &[]).unwrap();
    let evaluation = &trained.evaluations[0];
    // Of "word" and "work" one is always wrong, and costs ln 2 each.
    assert_eq!(evaluation.metrics.get("accuracy"), Some(0.95));
    let nats = evaluation.metrics.get("cross_entropy").unwrap();
    let least = 2.0 * 2f64.ln() / 20.0;
    assert!((nats - least).abs() < 0.01, "{nats}, {least}");
    assert_eq!(baseline(evaluation, "best possible", "accuracy"), 0.95);
    assert!((baseline(evaluation, "best possible", "cross_entropy") - least).abs() < 1e-12);
    assert_eq!(baseline(evaluation, "always `e`", "accuracy"), 0.3);

    let (_, _, complete) = place.open();
    let prediction = predict(&complete, "wor").unwrap();
    let said = words_and_probs(&prediction);
    assert_eq!(said.len(), 5);
    let mut first: Vec<&str> = said[..2].iter().map(|(word, _)| &word[..]).collect();
    first.sort_unstable();
    assert_eq!(first, ["word", "work"]);
    assert!(said[..2].iter().all(|(_, prob)| (prob - 0.5).abs() < 0.1));
    assert!(prediction.text.starts_with(&format!("{} 0.", said[0].0)));
    let said = words_and_probs(&predict(&complete, " HAR ").unwrap());
    assert!(said[0].0 == "harm" && said[0].1 > 0.9, "{said:?}");

    let page = std::fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("best possible") && page.contains("<svg"));
    let vocab = std::fs::read_to_string(place.path("run/vocab.txt")).unwrap();
    assert!(vocab.lines().any(|line| line == "a"));
}

#[test]
fn a_word_list_is_learnt_with_the_probabilities_that_it_has() {
    let place = Place::new(&TWENTY);
    let more = ["train.updates=250", "train.schedule={ name = \"cosine\" }"];
    place.train("any-prefix", &more).unwrap();
    let (recipe, run, complete) = place.open();
    let corpus = Corpus::of_run(&recipe, &run).unwrap();
    let rows = corpus.rows_of(&corpus.split.train);
    assert_eq!(rows.len(), 16);
    let tally = judge_model(complete.model(), Form::AnyPrefix, &rows).unwrap();
    // Of 16 equally likely words each costs 4 bits, over its four letters and its end.
    let bits = tally.entropy.bits().unwrap() * 5.0;
    assert!((bits - 4.0).abs() < 0.1, "{bits}");
    let learnt: Vec<&str> = corpus
        .split
        .train
        .iter()
        .map(|&i| &corpus.words[i][..])
        .collect();
    for (word, prob) in words_and_probs(&predict(&complete, "").unwrap()) {
        assert!(learnt.contains(&&word[..]), "{word}");
        assert!((prob - 1.0 / 16.0).abs() < 0.03, "{word} {prob}");
    }
    for word in &learnt {
        let said = words_and_probs(&predict(&complete, &word[..3]).unwrap());
        assert!(
            said[..2].iter().any(|(said, _)| said == word),
            "{word}: {said:?}"
        );
    }
}

#[test]
fn completions_are_sorted_distinct_and_no_more_than_certain() {
    let place = Place::new(&TWENTY);
    for form in ["last-letter", "any-prefix"] {
        place.train(form, &["train.updates=20"]).unwrap();
        let (_, _, complete) = place.open();
        let options = PredictOptions { top_k: 1000 };
        for prefix in ["wor", "cak", "zzz"] {
            let said = words_and_probs(&complete.predict(prefix, 1, options).unwrap());
            let sum: f64 = said.iter().map(|(_, prob)| prob).sum();
            assert!(sum > 0.2 && sum < 1.0 + 1e-5, "{form} {prefix}: {sum}");
            assert!(said.is_sorted_by(|a, b| a.1 >= b.1));
            assert!(said.iter().all(|(word, _)| word.starts_with(prefix)));
            let mut words: Vec<&String> = said.iter().map(|(word, _)| word).collect();
            words.sort_unstable();
            assert!(words.windows(2).all(|pair| pair[0] != pair[1]));
        }
        std::fs::remove_dir_all(place.path("run")).unwrap();
    }
}

#[test]
fn the_search_finds_what_trying_everything_finds() {
    let place = Place::new(&["ab", "abc", "ac", "b", "ba", "cab", "cc", "cb", "a", "bb"]);
    place
        .train("any-prefix", &["train.updates=30", "data.max_len=3"])
        .unwrap();
    let (_, _, complete) = place.open();
    let model = complete.model();
    let letters: Vec<TokenId> = (4..model.vocab_size() as TokenId).collect();
    let mut words: Vec<Vec<TokenId>> = vec![vec![]];
    for len in 0..3 {
        let longest: Vec<_> = words.iter().filter(|w| w.len() == len).cloned().collect();
        for word in longest {
            words.extend(letters.iter().map(|&id| [&word[..], &[id]].concat()));
        }
    }
    words.remove(0); // nothing is no word
    let mut tried: Vec<(f64, Vec<TokenId>)> = words
        .into_iter()
        .map(|word| {
            let tally = judge_model(model, Form::AnyPrefix, &[&word]).unwrap();
            let events = word.len() as f64 + 1.0;
            (-tally.entropy.nats().unwrap() * events, word)
        })
        .collect();
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    let found = complete.complete(&[], 12).unwrap();
    assert_eq!(found.len(), 12);
    for (found, (log_prob, ids)) in found.iter().zip(&tried) {
        assert!((found.log_prob - log_prob).abs() < 1e-4);
        assert_eq!(&found.ids, ids);
    }
}

#[test]
fn a_batch_gives_what_each_row_gives_alone() {
    let place = Place::new(&TWENTY);
    for (form, kind) in [
        ("last-letter", Form::LastLetter),
        ("any-prefix", Form::AnyPrefix),
    ] {
        place.train(form, &["train.updates=5"]).unwrap();
        let (_, _, complete) = place.open();
        let model = complete.model();
        let rows: [&[TokenId]; 3] = [&[4, 5, 6, 7], &[8, 9], &[5, 5, 5, 5, 5, 5]];
        let together = Examples::new(kind, &rows).unwrap();
        let together = model.logits(kind, &together.input, Mode::Eval).unwrap();
        for (index, row) in rows.iter().enumerate() {
            let alone = Examples::new(kind, &[row]).unwrap();
            let alone = model.logits(kind, &alone.input, Mode::Eval).unwrap();
            let [_, len, size] = alone.dims();
            let in_batch = together.clone().slice([index..index + 1, 0..len, 0..size]);
            recurra_testkit::assert_close(
                &values(&in_batch),
                &values(&alone),
                recurra_testkit::Tol::both(1e-5),
            );
        }
        std::fs::remove_dir_all(place.path("run")).unwrap();
    }
}

#[test]
fn syllables_are_completed_jamo_by_jamo() {
    let words = [
        "학교", "학생", "한국", "사람", "사랑", "나무", "바다", "하늘",
    ];
    let place = Place::new(&words);
    let more = [
        "data.unit=jamo",
        "train.updates=200",
        "data.split={ train = 0.75, valid = 0.125, test = 0.125 }",
    ];
    place.train("any-prefix", &more).unwrap();
    let (recipe, run, complete) = place.open();
    let corpus = Corpus::of_run(&recipe, &run).unwrap();
    let learnt: Vec<&str> = corpus
        .split
        .train
        .iter()
        .map(|&i| &corpus.words[i][..])
        .collect();
    for word in learnt {
        // The first syllable without its last consonant: 하 begins 학교 and 하늘.
        let first: Vec<String> = recipe.data.unit.segment(word)[..2].to_vec();
        let typed = recipe.data.unit.join(&first);
        let said = words_and_probs(&predict(&complete, &typed).unwrap());
        assert!(
            said.iter().any(|(said, _)| said == word),
            "{typed}: {said:?}"
        );
    }
    assert!(
        predict(&complete, "ㅎ")
            .unwrap()
            .text
            .starts_with(['하', '학', '한'])
    );
}

#[test]
fn letters_that_were_not_learnt_are_named_and_the_completion_still_given() {
    let place = Place::new(&TWENTY);
    place.train("last-letter", &["train.updates=5"]).unwrap();
    let (_, _, complete) = place.open();
    let prediction = predict(&complete, "wéé").unwrap();
    assert_eq!(prediction.json["unknown"]["é"], 2);
    insta::assert_snapshot!(prediction.notices.join("\n"), @"letters that the run was not trained on: 2 unknown: `é` ×2; the completions are a guess");
    let said = words_and_probs(&prediction);
    assert!(said.len() == 5 && said[0].0.starts_with("wéé"));
    assert!(predict(&complete, "wor").unwrap().notices.is_empty());
}

#[test]
fn a_prefix_that_is_no_prefix_of_any_word_is_explained() {
    let place = Place::new(&TWENTY);
    place
        .train(
            "last-letter",
            &["train.updates=5", "data.min_len=4", "data.max_len=4"],
        )
        .unwrap();
    let (_, _, complete) = place.open();
    let refusal =
        |complete: &Complete, input: &str| predict(complete, input).unwrap_err().to_string();
    insta::assert_snapshot!(refusal(&complete, "words"), @"line 7: expected 3 letters, a word of 4 without its last one, got 5; this run says the last one only, `word-completion-any` completes any prefix");
    insta::assert_snapshot!(refusal(&complete, "  "), @"line 7: expected 3 letters, a word of 4 without its last one, got an empty line; this run says the last one only, `word-completion-any` completes any prefix");
    std::fs::remove_dir_all(place.path("run")).unwrap();
    place
        .train("any-prefix", &["train.updates=5", "data.max_len=6"])
        .unwrap();
    let (_, _, complete) = place.open();
    insta::assert_snapshot!(refusal(&complete, "abcdefg"), @"line 7: expected the beginning of a word, at most 6 letters (`data.max_len` of this run), got 7");
    // A prefix as long as the longest word can only end.
    assert_eq!(
        words_and_probs(&predict(&complete, "abcdef").unwrap()).len(),
        1
    );
    assert_eq!(words_and_probs(&predict(&complete, "").unwrap()).len(), 5);
}

#[test]
fn a_list_that_cannot_be_trained_on_is_refused_before_anything_is_written() {
    let place = Place::new(&["word"]);
    let refusal = |place: &Place, form: &str| {
        let error = place.train(form, &[]).unwrap_err().to_string();
        assert!(!place.path("run").exists(), "{error}");
        error.replace(&place.dir.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(refusal(&place, "last-letter"), @"DIR/words.txt (1 words of 1 lines): expected at least 2 words, got 1; give a longer list, or loosen `data.min_len` and `data.max_len`");
    insta::assert_snapshot!(refusal(&place, "any-prefix"), @"DIR/words.txt (1 words of 1 lines): expected at least 2 words, got 1; give a longer list, or loosen `data.min_len` and `data.max_len`");
    place.write("words.txt", "a\nb\n");
    insta::assert_snapshot!(refusal(&place, "any-prefix"), @"data set to be split: expected at least 3 items, got 2; give more data, or make valid and test smaller");
    place.write("words.txt", "");
    insta::assert_snapshot!(refusal(&place, "last-letter"), @"DIR/words.txt: expected a list of words, one a line, got an empty file; give a file with content");
    place.write("words.txt", "x-ray\n12\n");
    insta::assert_snapshot!(refusal(&place, "last-letter"), @"DIR/words.txt: no word is left: 0 words of 2 lines; dropped 2 not alphabetic (`x-ray`, line 1); loosen the filter");
    std::fs::remove_file(place.path("words.txt")).unwrap();
    assert!(refusal(&place, "last-letter").contains("DIR/words.txt: cannot read"));
}

#[test]
fn a_finished_run_needs_its_list_no_more() {
    let place = Place::new(&TWENTY);
    let trained = place.train("any-prefix", &["train.updates=5"]).unwrap();
    std::fs::remove_file(place.path("words.txt")).unwrap();
    let evaluations = evaluate(&place.path("run"), None).unwrap();
    assert_eq!(evaluations, trained.evaluations);
    let metrics = &evaluations[0].metrics;
    for metric in [
        "accuracy",
        "bits_per_char",
        "perplexity",
        "hit_rate_at_1",
        "hit_rate_at_5",
    ] {
        assert!(metrics.get(metric).is_some(), "{metric}");
        assert!(
            evaluations[0].baselines["5-gram"].get(metric).is_some(),
            "{metric}"
        );
    }
}

#[test]
fn another_list_is_judged_with_its_own_ceiling_and_what_is_odd_about_it_is_told() {
    let place = Place::new(&TWENTY);
    place.train("last-letter", &["train.updates=5"]).unwrap();
    let list = place.write("other.txt", "word\nworm\nwork\nworé\nx-ray\n");
    let evaluation = judge_file(&place, &list);
    assert_eq!(baseline(&evaluation, "best possible", "accuracy"), 0.25);
    let notes = evaluation
        .notes
        .join("\n")
        .replace(&list.display().to_string(), "FILE");
    insta::assert_snapshot!(notes, @r"
    FILE: 4 words of 5 lines; dropped 1 not alphabetic (`x-ray`, line 5)
    2 of the 4 words were trained on
    letters that the run was not trained on: 1 unknown: `é`
    the best possible predictor is right on 1 of 4 words: several share all letters but the last
    ");
    assert!(evaluate(&place.path("run"), Some(Path::new("/no/such/file"))).is_err());
}

fn judge_file(place: &Place, list: &Path) -> Evaluation {
    let mut evaluations = evaluate(&place.path("run"), Some(list)).unwrap();
    assert_eq!(evaluations[0].split, list.display().to_string());
    evaluations.remove(0)
}

#[test]
fn embeddings_and_other_cells_learn_too() {
    let place = Place::new(&TWENTY);
    let more = [
        "model.input={ embed_size = 16 }",
        "model.stack.layer.cell=gru",
        "model.stack.num_layers=2",
        "model.stack.dropout=0.05",
        "model.output_dropout=0.05",
    ];
    let trained = place.train("last-letter", &more).unwrap();
    assert_eq!(trained.evaluations[0].metrics.get("accuracy"), Some(0.95));
    let run = Run::open(&place.path("run")).unwrap();
    let recipe = crate::Recipe::of_run(&run).unwrap();
    let inspection = crate::inspect(&recipe, Some(&run)).unwrap();
    let layers: Vec<&str> = inspection.networks[0]
        .layers
        .iter()
        .map(|l| &l.layer[..])
        .collect();
    assert_eq!(layers, ["embedding", "GRU", "GRU", "linear"]);
}

#[test]
fn quantised_weights_answer_letter_by_letter_almost_as_before() {
    for form in ["last-letter", "any-prefix"] {
        let place = Place::new(&TWENTY);
        place.train(form, &["train.updates=250"]).unwrap();
        let dir = place.path("run");
        let missing = open_in(&dir, Precision::Int8).unwrap_err().to_string();
        let dir_shown = dir.display();
        assert_eq!(
            missing,
            format!(
                "{dir_shown}: no int8 weights; `recurra quantize {dir_shown} --to int8` makes them"
            )
        );
        for precision in [Precision::Bf16, Precision::Int8] {
            let quantized = quantize(&dir, precision).unwrap();
            let [exact, rounded] = &quantized.figures;
            assert_eq!(rounded.precision, precision.name());
            assert!(quantized.file.is_file() && rounded.size_bytes < exact.size_bytes);
            for (name, value) in exact.metrics.iter() {
                let after = rounded.metrics.get(name).unwrap();
                // Three hundredths of a nat are three per cent of a perplexity.
                assert!(
                    (after - value).abs() < 0.1 + 0.03 * value.abs(),
                    "{precision}, {name}: {value} {after}"
                );
            }
            let judged = &evaluate_in(&dir, None, precision).unwrap()[0];
            assert_eq!(judged.metrics, rounded.metrics);
            let (_, _, complete) = place.open();
            let options = PredictOptions { top_k: 2 };
            let narrow = open_in(&dir, precision).unwrap();
            let narrow = words_and_probs(&narrow.predict("wor", 1, options).unwrap());
            let exact = words_and_probs(&complete.predict("wor", 1, options).unwrap());
            for (word, prob) in narrow {
                let same = exact.iter().find(|(other, _)| *other == word);
                assert!(
                    same.is_some_and(|(_, other)| (prob - other).abs() < 0.1),
                    "{word}"
                );
            }
        }
    }
}
