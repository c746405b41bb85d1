//! Softmax cross-entropy and log-softmax, differentiable.

use super::primitive::{Primitive, owned, primitive, slice, slice_mut};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use recurra_kernels::{
    CrossEntropy, CrossEntropyGradient, LogSoftmax, LogSoftmaxBackward, LogitsShape, cross_entropy,
    cross_entropy_gradient, log_softmax, log_softmax_backward,
};

/// What rows of logits are compared with; the caller has checked it.
#[derive(Debug, Clone)]
pub(crate) struct CrossEntropySpec {
    /// `[rows]`
    pub(crate) labels: Vec<u32>,
    /// `[rows]`: true for rows that count; at least one does.
    pub(crate) mask: Vec<bool>,
    /// Share of a label that is spread over all tokens.
    pub(crate) smoothing: f64,
}

/// The mean cross-entropy over the rows that count, shape `[1]`; the last dimension of `logits`
/// (f32) is the vocabulary.
pub(crate) fn mean_cross_entropy<const D: usize>(
    logits: Tensor<D>,
    spec: CrossEntropySpec,
) -> Tensor<1> {
    let loss = <Dispatch as CrossEntropyOps>::mean_cross_entropy(logits.into_dispatch(), spec);
    Tensor::from_dispatch(loss)
}

/// `ln softmax(x)` along the last dimension of `x` (f32).
pub(crate) fn last_log_softmax<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as CrossEntropyOps>::last_log_softmax(
        x.into_dispatch(),
    ))
}

/// Backends with the losses as kernels.
#[backend_extension(Flex, Autodiff)]
trait CrossEntropyOps: Backend {
    fn mean_cross_entropy(logits: FloatTensor<Self>, spec: CrossEntropySpec) -> FloatTensor<Self>;
    fn last_log_softmax(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl CrossEntropyOps for Flex {
    fn mean_cross_entropy(logits: Primitive, spec: CrossEntropySpec) -> Primitive {
        let logits = logits.to_contiguous();
        let mut losses = vec![0.0; spec.labels.len()];
        cross_entropy(CrossEntropy {
            shape: shape(&logits),
            logits: slice(&logits),
            labels: &spec.labels,
            mask: Some(&spec.mask),
            smoothing: spec.smoothing,
            losses: &mut losses,
        })
        .expect("the caller has checked the labels");
        spec.mean(&losses)
    }

    fn last_log_softmax(x: Primitive) -> Primitive {
        let mut x = owned(x);
        log_softmax(LogSoftmax {
            shape: shape(&x),
            values: slice_mut(&mut x),
        })
        .expect("the shape is the tensor's own");
        x
    }
}

impl CrossEntropySpec {
    pub(super) fn count(&self) -> f64 {
        self.mask.iter().filter(|&&counts| counts).count() as f64
    }

    /// Summed in f64, in order.
    pub(super) fn mean(&self, losses: &[f32]) -> Primitive {
        let sum: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
        primitive(vec![(sum / self.count()) as f32], [1])
    }

    /// The mean loss, and its gradient in the place of the logits.
    fn with_gradient(&self, logits: Primitive) -> (Primitive, Primitive) {
        let mut logits = owned(logits);
        let mut losses = vec![0.0; self.labels.len()];
        cross_entropy_gradient(CrossEntropyGradient {
            shape: shape(&logits),
            logits: slice_mut(&mut logits),
            labels: &self.labels,
            mask: Some(&self.mask),
            smoothing: self.smoothing,
            scale: 1.0 / self.count(),
            losses: &mut losses,
        })
        .expect("the caller has checked the labels");
        (self.mean(&losses), logits)
    }
}

/// The last dimension is the vocabulary, all others are rows.
fn shape(logits: &Primitive) -> LogitsShape {
    let shape = logits.shape();
    let (vocab_size, rows) = (shape.iter().next_back(), shape.iter().rev().skip(1));
    LogitsShape {
        rows: rows.product(),
        vocab_size: vocab_size.copied().unwrap_or(1),
    }
}

/// The node of a mean loss whose gradients are found with it: its state is those of its inputs, for a
/// loss whose own gradient is 1.
#[derive(Debug)]
pub(super) struct MeanLossNode;

impl<const N: usize> Backward<Flex, N> for MeanLossNode {
    type State = Option<[Primitive; N]>;

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let factor = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let factor = slice(&factor)[0];
        let of_inputs = ops.state.into_iter().flatten();
        for (parent, gradient) in ops.parents.into_iter().zip(of_inputs) {
            if let Some(node) = parent {
                gradients.register::<Flex>(node.id, scaled(gradient, factor));
            }
        }
    }
}

/// `gradient · factor`; nothing is done for the factor 1 that a loss mostly has.
fn scaled(gradient: Primitive, factor: f32) -> Primitive {
    if factor == 1.0 {
        return gradient;
    }
    let mut gradient = owned(gradient);
    for value in slice_mut(&mut gradient) {
        *value *= factor;
    }
    gradient
}

#[derive(Debug)]
struct LogSoftmaxNode;

impl Backward<Flex, 1> for LogSoftmaxNode {
    type State = Primitive;

    fn backward(self, ops: Ops<Primitive, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let mut gradient = owned(gradients.consume::<Flex>(&ops.node));
        let [Some(parent)] = ops.parents else { return };
        log_softmax_backward(LogSoftmaxBackward {
            shape: shape(&ops.state),
            log_probs: slice(&ops.state),
            gradients: slice_mut(&mut gradient),
        })
        .expect("a gradient has the shape of its tensor");
        gradients.register::<Flex>(parent.id, gradient);
    }
}

impl<C: CheckpointStrategy> CrossEntropyOps for Autodiff<Flex, C> {
    fn mean_cross_entropy(logits: FloatTensor<Self>, spec: CrossEntropySpec) -> FloatTensor<Self> {
        let node = logits.node();
        let logits = logits.into_primitive();
        match MeanLossNode.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (loss, gradient) = spec.with_gradient(logits);
                prepared.finish(Some([gradient]), loss)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::mean_cross_entropy(logits, spec)),
        }
    }

    fn last_log_softmax(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = x.node();
        let log_probs = Flex::last_log_softmax(x.into_primitive());
        match LogSoftmaxNode
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => prepared.finish(log_probs.clone(), log_probs),
            OpsKind::UnTracked(prepared) => prepared.finish(log_probs),
        }
    }
}
