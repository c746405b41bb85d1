//! The task from files to tunes.

use super::data::{Tunes, read_tunes};
use super::judge::{Habits, judge_model};
use super::windows::{Piece, RollBatch, Window, cut};
use super::{Recipe, infer};
use crate::recipe::RecipeSource;
use crate::tasks::{PredictOptions, device};
use crate::{Error, GenerateOptions, evaluate, generate, open, resume, train};
use recurra_data::music::{NUM_KEYS, Roll, Tune, parse_steps, read_midi, write_midi};
use recurra_nn::weights::values;
use recurra_nn::{Mode, Tensor};
use recurra_train::metric::NATS_PER_STEP;
use recurra_train::{Control, Run};
use std::path::Path;

fn roll(text: &str) -> Roll {
    Roll::new(parse_steps(text).unwrap()).0
}

fn tune(text: &str) -> Tune {
    Tune {
        name: text.to_owned(),
        roll: roll(text),
    }
}

/// A small network on the tunes in `path`.
fn recipe(path: &Path, more: &[&str]) -> Result<Recipe, Error> {
    let source = RecipeSource {
        name: "test".to_owned(),
        origin: "test".to_owned(),
        text: format!(
            r#"
            task = "music"
            about = "test"
            [data]
            path = '{}'
            split = {{ train = 0.5, valid = 0.25, test = 0.25 }}
            [model.stack]
            layer = {{ cell = "gru", hidden_size = 24 }}
            [train]
            seed = 3
            batch_size = 2
            updates = 200
            evaluate_every = 100
            optimizer = {{ name = "adam", learning_rate = 0.02 }}
            "#,
            path.display()
        ),
    };
    let overrides: Vec<String> = more.iter().map(|&one| one.to_owned()).collect();
    match source.resolve(&overrides)? {
        crate::Recipe::Music(recipe) => Ok(recipe),
        other => panic!("{}", other.task()),
    }
}

/// Twelve tunes that go up and down the same five notes, from four places on the way.
fn scales() -> String {
    const WAY: [&str; 8] = ["C4", "D4", "E4", "F4", "G4", "F4", "E4", "D4"];
    let tune = |index: usize| {
        let notes = (0..20).map(|step| WAY[(2 * index + step) % WAY.len()]);
        format!(
            "tune: {index}\na: {}\n",
            notes.collect::<Vec<_>>().join(" ")
        )
    };
    (0..12).map(tune).collect()
}

#[test]
fn every_step_but_the_first_is_asked_for_once() {
    let rolls = [roll("C4 D4 E4 F4 G4 A4 B4"), roll("C4:2")];
    let windows = cut(rolls.iter(), Some(4));
    let window = |tune, start, len| Window { tune, start, len };
    assert_eq!(windows, [window(0, 0, 4), window(0, 4, 2), window(1, 0, 1)]);
    assert_eq!(cut(rolls.iter(), None), [window(0, 0, 6), window(1, 0, 1)]);
}

#[test]
fn targets_are_the_inputs_one_step_later_and_shifted_alike() {
    let (long, short) = (roll("A0 C4+E4 G4"), roll("B7 C8"));
    let piece = |roll, start, len, shift| Piece {
        roll,
        start,
        len,
        shift,
    };
    let pieces = [piece(&long, 0, 2, -1), piece(&short, 0, 1, 0)];
    let batch = RollBatch::pad(&pieces, &device());
    assert_eq!(batch.lengths, [2, 1]);
    assert_eq!(batch.inputs.dims(), [2, 2, NUM_KEYS]);
    let ones = |tensor: &Tensor<3>| -> Vec<usize> {
        let values = values(tensor);
        (0..values.len()).filter(|&at| values[at] == 1.0).collect()
    };
    let at = |row: usize, t: usize, key: usize| (2 * row + t) * NUM_KEYS + key;
    // Key 0 shifted down is off the keyboard; C4 is key 39, C8 the last.
    assert_eq!(
        ones(&batch.inputs),
        [at(0, 1, 38), at(0, 1, 42), at(1, 0, 86)]
    );
    assert_eq!(
        ones(&batch.targets),
        [at(0, 0, 38), at(0, 0, 42), at(0, 1, 45), at(1, 0, 87)]
    );
}

#[test]
fn the_loss_is_what_is_judged_without_dropout_and_padding() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = recipe(dir.path(), &[]).unwrap();
    let model = recipe.model.build(1, &device()).unwrap();
    let tunes = [tune("C4 E4 G4 E4 C4"), tune("A3:2 B3")];
    let pieces: Vec<Piece<'_>> = tunes
        .iter()
        .map(|tune| Piece {
            roll: &tune.roll,
            start: 0,
            len: tune.roll.len() - 1,
            shift: 0,
        })
        .collect();
    let loss = model
        .loss(RollBatch::pad(&pieces, &device()), Mode::Eval)
        .unwrap();
    let judged = judge_model(&model, &tunes).unwrap();
    let loss = f64::from(values(&loss)[0]);
    assert!((loss - judged.nats_per_step().unwrap()).abs() < 1e-4 * loss);
    // Reading on from a state is reading it all.
    let (whole, _) = model.read(&tunes[0].roll, None).unwrap();
    let (_, state) = model.read(&roll("C4 E4"), None).unwrap();
    let (parts, _) = model.read(&roll("G4 E4 C4"), Some(state)).unwrap();
    for (a, b) in whole.iter().zip(&parts) {
        assert!((a - b).abs() < 1e-5);
    }
}

