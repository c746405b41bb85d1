//! The calls and their checks.

use crate::KernelError;
use crate::measure::Measure;
use crate::scalar::Real;

/// The sizes: N, I and O of the documentation. Any may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearShape {
    /// N: rows.
    pub rows: usize,
    /// I: width of a row that is read.
    pub input_size: usize,
    /// O: width of a row that is written.
    pub output_size: usize,
}

/// `y = x·Wᵀ + b`, or without b.
#[derive(Debug)]
pub struct Linear<'a, R = f32> {
    /// N, I and O.
    pub shape: LinearShape,
    /// `[N, I]`
    pub x: &'a [R],
    /// `[O, I]`
    pub weight: &'a [R],
    /// `[O]`
    pub bias: Option<&'a [R]>,
    /// `[N, O]`, overwritten.
    pub y: &'a mut [R],
}

/// The gradients of [`Linear`], those that are wanted.
#[derive(Debug)]
pub struct LinearBackward<'a, R = f32> {
    /// N, I and O.
    pub shape: LinearShape,
    /// `[N, I]`
    pub x: &'a [R],
    /// `[O, I]`
    pub weight: &'a [R],
    /// `[N, O]`
    pub d_y: &'a [R],
    /// `[N, I]`, overwritten.
    pub d_x: Option<&'a mut [R]>,
    /// `[O, I]`, overwritten.
    pub d_weight: Option<&'a mut [R]>,
    /// `[O]`, overwritten.
    pub d_bias: Option<&'a mut [R]>,
}

impl<R> Linear<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks::of("linear", self.shape);
        checks.x("x", self.x)?;
        checks.weight("weight", self.weight)?;
        if let Some(bias) = self.bias {
            checks.bias("bias", bias)?;
        }
        checks.y("y", self.y)
    }
}

impl<R: Real> LinearBackward<'_, R> {
    /// All of them zero: those of a map without rows or outputs, however wide it is, and what
    /// sums start from.
    pub(crate) fn fill_with_zeros(&mut self) {
        let gradients = [&mut self.d_x, &mut self.d_weight, &mut self.d_bias];
        for gradient in gradients.into_iter().flatten() {
            gradient.fill(R::ZERO);
        }
    }
}

impl<R> LinearBackward<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks::of("linear_backward", self.shape);
        checks.x("x", self.x)?;
        checks.weight("weight", self.weight)?;
        checks.y("d_y", self.d_y)?;
        if let Some(d_x) = &self.d_x {
            checks.x("d_x", d_x)?;
        }
        if let Some(d_weight) = &self.d_weight {
            checks.weight("d_weight", d_weight)?;
        }
        if let Some(d_bias) = &self.d_bias {
            checks.bias("d_bias", d_bias)?;
        }
        Ok(())
    }
}

struct Checks {
    measure: Measure,
    shape: LinearShape,
}

impl Checks {
    fn of(op: &'static str, shape: LinearShape) -> Checks {
        Checks {
            measure: Measure { op },
            shape,
        }
    }

    fn x<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let dimensions = [self.shape.rows, self.shape.input_size];
        self.measure.len(name, "[N, I]", &dimensions, values)
    }

    fn weight<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let dimensions = [self.shape.output_size, self.shape.input_size];
        self.measure.len(name, "[O, I]", &dimensions, values)
    }

    fn bias<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let dimensions = [self.shape.output_size];
        self.measure.len(name, "[O]", &dimensions, values)
    }

    fn y<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let dimensions = [self.shape.rows, self.shape.output_size];
        self.measure.len(name, "[N, O]", &dimensions, values)
    }
}
