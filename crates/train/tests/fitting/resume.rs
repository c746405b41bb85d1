//! A run that was stopped and resumed ends as one that was not, to the bit.

use crate::support::{Network, Task, bits, config, new_place, new_run, resume, train};
use recurra_train::{Checkpoint, Control, Interrupt, Outcome, Run, Status, fit};
use std::fs;
use std::path::Path;

const OPTIMIZERS: [&str; 6] = [
    r#"{ name = "sgd", learning_rate = 0.1 }"#,
    r#"{ name = "sgd", learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.01 }"#,
    r#"{ name = "adam", learning_rate = 0.02, weight_decay = 0.01 }"#,
    r#"{ name = "adamw", learning_rate = 0.02 }"#,
    r#"{ name = "rmsprop", learning_rate = 0.01 }"#,
    r#"{ name = "rmsprop", learning_rate = 0.01, momentum = 0.9, centered = true }"#,
];

/// Six batches an epoch, so that most checkpoints are in the middle of one.
const EVERYTHING: &str = r#"
    seed = 11
    batch_size = 4
    updates = 26
    evaluate_every = 4
    checkpoint_every = 3
    clip_norm = 0.5
    early_stopping = { metric = "loss", patience = 50, min_delta = 1e-3 }
"#;

const SCHEDULES: [&str; 3] = [
    r#"{ name = "plateau", metric = "loss", factor = 0.5, patience = 0, warmup = 5 }"#,
    r#"{ name = "step", every = 7, factor = 0.3 }"#,
    r#"{ name = "cosine", warmup = 3 }"#,
];

const AVERAGINGS: [&str; 3] = [
    r#"{ name = "ema", decay = 0.8 }"#,
    r#"{ name = "mean", start = 9 }"#,
    r#"{ name = "none" }"#,
];

fn task(optimizer: usize) -> Task {
    Task::new(&config(&format!(
        "{EVERYTHING}\noptimizer = {}\nschedule = {}\naveraging = {}",
        OPTIMIZERS[optimizer],
        SCHEDULES[optimizer % 3],
        AVERAGINGS[optimizer % 3],
    )))
}