#[test]
fn habits_are_frequencies_by_hand() {
    // Behind each first step: C4 sounds in 3 of 4 steps; silent after silent never happened.
    let habits = Habits::of(&[tune("C4 C4 - C4 C4")]);
    let judged = habits.judge(&[tune("C4 C4")]);
    let nats = |name: &str| judged[name].get(NATS_PER_STEP.name).unwrap();
    // Over all keys: 3 of 352 steps; drawn towards that as if seen twice.
    let any = 3.5 / 353.0;
    let p = (3.0 + 2.0 * any) / 6.0;
    let silent = (1.0_f64 - 2.0 * any / 6.0).ln();
    let want = -(p.ln() + 87.0 * silent);
    assert!((nats("note frequencies") - want).abs() < 1e-9);
    // A network starts there.
    assert!((habits.log_odds()[39] - (p / (1.0 - p)).ln() as f32).abs() < 1e-6);
    // C4 goes on in 2 of 3 steps.
    let goes_on = (2.0 + 2.0 * 2.5 / 4.0) / 5.0;
    let begins = 1.5 / 350.0;
    let silent = (1.0_f64 - 2.0 * begins / 6.0).ln();
    let want = -(f64::ln(goes_on) + 87.0 * silent);
    assert!((nats("repeat the last step") - want).abs() < 1e-9);
}

#[test]
fn a_run_learns_scales_resumes_and_goes_on_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let tunes = dir.path().join("scales.txt");
    std::fs::write(&tunes, scales()).unwrap();
    let run_dir = dir.path().join("run");
    let recipe = crate::Recipe::Music(recipe(&tunes, &[]).unwrap());
    let trained = train(&recipe, &run_dir, &Control::silent()).unwrap();
    // A run needs its tunes no longer.
    std::fs::remove_file(&tunes).unwrap();
    let [judged] = &trained.evaluations[..] else {
        panic!("one evaluation");
    };
    let nats = judged.metrics.get(NATS_PER_STEP.name).unwrap();
    for (name, baseline) in &judged.baselines {
        assert!(
            nats < 0.7 * baseline.get(NATS_PER_STEP.name).unwrap(),
            "{name}: {nats}"
        );
    }
    assert_eq!(evaluate(&run_dir, None).unwrap(), trained.evaluations);
    assert!(matches!(
        resume(&run_dir, &Control::silent()),
        Err(Error::AlreadyFinished { .. })
    ));
    assert!(run_dir.join("plots/continued-1.svg").is_file());

    let predictor = open(&run_dir).unwrap();
    let options = PredictOptions { top_k: 2 };
    let said = predictor.predict("C4 D4 E4 F4 G4 F4", 1, options).unwrap();
    assert_eq!(said.text, "E4");
    assert_eq!(said.json["notes"][0]["note"], "E4");
    let error = predictor.predict("C4 Q", 7, options).unwrap_err();
    assert!(error.to_string().starts_with("line 7: `Q`"), "{error}");

    let out = dir.path().join("more.mid");
    let options = GenerateOptions {
        prime: Some("C4 D4 E4 F4 G4 F4 E4 D4".to_owned()),
        length: 8,
        temperature: 0.0,
        out: Some(out.clone()),
        ..GenerateOptions::default()
    };
    let mut said = String::new();
    let mut say = |piece: &str| {
        said.push_str(piece);
        Ok(())
    };
    let made = generate(&run_dir, &options, &mut say).unwrap();
    assert_eq!(said, made.text);
    assert_eq!(
        (made.steps, made.prime.as_str()),
        (8, "C4 D4 E4 F4 G4 F4 E4 D4")
    );
    assert_eq!(made.text, "C4 D4 E4 F4 G4 F4 E4 D4");
    assert_eq!(made.files, [out.clone(), dir.path().join("more.svg")]);
    let written = read_midi(&out, &std::fs::read(&out).unwrap(), 2).unwrap();
    assert_eq!(written.roll.len(), 16);

    // What was made is a prime like any other; the same seed makes the same.
    let again = GenerateOptions {
        prime: Some(out.display().to_string()),
        out: Some(dir.path().join("again.mid")),
        temperature: 1.0,
        ..options.clone()
    };
    let mut silent = |_: &str| Ok(());
    assert_eq!(
        generate(&run_dir, &again, &mut silent).unwrap(),
        generate(&run_dir, &again, &mut silent).unwrap()
    );
    for wrong in [
        GenerateOptions {
            length: 0,
            ..options.clone()
        },
        GenerateOptions {
            temperature: f64::NAN,
            ..options.clone()
        },
        GenerateOptions {
            prime: Some("tune.mid".to_owned()),
            ..options.clone()
        },
        GenerateOptions {
            stop: vec!["C4".to_owned()],
            ..options.clone()
        },
        GenerateOptions {
            prime: Some(String::new()),
            ..options.clone()
        },
        GenerateOptions {
            out: Some(dir.path().join("more.wav")),
            ..options
        },
    ] {
        let error = generate(&run_dir, &wrong, &mut silent).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
    }
}

