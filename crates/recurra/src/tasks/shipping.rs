//! The part of training that every task shares: fit, then put the weights where
//! `open` finds them.

use crate::Error;
use burn::module::Module;
use recurra_nn::Device;
use recurra_train::{Checkpoint, Control, Fitted, Learner, Outcome, Run, TrainConfig, fit};
use std::collections::BTreeMap;

/// The CPU, with or without gradients.
pub(crate) fn device(with_gradients: bool) -> Device {
    if with_gradients {
        Device::flex().autodiff()
    } else {
        Device::flex()
    }
}

/// A fitted model that has been written into its run.
#[derive(Debug)]
pub(crate) struct Shipped<M> {
    pub(crate) fitted: Fitted<M>,
}

impl<M> Shipped<M> {
    /// Whether somebody stopped training before its end.
    pub(crate) fn interrupted(&self) -> bool {
        matches!(self.fitted.outcome, Outcome::Interrupted { .. })
    }
}

/// Fits `model` from the run's newest checkpoint, if it has one, and writes
/// `model.safetensors` unless training was interrupted.
pub(crate) fn fit_and_ship<L: Learner>(
    learner: &L,
    model: L::Model,
    config: &TrainConfig,
    run: &Run,
    control: &Control,
) -> Result<Shipped<L::Model>, Error>
where
    L::Model: Module,
{
    let checkpoint = Checkpoint::newest(run)?;
    let fitted = fit(learner, model, config, run, checkpoint, control)?;
    let shipped = Shipped { fitted };
    if !shipped.interrupted() {
        let about = BTreeMap::from([
            ("task".to_owned(), run.task().to_owned()),
            ("updates".to_owned(), shipped.fitted.updates.to_string()),
        ]);
        run.write_model(&shipped.fitted.model, &about)?;
    }
    Ok(shipped)
}
