//! The part of training that every task shares: batches of similar length, fitting, and
//! putting the weights where `open` finds them.

use super::{Evaluation, Sample, Trained};
use crate::Error;
use burn::module::Module;
use recurra_data::sampler::Bucketing;
use recurra_data::{BatchSampler, DataError};
use recurra_nn::Device;
use recurra_train::{Checkpoint, Control, Fitted, Learner, Outcome, Run, TrainConfig, fit};
use std::collections::BTreeMap;

/// Batches of a pool that is sorted by length: enough that little is padded.
const POOL_BATCHES: usize = 50;

/// The CPU, for evaluation and prediction.
pub(crate) fn device() -> Device {
    Device::flex()
}

/// The CPU, with gradients.
pub(crate) fn training_device() -> Device {
    Device::flex().autodiff()
}

/// Batches of rows of these lengths, as `[train]` asks for them.
///
/// # Errors
/// [`DataError`] for no rows or a batch size of zero.
pub(crate) fn sampler(lengths: &[usize], train: &TrainConfig) -> Result<BatchSampler, DataError> {
    let bucketing = if train.bucketing {
        Bucketing::ByLength {
            pool_batches: POOL_BATCHES,
        }
    } else {
        Bucketing::Off
    };
    BatchSampler::new(lengths, train.batch_size, train.seed, bucketing)
}

/// Fits `model` from the run's newest checkpoint, if it has one, and writes
/// `model.safetensors` unless training was interrupted.
pub(crate) fn fit_and_ship<L: Learner>(
    learner: &L,
    model: L::Model,
    config: &TrainConfig,
    run: &Run,
    control: &Control,
) -> Result<Fitted<L::Model>, Error>
where
    L::Model: Module,
{
    fit_and_ship_with(learner, model, config, run, control, BTreeMap::new())
}

/// [`fit_and_ship`], with more `metadata` beside the weights.
pub(crate) fn fit_and_ship_with<L: Learner>(
    learner: &L,
    model: L::Model,
    config: &TrainConfig,
    run: &Run,
    control: &Control,
    mut metadata: BTreeMap<String, String>,
) -> Result<Fitted<L::Model>, Error>
where
    L::Model: Module,
{
    let checkpoint = Checkpoint::newest(run)?;
    let fitted = fit(learner, model, config, run, checkpoint, control)?;
    if !interrupted(&fitted.outcome) {
        metadata.insert("task".to_owned(), run.task().to_owned());
        metadata.insert("updates".to_owned(), fitted.updates.to_string());
        run.write_model(&fitted.model, &metadata)?;
    }
    Ok(fitted)
}

/// Whether somebody stopped training before its end.
pub(crate) fn interrupted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Interrupted { .. })
}

/// What training leaves, judged unless it was interrupted.
pub(crate) fn judged<M>(
    fitted: Fitted<M>,
    judge: impl FnOnce(M) -> Result<(Vec<Evaluation>, Vec<Sample>), Error>,
) -> Result<Trained, Error> {
    let (evaluations, samples) = if interrupted(&fitted.outcome) {
        (Vec::new(), Vec::new())
    } else {
        judge(fitted.model)?
    };
    Ok(Trained {
        outcome: fitted.outcome,
        updates: fitted.updates,
        evaluations,
        samples,
    })
}
