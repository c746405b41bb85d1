//! A scan over a whole sequence as one differentiable operation.
//!
//! The forward pass and the back-propagation through time are [`recurra_kernels`]'s; this file
//! registers them with Burn's autodiff, as [`super::sequence`] does for the other cells.

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
    Direction, ScanBackward, ScanForward, ScanKind, ScanShape, scan_backward, scan_forward,
};
use std::sync::Arc;

/// What a scan needs besides its tensors.
#[derive(Debug, Clone)]
pub(crate) struct ScanSpec {
    /// The recurrence.
    pub(crate) cell: ScanKind,
    /// Which way each row is read.
    pub(crate) direction: Direction,
    /// True lengths `[batch]`; `None` when every row is full.
    pub(crate) lengths: Option<Arc<[usize]>>,
}

/// The tensors of a scan; shapes are the caller's promise.
#[derive(Debug)]
pub(crate) struct ScanInputs {
    /// `[batch, seq_len, gates * hidden_size]`: products of the input, without biases.
    pub(crate) products: Tensor<3>,
    /// `[vectors, hidden_size]`: biases and peepholes, see [`ScanKind`].
    pub(crate) vectors: Tensor<2>,
    /// `[states, batch, hidden_size]`
    pub(crate) state: Tensor<3>,
    /// `[batch, seq_len, hidden_size]` for cells that read it; any other tensor for the others.
    pub(crate) skip: Tensor<3>,
}

/// Runs a cell that scans over a whole sequence.
///
/// Returns the outputs `[batch, seq_len, hidden_size]` and the final state
/// `[states, batch, hidden_size]`.
pub(crate) fn recurrent_scan(inputs: ScanInputs, spec: ScanSpec) -> (Tensor<3>, Tensor<3>) {
    let (outputs, state) = <Dispatch as ScanOps>::recurrent_scan(
        inputs.products.into_dispatch(),
        inputs.vectors.into_dispatch(),
        inputs.state.into_dispatch(),
        inputs.skip.into_dispatch(),
        spec,
    );
    (Tensor::from_dispatch(outputs), Tensor::from_dispatch(state))
}