#[test]
fn a_folder_is_read_in_order_with_its_folders() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("b")).unwrap();
    for (name, notes) in [("c.mid", "C4:2"), ("b/a.MID", "D4:2"), ("a.midi", "E4:3")] {
        std::fs::write(dir.path().join(name), write_midi(&roll(notes), 2, 90)).unwrap();
    }
    std::fs::write(dir.path().join("notes.txt"), "no music").unwrap();
    let recipe = recipe(dir.path(), &[]).unwrap();
    let (tunes, notes) = read_tunes(dir.path(), &recipe.data).unwrap();
    let names: Vec<&str> = tunes.iter().map(|tune| tune.name.as_str()).collect();
    assert_eq!(names, ["a", "a", "c"]);
    assert_eq!(tunes[0].roll, roll("E4:3"));
    assert!(notes.is_empty());
    // One that is broken is named, and nothing is trained without it.
    std::fs::write(dir.path().join("d.mid"), b"MThd").unwrap();
    let error = Tunes::read(&recipe).unwrap_err().to_string();
    assert!(error.contains("d.mid: byte 0 of 4: "), "{error}");
}

#[test]
fn rolls_of_json_are_keys_above_the_lowest_pitch() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rolls.json");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    write(r#"{"train": [[[0, 39], []], [[1]]], "valid": [[[1], [2]]], "test": [[[3], [4]]]}"#);
    let read = recipe(&path, &["data.lowest_pitch=21"]).unwrap();
    let tunes = Tunes::read(&read).unwrap();
    assert_eq!(tunes.train[0].roll.steps(), [vec![21, 60], vec![]]);
    // A tune of one step has nothing that follows.
    assert_eq!(tunes.train.len(), 1);
    assert_eq!(
        tunes.origin.notes,
        ["1 tunes were left out, as they have fewer than 2 steps"]
    );
    write(r#"{"train": [[[200], [1]]], "valid": [], "test": []}"#);
    let error = Tunes::read(&read).unwrap_err().to_string();
    assert!(
        error.contains("rolls.json: train, tune 1, step 1: "),
        "{error}"
    );
    write("{\"train\":\n [[[\"C\"]]]}");
    let error = Tunes::read(&read).unwrap_err().to_string();
    assert!(error.contains("rolls.json: line 2, column "), "{error}");
    write(r#"{"train": [[[1], [1]]], "valid": [], "test": [[[1], [1]]]}"#);
    let error = Tunes::read(&read).unwrap_err().to_string();
    assert!(
        error.starts_with("part `valid`: expected at least 1"),
        "{error}"
    );
}

#[test]
fn recipes_out_of_range_are_refused_by_key() {
    let place = Path::new("anywhere");
    for (given, key) in [
        ("data.transpose=13", "data.transpose"),
        ("data.steps_per_beat=0", "data.steps_per_beat"),
        ("data.beats_per_minute=1000", "data.beats_per_minute"),
        ("data.window_len=1", "data.window_len"),
        ("data.lowest_pitch=128", "data.lowest_pitch"),
        ("model.input_dropout=1.0", "model.input_dropout"),
        ("model.stack.layer.bidirectional=sum", "model.stack"),
        ("data.split.valid=0.0", "split"),
        ("data.swing=1", "swing"),
    ] {
        let error = recipe(place, &[given]).unwrap_err().to_string();
        assert!(error.contains(key), "{given}: {error}");
    }
}

#[test]
fn a_run_that_was_interrupted_has_its_tunes() {
    let dir = tempfile::tempdir().unwrap();
    let tunes = dir.path().join("scales.txt");
    std::fs::write(&tunes, scales()).unwrap();
    let recipe = recipe(&tunes, &[]).unwrap();
    let run = Run::create(&dir.path().join("run"), super::NAME).unwrap();
    let read = Tunes::read(&recipe).unwrap();
    read.write(&run).unwrap();
    assert_eq!(Tunes::of_run(&run).unwrap(), read);
    let refused = |tunes: Tunes| {
        tunes.write(&run).unwrap();
        Tunes::of_run(&run).unwrap_err().to_string()
    };
    let mut short = read.clone();
    short.test[0].roll = roll("C4");
    assert!(refused(short).contains("1 steps in `"));
    let mut none = read.clone();
    none.test.clear();
    assert!(refused(none).contains("no tunes in part `test`"));
    read.write(&run).unwrap();
    let model = recipe.model.build(1, &device()).unwrap();
    let music = infer::Music::new(model);
    // A network that has learnt nothing is asked nonsense and answers with notes of a piano.
    let options = GenerateOptions {
        length: 20,
        temperature: 50.0,
        ..GenerateOptions::default()
    };
    let mut silent = |_: &str| Ok(());
    let (wild, _) = music
        .continue_tune(&roll("C4"), &options, &mut silent)
        .unwrap();
    assert_eq!(wild.len(), 21);
}
