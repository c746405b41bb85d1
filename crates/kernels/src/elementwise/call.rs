//! The calls, and who carries them out.

use super::pass::{pull, push};
use crate::arch::Machine;
use crate::measure::Measure;
use crate::spread::spread;
use crate::{Isa, KernelError, scalar};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `e^x`
    Exp,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `max(x, 0)`
    Relu,
}

/// `y = f(x)` for every element, in place.
#[derive(Debug)]
pub struct Elementwise<'a, R = f32> {
    /// f
    pub function: Function,
    /// x; overwritten with y.
    pub values: &'a mut [R],
}

/// `dx = dy · f'(x)` for every element, in place; `f'` is known from y alone.
#[derive(Debug)]
pub struct ElementwiseBackward<'a, R = f32> {
    /// f
    pub function: Function,
    /// y
    pub outputs: &'a [R],
    /// dy; overwritten with dx.
    pub gradients: &'a mut [R],
}

impl<R> ElementwiseBackward<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let measure = Measure {
            op: "elementwise_backward",
        };
        measure.len("gradients", "[N]", &[self.outputs.len()], self.gradients)
    }
}

/// Applies a function to every element.
///
/// NaN stays NaN. Errors: `exp` 1.2e-7 relative, `sigmoid` 1e-7 absolute, `tanh` 3e-7 relative.
///
/// # Example
/// ```
/// use recurra_kernels::{Elementwise, Function, elementwise};
/// let mut values = [-3.0, 4.0];
/// elementwise(Elementwise { function: Function::Relu, values: &mut values });
/// assert_eq!(values, [0.0, 4.0]);
/// ```
pub fn elementwise(call: Elementwise<'_>) {
    run(Machine::of(Isa::active()), call);
}

/// [`elementwise`] on a chosen instruction set.
///
/// # Errors
/// [`KernelError::IsaUnavailable`]
pub fn elementwise_on(isa: Isa, call: Elementwise<'_>) -> Result<(), KernelError> {
    run(isa.path("elementwise")?, call);
    Ok(())
}

/// The gradient of [`elementwise`].
///
/// `exp`: `dy·y`; `sigmoid`: `dy·y·(1 − y)`; `tanh`: `dy·(1 − y²)`; `relu`: `dy` where `y > 0`,
/// else 0.
///
/// # Errors
/// [`KernelError::Length`] when there are not as many gradients as outputs.
///
/// # Example
/// ```
/// use recurra_kernels::{ElementwiseBackward, Function, elementwise_backward};
/// let mut gradients = [1.0, 2.0];
/// let (function, outputs) = (Function::Tanh, &[0.0, 0.5][..]);
/// elementwise_backward(ElementwiseBackward { function, outputs, gradients: &mut gradients })?;
/// assert_eq!(gradients, [1.0, 1.5]);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn elementwise_backward(call: ElementwiseBackward<'_>) -> Result<(), KernelError> {
    elementwise_backward_on(Isa::active(), call)
}

/// [`elementwise_backward`] on a chosen instruction set.
///
/// # Errors
/// As [`elementwise_backward`], and [`KernelError::IsaUnavailable`].
pub fn elementwise_backward_on(isa: Isa, call: ElementwiseBackward<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("elementwise_backward")? else {
        return scalar::elementwise_backward(call);
    };
    let outputs = call.outputs.chunks(PART);
    let parts = outputs.zip(call.gradients.chunks_mut(PART)).collect();
    spread(parts, |(outputs, gradients)| {
        pull(machine, call.function, outputs, gradients);
    });
    Ok(())
}

/// Elements that are one thread's work at a time: enough to be worth handing over.
const PART: usize = 1 << 15;

fn run(machine: Option<Machine>, call: Elementwise<'_>) {
    let Some(machine) = machine else {
        return scalar::elementwise(call);
    };
    let function = call.function;
    spread(call.values.chunks_mut(PART).collect(), |values| {
        push(machine, function, values);
    });
}
