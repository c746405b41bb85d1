//! Signals from outside, at moments that nobody chose: SIGKILL and resume, SIGTERM.

use crate::support::{Network, Task, bits, config, new_place, new_run, resume, train};
use recurra_train::{Checkpoint, Control, Interrupt, Run, Status, fit};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "RECURRA_TEST_TRAIN_IN";
const UPDATES: &str = "RECURRA_TEST_UPDATES";

fn task(updates: u64) -> Task {
    // A checkpoint after every update: most kills come while one is being written.
    let mut config = config(
        r#"
        seed = 8
        batch_size = 4
        evaluate_every = 2
        checkpoint_every = 1
        averaging = { name = "ema", decay = 0.9 }
        early_stopping = { metric = "loss", patience = 1000000 }
        "#,
    );
    config.updates = Some(updates);
    Task::new(&config)
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let updates = std::env::var(UPDATES).unwrap().parse().unwrap();
    let task = task(updates);
    let (run, checkpoint) = match Run::open(Path::new(&dir)) {
        Ok(run) => {
            let checkpoint = Checkpoint::newest(&run).unwrap();
            (run, checkpoint)
        }
        Err(_) => (new_run(Path::new(&dir)), None),
    };
    let control = Control {
        interrupt: Interrupt::on_signals().unwrap(),
        ..Control::silent()
    };
    let model = Network::new(task.config.seed);
    fit(&task, model, &task.config, &run, checkpoint, &control).unwrap();
}

/// Starts the child and ends it as soon as a checkpoint of `update` or later is there.
fn train_until(dir: &Path, updates: u64, update: u64, end: impl Fn(&mut Child)) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["signals::child_that_is_killed", "--exact"])
        .env(CHILD, dir)
        .env(UPDATES, updates.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the child does not get on");
        let newest = std::fs::read_dir(dir.join("checkpoints"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name();
                name.to_str()?.strip_prefix("update-")?.parse::<u64>().ok()
            })
            .max();
        if newest >= Some(update) {
            end(&mut child);
            break;
        }
    }
    child.wait().unwrap()
}

#[test]
fn killed_ten_times_ends_as_never_stopped() {
    let place = new_place();
    let expected = train(&task(60), &new_run(&place.path().join("whole"))).unwrap();
    let dir = place.path().join("killed");
    for kill in 0..10 {
        train_until(&dir, 60, 3 + 5 * kill, |child| child.kill().unwrap());
        let found = Checkpoint::newest(&Run::open(&dir).unwrap())
            .unwrap()
            .unwrap();
        assert!(
            found.notes().is_empty(),
            "a kill left a damaged checkpoint: {:?}",
            found.notes()
        );
    }
    let resumed = resume(&task(60), &dir).unwrap();
    assert_eq!(bits(&resumed.model), bits(&expected.model));
    assert_eq!(
        std::fs::read_to_string(dir.join("metrics.jsonl")).unwrap(),
        std::fs::read_to_string(place.path().join("whole/metrics.jsonl")).unwrap()
    );
}

#[test]
fn asked_to_terminate_it_saves_and_leaves_in_order() {
    let place = new_place();
    let dir = place.path().join("terminated");
    let status = train_until(&dir, 1_000_000, 3, |child| {
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    });
    assert!(status.success(), "{status}");
    let run = Run::open(&dir).unwrap();
    assert_eq!(run.status().unwrap(), Status::Interrupted);
    assert!(Checkpoint::newest(&run).unwrap().unwrap().update() >= 3);
}
