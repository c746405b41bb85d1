//! As `harness.py`: shuffled rounds, medians, samples that waited for a processor dropped.

use crate::Result;
use std::fs;
use std::time::{Duration, Instant};

/// One call of the work; gives what it computed: outputs, or the gradient of `x`.
pub(crate) type Peer = Box<dyn FnMut() -> Result<Vec<f32>>>;

const FEWEST: usize = 7;
const SECONDS: f64 = 1.0;
const DELAY_SHARE: f64 = 0.02;

#[derive(Default)]
pub(crate) struct Timing {
    kept: Vec<f64>,
    dropped: Vec<f64>,
    spent: f64,
}

impl Timing {
    fn wants_more(&self) -> bool {
        let taken = self.kept.len() + self.dropped.len();
        let tired = taken >= 101 || (taken >= FEWEST && self.spent > 3.0 * SECONDS);
        !tired && (self.kept.len() < FEWEST || self.spent < SECONDS)
    }

    /// `median,best,kept,dropped` in milliseconds.
    pub(crate) fn summary(&self) -> String {
        let samples = if self.kept.is_empty() {
            &self.dropped
        } else {
            &self.kept
        };
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        let (median, best) = (sorted[sorted.len() / 2] * 1e3, sorted[0] * 1e3);
        format!(
            "{median:.4},{best:.4},{},{}",
            self.kept.len(),
            self.dropped.len()
        )
    }
}

pub(crate) fn interleave(peers: &mut [(&str, Peer)]) -> Result<Vec<Timing>> {
    let mut timings: Vec<Timing> = peers.iter().map(|_| Timing::default()).collect();
    let mut random = 1u64;
    loop {
        let mut waiting: Vec<usize> = (0..peers.len())
            .filter(|&index| timings[index].wants_more())
            .collect();
        if waiting.is_empty() {
            return Ok(timings);
        }
        while !waiting.is_empty() {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let index = waiting.swap_remove((random >> 33) as usize % waiting.len());
            sample(&mut peers[index].1, &mut timings[index])?;
        }
    }
}

fn sample(peer: &mut Peer, timing: &mut Timing) -> Result<()> {
    std::thread::sleep(Duration::from_millis(2));
    let before = run_queue_delay();
    peer()?;
    let start = Instant::now();
    peer()?;
    let seconds = start.elapsed().as_secs_f64();
    let quiet = run_queue_delay() - before <= (DELAY_SHARE * seconds).max(20e-6);
    let place = if quiet {
        &mut timing.kept
    } else {
        &mut timing.dropped
    };
    place.push(seconds);
    timing.spent += seconds;
    Ok(())
}

/// Seconds that this process's threads have waited for a processor.
fn run_queue_delay() -> f64 {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let waited = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    waited.sum::<f64>() * 1e-9
}
