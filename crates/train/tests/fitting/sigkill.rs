//! SIGKILL from outside, at moments that nobody chose, then resume.

use crate::support::{Task, bits, config, new_place, new_run, resume, train};
use recurra_train::{Checkpoint, Run};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "RECURRA_TEST_TRAIN_IN";

fn task() -> Task {
    // A checkpoint after every update: most kills come while one is being written.
    Task::new(&config(
        r#"
        seed = 8
        batch_size = 4
        updates = 60
        evaluate_every = 2
        checkpoint_every = 1
        averaging = { name = "ema", decay = 0.9 }
        early_stopping = { metric = "loss", patience = 100 }
        "#,
    ))
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let dir = Path::new(&dir);
    let done = match Run::open(dir) {
        Ok(_) => resume(&task(), dir),
        Err(_) => train(&task(), &new_run(dir)),
    };
    done.unwrap();
}

/// Starts the child and kills it as soon as a checkpoint of `update` or later is there.
fn train_until_killed(dir: &Path, update: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["sigkill::child_that_is_killed", "--exact"])
        .env(CHILD, dir)
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
            child.kill().unwrap();
            break;
        }
    }
    child.wait().unwrap();
}

#[test]
fn killed_ten_times_ends_as_never_stopped() {
    let place = new_place();
    let expected = train(&task(), &new_run(&place.path().join("whole"))).unwrap();
    let dir = place.path().join("killed");
    for kill in 0..10 {
        train_until_killed(&dir, 3 + 5 * kill);
        let found = Checkpoint::newest(&Run::open(&dir).unwrap())
            .unwrap()
            .unwrap();
        assert!(
            found.notes().is_empty(),
            "a kill left a damaged checkpoint: {:?}",
            found.notes()
        );
    }
    let resumed = resume(&task(), &dir).unwrap();
    assert_eq!(bits(&resumed.model), bits(&expected.model));
    assert_eq!(
        std::fs::read_to_string(dir.join("metrics.jsonl")).unwrap(),
        std::fs::read_to_string(place.path().join("whole/metrics.jsonl")).unwrap()
    );
}
