//! Linear maps, one sum after another.

use super::Real;
use crate::{KernelError, Linear, LinearBackward};

/// The oracle of [`linear`](crate::linear()).
///
/// # Errors
/// As it.
pub fn linear<R: Real>(call: Linear<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    if call.y.is_empty() {
        return Ok(());
    }
    let s = call.shape;
    for row in 0..s.rows {
        for output in 0..s.output_size {
            let mut sum = call.bias.map_or(R::ZERO, |bias| bias[output]);
            for input in 0..s.input_size {
                sum +=
                    call.x[row * s.input_size + input] * call.weight[output * s.input_size + input];
            }
            call.y[row * s.output_size + output] = sum;
        }
    }
    Ok(())
}

/// The oracle of [`linear_backward`](crate::linear_backward).
///
/// # Errors
/// As it.
pub fn linear_backward<R: Real>(mut call: LinearBackward<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    call.fill_with_zeros();
    if call.d_y.is_empty() {
        return Ok(());
    }
    let s = call.shape;
    for row in 0..s.rows {
        for output in 0..s.output_size {
            let d_y = call.d_y[row * s.output_size + output];
            if let Some(d_bias) = &mut call.d_bias {
                d_bias[output] += d_y;
            }
            for input in 0..s.input_size {
                let (x, w) = (row * s.input_size + input, output * s.input_size + input);
                if let Some(d_x) = &mut call.d_x {
                    d_x[x] += d_y * call.weight[w];
                }
                if let Some(d_weight) = &mut call.d_weight {
                    d_weight[w] += d_y * call.x[x];
                }
            }
        }
    }
    Ok(())
}
