//! One function on every element.

use super::Real;
use crate::{Elementwise, ElementwiseBackward, Function, KernelError};

/// The oracle of [`elementwise`](crate::elementwise()).
pub fn elementwise<R: Real>(call: Elementwise<'_, R>) {
    for value in call.values {
        *value = match call.function {
            Function::Exp => value.exp(),
            Function::Sigmoid => value.sigmoid(),
            Function::Tanh => value.tanh(),
            Function::Relu => value.relu(),
        };
    }
}

/// The oracle of [`elementwise_backward`](crate::elementwise_backward).
///
/// # Errors
/// [`KernelError::Length`] when there are not as many gradients as outputs.
pub fn elementwise_backward<R: Real>(call: ElementwiseBackward<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    for (gradient, &y) in call.gradients.iter_mut().zip(call.outputs) {
        let slope = match call.function {
            Function::Exp => y,
            Function::Sigmoid => y * (R::ONE - y),
            Function::Tanh => R::ONE - y * y,
            Function::Relu if y > R::ZERO => R::ONE,
            // Zero, or NaN that must not be hidden.
            Function::Relu => y,
        };
        *gradient = *gradient * slope;
    }
    Ok(())
}
