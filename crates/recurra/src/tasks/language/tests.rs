//! The task from a recipe to text.

use super::config::Unit;
use super::cutter::{Cutter, Numbering};
use super::data::{Corpus, Part, Texts};
use super::infer::open;
use super::judge::{judge_model, judge_ngram, judge_streamed, ngram};
use crate::recipe::{Recipe, RecipeSource};
use crate::tasks::PredictOptions;
use crate::{
    Ended, Error, GenerateOptions, evaluate, evaluate_in, generate, quantize, resume, train,
};
use recurra_data::{Contiguous, Specials, Vocab};
use recurra_nn::Mode;
use recurra_nn::streaming::Precision;
use recurra_nn::weights::values;
use recurra_train::metric::{BITS_PER_CHAR, PERPLEXITY};
use recurra_train::{Control, Outcome, Run};
use std::path::{Path, PathBuf};

/// Lines in which every letter follows from the two before it.
fn rounds(place: &Path) -> PathBuf {
    let path = place.join("rounds.txt");
    let lines: Vec<String> = (0..60)
        .map(|line| if line % 2 == 0 { "abcabdabe" } else { "edcba" }.to_owned())
        .collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

fn resolve(path: &Path, more: &[&str]) -> Result<Recipe, Error> {
    let mut overrides = vec![
        format!("data.path={}", path.display()),
        "data.tbptt_len=8".to_owned(),
        "model.embed_size=16".to_owned(),
        "model.stack.layer.hidden_size=16".to_owned(),
        "train.batch_size=4".to_owned(),
        "train.updates=150".to_owned(),
        "train.evaluate_every=50".to_owned(),
    ];
    overrides.extend(more.iter().map(|&one| one.to_owned()));
    RecipeSource::find("harbour-char")?.resolve(&overrides)
}

fn language(recipe: &Recipe) -> &super::Recipe {
    match recipe {
        Recipe::Language(recipe) => recipe,
        _ => panic!("a recipe of this task"),
    }
}

fn silent(_: &str) -> Result<(), Error> {
    Ok(())
}

#[test]
fn a_text_is_learnt_beside_its_baselines_and_goes_on_as_it_does() {
    let place = tempfile::tempdir().unwrap();
    let recipe = resolve(
        &rounds(place.path()),
        &[
            "model.output_dropout=0.0",
            "model.stack.layer.hidden_size=32",
            "train.updates=800",
            "train.evaluate_every=400",
            "train.optimizer={ name = \"adam\", learning_rate = 1e-2 }",
            "train.schedule={ name = \"cosine\" }",
        ],
    )
    .unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let evaluation = &trained.evaluations[0];
    let bits = evaluation.metrics.get(BITS_PER_CHAR.name).unwrap();
    let unigram = evaluation.baselines["unigram"]
        .get(BITS_PER_CHAR.name)
        .unwrap();
    assert!(bits < 0.1 && unigram > 2.0, "{bits} and {unigram}");
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);

    let mut pieces = String::new();
    let options = GenerateOptions {
        prime: Some("abca".to_owned()),
        length: 40,
        temperature: 0.0,
        stop: vec!["cb".to_owned()],
        ..GenerateOptions::default()
    };
    let mut say = |piece: &str| {
        pieces.push_str(piece);
        Ok(())
    };
    let generated = generate(&dir, &options, &mut say).unwrap();
    assert_eq!(generated.text, "bdabe\nedcb");
    assert_eq!(pieces, format!("abca{}", generated.text));
    assert_eq!((generated.ended, generated.steps), (Ended::Stop, 10));

    let predictor = crate::open(&dir).unwrap();
    let options = PredictOptions { top_k: 2 };
    let next = predictor.predict("abcabdabe", 1, options).unwrap();
    assert!(next.text.starts_with('⏎'), "{}", next.text);
    assert_eq!(next.json["next"][0]["text"], "\n");
    let odd = predictor.predict("aXb", 1, options).unwrap();
    assert!(odd.notices[0].contains("`X`") || odd.notices[0].contains("`x`"));

    quantize(&dir, Precision::Int8).unwrap();
    let rounded = evaluate_in(&dir, None, Precision::Int8).unwrap();
    let rounded = rounded[0].metrics.get(BITS_PER_CHAR.name).unwrap();
    assert!((rounded - bits).abs() < 0.05, "{rounded} and {bits}");
    let options = GenerateOptions {
        length: 30,
        seed: 3,
        precision: Precision::Int8,
        ..GenerateOptions::default()
    };
    let say = || generate(&dir, &options, &mut silent).unwrap();
    assert_eq!(say(), say(), "one seed, one text");
}

