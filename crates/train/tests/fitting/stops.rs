//! A run that goes wrong stops with what is known, and leaves what was good.

use crate::support::{Network, Task, bits, config, new_place, new_run, resume, train};
use recurra_train::{Checkpoint, Control, Run, Status, Symptom, TrainError, fit};
use std::fs;

const TRAINING: &str = r#"
    seed = 5
    batch_size = 4
    updates = 24
    evaluate_every = 4
    checkpoint_every = 3
    optimizer = { name = "sgd", learning_rate = 0.05 }
"#;

/// The first update whose batch has this example, from the second epoch on.
fn spoil(task: &mut Task, update: usize, factor: f32) {
    use recurra_train::Learner;
    let batches = task.batches(1);
    task.poison = Some((batches[update - 7][0], factor));
}

fn symptom(error: &TrainError) -> (u64, &Symptom) {
    match error {
        TrainError::Diverged(diagnosis) => (diagnosis.update, &diagnosis.symptom),
        other => panic!("{other}"),
    }
}

/// Trains six sound updates, then goes on with one example spoiled.
fn spoiled_from_the_second_epoch(
    update: usize,
    factor: f32,
    extra: &str,
) -> (tempfile::TempDir, TrainError) {
    let mut task = Task::new(&config(&format!("{TRAINING}\n{extra}")));
    let place = new_place();
    task.lives.set(6);
    train(&task, &new_run(place.path())).unwrap_err();
    task.lives.set(u64::MAX);
    spoil(&mut task, update, factor);
    let error = resume(&task, place.path()).unwrap_err();
    (place, error)
}

#[test]
fn a_nan_loss_stops_before_it_touches_the_weights() {
    let (place, error) = spoiled_from_the_second_epoch(11, f32::NAN, "");
    let (update, found) = symptom(&error);
    assert_eq!(update, 11);
    assert!(matches!(found, Symptom::Loss { value } if value.is_nan()));
    let text = error.to_string();
    assert!(
        text.contains("update 11 (epoch 2): the loss is NaN"),
        "{text}"
    );
    assert!(text.contains("the data or the loss"), "{text}");
    assert!(text.contains("gradient norms before: "), "{text}");
    assert!(text.contains("update-00000009"), "{text}");

    // What was good is whole, and is what an undisturbed run had there.
    let run = Run::open(place.path()).unwrap();
    assert_eq!(run.status().unwrap(), Status::Diverged);
    assert_eq!(Checkpoint::newest(&run).unwrap().unwrap().update(), 9);
    let task = Task::new(&config(TRAINING));
    let resumed = resume(&task, place.path()).unwrap();
    let whole = new_place();
    let expected = train(&task, &new_run(whole.path())).unwrap();
    assert_eq!(bits(&resumed.model), bits(&expected.model));
}

#[test]
fn a_gradient_that_overflows_is_named() {
    let mut task = Task::new(&config(&format!("{TRAINING}\nclip_norm = 1.0")));
    task.backward_factor = 1e30;
    let place = new_place();
    let error = train(&task, &new_run(place.path())).unwrap_err();
    let (update, found) = symptom(&error);
    assert_eq!(update, 1);
    assert_eq!(
        *found,
        Symptom::Gradient {
            name: "hidden".into()
        }
    );
    assert!(
        error
            .to_string()
            .contains("the gradient of `hidden` is not finite")
    );
    assert!(error.to_string().contains("update-00000000"));
}

#[test]
fn a_loss_that_explodes_is_stopped_while_it_is_finite() {
    let (_place, error) = spoiled_from_the_second_epoch(8, 1e9, "");
    let (update, found) = symptom(&error);
    assert_eq!(update, 8);
    assert!(matches!(found, Symptom::Explosion { .. }));
    assert!(
        error
            .to_string()
            .contains("a million times the first losses")
    );
}

#[test]
fn weights_that_overflow_are_named_and_not_saved() {
    let extra = "learning_rate = 1e30";
    let training = TRAINING.replace("learning_rate = 0.05", extra);
    let mut task = Task::new(&config(&training));
    task.backward_factor = 1e10;
    let place = new_place();
    let run = new_run(place.path());
    let error = train(&task, &run).unwrap_err();
    let (update, found) = symptom(&error);
    assert_eq!(update, 2);
    assert_eq!(
        *found,
        Symptom::Weight {
            name: "hidden".into()
        }
    );
    assert!(
        error
            .to_string()
            .contains("lower train.optimizer.learning_rate (now 1e30)")
    );
    assert_eq!(Checkpoint::newest(&run).unwrap().unwrap().update(), 0);
}

#[test]
fn early_stopping_keeps_the_best_weights() {
    // So large a rate that it only gets worse after a while.
    let text = r#"
        seed = 5
        batch_size = 4
        updates = 1000
        evaluate_every = 3
        optimizer = { name = "sgd", learning_rate = 0.9 }
        early_stopping = { metric = "loss", patience = 4 }
    "#;
    let task = Task::new(&config(text));
    let place = new_place();
    let fitted = train(&task, &new_run(place.path())).unwrap();
    assert_eq!(fitted.outcome, recurra_train::Outcome::StoppedEarly);
    assert!(fitted.updates < 1000);
    let best = fitted.best.unwrap();
    assert_eq!(fitted.updates, best.update + 4 * 3);
    use recurra_train::Learner;
    assert_eq!(
        task.evaluate(&fitted.model).unwrap().get("loss"),
        Some(best.value)
    );
}

#[test]
fn a_metric_that_the_task_does_not_report_is_refused_by_name() {
    let text = format!("{TRAINING}\nearly_stopping = {{ metric = \"accuracy\", patience = 1 }}");
    let place = new_place();
    let error = train(&Task::new(&config(&text)), &new_run(place.path())).unwrap_err();
    insta::assert_snapshot!(error, @"`train.early_stopping.metric`: the task reports no metric `accuracy`; it reports loss");
}

