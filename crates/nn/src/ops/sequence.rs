//! A whole recurrent sequence as one differentiable operation.
//!
//! The forward pass and the back-propagation through time are
//! [`recurra_kernels`]'s; this file registers them with Burn's autodiff.

use super::outputs::{Slots, locked, outputs_of};
use super::primitive::{Primitive, primitive, slice};
use super::spare::buffer;
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
    CellKind, Direction, Products, Saved, SequenceBackward, SequenceForward, SequenceShape,
    Weights, sequence_backward, sequence_forward, sequence_forward_saving,
};
use std::sync::{Arc, Mutex};

/// What a sequence operation needs besides its tensors.
#[derive(Debug, Clone)]
pub(crate) struct SequenceSpec {
    /// The recurrence.
    pub(crate) cell: CellKind,
    /// Which way each row is read.
    pub(crate) direction: Direction,
    /// What the matrix products multiply.
    pub(crate) products: Products,
    /// True lengths `[batch]`; `None` when every row is full.
    pub(crate) lengths: Option<Arc<[usize]>>,
}

/// The tensors of a sequence operation; shapes are the caller's promise.
#[derive(Debug)]
pub(crate) struct SequenceInputs {
    /// `[seq_len, batch, input_size]`
    pub(crate) x: Tensor<3>,
    /// `[gates * hidden_size, input_size]`
    pub(crate) w_ih: Tensor<2>,
    /// `[gates * hidden_size, hidden_size]`; `[1, hidden_size]` for a diagonal recurrence.
    pub(crate) w_hh: Tensor<2>,
    /// `[vectors, hidden_size]`: biases and peepholes, see [`CellKind`].
    pub(crate) vectors: Tensor<2>,
    /// `[states, batch, hidden_size]`
    pub(crate) state: Tensor<3>,
}

/// Runs a cell over a whole sequence.
///
/// Returns the outputs `[seq_len, batch, hidden_size]` and the final state
/// `[states, batch, hidden_size]`.
pub(crate) fn recurrent_sequence(
    inputs: SequenceInputs,
    spec: SequenceSpec,
) -> (Tensor<3>, Tensor<3>) {
    let (outputs, state) = <Dispatch as SequenceOps>::recurrent_sequence(
        inputs.x.into_dispatch(),
        inputs.w_ih.into_dispatch(),
        inputs.w_hh.into_dispatch(),
        inputs.vectors.into_dispatch(),
        inputs.state.into_dispatch(),
        spec,
    );
    (Tensor::from_dispatch(outputs), Tensor::from_dispatch(state))
}