#[test]
fn pieces_of_a_tokenizer_are_learnt_from_a_column_and_written_as_text() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("texts.tsv");
    let rows: Vec<String> = (0..60)
        .map(|row| format!("{}\tThe <b>end</b> is near, isn't it?", row % 2))
        .collect();
    std::fs::write(&path, rows.join("\n")).unwrap();
    for (pieces, text) in [
        (
            "\"words\", vocab_size = 40, moses = \"en\"",
            " near , isn 't it ?",
        ),
        ("\"bpe\", vocab_size = 60", " near, isn't it?"),
    ] {
        let recipe = resolve(
            &path,
            &[
                "data.column=2",
                "data.markup=strip",
                "data.unit=piece",
                "data.case=keep",
                &format!("data.tokenizer={{ case = \"lower\", pieces = {pieces} }}"),
                "model.output_dropout=0.0",
                "model.sampled_softmax=4",
                "train.optimizer={ name = \"adam\", learning_rate = 1e-2 }",
                "train.schedule={ name = \"constant\" }",
            ],
        )
        .unwrap();
        let dir = place.path().join(&pieces[1..4]);
        let trained = train(&recipe, &dir, &Control::silent()).unwrap();
        let perplexity = trained.evaluations[0].metrics.get(PERPLEXITY.name).unwrap();
        assert!(perplexity < 1.5, "{perplexity}");
        assert!(dir.join("tokenizer.json").exists() && !dir.join("vocab.txt").exists());
        let options = GenerateOptions {
            prime: Some("the END is".to_owned()),
            length: 40,
            temperature: 0.0,
            stop: vec!["\n".to_owned()],
            ..GenerateOptions::default()
        };
        let generated = generate(&dir, &options, &mut silent).unwrap();
        assert_eq!(generated.text.trim_end(), text);
        assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);
    }
}

#[test]
fn units_are_numbered_by_frequency_when_asked() {
    let recipe = resolve("a.txt".as_ref(), &[]).unwrap();
    let lines = ["cab".to_owned(), "ccb".to_owned()];
    let learnt = |numbering| {
        let cutter = Cutter::learn(&language(&recipe).data, &lines, numbering).unwrap();
        cutter.vocab().tokens().concat()
    };
    assert_eq!(
        (learnt(Numbering::ByText), learnt(Numbering::ByFrequency)),
        ("abc".to_owned(), "cba".to_owned())
    );
}

#[test]
fn a_softmax_in_two_levels_learns_steps_and_rounds_as_one_over_all() {
    let place = tempfile::tempdir().unwrap();
    let text = rounds(place.path());
    let recipe = resolve(
        &text,
        &[
            "model.output_dropout=0.0",
            "model.adaptive_softmax=[6, 8]",
            "model.tied=true",
            "train.updates=400",
            "train.optimizer={ name = \"adam\", learning_rate = 1e-2 }",
            "train.schedule={ name = \"constant\" }",
        ],
    )
    .unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let bits = |evaluation: &crate::Evaluation| evaluation.metrics.get(BITS_PER_CHAR.name).unwrap();
    let whole = bits(&trained.evaluations[0]);
    assert!(whole < 0.3, "{whole}");
    let run = Run::open(&dir).unwrap();
    let model = open(language(&recipe), &run, Precision::F32).unwrap();
    let corpus = Corpus::of_run(language(&recipe), &run).unwrap();
    let streamed = judge_streamed(model.streamed().unwrap(), &corpus.test).unwrap();
    let at_once = judge_model(model.model(), &corpus.test, 1).unwrap();
    assert!((streamed.mean() - at_once.mean()).abs() < 1e-5);
    quantize(&dir, Precision::Int8).unwrap();
    let rounded = bits(&evaluate_in(&dir, None, Precision::Int8).unwrap()[0]);
    assert!((rounded - whole).abs() < 0.05, "{rounded} {whole}");
    let options = GenerateOptions {
        prime: Some("abcab".to_owned()),
        length: 5,
        temperature: 0.0,
        ..GenerateOptions::default()
    };
    assert_eq!(
        generate(&dir, &options, &mut silent).unwrap().text,
        "dabe\n"
    );

    // With output weights of its own.
    let untied = resolve(
        &text,
        &[
            "model.adaptive_softmax=[6, 8]",
            "model.embed_size=12",
            "train.updates=20",
        ],
    );
    let dir = place.path().join("untied");
    let trained = train(&untied.unwrap(), &dir, &Control::silent()).unwrap();
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);

    let too_large = resolve(&text, &["model.adaptive_softmax=[3, 900]"]).unwrap();
    let refused = train(&too_large, &place.path().join("other"), &Control::silent());
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("below the 9 tokens there are"), "{told}");
}

