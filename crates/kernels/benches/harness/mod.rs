//! What all benchmarks share: their arguments, their threads, the clock.

use std::time::Instant;

/// What follows `--` on the command line.
pub(crate) struct Arguments {
    /// The number among them, or one.
    pub(crate) threads: usize,
    /// Everything else.
    pub(crate) words: Vec<String>,
}

impl Arguments {
    pub(crate) fn read() -> Arguments {
        let (mut threads, mut words) = (1, Vec::new());
        // Cargo passes flags of its own.
        for argument in std::env::args().skip(1).filter(|a| !a.starts_with("--")) {
            match argument.parse() {
                Ok(number) => threads = number,
                Err(_) => words.push(argument),
            }
        }
        Arguments { threads, words }
    }

    /// Runs `work` on that many threads.
    pub(crate) fn run<R: Send>(
        &self,
        work: impl FnOnce() -> R + Send,
    ) -> Result<R, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads);
        Ok(pool.build()?.install(work))
    }
}

/// Calls `sample` five times, and on for some seconds.
pub(crate) fn repeat<E>(seconds: f64, mut sample: impl FnMut() -> Result<(), E>) -> Result<(), E> {
    let begin = Instant::now();
    let mut samples = 0;
    while samples < 5 || (begin.elapsed().as_secs_f64() < seconds && samples < 1000) {
        sample()?;
        samples += 1;
    }
    Ok(())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