/// Backends that run a scan in one kernel.
#[backend_extension(Flex, Autodiff)]
trait ScanOps: Backend {
    fn recurrent_scan(
        products: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        state: FloatTensor<Self>,
        skip: FloatTensor<Self>,
        spec: ScanSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The four inputs on the CPU, contiguous.
#[derive(Debug, Clone)]
struct Inputs {
    tensors: [Primitive; 4],
    spec: ScanSpec,
}

/// What a forward pass gives.
struct Outcome {
    outputs: Primitive,
    /// The cell state after each step, which is the output of a cell with one state; empty
    /// unless it was asked for.
    cells: Option<Primitive>,
    state: Primitive,
}

impl Inputs {
    fn new(tensors: [Primitive; 4], spec: ScanSpec) -> Self {
        let tensors = tensors.map(|tensor| tensor.to_contiguous());
        Self { tensors, spec }
    }

    fn shape(&self) -> ScanShape {
        let (products, state) = (self.tensors[0].shape(), self.tensors[2].shape());
        ScanShape {
            batch_size: products[0],
            seq_len: products[1],
            hidden_size: state[2],
        }
    }

    fn slice(&self, index: usize) -> &[f32] {
        slice(&self.tensors[index])
    }

    fn skip(&self) -> Option<&[f32]> {
        self.spec.cell.reads_skip().then(|| self.slice(3))
    }

    fn forward(&self, save: bool) -> Outcome {
        let shape = self.shape();
        let steps = [shape.batch_size, shape.seq_len, shape.hidden_size];
        let num_steps = steps.iter().product();
        let states = self.spec.cell.num_states();
        let mut outputs = vec![0.0; num_steps];
        let mut cells = (save && states > 1).then(|| vec![0.0; num_steps]);
        let mut final_state = vec![0.0; self.slice(2).len()];
        scan_forward(ScanForward {
            cell: self.spec.cell,
            shape,
            direction: self.spec.direction,
            products: self.slice(0),
            vectors: self.slice(1),
            skip: self.skip(),
            lengths: self.spec.lengths.as_deref(),
            state: self.slice(2),
            outputs: &mut outputs,
            cells: cells.as_deref_mut(),
            final_state: &mut final_state,
        })
        .expect("unroll has checked every shape");
        let outputs = primitive(outputs, steps);
        let cells = match cells {
            Some(cells) => Some(primitive(cells, steps)),
            None => save.then(|| outputs.clone()),
        };
        let state = [states, shape.batch_size, shape.hidden_size];
        Outcome {
            outputs,
            cells,
            state: primitive(final_state, state),
        }
    }

    /// Gradients of the four inputs; that of `skip` where it is read.
    fn backward(
        &self,
        cells: &Primitive,
        d_outputs: Option<&Primitive>,
        d_final_state: Option<&Primitive>,
    ) -> [Option<Primitive>; 4] {
        let zeros = |index: usize| vec![0.0; self.slice(index).len()];
        let (mut d_products, mut d_vectors, mut d_state) = (zeros(0), zeros(1), zeros(2));
        let mut d_skip = self.spec.cell.reads_skip().then(|| zeros(3));
        scan_backward(ScanBackward {
            cell: self.spec.cell,
            shape: self.shape(),
            direction: self.spec.direction,
            products: self.slice(0),
            vectors: self.slice(1),
            skip: self.skip(),
            lengths: self.spec.lengths.as_deref(),
            state: self.slice(2),
            cells: slice(cells),
            d_outputs: d_outputs.map(slice),
            d_final_state: d_final_state.map(slice),
            d_products: &mut d_products,
            d_vectors: &mut d_vectors,
            d_skip: d_skip.as_deref_mut(),
            d_state: &mut d_state,
        })
        .expect("the forward pass took the same shapes");
        let shaped = |values, index: usize| primitive(values, self.tensors[index].shape().to_vec());
        [
            Some(shaped(d_products, 0)),
            Some(shaped(d_vectors, 1)),
            Some(shaped(d_state, 2)),
            d_skip.map(|d_skip| shaped(d_skip, 3)),
        ]
    }
}

impl ScanOps for Flex {
    fn recurrent_scan(
        products: Primitive,
        vectors: Primitive,
        state: Primitive,
        skip: Primitive,
        spec: ScanSpec,
    ) -> (Primitive, Primitive) {
        let outcome = Inputs::new([products, vectors, state, skip], spec).forward(false);
        (outcome.outputs, outcome.state)
    }
}

#[derive(Debug, Clone)]
struct CoreState {
    inputs: Inputs,
    cells: Primitive,
    slots: Slots,
}

/// Runs after the backward passes of the two outputs, which park their gradients in the slots.
#[derive(Debug)]
struct CoreBackward;

impl Backward<Flex, 4> for CoreBackward {
    type State = CoreState;

    fn backward(self, ops: Ops<CoreState, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let _token = gradients.consume::<Flex>(&ops.node);
        let CoreState {
            inputs,
            cells,
            slots,
        } = ops.state;
        let [d_outputs, d_final_state] = std::mem::take(&mut *locked(&slots))
            .map(|gradient| gradient.map(|gradient| gradient.to_contiguous()));
        let found = inputs.backward(&cells, d_outputs.as_ref(), d_final_state.as_ref());
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> ScanOps for Autodiff<Flex, C> {
    fn recurrent_scan(
        products: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        state: FloatTensor<Self>,
        skip: FloatTensor<Self>,
        spec: ScanSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [products, vectors, state, skip];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()), spec);
        match CoreBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(_) => {
                let Outcome { outputs, state, .. } = inputs.forward(false);
                let untracked = <Self as AutodiffBackend>::from_inner;
                (untracked(outputs), untracked(state))
            }
            OpsKind::Tracked(prepared) => {
                let Outcome {
                    outputs,
                    cells,
                    state,
                } = inputs.forward(true);
                let cells = cells.expect("a forward pass that saves has them");
                let slots = Slots::default();
                let core = prepared.finish(
                    CoreState {
                        inputs,
                        cells,
                        slots: slots.clone(),
                    },
                    primitive(vec![0.0], [1]),
                );
                outputs_of::<C>(&core, &slots, [outputs, state])
            }
        }
    }
}