/// Backends that run a whole sequence in one kernel.
#[backend_extension(Flex, Autodiff)]
trait SequenceOps: Backend {
    fn recurrent_sequence(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        state: FloatTensor<Self>,
        spec: SequenceSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The five inputs on the CPU, contiguous, and the sizes read off them.
#[derive(Debug, Clone)]
struct Inputs {
    tensors: [Primitive; 5],
    spec: SequenceSpec,
}

impl Inputs {
    fn new(tensors: [Primitive; 5], spec: SequenceSpec) -> Self {
        let tensors = tensors.map(|tensor| tensor.to_contiguous());
        Self { tensors, spec }
    }

    fn shape(&self) -> SequenceShape {
        let (x, state) = (self.tensors[0].shape(), self.tensors[4].shape());
        SequenceShape {
            seq_len: x[0],
            batch_size: x[1],
            input_size: x[2],
            hidden_size: state[2],
        }
    }

    fn slice(&self, index: usize) -> &[f32] {
        slice(&self.tensors[index])
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            w_ih: self.slice(1),
            w_hh: self.slice(2),
            vectors: self.slice(3),
        }
    }

    /// Outputs and final state; with `save`, what the backward pass needs too.
    fn forward(&self, save: bool) -> (Primitive, Primitive, Option<Saved>) {
        let shape = self.shape();
        let rows = shape.batch_size * shape.hidden_size;
        let states = self.spec.cell.num_states();
        let mut outputs = vec![0.0; shape.seq_len * rows];
        let mut final_state = vec![0.0; states * rows];
        let call = SequenceForward {
            cell: self.spec.cell,
            shape,
            direction: self.spec.direction,
            products: self.spec.products,
            weights: self.weights(),
            x: self.slice(0),
            lengths: self.spec.lengths.as_deref(),
            state: self.slice(4),
            outputs: &mut outputs,
            final_state: &mut final_state,
        };
        let saved = if save {
            sequence_forward_saving(call).map(Some)
        } else {
            sequence_forward(call).map(|()| None)
        }
        .expect("unroll has checked every shape");
        (
            primitive(
                outputs,
                [shape.seq_len, shape.batch_size, shape.hidden_size],
            ),
            primitive(final_state, [states, shape.batch_size, shape.hidden_size]),
            saved,
        )
    }

    /// Gradients of the five inputs; that of `x` only when it is wanted.
    fn backward(
        &self,
        saved: Saved,
        d_outputs: Option<Primitive>,
        d_final_state: Option<Primitive>,
        wants_x: bool,
    ) -> [Option<Primitive>; 5] {
        let room = |index: usize| buffer(self.slice(index).len());
        let mut d_x = wants_x.then(|| vec![0.0; self.slice(0).len()]);
        let (mut d_w_ih, mut d_w_hh) = (room(1), room(2));
        let (mut d_vectors, mut d_state) = (room(3), room(4));
        sequence_backward(SequenceBackward {
            cell: self.spec.cell,
            shape: self.shape(),
            direction: self.spec.direction,
            products: self.spec.products,
            weights: self.weights(),
            x: self.slice(0),
            lengths: self.spec.lengths.as_deref(),
            state: self.slice(4),
            saved,
            d_outputs: d_outputs.as_ref().map(slice),
            d_final_state: d_final_state.as_ref().map(slice),
            d_x: d_x.as_deref_mut(),
            d_w_ih: &mut d_w_ih,
            d_w_hh: &mut d_w_hh,
            d_vectors: &mut d_vectors,
            d_state: &mut d_state,
        })
        .expect("the forward pass took the same shapes");
        let shaped = |values, index: usize| primitive(values, self.tensors[index].shape().to_vec());
        [
            d_x.map(|d_x| shaped(d_x, 0)),
            Some(shaped(d_w_ih, 1)),
            Some(shaped(d_w_hh, 2)),
            Some(shaped(d_vectors, 3)),
            Some(shaped(d_state, 4)),
        ]
    }
}

impl SequenceOps for Flex {
    fn recurrent_sequence(
        x: Primitive,
        w_ih: Primitive,
        w_hh: Primitive,
        vectors: Primitive,
        state: Primitive,
        spec: SequenceSpec,
    ) -> (Primitive, Primitive) {
        let inputs = Inputs::new([x, w_ih, w_hh, vectors, state], spec);
        let (outputs, state, _) = inputs.forward(false);
        (outputs, state)
    }
}

#[derive(Debug, Clone)]
struct CoreState {
    inputs: Inputs,
    // Taken by the one backward pass, which overwrites it in place.
    saved: Arc<Mutex<Option<Saved>>>,
    slots: Slots,
}

#[derive(Debug)]
struct CoreBackward;

impl Backward<Flex, 5> for CoreBackward {
    type State = CoreState;

    fn backward(self, ops: Ops<CoreState, 5>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let _token = gradients.consume::<Flex>(&ops.node);
        let CoreState {
            inputs,
            saved,
            slots,
        } = ops.state;
        let [d_outputs, d_final_state] = std::mem::take(&mut *locked(&slots))
            .map(|gradient| gradient.map(|gradient| gradient.to_contiguous()));
        let saved = locked(&saved)
            .take()
            .expect("autodiff consumes a step once");
        let wants_x = ops.parents[0].is_some();
        let gradients_of_inputs = inputs.backward(saved, d_outputs, d_final_state, wants_x);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients_of_inputs) {
            if let (Some(node), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> SequenceOps for Autodiff<Flex, C> {
    fn recurrent_sequence(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        state: FloatTensor<Self>,
        spec: SequenceSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [x, w_ih, w_hh, vectors, state];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()), spec);
        match CoreBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(_) => {
                let (outputs, state, _) = inputs.forward(false);
                let untracked = <Self as AutodiffBackend>::from_inner;
                (untracked(outputs), untracked(state))
            }
            OpsKind::Tracked(prepared) => {
                let (outputs, state, saved) = inputs.forward(true);
                let slots = Slots::default();
                let core = prepared.finish(
                    CoreState {
                        inputs,
                        saved: Arc::new(Mutex::new(saved)),
                        slots: slots.clone(),
                    },
                    primitive(vec![0.0], [1]),
                );
                outputs_of::<C>(&core, &slots, [outputs, state])
            }
        }
    }
}
