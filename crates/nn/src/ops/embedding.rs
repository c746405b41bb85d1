//! Rows of a table by their ids, differentiable.

use super::primitive::{Primitive, primitive, slice};
use super::spare::buffer;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use recurra_kernels::{Embed, EmbedBackward, EmbeddingShape, embed, embed_backward};

/// Which rows; the caller has checked the ids.
#[derive(Debug, Clone)]
pub(crate) struct EmbedSpec {
    /// `[n]`
    pub(crate) ids: Vec<u32>,
    /// An id whose row does not learn.
    pub(crate) padding_id: Option<u32>,
}

/// The rows of `weight` (f32) that the ids name, `[n, embed_size]`.
pub(crate) fn embedded(weight: Tensor<2>, spec: EmbedSpec) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as EmbedOps>::embedded(
        weight.into_dispatch(),
        spec,
    ))
}

/// Backends with the table's look-up as a kernel.
#[backend_extension(Flex, Autodiff)]
trait EmbedOps: Backend {
    fn embedded(weight: FloatTensor<Self>, spec: EmbedSpec) -> FloatTensor<Self>;
}

fn shape(weight: &Primitive) -> EmbeddingShape {
    let shape = weight.shape();
    EmbeddingShape {
        vocab_size: shape[0],
        embed_size: shape[1],
    }
}

impl EmbedSpec {
    fn forward(&self, weight: Primitive) -> Primitive {
        let weight = weight.to_contiguous();
        let shape = shape(&weight);
        let mut outputs = vec![0.0; self.ids.len() * shape.embed_size];
        embed(Embed {
            shape,
            weight: slice(&weight),
            ids: &self.ids,
            outputs: &mut outputs,
        })
        .expect("the caller has checked the ids");
        primitive(outputs, [self.ids.len(), shape.embed_size])
    }
}

impl EmbedOps for Flex {
    fn embedded(weight: Primitive, spec: EmbedSpec) -> Primitive {
        spec.forward(weight)
    }
}

#[derive(Debug)]
struct EmbedNode;

impl Backward<Flex, 1> for EmbedNode {
    type State = (EmbedSpec, EmbeddingShape);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let d_outputs = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let [Some(parent)] = ops.parents else { return };
        let (spec, shape) = ops.state;
        let mut d_weight = buffer(shape.vocab_size * shape.embed_size);
        embed_backward(EmbedBackward {
            shape,
            ids: &spec.ids,
            padding_id: spec.padding_id,
            d_outputs: slice(&d_outputs),
            d_weight: &mut d_weight,
        })
        .expect("the forward pass took the same ids");
        let d_weight = primitive(d_weight, [shape.vocab_size, shape.embed_size]);
        gradients.register::<Flex>(parent.id, d_weight);
    }
}

impl<C: CheckpointStrategy> EmbedOps for Autodiff<Flex, C> {
    fn embedded(weight: FloatTensor<Self>, spec: EmbedSpec) -> FloatTensor<Self> {
        let node = weight.node();
        let weight = weight.into_primitive();
        let shape = shape(&weight);
        let outputs = spec.forward(weight);
        match EmbedNode.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((spec, shape), outputs),
            OpsKind::UnTracked(prepared) => prepared.finish(outputs),
        }
    }
}
