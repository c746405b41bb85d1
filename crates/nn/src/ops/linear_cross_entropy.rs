//! A linear map and the cross-entropy of its logits as one differentiable operation.

use super::cross_entropy::{CrossEntropySpec, MeanLossNode};
use super::primitive::{Primitive, primitive, slice};
use super::spare::buffer;
use burn::backend::autodiff::{
    checkpoint::strategy::CheckpointStrategy,
    ops::{Backward, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use recurra_kernels::{
    LinearCrossEntropy, LinearGradients, LinearLogitsShape, linear_cross_entropy,
};

/// The mean cross-entropy of `x·Wᵀ + b` over the rows that count, shape `[1]`; all are f32.
///
/// `x [.., input_size]`, `weight [vocab_size, input_size]`, `bias [vocab_size]`.
pub(crate) fn mean_linear_cross_entropy<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    spec: CrossEntropySpec,
) -> Tensor<1> {
    Tensor::from_dispatch(
        <Dispatch as LinearCrossEntropyOps>::mean_linear_cross_entropy(
            x.into_dispatch(),
            weight.into_dispatch(),
            bias.into_dispatch(),
            spec,
        ),
    )
}

/// Backends with this loss as a kernel.
#[backend_extension(Flex, Autodiff)]
trait LinearCrossEntropyOps: Backend {
    fn mean_linear_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        spec: CrossEntropySpec,
    ) -> FloatTensor<Self>;
}

/// The mean loss; with `differentiate`, the gradients of the inputs for a loss whose own is 1.
fn run(
    inputs: [Primitive; 3],
    spec: &CrossEntropySpec,
    differentiate: bool,
) -> (Primitive, Option<[Primitive; 3]>) {
    let inputs = inputs.map(|tensor| tensor.to_contiguous());
    let [x, weight, bias] = inputs.each_ref().map(slice);
    let shapes = inputs.each_ref().map(|tensor| tensor.shape().to_vec());
    let mut losses = vec![0.0; spec.labels.len()];
    let room = |values: &[f32]| buffer(if differentiate { values.len() } else { 0 });
    let [mut d_weight, mut d_bias] = [weight, bias].map(room);
    let mut d_x = vec![0.0; if differentiate { x.len() } else { 0 }];
    linear_cross_entropy(LinearCrossEntropy {
        shape: LinearLogitsShape {
            rows: spec.labels.len(),
            input_size: shapes[1][1],
            vocab_size: shapes[1][0],
        },
        x,
        weight,
        bias,
        labels: &spec.labels,
        mask: Some(&spec.mask),
        smoothing: spec.smoothing,
        losses: &mut losses,
        gradients: differentiate.then_some(LinearGradients {
            scale: 1.0 / spec.count(),
            d_x: &mut d_x,
            d_weight: &mut d_weight,
            d_bias: &mut d_bias,
        }),
    })
    .expect("the caller has checked labels and shapes");
    let [x_shape, weight_shape, bias_shape] = shapes;
    let gradients = differentiate.then(|| {
        [
            primitive(d_x, x_shape),
            primitive(d_weight, weight_shape),
            primitive(d_bias, bias_shape),
        ]
    });
    (spec.mean(&losses), gradients)
}

impl LinearCrossEntropyOps for Flex {
    fn mean_linear_cross_entropy(
        x: Primitive,
        weight: Primitive,
        bias: Primitive,
        spec: CrossEntropySpec,
    ) -> Primitive {
        run([x, weight, bias], &spec, false).0
    }
}

impl<C: CheckpointStrategy> LinearCrossEntropyOps for Autodiff<Flex, C> {
    fn mean_linear_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        spec: CrossEntropySpec,
    ) -> FloatTensor<Self> {
        let tensors = [x, weight, bias];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = tensors.map(|tensor| tensor.into_primitive());
        let node = MeanLossNode.prepare::<C>(nodes);
        match node.compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (loss, gradients) = run(inputs, &spec, true);
                prepared.finish(gradients, loss)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(run(inputs, &spec, false).0),
        }
    }
}
