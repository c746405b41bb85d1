//! What the update loop is given.

use crate::metric::Metrics;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use recurra_nn::optim::Gradients;
use recurra_nn::weights::{self, NamedTensor};
use recurra_nn::{Mode, NnError};

/// What a task gives the update loop.
pub trait Learner {
    /// The network.
    type Model: Module;

    /// Batches of one epoch (counted from 0) as example indices.
    ///
    /// A pure function of the run's seed and `epoch`: resuming asks for the same epoch again.
    fn batches(&self, epoch: u64) -> Vec<Vec<usize>>;

    /// Mean loss of one batch, shape `[1]`.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn loss(
        &self,
        model: &Self::Model,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError>;

    /// The loss of one batch and its gradients: by default those of [`loss`](Self::loss). A learner
    /// whose gradients come of more than one pass gives their sum.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn differentiate(
        &self,
        model: &Self::Model,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Differentiated, NnError> {
        Differentiated::of(model, self.loss(model, indices, mode)?)
    }

    /// How many layers below the top a parameter is, by its dotted name: 0 for the head. None, by
    /// default, where the network has no such order; `[train.fine_tuning]` is then refused.
    fn depth(&self, _parameter: &str) -> Option<usize> {
        None
    }

    /// Metrics on held-out data; `model` is `model.valid()`, with averaged weights if there
    /// are any. A metric that is not a finite number stops training; leave out what was
    /// not measured.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn evaluate(&self, model: &Self::Model) -> Result<Metrics, NnError>;

    /// What the last batch left for the next one beside the weights, such as the recurrent state
    /// where batches continue each other; it goes into checkpoints. Nothing by default.
    fn carried(&self) -> Vec<NamedTensor> {
        Vec::new()
    }

    /// Takes back what [`carried`](Self::carried) gave, in any order, before the next batch.
    ///
    /// # Errors
    /// When it is not of this model.
    fn carry_on(&self, carried: Vec<NamedTensor>) -> Result<(), NnError> {
        match carried.first() {
            None => Ok(()),
            Some(tensor) => Err(NnError::Shape {
                op: "carry_on",
                arg: "carried",
                want: "nothing, as these batches stand alone".to_owned(),
                got: tensor.name.clone(),
            }),
        }
    }
}

/// A loss and its gradients.
#[derive(Debug)]
pub struct Differentiated {
    /// The loss.
    pub loss: f64,
    /// Of the model's parameters; none when the loss depends on none of them.
    pub gradients: Gradients,
}

impl Differentiated {
    /// The value of a loss of shape `[1]` and its gradients.
    ///
    /// # Errors
    /// [`NnError::Shape`] for a loss of another shape.
    pub fn of<M: Module>(model: &M, loss: Tensor<1>) -> Result<Self, NnError> {
        let value = scalar(&loss)?;
        let gradients = match loss.is_tracked() {
            true => {
                let gradients = GradientsParams::from_grads(loss.backward(), model);
                Gradients::of(model, gradients)
            }
            false => Gradients::default(),
        };
        Ok(Self {
            loss: value,
            gradients,
        })
    }

    /// [`of`](Self::of), and the gradient of an input that requires one; zeros where the loss does
    /// not depend on it.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_input<M: Module, const D: usize>(
        model: &M,
        loss: Tensor<1>,
        input: &Tensor<D>,
    ) -> Result<(Self, Tensor<D>), NnError> {
        let value = scalar(&loss)?;
        let found = loss.backward();
        let of_input = input.grad(&found);
        let of_input = of_input.unwrap_or_else(|| input.clone().inner().zeros_like());
        let gradients = Gradients::of(model, GradientsParams::from_grads(found, model));
        let own = Self {
            loss: value,
            gradients,
        };
        Ok((own, of_input))
    }
}

/// The one value of a loss.
fn scalar(loss: &Tensor<1>) -> Result<f64, NnError> {
    match weights::values(loss)[..] {
        [value] => Ok(f64::from(value)),
        ref values => Err(NnError::Shape {
            op: "differentiate",
            arg: "loss",
            want: "[1]".into(),
            got: format!("[{}]", values.len()),
        }),
    }
}
