//! One function on every element, differentiable.

use super::primitive::{Primitive, owned, slice, slice_mut};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Tensor, activation};
use recurra_kernels::{
    Elementwise, ElementwiseBackward, Function, elementwise, elementwise_backward,
};

/// `f(x)` of every element; in the place of `x` where nobody else holds it.
pub(crate) fn apply<const D: usize>(function: Function, x: Tensor<D>) -> Tensor<D> {
    if x.dtype() != DType::F32 {
        return match function {
            Function::Exp => x.exp(),
            Function::Sigmoid => activation::sigmoid(x),
            Function::Tanh => x.tanh(),
            Function::Relu => activation::relu(x),
        };
    }
    let y = <Dispatch as ElementwiseOps>::elementwise(x.into_dispatch(), function);
    Tensor::from_dispatch(y)
}

/// Backends with these functions as kernels.
#[backend_extension(Flex, Autodiff)]
trait ElementwiseOps: Backend {
    fn elementwise(x: FloatTensor<Self>, function: Function) -> FloatTensor<Self>;
}

impl ElementwiseOps for Flex {
    fn elementwise(x: Primitive, function: Function) -> Primitive {
        let mut values = owned(x);
        elementwise(Elementwise {
            function,
            values: slice_mut(&mut values),
        });
        values
    }
}

#[derive(Debug)]
struct ElementwiseNode;

impl Backward<Flex, 1> for ElementwiseNode {
    type State = (Function, Primitive);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let mut gradient = owned(gradients.consume::<Flex>(&ops.node));
        let [Some(parent)] = ops.parents else { return };
        let (function, outputs) = ops.state;
        elementwise_backward(ElementwiseBackward {
            function,
            outputs: slice(&outputs),
            gradients: slice_mut(&mut gradient),
        })
        .expect("a gradient has the shape of its tensor");
        gradients.register::<Flex>(parent.id, gradient);
    }
}

impl<C: CheckpointStrategy> ElementwiseOps for Autodiff<Flex, C> {
    fn elementwise(x: FloatTensor<Self>, function: Function) -> FloatTensor<Self> {
        let node = x.node();
        let outputs = Flex::elementwise(x.into_primitive(), function);
        match ElementwiseNode
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => prepared.finish((function, outputs.clone()), outputs),
            OpsKind::UnTracked(prepared) => prepared.finish(outputs),
        }
    }
}
