//! The update loop.

use crate::averaging::Averaging;
use crate::checkpoint::{self, Checkpoint, TrainState, Window};
use crate::config::TrainConfig;
use crate::control::Control;
use crate::diagnosis::{Diagnosis, Symptom, Watch};
use crate::early_stopping::{Best, EarlyStopping};
use crate::fine_tuning::Layers;
use crate::history::{self, Evaluation};
use crate::learner::{Differentiated, Learner};
use crate::optimizer::Optimizer;
use crate::progress::Position;
use crate::run::{Run, Status};
use crate::schedule::Schedule;
use crate::{Stream, TrainError};
use burn::module::Module;
use recurra_nn::optim::clip_factor;
use recurra_nn::weights::{self, NamedTensor};
use recurra_nn::{Isa, Mode};

/// Why training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// All updates or epochs were made.
    Finished,
    /// The watched metric no longer improved.
    StoppedEarly,
    /// Somebody asked to stop; everything is saved.
    Interrupted {
        /// The command that goes on.
        how_to_resume: String,
    },
}

/// What fitting leaves.
#[derive(Debug, Clone)]
pub struct Fitted<M> {
    /// The weights to ship, in evaluation mode: those of the best evaluation under early
    /// stopping, else the average if there is one, else the last.
    pub model: M,
    /// Why training ended.
    pub outcome: Outcome,
    /// Updates made, over all interruptions.
    pub updates: u64,
    /// All evaluations, over all interruptions.
    pub history: Vec<Evaluation>,
    /// The best evaluation under early stopping.
    pub best: Option<Best>,
}

/// Fits `model`, from its first weights or from a checkpoint, and writes the run's
/// `metrics.jsonl` and `checkpoints/`.
///
/// The model must be on a device with autodiff. The rest of the run directory (recipe,
/// weights to ship, report, [`Status::Finished`]) is the caller's to write.
///
/// # Errors
/// [`TrainError::Diverged`] when numbers cease to make sense; the checkpoints are then
/// those of before. [`TrainError::Io`], [`TrainError::Locked`], [`TrainError::Config`],
/// and [`TrainError::OtherConfig`] or [`TrainError::OtherData`] when a checkpoint does not
/// fit what is given now.
pub fn fit<L: Learner>(
    learner: &L,
    model: L::Model,
    config: &TrainConfig,
    run: &Run,
    resume: Option<Checkpoint>,
    control: &Control,
) -> Result<Fitted<L::Model>, TrainError> {
    config.validate()?;
    let _lock = run.lock()?;
    if let Some(notice) = config.precision.products().notice() {
        control.progress.note(&notice);
    }
    let model = weights::number_params(model);
    let layers = Layers::of(learner, &model, config)?;
    let mut training = Training::new(model, layers, config);
    match resume {
        Some(checkpoint) => {
            for note in checkpoint.notes() {
                control.progress.note(note);
            }
            let (then, now) = (&checkpoint.state.kernels, Isa::active().name());
            if then != now {
                control.progress.note(&format!(
                    "trained with `{then}` kernels so far and with `{now}` from here: \
                     the weights will differ in their last bits from a run on one machine"
                ));
            }
            learner.carry_on(checkpoint.carried.clone())?;
            training.restore(checkpoint)?;
            history::rewrite(run, &training.history)?;
        }
        None => {
            checkpoint::remove_all(run)?;
            history::rewrite(run, &[])?;
            // So that a kill before the first regular checkpoint finds one.
            training.save(learner, run)?;
        }
    }
    run.set_status(Status::Training)?;
    let ended = training.updates(learner, run, control);
    control.progress.finish();
    match &ended {
        Ok((_, Outcome::Interrupted { .. })) => run.set_status(Status::Interrupted)?,
        Err(TrainError::Diverged(_)) => run.set_status(Status::Diverged)?,
        _ => {}
    }
    let (training, outcome) = ended?;
    training.into_fitted(outcome)
}

