//! Operations with two outputs.
//!
//! Burn's backward nodes have one output each. So such an operation is a core node with the real
//! parents and a one-element token as its output, and one child of the core for each real
//! output. A child's backward parks its gradient in a slot; the core runs after its children and
//! finds both gradients there.

use super::primitive::{Primitive, primitive};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use std::sync::{Arc, Mutex, MutexGuard};

/// Gradients of the two outputs, once known.
pub(super) type Slots = Arc<Mutex<[Option<Primitive>; 2]>>;

type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

/// The outputs of the operation whose node is `core` and whose state holds `slots`.
pub(super) fn outputs_of<C: CheckpointStrategy>(
    core: &Tracked<C>,
    slots: &Slots,
    [first, second]: [Primitive; 2],
) -> (Tracked<C>, Tracked<C>) {
    let output = |slot: usize, value: Primitive| {
        let child = OutputBackward(slot).prepare::<C>([core.node()]);
        match child.compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(SlotState(slots.clone()), value),
            OpsKind::UnTracked(prepared) => prepared.finish(value),
        }
    };
    (output(0, first), output(1, second))
}

/// Backward of the output with this slot number.
#[derive(Debug)]
struct OutputBackward(usize);

impl Backward<Flex, 1> for OutputBackward {
    type State = SlotState;

    fn backward(self, ops: Ops<SlotState, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        locked(&ops.state.0)[self.0] = Some(gradient);
        if let [Some(core)] = ops.parents {
            gradients.register::<Flex>(core.id, primitive(vec![0.0], [1]));
        }
    }
}

#[derive(Debug, Clone)]
struct SlotState(Slots);

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no holder of this lock can panic between lock and unlock")
}