#[test]
fn interrupted_in_the_middle_of_a_pass_and_resumed_ends_as_never_stopped() {
    let place = tempfile::tempdir().unwrap();
    let text = rounds(place.path());
    let recipe = resolve(
        &text,
        &[
            "train.updates=40",
            "train.evaluate_every=10",
            "model.stack.layer.weight_drop=0.3",
            "model.stack.num_layers=2",
            "model.tied=true",
            "model.dropout_mask=sequence",
            "model.embedding_dropout=0.1",
            "model.activation_penalty=0.1",
            "model.change_penalty=0.1",
            "train.optimizer={ name = \"sgd\", learning_rate = 1.0 }",
            "train.schedule={ name = \"constant\" }",
            "train.averaging={ name = \"triggered\", metric = \"bits_per_char\", patience = 1 }",
        ],
    )
    .unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| place.path().join(name));
    train(&recipe, &whole, &Control::silent()).unwrap();
    let stop = Control::silent();
    stop.interrupt.request(); // after one update, each time
    let first = train(&recipe, &parts, &stop).unwrap();
    assert!(matches!(first.outcome, Outcome::Interrupted { .. }));
    for _ in 0..4 {
        resume(&parts, &stop).unwrap();
    }
    resume(&parts, &Control::silent()).unwrap();
    for file in ["model.safetensors", "metrics.jsonl"] {
        let [a, b] = [&whole, &parts].map(|dir| std::fs::read(dir.join(file)).unwrap());
        assert!(a == b, "{file}");
    }
}

#[test]
fn windows_with_a_carried_state_are_one_long_sequence_and_so_are_single_steps() {
    let place = tempfile::tempdir().unwrap();
    let recipe = resolve(&rounds(place.path()), &["train.updates=5"]).unwrap();
    let dir = place.path().join("run");
    train(&recipe, &dir, &Control::silent()).unwrap();
    let (recipe, run) = (language(&recipe), Run::open(&dir).unwrap());
    let corpus = Corpus::of_run(recipe, &run).unwrap();
    let predictor = open(recipe, &run, Precision::F32).unwrap();
    let part = &corpus.train;
    let text = Contiguous::new(&part.ids, 1).unwrap();
    let all = text.window(0, text.row_len());
    let (loss, _) = predictor.model().loss(&all, None, Mode::Eval).unwrap();
    let want = f64::from(values(&loss)[0]);
    let in_windows = judge_model(predictor.model(), part, 1).unwrap();
    assert!((in_windows.mean() - want).abs() < 1e-5);
    assert_eq!(in_windows.events, part.ids.len() - 1);
    let streamed = judge_streamed(predictor.streamed().unwrap(), part).unwrap();
    assert!((streamed.mean() - want).abs() < 1e-5);
}

