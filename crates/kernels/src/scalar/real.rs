//! The numbers that the oracle computes with.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// A floating point number: f32 or f64.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The number nearest to `x`.
    fn from_f32(x: f32) -> Self;

    /// The number nearest to `x`.
    fn from_f64(x: f64) -> Self;

    /// The f32 nearest to it.
    fn to_f32(self) -> f32;

    /// `1 / (1 + e^-x)`.
    fn sigmoid(self) -> Self;

    /// `ln σ(x)`, also where `σ(x)` is too small to be a number.
    fn ln_sigmoid(self) -> Self;

    /// `e^x`.
    fn exp(self) -> Self;

    /// `ln(x)`.
    fn ln(self) -> Self;

    /// `√x`.
    fn sqrt(self) -> Self;

    /// `tanh(x)`.
    fn tanh(self) -> Self;

    /// `max(x, 0)`; NaN stays NaN.
    fn relu(self) -> Self {
        if self < Self::ZERO { Self::ZERO } else { self }
    }
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;

    fn from_f32(x: f32) -> f32 {
        x
    }

    fn from_f64(x: f64) -> f32 {
        x as f32
    }

    fn to_f32(self) -> f32 {
        self
    }

    fn sigmoid(self) -> f32 {
        1.0 / (1.0 + (-self).exp())
    }

    fn ln_sigmoid(self) -> f32 {
        self.min(0.0) - (-self.abs()).exp().ln_1p()
    }

    fn exp(self) -> f32 {
        f32::exp(self)
    }

    fn ln(self) -> f32 {
        f32::ln(self)
    }

    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }

    fn tanh(self) -> f32 {
        f32::tanh(self)
    }
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;

    fn from_f32(x: f32) -> f64 {
        f64::from(x)
    }

    fn from_f64(x: f64) -> f64 {
        x
    }

    fn to_f32(self) -> f32 {
        self as f32
    }

    fn sigmoid(self) -> f64 {
        1.0 / (1.0 + (-self).exp())
    }

    fn ln_sigmoid(self) -> f64 {
        self.min(0.0) - (-self.abs()).exp().ln_1p()
    }

    fn exp(self) -> f64 {
        f64::exp(self)
    }

    fn ln(self) -> f64 {
        f64::ln(self)
    }

    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    fn tanh(self) -> f64 {
        f64::tanh(self)
    }
}