/// The moving parts of the loop.
struct Training<'a, M> {
    config: &'a TrainConfig,
    model: M,
    layers: Layers,
    optimizer: Optimizer,
    schedule: Schedule,
    averaging: Averaging,
    early_stopping: Option<EarlyStopping>,
    best: Option<Vec<NamedTensor>>,
    watch: Watch,
    window: Window,
    history: Vec<Evaluation>,
    update: u64,
    /// Epoch and batch of the next update, counted from 0.
    epoch: u64,
    position: usize,
    /// Batches of that epoch; 0 when they have not been asked for.
    batches: usize,
    /// Epoch of the last update, counted from 1.
    last_epoch: u64,
}

impl<'a, M: Module> Training<'a, M> {
    fn new(model: M, layers: Layers, config: &'a TrainConfig) -> Self {
        Self {
            config,
            model,
            optimizer: Optimizer::new(&config.optimizer).with_rates(layers.rates()),
            layers,
            schedule: Schedule::new(
                config.schedule.clone(),
                config.optimizer.learning_rate(),
                config.updates,
            ),
            averaging: Averaging::new(config.averaging.clone()),
            early_stopping: config.early_stopping.clone().map(EarlyStopping::new),
            best: None,
            watch: Watch::default(),
            window: Window::default(),
            history: Vec::new(),
            update: 0,
            epoch: 0,
            position: 0,
            batches: 0,
            last_epoch: 0,
        }
    }

    /// The loop: update after update until there is a reason to end.
    fn updates<L: Learner<Model = M>>(
        mut self,
        learner: &L,
        run: &Run,
        control: &Control,
    ) -> Result<(Self, Outcome), TrainError> {
        let config = self.config;
        let mut batches = Vec::new();
        let mut started = false;
        loop {
            if let Some(outcome) = self.end() {
                return Ok((self, outcome));
            }
            // A batch.
            if self.position >= batches.len() {
                batches = self.batches_of_epoch(learner)?;
            }
            let indices = &batches[self.position];
            let update = self.update + 1;
            self.last_epoch = self.epoch + 1;
            if !started {
                control.progress.start(self.update, self.updates_in_all());
                started = true;
            }

            // Its loss, and the gradients of what learns.
            let mut rng = Stream::Update(update).rng(config.seed);
            let products = config.precision.products();
            let mode = Mode::Train {
                rng: &mut rng,
                products,
            };
            let Differentiated {
                loss: value,
                mut gradients,
            } = learner.differentiate(&self.model, indices, mode)?;
            if let Some(symptom) = self.watch.loss(value) {
                // Bad weights are the reason for a bad loss, and come first.
                let symptom = self.bad_weight().unwrap_or(symptom);
                return Err(self.diverged(update, symptom, indices, run));
            }
            if gradients.is_empty() {
                return Err(TrainError::NoGradient { update });
            }
            self.layers.freeze(&mut gradients, update);

            // How much of them clipping leaves.
            let norm = gradients.global_norm();
            if !norm.is_finite() {
                let name = gradients.first_non_finite(&self.model).unwrap_or_default();
                return Err(self.diverged(update, Symptom::Gradient { name }, indices, run));
            }
            self.watch.gradient_norm(norm);

            // The change of the weights.
            let learning_rate = self.schedule.learning_rate(update);
            let factor = clip_factor(norm, config.clip_norm);
            self.model = self
                .optimizer
                .update(self.model, &gradients, learning_rate, factor)?;
            self.averaging.add(update, &self.model);

            // Where we are now.
            self.update = update;
            self.position += 1;
            if self.position == batches.len() {
                self.epoch += 1;
                self.position = 0;
                self.batches = 0;
            }
            self.window.updates += 1;
            self.window.loss += value;
            self.window.gradient_norm += norm;
            control.progress.update(Position {
                update,
                updates: self.updates_in_all(),
                epoch: self.last_epoch,
                loss: value,
            });

            // What has to be done now and then.
            if update.is_multiple_of(config.evaluate_every) || self.end().is_some() {
                let indices = indices.clone();
                self.evaluate(learner, &indices, run, control)?;
            }
            let ended = self.end().is_some();
            let interrupted = !ended && control.interrupt.is_requested();
            if update.is_multiple_of(config.checkpoint_every) || ended || interrupted {
                // A checkpoint with bad weights would be no use and push out a good one.
                if let Some(symptom) = self.bad_weight() {
                    return Err(self.diverged(update, symptom, indices, run));
                }
                self.save(learner, run)?;
            }
            if interrupted {
                let how_to_resume = format!("recurra train --resume {}", run.dir().display());
                return Ok((self, Outcome::Interrupted { how_to_resume }));
            }
            if self.position == 0 {
                batches.clear();
            }
        }
    }