#[test]
fn bits_are_per_letter_whatever_it_is_cut_into_and_perplexity_per_word() {
    let lines = ["한국 말".to_owned(), String::new()];
    for (unit, tokens) in [(Unit::Letter, 6), (Unit::Jamo, 12), (Unit::Word, 4)] {
        let vocab = Vocab::build(lines.iter().flat_map(|line| unit.segment(line)));
        let part = Part::new(&lines, &Cutter::Units { unit, vocab });
        // Two ends of lines among them; letters: 한 국 space 말.
        assert_eq!((part.ids.len(), part.chars), (tokens, 6), "{unit:?}");
        assert_eq!(part.rows().len(), 2);
        let tally = super::judge::Tally {
            nats: 2.0 * std::f64::consts::LN_2 * tokens as f64,
            events: tokens,
        };
        let metrics = tally.metrics(unit, &part);
        match unit {
            Unit::Word => assert!((metrics.get(PERPLEXITY.name).unwrap() - 4.0).abs() < 1e-9),
            _ => {
                let want = 2.0 * tokens as f64 / 6.0;
                assert!((metrics.get(BITS_PER_CHAR.name).unwrap() - want).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn the_n_gram_model_gives_a_text_what_it_gives_its_tokens_one_by_one() {
    let place = tempfile::tempdir().unwrap();
    let recipe = resolve(&rounds(place.path()), &[]).unwrap();
    let recipe = language(&recipe);
    let texts = Texts::read(&recipe.data).unwrap();
    let corpus = Corpus::new(recipe, texts, None).unwrap();
    let model = ngram(&corpus, 4).unwrap();
    let mut nats = 0.0;
    for row in corpus.test.rows() {
        for (place, &id) in row.iter().chain([&Specials::STANDARD.eos]).enumerate() {
            nats -= model.log_probs(&row[..place]).unwrap()[id as usize];
        }
    }
    let tally = judge_ngram(&model, &corpus.test).unwrap();
    assert_eq!(tally.events, corpus.test.ids.len());
    assert!((tally.nats - nats).abs() < 1e-9);
}

#[test]
fn text_that_cannot_be_trained_on_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("text.txt");
    let dir = place.path().join("run");
    for (bytes, why) in [
        (&b""[..], "got 0"),
        (
            b"a short text\nof two lines\nand three\nmore",
            "lower train.batch_size",
        ),
        (b"fine\nbad \xff byte\n", ":2"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let recipe = resolve(&path, &[]).unwrap();
        let message = train(&recipe, &dir, &Control::silent())
            .unwrap_err()
            .to_string();
        assert!(message.contains(why), "{message}");
        assert!(!dir.exists());
    }
}

#[test]
fn another_text_in_the_place_of_the_run_s_is_noticed() {
    let place = tempfile::tempdir().unwrap();
    let path = rounds(place.path());
    let recipe = resolve(&path, &["train.updates=2"]).unwrap();
    let dir = place.path().join("run");
    train(&recipe, &dir, &Control::silent()).unwrap();
    std::fs::write(&path, "abcabc\n".repeat(100)).unwrap();
    let message = evaluate(&dir, None).unwrap_err().to_string();
    assert!(
        message.contains("the text that the run was trained on"),
        "{message}"
    );
    let options = GenerateOptions::default();
    generate(&dir, &options, &mut silent).unwrap();
}

#[test]
fn options_that_cannot_be_are_refused_by_key() {
    let path = Path::new("text.txt");
    for (more, key) in [
        ("data.tbptt_len=0", "data.tbptt_len"),
        ("data.min_count=0", "data.min_count"),
        ("data.valid=x.txt", "data.split"),
        ("model.input_dropout=1.0", "model.input_dropout"),
        ("model.change_penalty=-1.0", "model.change_penalty"),
        ("model.stack.layer.bidirectional=concat", "bidirectional"),
        ("model.stack.layer.weight_drop=1.5", "weight_drop"),
        (
            "train.averaging={ name = \"triggered\", metric = \"x\" }",
            "averaging.metric",
        ),
        ("data.unit=phrase", "phrase"),
        ("data.unit=piece", "data.tokenizer"),
        ("data.tokenizer={ pieces = \"words\" }", "data.tokenizer"),
        ("model.sampled_softmax=0", "model.sampled_softmax"),
        ("model.adaptive_softmax=[]", "model.adaptive_softmax"),
        ("model.adaptive_softmax=[4, 4]", "model.adaptive_softmax"),
    ] {
        let message = resolve(path, &[more]).unwrap_err().to_string();
        assert!(message.contains(key), "{more}: {message}");
    }
    for (options, key) in [
        (
            GenerateOptions {
                temperature: -1.0,
                ..GenerateOptions::default()
            },
            "--temperature",
        ),
        (
            GenerateOptions {
                top_k: Some(0),
                ..GenerateOptions::default()
            },
            "--top-k",
        ),
        (
            GenerateOptions {
                top_p: 0.0,
                ..GenerateOptions::default()
            },
            "--top-p",
        ),
        (
            GenerateOptions {
                stop: vec![String::new()],
                ..GenerateOptions::default()
            },
            "--stop",
        ),
    ] {
        let place = tempfile::tempdir().unwrap();
        let recipe = resolve(&rounds(place.path()), &["train.updates=1"]).unwrap();
        let dir = place.path().join("run");
        train(&recipe, &dir, &Control::silent()).unwrap();
        let message = generate(&dir, &options, &mut silent)
            .unwrap_err()
            .to_string();
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_built_in_text_is_written_as_the_recipe_says() {
    let capitals = |case: &str| {
        let recipe = RecipeSource::find("harbour-char").unwrap();
        let recipe = recipe.resolve(&[format!("data.case={case}")]).unwrap();
        let texts = Texts::read(&language(&recipe).data).unwrap();
        let mut letters = texts.train.iter().flat_map(|line| line.chars());
        letters.any(char::is_uppercase)
    };
    assert!(!capitals("lower") && capitals("keep"));
}
