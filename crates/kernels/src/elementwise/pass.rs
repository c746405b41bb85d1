//! The loops over some elements of a call.

use super::call::Function;
use super::exponential::exp;
use crate::activation::{sigmoid, tanh};
use crate::arch::{Machine, Work};

/// `y = f(x)` in place.
pub(super) fn push(machine: Machine, function: Function, values: &mut [f32]) {
    let machine = match function {
        Function::Relu => machine.for_memory(),
        Function::Exp | Function::Sigmoid | Function::Tanh => machine,
    };
    machine.run(Push { function, values });
}

/// `dx = dy · f'(x)` in place.
pub(super) fn pull(machine: Machine, function: Function, outputs: &[f32], gradients: &mut [f32]) {
    machine.for_memory().run(Pull {
        function,
        outputs,
        gradients,
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
            Function::Relu => each(values, relu),
        }
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
        let (gradients, outputs) = (self.gradients, self.outputs);
        match self.function {
            Function::Exp => each_pair(gradients, outputs, |d, y| d * y),
            Function::Sigmoid => each_pair(gradients, outputs, |d, y| d * y * (1.0 - y)),
            Function::Tanh => each_pair(gradients, outputs, |d, y| d * (1.0 - y * y)),
            Function::Relu => each_pair(gradients, outputs, relu_gradient),
        }
    }
}

/// `max(x, 0)` by the bits of x, which as an integer are below zero when x is.
///
/// Of `if x < 0 { 0 } else { x }` in place the compiler leaves out what stays as it is, and
/// stores the rest with a mask: many times slower than a plain store on some processors.
#[inline(always)]
fn relu(x: f32) -> f32 {
    // A NaN may have either sign, and must not be hidden.
    let x = if x.is_nan() { f32::NAN } else { x };
    f32::from_bits(x.to_bits().cast_signed().max(0).cast_unsigned())
}

/// `d` where `y > 0`, else 0, or the NaN that y is: from bits for the reason of [`relu`].
#[inline(always)]
fn relu_gradient(d: f32, y: f32) -> f32 {
    let passed = if y > 0.0 { d.to_bits() } else { 0 };
    let nan = if y.is_nan() { y.to_bits() } else { 0 };
    f32::from_bits(passed | nan)
}

#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    let (first, lines) = values.split_at_mut(before_line(values));
    for value in first {
        *value = f(*value);
    }
    for value in lines {
        *value = f(*value);
    }
}

#[inline(always)]
fn each_pair(gradients: &mut [f32], outputs: &[f32], f: impl Fn(f32, f32) -> f32) {
    let place = before_line(gradients);
    let (first, lines) = gradients.split_at_mut(place);
    for (gradient, &output) in first.iter_mut().zip(outputs) {
        *gradient = f(*gradient, output);
    }
    for (gradient, &output) in lines.iter_mut().zip(&outputs[place..]) {
        *gradient = f(*gradient, output);
    }
}

/// Values before the first that begins a cache line: a store across two lines costs two.
#[inline(always)]
fn before_line(values: &[f32]) -> usize {
    values.as_ptr().align_offset(64).min(values.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_by_bits_is_relu_whatever_the_sign_of_a_nan() {
        let x = [-2.0, -1e-40, -0.0, 0.0, 1e-40, 3.0, f32::INFINITY];
        assert_eq!(x.map(relu), [0.0, 0.0, 0.0, 0.0, 1e-40, 3.0, f32::INFINITY]);
        assert_eq!(relu(f32::NEG_INFINITY), 0.0);
        assert!([f32::NAN, -f32::NAN].map(relu).iter().all(|y| y.is_nan()));
    }

    #[test]
    fn the_gradient_of_relu_passes_above_zero_and_shows_every_nan() {
        for d in [-2.0, 5.0, f32::INFINITY] {
            let y = [0.0, -0.0, 1e-40, 3.0];
            assert_eq!(y.map(|y| relu_gradient(d, y)), [0.0, 0.0, d, d]);
            let nan = [f32::NAN, -f32::NAN].map(|y| relu_gradient(d, y));
            assert!(nan.iter().all(|d| d.is_nan()));
        }
        assert!(relu_gradient(f32::NAN, 1.0).is_nan());
    }
}
