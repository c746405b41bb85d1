//! Telling how far training is: bars on a terminal, plain lines in a pipe.

use crate::history::Evaluation;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Plain lines come at most this often, apart from evaluations.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Where training is after an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Updates made.
    pub update: u64,
    /// Updates in all, if early stopping does not end it before.
    pub updates: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Loss of the last batch.
    pub loss: f64,
}

/// Who is told about progress.
pub trait Progress: fmt::Debug + Send + Sync {
    /// Training starts (or goes on) here.
    fn start(&self, update: u64, updates: u64);
    /// An update was made.
    fn update(&self, position: Position);
    /// An evaluation was made.
    fn evaluation(&self, evaluation: &Evaluation);
    /// Something to know that is no error, such as a fallback to an older checkpoint.
    fn note(&self, text: &str);
    /// Training ended; nothing follows.
    fn finish(&self);
}

/// Bars when standard error is a terminal, lines otherwise.
pub fn for_stderr() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Bars::new())
    } else {
        Box::new(Lines::new(std::io::stderr()))
    }
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: u64, _: u64) {}
    fn update(&self, _: Position) {}
    fn evaluation(&self, _: &Evaluation) {}
    fn note(&self, _: &str) {}
    fn finish(&self) {}
}

/// A bar with rate and time left, on standard error; evaluations scroll above it.
#[derive(Debug)]
pub struct Bars {
    bar: ProgressBar,
}

impl Bars {
    /// A bar that appears with the first update.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(
            "{bar:30} {pos}/{len} updates  {per_sec}  {eta} left  {msg}",
        );
        Self {
            bar: match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            },
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Bars {
    fn start(&self, update: u64, updates: u64) {
        // A bar that was finished is shown again: a comparison fits several networks.
        self.bar.reset();
        self.bar.set_length(updates);
        self.bar.set_position(update);
        // Rate and time left count from here, not from the start of the whole run.
        self.bar.reset_eta();
    }

    fn update(&self, position: Position) {
        self.bar.set_length(position.updates);
        self.bar.set_position(position.update);
        self.bar.set_message(format!(
            "epoch {}  loss {:.4}",
            position.epoch, position.loss
        ));
    }

    fn evaluation(&self, evaluation: &Evaluation) {
        self.bar.println(evaluation.to_string());
    }

    fn note(&self, text: &str) {
        self.bar.println(text);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One line for each evaluation, and one at most every ten seconds between them.
pub struct Lines<W> {
    state: Mutex<LineState<W>>,
    interval: Duration,
}

struct LineState<W> {
    writer: W,
    started: Instant,
    started_at: u64,
    last_line: Instant,
}

impl<W: Write + Send> Lines<W> {
    /// Lines into `writer`.
    pub fn new(writer: W) -> Self {
        Self::with_interval(writer, LINE_INTERVAL)
    }

    fn with_interval(writer: W, interval: Duration) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(LineState {
                writer,
                started: now,
                started_at: 0,
                last_line: now,
            }),
            interval,
        }
    }

    fn line(&self, line: impl FnOnce(&LineState<W>) -> Option<String>) {
        // A panic elsewhere must not turn into a second one here.
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(text) = line(&state) {
            // A closed pipe is no reason to stop training.
            let _ = writeln!(state.writer, "{text}");
            state.last_line = Instant::now();
        }
    }
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn start(&self, update: u64, updates: u64) {
        if let Ok(mut state) = self.state.lock() {
            state.started = Instant::now();
            state.started_at = update;
        }
        self.line(|_| Some(format!("training from update {update} to {updates}")));
    }

    fn update(&self, position: Position) {
        self.line(|state| {
            let due = state.last_line.elapsed() >= self.interval;
            due.then(|| {
                let seconds = state.started.elapsed().as_secs_f64().max(1e-9);
                let done = position.update.saturating_sub(state.started_at) as f64;
                let rate = done / seconds;
                let left = position.updates.saturating_sub(position.update) as f64 / rate.max(1e-9);
                format!(
                    "update {}/{}  epoch {}  loss {:.4}  {rate:.1} updates/s  {} left",
                    position.update,
                    position.updates,
                    position.epoch,
                    position.loss,
                    duration(left)
                )
            })
        });
    }

    fn evaluation(&self, evaluation: &Evaluation) {
        self.line(|_| Some(evaluation.to_string()));
    }

    fn note(&self, text: &str) {
        self.line(|_| Some(text.to_owned()));
    }

    fn finish(&self) {}
}

/// `59s`, `12m05s`, `3h07m`.
fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn position(update: u64) -> Position {
        Position {
            update,
            updates: 100,
            epoch: 1,
            loss: 0.5,
        }
    }

    #[test]
    fn a_pipe_is_not_flooded() {
        let sink = Sink::default();
        let lines = Lines::new(sink.clone());
        lines.start(0, 100);
        for update in 1..=100 {
            lines.update(position(update));
        }
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "training from update 0 to 100\n");
    }

    #[test]
    fn a_line_has_position_loss_rate_and_time_left() {
        let sink = Sink::default();
        let lines = Lines::with_interval(sink.clone(), Duration::ZERO);
        lines.start(0, 100);
        lines.update(position(7));
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert!(
            line.starts_with("update 7/100  epoch 1  loss 0.5000  "),
            "{line}"
        );
        assert!(
            line.contains(" updates/s  ") && line.ends_with(" left"),
            "{line}"
        );
    }

    #[test]
    fn durations_are_short() {
        let shown = [0.4, 59.0, 725.0, 11_220.0].map(duration);
        assert_eq!(shown, ["0s", "59s", "12m05s", "3h07m"]);
    }
}