/// All files of the last checkpoint.
fn last_checkpoint(dir: &Path, update: u64) -> Vec<(String, Vec<u8>)> {
    let dir = dir.join(format!("checkpoints/update-{update:08}"));
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn killed_at_any_update_and_resumed_ends_as_never_stopped() {
    for (optimizer, rule) in OPTIMIZERS.iter().enumerate() {
        let task = task(optimizer);
        let place = new_place();
        let whole = place.path().join("whole");
        let expected = train(&task, &new_run(&whole)).unwrap();
        assert_eq!(expected.updates, 26);
        for killed_after in [0, 1, 2, 3, 7, 12, 18, 25] {
            let dir = place.path().join(format!("killed-{killed_after}"));
            task.lives.set(killed_after);
            train(&task, &new_run(&dir)).unwrap_err();
            task.lives.set(u64::MAX);
            let resumed = resume(&task, &dir).unwrap();
            let case = format!("{rule} killed after {killed_after}");
            assert_eq!(bits(&resumed.model), bits(&expected.model), "{case}");
            assert_eq!(resumed.history, expected.history, "{case}");
            assert_eq!(resumed.best, expected.best, "{case}");
            assert_eq!(
                fs::read_to_string(dir.join("metrics.jsonl")).unwrap(),
                fs::read_to_string(whole.join("metrics.jsonl")).unwrap(),
                "{case}"
            );
            assert_eq!(
                last_checkpoint(&dir, 26),
                last_checkpoint(&whole, 26),
                "{case}"
            );
        }
    }
}

#[test]
fn killed_again_and_again_ends_as_never_stopped() {
    let task = task(2);
    let place = new_place();
    let expected = train(&task, &new_run(&place.path().join("whole"))).unwrap();
    let dir = place.path().join("killed");
    task.lives.set(4);
    train(&task, &new_run(&dir)).unwrap_err();
    let mut tries = 0;
    let resumed = loop {
        // Each time a little further than one checkpoint.
        task.lives.set(5);
        match resume(&task, &dir) {
            Ok(fitted) => break fitted,
            Err(_) => tries += 1,
        }
    };
    assert!(tries > 3);
    assert_eq!(bits(&resumed.model), bits(&expected.model));
}

#[test]
fn an_interrupt_finishes_the_update_saves_and_says_how_to_go_on() {
    let task = task(3);
    let place = new_place();
    let expected = train(&task, &new_run(&place.path().join("whole"))).unwrap();
    let dir = place.path().join("interrupted");
    let run = new_run(&dir);
    let control = Control::silent();
    control.interrupt.request();
    let model = Network::new(task.config.seed);
    let stopped = fit(&task, model, &task.config, &run, None, &control).unwrap();
    assert_eq!(stopped.updates, 1);
    assert_eq!(
        stopped.outcome,
        Outcome::Interrupted {
            how_to_resume: format!("recurra train --resume {}", dir.display())
        }
    );
    assert_eq!(run.status().unwrap(), Status::Interrupted);
    assert_eq!(Checkpoint::newest(&run).unwrap().unwrap().update(), 1);
    let resumed = resume(&task, &dir).unwrap();
    assert_eq!(resumed.outcome, Outcome::Finished);
    assert_eq!(bits(&resumed.model), bits(&expected.model));
}

#[test]
fn an_interrupt_handle_is_shared() {
    let interrupt = Interrupt::new();
    let other = interrupt.clone();
    assert!(!interrupt.is_requested());
    other.request();
    assert!(interrupt.is_requested());
}

#[test]
fn resuming_a_run_that_is_done_changes_nothing() {
    let task = task(1);
    let place = new_place();
    let expected = train(&task, &new_run(place.path())).unwrap();
    task.lives.set(0);
    let again = resume(&task, place.path()).unwrap();
    assert_eq!(bits(&again.model), bits(&expected.model));
    assert_eq!(again.history, expected.history);
}

#[test]
fn more_updates_may_be_asked_for_but_no_other_training() {
    let mut task = task(0);
    let place = new_place();
    train(&task, &new_run(place.path())).unwrap();
    task.config.updates = Some(30);
    assert_eq!(resume(&task, place.path()).unwrap().updates, 30);
    task.config.clip_norm = Some(2.0);
    task.config.updates = Some(40);
    let error = resume(&task, place.path()).unwrap_err();
    insta::assert_snapshot!(error, @"`train.clip_norm` is 2.0 but the checkpoint was made with 0.5; resume with the recipe that started the run");
}

#[test]
fn epochs_end_training_too_and_resume_at_their_border() {
    let text = "seed = 3\nbatch_size = 4\nepochs = 3\nevaluate_every = 5\ncheckpoint_every = 6";
    let task = Task::new(&config(text));
    let place = new_place();
    let expected = train(&task, &new_run(&place.path().join("whole"))).unwrap();
    assert_eq!(expected.updates, 18);
    let updates: Vec<u64> = expected.history.iter().map(|e| e.update).collect();
    assert_eq!(updates, [5, 10, 15, 18]);
    let epochs: Vec<u64> = expected.history.iter().map(|e| e.epoch).collect();
    assert_eq!(epochs, [1, 2, 3, 3]);
    let dir = place.path().join("killed");
    task.lives.set(7);
    train(&task, &new_run(&dir)).unwrap_err();
    task.lives.set(u64::MAX);
    assert_eq!(
        bits(&resume(&task, &dir).unwrap().model),
        bits(&expected.model)
    );
}

#[test]
fn other_data_is_noticed() {
    let task = task(0);
    let place = new_place();
    task.lives.set(8);
    train(&task, &new_run(place.path())).unwrap_err();
    task.lives.set(u64::MAX);
    let run = Run::open(place.path()).unwrap();
    let checkpoint = Checkpoint::newest(&run).unwrap();
    let mut smaller = task.clone();
    smaller.config.batch_size = 2;
    let model = Network::new(1);
    let error = fit(
        &smaller,
        model,
        &task.config,
        &run,
        checkpoint,
        &Control::silent(),
    );
    // After update 6 the first epoch is over; the next one is judged afresh.
    assert_eq!(error.unwrap().updates, 26);

    let place = new_place();
    task.lives.set(5);
    train(&task, &new_run(place.path())).unwrap_err();
    task.lives.set(u64::MAX);
    let run = Run::open(place.path()).unwrap();
    let checkpoint = Checkpoint::newest(&run).unwrap();
    let model = Network::new(1);
    let error = fit(
        &smaller,
        model,
        &task.config,
        &run,
        checkpoint,
        &Control::silent(),
    );
    insta::assert_snapshot!(error.unwrap_err(), @"epoch 1 had 6 batches when the checkpoint was made and has 11 now; resume with the data that started the run");
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    let task = task(4);
    let place = new_place();
    let expected = train(&task, &new_run(&place.path().join("whole"))).unwrap();
    for (case, damage) in [cut, flip, unlist, empty].into_iter().enumerate() {
        let dir = place.path().join(format!("damaged-{case}"));
        task.lives.set(13);
        train(&task, &new_run(&dir)).unwrap_err();
        task.lives.set(u64::MAX);
        damage(&dir.join("checkpoints/update-00000012"));
        let found = Checkpoint::newest(&Run::open(&dir).unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(found.update(), 9);
        assert!(found.notes()[0].contains("update-00000012: damaged checkpoint"));
        assert_eq!(found.notes()[1], "falling back to update 9");
        let resumed = resume(&task, &dir).unwrap();
        assert_eq!(bits(&resumed.model), bits(&expected.model), "case {case}");
    }
}

fn cut(checkpoint: &Path) {
    let path = checkpoint.join("optimizer.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
}

fn flip(checkpoint: &Path) {
    let path = checkpoint.join("weights.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
}

fn unlist(checkpoint: &Path) {
    fs::remove_file(checkpoint.join("manifest.json")).unwrap();
}

fn empty(checkpoint: &Path) {
    fs::remove_dir_all(checkpoint).unwrap();
    fs::create_dir(checkpoint).unwrap();
}

#[test]
fn when_every_checkpoint_is_damaged_each_is_named() {
    let task = task(0);
    let place = new_place();
    task.lives.set(8);
    let run = new_run(place.path());
    train(&task, &run).unwrap_err();
    for update in [3, 6] {
        cut(&place.path().join(format!("checkpoints/update-{update:08}")));
    }
    let error = Checkpoint::newest(&run).unwrap_err().to_string();
    assert!(error.contains("no usable checkpoint"), "{error}");
    assert!(
        error.contains("00000003") && error.contains("00000006"),
        "{error}"
    );
}

#[test]
fn two_checkpoints_stay_and_half_written_ones_do_not() {
    let task = task(0);
    let place = new_place();
    let half = place.path().join("checkpoints/.update-00000003.tmp");
    let run = new_run(place.path());
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("weights.safetensors"), b"half").unwrap();
    train(&task, &run).unwrap();
    let mut names: Vec<String> = fs::read_dir(place.path().join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["update-00000024", "update-00000026"]);
}

#[test]
fn the_log_is_cut_back_to_the_checkpoint() {
    let task = task(0);
    let place = new_place();
    // Evaluated after 4 and 8, saved after 6.
    task.lives.set(8);
    train(&task, &new_run(place.path())).unwrap_err();
    let log = place.path().join("metrics.jsonl");
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 2);
    task.lives.set(0);
    resume(&task, place.path()).unwrap_err();
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1);
}

#[test]
fn thread_count_does_not_change_a_bit() {
    let task = task(2);
    let place = new_place();
    let trained = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let dir = place.path().join(threads.to_string());
        let task = task.clone();
        pool.install(move || bits(&train(&task, &new_run(&dir)).unwrap().model))
    });
    assert_eq!(trained[0], trained[1]);
    assert_eq!(trained[0], trained[2]);
}

#[test]
fn only_one_process_trains_in_a_directory() {
    let place = new_place();
    let run = Run::create(place.path(), "test").unwrap();
    let held = run.lock().unwrap();
    let error = train(&task(0), &run).unwrap_err().to_string();
    assert!(error.contains("another process is training"), "{error}");
    drop(held);
    train(&task(0), &run).unwrap();
}
