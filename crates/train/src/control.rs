//! How a run is watched and stopped from outside.

use crate::TrainError;
use crate::progress::{Progress, Silent};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A request to stop after the update that is being made.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    requested: Arc<AtomicBool>,
}

impl Interrupt {
    /// An interrupt that only [`request`](Self::request) sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// The interrupt that Ctrl-C, SIGTERM and SIGHUP set; a second one ends the process
    /// at once, with the usual exit code 130. The handler is installed once per process.
    ///
    /// # Errors
    /// [`TrainError::Signals`] when somebody else has installed a handler.
    pub fn on_signals() -> Result<Self, TrainError> {
        static SHARED: OnceLock<Result<Interrupt, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let interrupt = Interrupt::new();
            let handle = interrupt.clone();
            let second_time_leaves = move || {
                if handle.requested.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
            };
            match ctrlc::set_handler(second_time_leaves) {
                Ok(()) => Ok(interrupt),
                Err(error) => Err(error.to_string()),
            }
        });
        shared
            .clone()
            .map_err(|reason| TrainError::Signals { reason })
    }

    /// Asks to stop.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}

/// What the update loop looks at besides its work.
#[derive(Debug)]
pub struct Control {
    /// When to stop early.
    pub interrupt: Interrupt,
    /// Who is told how far it is.
    pub progress: Box<dyn Progress>,
}

impl Control {
    /// Nobody interrupts and nobody is told: for tests and for embedding.
    pub fn silent() -> Self {
        Self {
            interrupt: Interrupt::new(),
            progress: Box::new(Silent),
        }
    }
}
