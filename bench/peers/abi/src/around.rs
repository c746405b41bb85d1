//! What stands around the recurrence: losses, activations, optimizer updates.

use crate::{read, status, write};
use recurra_kernels::{
    CrossEntropyGradient, Elementwise, ElementwiseBackward, Function, KernelError, LogitsShape,
    Rule, Update, WeightDecay, cross_entropy_gradient, elementwise, elementwise_backward,
    sum_of_squares, update,
};
use std::ffi::c_int;

/// Losses of `rows` rows; the logits become the gradient of their mean.
///
/// # Safety
/// As the crate says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_cross_entropy(
    rows: usize,
    vocab_size: usize,
    logits: *mut f32,
    labels: *const u32,
    losses: *mut f32,
) -> c_int {
    // SAFETY: the caller's promise.
    status(unsafe {
        cross_entropy_gradient(CrossEntropyGradient {
            shape: LogitsShape { rows, vocab_size },
            logits: write(logits, rows * vocab_size),
            labels: read(labels, rows),
            mask: None,
            smoothing: 0.0,
            scale: 1.0 / rows as f64,
            losses: write(losses, rows),
        })
    })
}

fn function(number: c_int) -> Function {
    match number {
        0 => Function::Sigmoid,
        1 => Function::Tanh,
        2 => Function::Exp,
        _ => Function::Relu,
    }
}

/// A function of every value in place: 0 sigmoid, 1 tanh, 2 exp, 3 relu.
///
/// # Safety
/// As the crate says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_elementwise(number: c_int, len: usize, values: *mut f32) {
    elementwise(Elementwise {
        function: function(number),
        // SAFETY: the caller's promise.
        values: unsafe { write(values, len) },
    });
}

/// Its gradient in place, from its outputs.
///
/// # Safety
/// As the crate says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_elementwise_backward(
    number: c_int,
    len: usize,
    outputs: *const f32,
    gradients: *mut f32,
) -> c_int {
    // SAFETY: the caller's promise.
    status(unsafe {
        elementwise_backward(ElementwiseBackward {
            function: function(number),
            outputs: read(outputs, len),
            gradients: write(gradients, len),
        })
    })
}

/// The norm of the gradients clipped at 1, then Adam with PyTorch's defaults.
///
/// # Safety
/// As the crate says of pointers; `memory` is twice `len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_adam(
    number: u64,
    len: usize,
    weights: *mut f32,
    gradients: *const f32,
    memory: *mut f32,
) -> c_int {
    // SAFETY: the caller's promise.
    let gradients = unsafe { read(gradients, len) };
    let adam = || -> Result<(), KernelError> {
        let norm = sum_of_squares(gradients).sqrt();
        update(Update {
            rule: Rule::Adam {
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                weight_decay: WeightDecay::OfGradient(0.0),
            },
            learning_rate: 1e-3,
            update: number,
            gradient_factor: (1.0 / (norm + 1e-6)).min(1.0),
            // SAFETY: the caller's promise.
            weights: unsafe { write(weights, len) },
            gradients,
            // SAFETY: the caller's promise.
            memory: unsafe { write(memory, 2 * len) },
        })
    };
    status(adam())
}