#[test]
fn a_model_without_autodiff_is_refused() {
    use burn::module::Module;
    let task = Task::new(&config(TRAINING));
    let place = new_place();
    let model = Network::new(1).valid();
    let run = new_run(place.path());
    let error = fit(&task, model, &task.config, &run, None, &Control::silent()).unwrap_err();
    assert!(
        matches!(error, TrainError::NoGradient { update: 1 }),
        "{error}"
    );
}

#[test]
fn a_run_is_not_made_over_something_else() {
    let place = new_place();
    fs::write(place.path().join("thesis.tex"), "years of work").unwrap();
    let error = Run::create(place.path(), "test").unwrap_err().to_string();
    let want = "the directory is not empty and holds no run; choose a new or an empty one";
    assert!(error.ends_with(want), "{error}");
    assert!(place.path().join("thesis.tex").exists());
}

#[test]
fn an_earlier_run_is_refused_unless_it_barely_began() {
    let place = new_place();
    let task = Task::new(&config(TRAINING));
    let run = new_run(place.path());
    // Killed before the first checkpoint: nothing is lost by starting again.
    let run = Run::create(run.dir(), "test").unwrap();
    train(&task, &run).unwrap();
    let refusal = || Run::create(place.path(), "test").unwrap_err().to_string();
    assert!(
        refusal().contains("unfinished run; continue it with `recurra train --resume "),
        "{}",
        refusal()
    );
    run.set_status(Status::Finished).unwrap();
    assert!(refusal().contains("finished run"), "{}", refusal());
    assert!(Checkpoint::newest(&run).unwrap().is_some());
}

#[test]
fn a_comparison_that_has_begun_is_no_place_for_another_run() {
    let place = new_place();
    let run = new_run(place.path());
    Run::create(&run.path("networks/adding-4/GRU").unwrap(), "test").unwrap();
    let error = Run::create(place.path(), "test").unwrap_err().to_string();
    assert!(error.contains("unfinished run"), "{error}");
}

#[test]
fn what_is_no_run_is_refused_with_the_reason() {
    let place = new_place();
    let reason = || Run::open(place.path()).unwrap_err().to_string();
    let absent = Run::open(&place.path().join("absent"))
        .unwrap_err()
        .to_string();
    assert!(absent.contains("it does not exist"), "{absent}");
    assert!(reason().contains("it has no `run.json`"), "{}", reason());
    let manifest = place.path().join("run.json");
    fs::write(&manifest, "{\"format_ver").unwrap();
    assert!(
        reason().contains("not a run directory (`run.json`: EOF"),
        "{}",
        reason()
    );
    fs::write(&manifest, [0xff, 0xfe]).unwrap();
    assert!(reason().contains("`run.json` is no text"), "{}", reason());
    fs::write(
        &manifest,
        r#"{"format_version": 99, "recurra_version": "9.9.9", "new": []}"#,
    )
    .unwrap();
    assert!(
        reason().ends_with(
            "a run of format 99 (written by recurra 9.9.9); this recurra reads format 1"
        ),
        "{}",
        reason()
    );
}

#[test]
fn names_do_not_lead_out_of_a_run() {
    let place = new_place();
    let run = new_run(place.path());
    for name in ["../x", "/etc/x", "", "a/../../x", "."] {
        assert!(
            matches!(run.write(name, b""), Err(TrainError::FileName { .. })),
            "{name}"
        );
    }
    run.write("plots/loss.svg", b"<svg/>").unwrap();
    assert_eq!(run.read("plots/loss.svg").unwrap(), b"<svg/>");
}

#[test]
fn weights_go_through_the_run_with_their_metadata() {
    use burn::module::Module;
    let place = new_place();
    let run = new_run(place.path());
    let metadata = [("task".to_owned(), "test".to_owned())]
        .into_iter()
        .collect();
    let model = Network::new(1);
    run.write_model(&model, &metadata).unwrap();
    let (read, found) = run.read_model(Network::new(2).valid()).unwrap();
    assert_eq!(bits(&read), bits(&model));
    assert_eq!(found, metadata);
    let bytes = run.read("model.safetensors").unwrap();
    run.write("model.safetensors", &bytes[..bytes.len() - 3])
        .unwrap();
    let error = run.read_model(Network::new(2)).unwrap_err().to_string();
    assert!(
        error.contains("model.safetensors: not a readable weight file"),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn where_nothing_may_be_written_the_place_is_named() {
    // Not even root may write there.
    let error = Run::create("/proc/recurra/run".as_ref(), "test").unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("/proc/recurra/run: cannot create the run directory: "),
        "{text}"
    );

    let place = new_place();
    let file = place.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Run::create(&file, "test").unwrap_err().to_string();
    assert!(
        error.contains("file: cannot use as run directory: "),
        "{error}"
    );
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_one_before() {
    let task = Task::new(&config(TRAINING));
    let place = new_place();
    task.lives.set(7);
    train(&task, &new_run(place.path())).unwrap_err();
    task.lives.set(u64::MAX);
    // In the way of the temporary directory of the next one.
    fs::write(
        place.path().join("checkpoints/.update-00000009.tmp"),
        "in the way",
    )
    .unwrap();
    let error = resume(&task, place.path()).unwrap_err().to_string();
    assert!(error.contains(".update-00000009.tmp: cannot "), "{error}");
    let run = Run::open(place.path()).unwrap();
    assert_eq!(Checkpoint::newest(&run).unwrap().unwrap().update(), 6);
}