    /// Whether, and why, no further update is to be made.
    fn end(&self) -> Option<Outcome> {
        let reached = |limit: Option<u64>, made: u64| limit.is_some_and(|limit| made >= limit);
        if reached(self.config.updates, self.update) || reached(self.config.epochs, self.epoch) {
            return Some(Outcome::Finished);
        }
        let early_stopping = self.early_stopping.as_ref()?;
        early_stopping
            .should_stop()
            .then_some(Outcome::StoppedEarly)
    }

    /// The batches of the epoch that the next update is in.
    fn batches_of_epoch<L: Learner<Model = M>>(
        &mut self,
        learner: &L,
    ) -> Result<Vec<Vec<usize>>, TrainError> {
        let batches = learner.batches(self.epoch);
        if batches.is_empty() {
            return Err(TrainError::NoBatches {
                epoch: self.epoch + 1,
            });
        }
        if self.batches != 0 && self.batches != batches.len() {
            return Err(TrainError::OtherData {
                epoch: self.epoch + 1,
                want: self.batches,
                got: batches.len(),
            });
        }
        self.batches = batches.len();
        Ok(batches)
    }

    /// Updates at the end of training, if epochs keep the length of this one.
    fn updates_in_all(&self) -> u64 {
        let by_epochs = self.config.epochs.map(|epochs| {
            let whole = epochs.saturating_sub(self.epoch);
            let length = match self.batches {
                0 => self.update.checked_div(self.epoch).unwrap_or(0),
                batches => batches as u64,
            };
            (self.update + whole * length).saturating_sub(self.position as u64)
        });
        match (self.config.updates, by_epochs) {
            (Some(updates), Some(by_epochs)) => updates.min(by_epochs),
            (updates, by_epochs) => updates.or(by_epochs).unwrap_or(0),
        }
    }

    /// Judges the weights, tells whoever wants to know, and writes a line.
    fn evaluate<L: Learner<Model = M>>(
        &mut self,
        learner: &L,
        batch: &[usize],
        run: &Run,
        control: &Control,
    ) -> Result<(), TrainError> {
        let judged = match self.averaging.average() {
            Some(average) => {
                weights::import(self.model.valid(), average.to_vec(), "averaged weights")?
            }
            None => self.model.valid(),
        };
        let metrics = learner.evaluate(&judged)?;
        if let Some((name, value)) = metrics.iter().find(|(_, value)| !value.is_finite()) {
            let name = name.to_owned();
            let symptom = self.bad_weight().unwrap_or(Symptom::Metric { name, value });
            return Err(self.diverged(self.update, symptom, batch, run));
        }
        self.schedule.observe(&metrics)?;
        if let Some(early_stopping) = &mut self.early_stopping
            && early_stopping.observe(self.update, &metrics)?
        {
            self.best = Some(weights::export(&judged));
        }
        let window = std::mem::take(&mut self.window);
        let updates = window.updates.max(1) as f64;
        let evaluation = Evaluation {
            update: self.update,
            epoch: self.last_epoch,
            train_loss: window.loss / updates,
            gradient_norm: window.gradient_norm / updates,
            learning_rate: self.schedule.learning_rate(self.update),
            metrics,
        };
        control.progress.evaluation(&evaluation);
        history::append(run, &evaluation)?;
        self.history.push(evaluation);
        self.averaging.observe(&self.history);
        Ok(())
    }

