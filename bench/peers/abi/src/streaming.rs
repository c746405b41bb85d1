//! One step of one row, with weights packed once.

use crate::sequence::kind;
use crate::{read, status, write};
use recurra_kernels::{
    PackedCell, Precision, Step, StepShape, StepWorkspace, Weights, step as advance,
};
use std::ffi::c_int;
use std::ptr;

/// A packed cell and where its steps are computed.
#[derive(Debug)]
pub struct Stepper {
    cell: PackedCell,
    workspace: StepWorkspace,
}

/// Packs a cell; `precision` is 0 f32, 1 bf16, 2 int8. Null after an error.
///
/// # Safety
/// As the crate says of pointers; lengths are those that the kernels document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_step_new(
    number: c_int,
    precision: c_int,
    input_size: usize,
    hidden_size: usize,
    w_ih: *const f32,
    w_hh: *const f32,
    vectors: *const f32,
) -> *mut Stepper {
    let cell = kind(number);
    let precision = match precision {
        0 => Precision::F32,
        1 => Precision::Bf16,
        _ => Precision::Int8,
    };
    let shape = StepShape {
        input_size,
        hidden_size,
    };
    // SAFETY: the caller's promise.
    let weights = unsafe {
        Weights {
            w_ih: read(w_ih, cell.num_gates() * hidden_size * input_size),
            w_hh: read(w_hh, cell.w_hh_len(hidden_size)),
            vectors: read(vectors, cell.num_vectors() * hidden_size),
        }
    };
    let mut made = ptr::null_mut();
    let packed = PackedCell::pack(cell, shape, weights, precision).map(|cell| {
        let workspace = StepWorkspace::new();
        made = Box::into_raw(Box::new(Stepper { cell, workspace }));
    });
    status(packed);
    made
}

/// Advances a state by one step.
///
/// # Safety
/// `stepper` is of [`recurra_step_new`]; the others as the crate says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_step(
    stepper: *mut Stepper,
    x: *const f32,
    state: *mut f32,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let Stepper { cell, workspace } = &mut *stepper;
        status(advance(Step {
            cell,
            batch_size: 1,
            x: read(x, cell.shape().input_size),
            state: write(state, cell.state_len()),
            workspace,
        }))
    }
}

/// Gives back what [`recurra_step_new`] made.
///
/// # Safety
/// `stepper` is of that function and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_step_free(stepper: *mut Stepper) {
    if !stepper.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(stepper) });
    }
}
