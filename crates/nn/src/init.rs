//! Where weights start.

use crate::{NnError, Rng};
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How the values of one weight matrix are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Initialiser {
    /// Uniform within `sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio 2010).
    Glorot,
    /// A random orthogonal matrix per gate (Saxe et al. 2014): repeated products
    /// with it neither grow nor shrink a vector.
    Orthogonal,
    /// Uniform within `1 / sqrt(hidden_size)`, what PyTorch's recurrent layers do.
    Torch,
    /// Normal with this standard deviation.
    Normal(f64),
    /// Uniform within this bound.
    Uniform(f64),
    /// One value everywhere.
    Constant(f64),
    /// The identity per gate (Le et al. 2015, for ReLU networks).
    Identity,
}

impl Initialiser {
    /// Row-major values of `blocks` matrices `[rows, columns]`, one below the other.
    ///
    /// A packed gate matrix `[gates * hidden_size, columns]` is `gates` blocks; each
    /// is drawn on its own, so that orthogonality and fans are those of one gate.
    pub fn draw(self, blocks: usize, rows: usize, columns: usize, rng: &mut Rng) -> Vec<f32> {
        let count = blocks * rows * columns;
        let mut uniform = |bound: f64| {
            (0..count)
                .map(|_| rng.random_range(-1.0..1.0) * bound)
                .map(|value: f64| value as f32)
                .collect()
        };
        match self {
            Self::Glorot => uniform((6.0 / (rows + columns) as f64).sqrt()),
            Self::Torch => uniform(1.0 / (rows as f64).sqrt()),
            Self::Uniform(bound) => uniform(bound),
            Self::Constant(value) => vec![value as f32; count],
            Self::Normal(deviation) => (0..count)
                .map(|_| (normal(rng) * deviation) as f32)
                .collect(),
            Self::Orthogonal => (0..blocks)
                .flat_map(|_| orthogonal(rows, columns, rng))
                .collect(),
            Self::Identity => (0..count)
                .map(|i| f32::from(u8::from((i / columns) % rows == i % columns)))
                .collect(),
        }
    }

    /// Refuses a negative or non-finite parameter.
    pub(crate) fn validate(self, key: &str) -> Result<(), NnError> {
        match self {
            Self::Normal(v) | Self::Uniform(v) if !(v.is_finite() && v >= 0.0) => {
                Err(NnError::config(key, "a finite number of at least 0", v))
            }
            Self::Constant(v) if !v.is_finite() => Err(NnError::config(key, "a finite number", v)),
            _ => Ok(()),
        }
    }
}

/// A standard normal number by the Box-Muller transform.
fn normal(rng: &mut Rng) -> f64 {
    // 1 - u is in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// A `[rows, columns]` matrix whose shorter side is orthonormal, by Gram-Schmidt.
fn orthogonal(rows: usize, columns: usize, rng: &mut Rng) -> Vec<f32> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| normal(rng)).collect();
        // Twice is enough for full precision (Giraud and Langou 2002).
        for _ in 0..2 {
            for earlier in &basis {
                let along = dot(earlier, &vector);
                for (v, e) in vector.iter_mut().zip(earlier) {
                    *v -= along * e;
                }
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        if norm > 1e-6 {
            basis.push(vector.into_iter().map(|v| v / norm).collect());
        }
    }
    let at = |row: usize, column: usize| {
        if rows <= columns {
            basis[row][column]
        } else {
            basis[column][row]
        }
    };
    (0..rows * columns)
        .map(|i| at(i / columns, i % columns) as f32)
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A trainable parameter with these row-major values.
pub(crate) fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    let tensor = Tensor::from_data(TensorData::new(values, shape), device);
    Param::from_tensor(tensor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_blocks_have_orthonormal_rows() {
        for (rows, columns) in [(5, 5), (3, 7), (7, 3)] {
            let mut rng = crate::rng(1, 0);
            let values = Initialiser::Orthogonal.draw(2, rows, columns, &mut rng);
            for block in values.chunks(rows * columns) {
                let at = |i: usize, j: usize| f64::from(block[i * columns + j]);
                let (count, length) = (rows.min(columns), rows.max(columns));
                for a in 0..count {
                    for b in 0..count {
                        let product: f64 = (0..length)
                            .map(|k| {
                                if rows <= columns {
                                    at(a, k) * at(b, k)
                                } else {
                                    at(k, a) * at(k, b)
                                }
                            })
                            .sum();
                        let want = f64::from(u8::from(a == b));
                        assert!((product - want).abs() < 1e-6, "{rows}x{columns}: {product}");
                    }
                }
            }
        }
    }

    #[test]
    fn bounds_are_those_of_the_formulas() {
        let mut rng = crate::rng(2, 0);
        let largest = |values: Vec<f32>| values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let glorot = largest(Initialiser::Glorot.draw(1, 40, 56, &mut rng));
        assert!(
            glorot <= 0.25 && glorot > 0.24,
            "sqrt(6 / 96) = 0.25, got {glorot}"
        );
        let torch = largest(Initialiser::Torch.draw(4, 25, 100, &mut rng));
        assert!(
            torch <= 0.2 && torch > 0.19,
            "1 / sqrt(25) = 0.2, got {torch}"
        );
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_the_given_deviation() {
        let mut rng = crate::rng(3, 0);
        let values = Initialiser::Normal(2.0).draw(1, 100, 200, &mut rng);
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 0.05, "{mean}");
        assert!((square - 4.0).abs() < 0.15, "{square}");
    }

    #[test]
    fn identity_blocks_are_identities() {
        let values = Initialiser::Identity.draw(2, 2, 2, &mut crate::rng(0, 0));
        assert_eq!(values, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    }
}
