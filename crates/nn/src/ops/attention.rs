//! Attention as one differentiable operation.

use super::outputs::{Slots, locked, outputs_of};
use super::primitive::{Primitive, primitive, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::Tensor;
use recurra_kernels::{
    Attend, AttendBackward, AttentionShape, Score, ScoreGradient, attend, attend_backward,
};
use std::sync::Arc;

/// What an attention needs besides its tensors.
#[derive(Debug, Clone)]
pub(crate) struct AttendSpec {
    /// Dot attention's factor; `None` for additive attention.
    pub(crate) scale: Option<f64>,
    /// Real keys `[batch]`; `None` when all are.
    pub(crate) lengths: Option<Arc<[usize]>>,
}

/// The tensors of an attention (f32); shapes are the caller's promise.
#[derive(Debug)]
pub(crate) struct AttendInputs {
    /// `[batch, query_len, key_size]`
    pub(crate) queries: Tensor<3>,
    /// `[batch, key_len, key_size]`
    pub(crate) keys: Tensor<3>,
    /// `[batch, key_len, value_size]`
    pub(crate) values: Tensor<3>,
    /// `[key_size]`; not looked at by dot attention.
    pub(crate) vector: Tensor<1>,
}

/// The context `[batch, query_len, value_size]` and the alignment `[batch, query_len, key_len]`.
pub(crate) fn attended(inputs: AttendInputs, spec: AttendSpec) -> (Tensor<3>, Tensor<3>) {
    let (context, alignment) = <Dispatch as AttendOps>::attended(
        inputs.queries.into_dispatch(),
        inputs.keys.into_dispatch(),
        inputs.values.into_dispatch(),
        inputs.vector.into_dispatch(),
        spec,
    );
    (
        Tensor::from_dispatch(context),
        Tensor::from_dispatch(alignment),
    )
}

/// Backends with attention as a kernel.
#[backend_extension(Flex, Autodiff)]
trait AttendOps: Backend {
    fn attended(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        vector: FloatTensor<Self>,
        spec: AttendSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The four inputs on the CPU, contiguous.
#[derive(Debug, Clone)]
struct Inputs {
    tensors: [Primitive; 4],
    spec: AttendSpec,
}

impl Inputs {
    fn new(tensors: [Primitive; 4], spec: AttendSpec) -> Self {
        let tensors = tensors.map(|tensor| tensor.to_contiguous());
        Self { tensors, spec }
    }

    fn shape(&self) -> AttentionShape {
        let [queries, keys, values, _] = self.tensors.each_ref().map(|tensor| tensor.shape());
        AttentionShape {
            batch_size: queries[0],
            query_len: queries[1],
            key_len: keys[1],
            key_size: queries[2],
            value_size: values[2],
        }
    }

    fn slice(&self, index: usize) -> &[f32] {
        slice(&self.tensors[index])
    }

    fn score(&self) -> Score<'_> {
        match self.spec.scale {
            Some(scale) => Score::Dot { scale },
            None => Score::Additive {
                vector: self.slice(3),
            },
        }
    }

    /// Context and alignment.
    fn forward(&self) -> [Primitive; 2] {
        let s = self.shape();
        let mut alignment = vec![0.0; s.batch_size * s.query_len * s.key_len];
        let mut context = vec![0.0; s.batch_size * s.query_len * s.value_size];
        attend(Attend {
            shape: s,
            score: self.score(),
            queries: self.slice(0),
            keys: self.slice(1),
            values: self.slice(2),
            lengths: self.spec.lengths.as_deref(),
            alignment: &mut alignment,
            context: &mut context,
        })
        .expect("the caller has checked every shape");
        [
            primitive(context, [s.batch_size, s.query_len, s.value_size]),
            primitive(alignment, [s.batch_size, s.query_len, s.key_len]),
        ]
    }

    /// Gradients of the inputs.
    fn backward(&self, alignment: &Primitive, d: [Option<Primitive>; 2]) -> [Primitive; 4] {
        let s = self.shape();
        let zeros = |index: usize| vec![0.0; self.slice(index).len()];
        let [mut d_queries, mut d_keys, mut d_values, mut d_vector] = [0, 1, 2, 3].map(zeros);
        let [d_context, d_alignment] = d;
        // Nobody may have used the context.
        let nothing = match d_context {
            Some(_) => Vec::new(),
            None => vec![0.0; s.batch_size * s.query_len * s.value_size],
        };
        attend_backward(AttendBackward {
            shape: s,
            score: self.score(),
            queries: self.slice(0),
            keys: self.slice(1),
            values: self.slice(2),
            lengths: self.spec.lengths.as_deref(),
            alignment: slice(alignment),
            d_context: d_context.as_ref().map_or(&nothing, slice),
            d_alignment: d_alignment.as_ref().map(slice),
            d_queries: &mut d_queries,
            d_keys: &mut d_keys,
            d_values: &mut d_values,
            d_score: match self.spec.scale {
                Some(_) => ScoreGradient::Dot,
                None => ScoreGradient::Additive {
                    d_vector: &mut d_vector,
                },
            },
        })
        .expect("the forward pass took the same shapes");
        let shaped = |values, index: usize| primitive(values, self.tensors[index].shape().to_vec());
        [
            shaped(d_queries, 0),
            shaped(d_keys, 1),
            shaped(d_values, 2),
            shaped(d_vector, 3),
        ]
    }
}

impl AttendOps for Flex {
    fn attended(
        queries: Primitive,
        keys: Primitive,
        values: Primitive,
        vector: Primitive,
        spec: AttendSpec,
    ) -> (Primitive, Primitive) {
        let [context, alignment] = Inputs::new([queries, keys, values, vector], spec).forward();
        (context, alignment)
    }
}

#[derive(Debug, Clone)]
struct CoreState {
    inputs: Inputs,
    alignment: Primitive,
    slots: Slots,
}

#[derive(Debug)]
struct AttendNode;

impl Backward<Flex, 4> for AttendNode {
    type State = CoreState;

    fn backward(self, ops: Ops<CoreState, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let _token = gradients.consume::<Flex>(&ops.node);
        let CoreState {
            inputs,
            alignment,
            slots,
        } = ops.state;
        let d = std::mem::take(&mut *locked(&slots))
            .map(|gradient| gradient.map(|gradient| gradient.to_contiguous()));
        let gradients_of_inputs = inputs.backward(&alignment, d);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients_of_inputs) {
            if let Some(node) = parent {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> AttendOps for Autodiff<Flex, C> {
    fn attended(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        vector: FloatTensor<Self>,
        spec: AttendSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [queries, keys, values, vector];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()), spec);
        let [context, alignment] = inputs.forward();
        match AttendNode.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(_) => {
                let untracked = <Self as AutodiffBackend>::from_inner;
                (untracked(context), untracked(alignment))
            }
            OpsKind::Tracked(prepared) => {
                let slots = Slots::default();
                let state = CoreState {
                    inputs,
                    alignment: alignment.clone(),
                    slots: slots.clone(),
                };
                let core = prepared.finish(state, primitive(vec![0.0], [1]));
                outputs_of::<C>(&core, &slots, [context, alignment])
            }
        }
    }
}