    fn bad_weight(&self) -> Option<Symptom> {
        recurra_nn::optim::first_non_finite_weight(&self.model).map(|name| Symptom::Weight { name })
    }

    fn diverged(&self, update: u64, symptom: Symptom, batch: &[usize], run: &Run) -> TrainError {
        TrainError::Diverged(Box::new(Diagnosis {
            update,
            epoch: self.last_epoch,
            symptom,
            batch: batch.to_vec(),
            gradient_norms: self.watch.gradient_norms().to_vec(),
            learning_rate: self.schedule.learning_rate(update),
            clip_norm: self.config.clip_norm,
            checkpoint: checkpoint::newest_directory(run),
        }))
    }

    fn save<L: Learner<Model = M>>(&self, learner: &L, run: &Run) -> Result<(), TrainError> {
        let checkpoint = Checkpoint {
            state: TrainState {
                update: self.update,
                epoch: self.epoch,
                position: self.position,
                batches: self.batches,
                last_epoch: self.last_epoch,
                averaged: self.averaging.count(),
                window: self.window.clone(),
                schedule: self.schedule.state.clone(),
                early_stopping: self.early_stopping.as_ref().map(|e| e.state.clone()),
                watch: self.watch.clone(),
                config: self.config.clone(),
                kernels: Isa::active().name().to_owned(),
                history: self.history.clone(),
            },
            weights: weights::export(&self.model),
            average: self.averaging.average().map(<[NamedTensor]>::to_vec),
            best: self.best.clone(),
            carried: learner.carried(),
            optimizer: self.optimizer.to_bytes()?,
            notes: Vec::new(),
        };
        checkpoint.write(run)?;
        Ok(())
    }

    fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), TrainError> {
        let Checkpoint {
            state,
            weights,
            average,
            best,
            optimizer,
            ..
        } = checkpoint;
        state.config.must_fit(self.config)?;
        self.model = weights::import(self.model.clone(), weights, "checkpoint")?;
        self.optimizer = Optimizer::from_bytes(&self.config.optimizer, &optimizer)?
            .with_rates(self.layers.rates());
        // Through the model: a file has its own order, and must have the model's tensors.
        let in_order = |tensors: Option<Vec<NamedTensor>>| {
            tensors
                .map(|tensors| weights::import(self.model.valid(), tensors, "checkpoint"))
                .transpose()
                .map(|model| model.as_ref().map(weights::export))
        };
        let (average, best) = (in_order(average)?, in_order(best)?);
        self.averaging.restore(average, state.averaged);
        self.schedule.state = state.schedule;
        if let (Some(early_stopping), Some(state)) =
            (&mut self.early_stopping, state.early_stopping)
        {
            early_stopping.state = state;
        }
        self.best = best;
        self.watch = state.watch;
        self.window = state.window;
        self.history = state.history;
        self.averaging.observe(&self.history);
        self.update = state.update;
        self.epoch = state.epoch;
        self.position = state.position;
        self.batches = state.batches;
        self.last_epoch = state.last_epoch;
        Ok(())
    }

    fn into_fitted(self, outcome: Outcome) -> Result<Fitted<M>, TrainError> {
        let last = self.model.valid();
        let average = self.averaging.average().map(<[NamedTensor]>::to_vec);
        let model = match self.best.or(average) {
            Some(chosen) => weights::import(last, chosen, "kept weights")?,
            None => last,
        };
        Ok(Fitted {
            model,
            outcome,
            updates: self.update,
            history: self.history,
            best: self.early_stopping.and_then(|e| e.state.best),
        })
    }
}
