//! The calls, and who carries them out.

use super::exponential::exp;
use crate::activation::{relu, sigmoid, tanh};
use crate::arch::{Machine, Work};
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
        machine.run(Pull {
            function: call.function,
            outputs,
            gradients,
        });
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
        machine.run(Push { function, values });
    });
}

struct Push<'a> {
    function: Function,
    values: &'a mut [f32],
}

impl Work for Push<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let values = self.values;
        match self.function {
            Function::Exp => each(values, exp::<FUSED>),
            Function::Sigmoid => each(values, sigmoid::<FUSED>),
            Function::Tanh => each(values, tanh::<FUSED>),
            Function::Relu => each_beside(values, relu),
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    for value in values {
        *value = f(*value);
    }
}

/// Elements that are computed beside their place before they are put there.
const BESIDE: usize = 512;

/// As [`each`], for an `f` that may give back its argument: in place, the compiler would leave
/// those out and store with a mask, which is many times slower than a plain store on some
/// processors.
#[inline(always)]
fn each_beside(values: &mut [f32], f: impl Fn(f32) -> f32) {
    let mut results = [0.0; BESIDE];
    for values in values.chunks_mut(BESIDE) {
        let results = &mut results[..values.len()];
        for (result, &value) in results.iter_mut().zip(&*values) {
            *result = f(value);
        }
        values.copy_from_slice(results);
    }
}

struct Pull<'a> {
    function: Function,
    outputs: &'a [f32],
    gradients: &'a mut [f32],
}

impl Work for Pull<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Pull {
            function,
            outputs,
            gradients,
        } = self;
        match function {
            Function::Exp => each_pair(gradients, outputs, |d, y| d * y),
            Function::Sigmoid => each_pair(gradients, outputs, |d, y| d * y * (1.0 - y)),
            Function::Tanh => each_pair(gradients, outputs, |d, y| d * (1.0 - y * y)),
            // What is not above zero is zero, or NaN that must not be hidden.
            Function::Relu => {
                each_pair_beside(gradients, outputs, |d, y| if y > 0.0 { d } else { y });
            }
        }
    }
}

#[inline(always)]
fn each_pair(gradients: &mut [f32], outputs: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (gradient, &output) in gradients.iter_mut().zip(outputs) {
        *gradient = f(*gradient, output);
    }
}

/// As [`each_pair`], beside their place as [`each_beside`] does it.
#[inline(always)]
fn each_pair_beside(gradients: &mut [f32], outputs: &[f32], f: impl Fn(f32, f32) -> f32) {
    let mut results = [0.0; BESIDE];
    for (gradients, outputs) in gradients.chunks_mut(BESIDE).zip(outputs.chunks(BESIDE)) {
        let results = &mut results[..gradients.len()];
        let pairs = gradients.iter().zip(outputs);
        for (result, (&gradient, &output)) in results.iter_mut().zip(pairs) {
            *result = f(gradient, output);
        }
        gradients.copy_from_slice(results);
    }
}
