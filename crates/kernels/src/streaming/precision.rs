//! What a packed weight is kept as, and how a number is rounded to it.

use std::fmt;

/// The type in which packed weights are kept; sums are taken in f32, those of int8 in integers.
///
/// Streaming reads every weight once a step, so its time is that of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floats: nothing is lost.
    F32,
    /// The upper 16 bits of a float: 8 bits of mantissa, relative error up to 2⁻⁹.
    Bf16,
    /// Integers from −127 to 127 times a scale for each row (each output of a product). Operands
    /// are rounded in the same way, with one scale for the whole vector.
    Int8,
}

impl Precision {
    /// All of them, the most exact first.
    pub const ALL: [Precision; 3] = [Precision::F32, Precision::Bf16, Precision::Int8];

    /// The name in commands and files: `f32`, `bf16`, `int8`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
            Precision::Int8 => "int8",
        }
    }

    /// The numbers that packed weights stand for: `values`, rows of `columns`, each rounded to
    /// the nearest one that this precision can hold.
    ///
    /// Rounding what has been rounded changes nothing, not a bit.
    ///
    /// # Example
    /// ```
    /// use recurra_kernels::Precision;
    /// assert_eq!(Precision::Bf16.round(&[1.0, 1.001], 2), [1.0, 1.0]);
    /// let rounded = Precision::Int8.round(&[1.0, -0.3], 2);
    /// assert!((rounded[1] + 38.0 / 127.0).abs() < 1e-4);
    /// assert_eq!(Precision::Int8.round(&rounded, 2), rounded);
    /// ```
    pub fn round(self, values: &[f32], columns: usize) -> Vec<f32> {
        match self {
            Precision::F32 => values.to_vec(),
            Precision::Bf16 => {
                let round = |&value: &f32| bf16_to_f32(f32_to_bf16(value));
                values.iter().map(round).collect()
            }
            Precision::Int8 => Int8Rows::quantize(values, columns).to_f32(),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The bits of the bf16 nearest to `value`, ties to the even one.
///
/// # Example
/// ```
/// assert_eq!(recurra_kernels::f32_to_bf16(1.0), 0x3f80);
/// ```
pub fn f32_to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        // Rounding could carry a NaN into infinity.
        return (bits >> 16) as u16 | 0x40;
    }
    let odd = (bits >> 16) & 1;
    ((bits + 0x7fff + odd) >> 16) as u16
}

/// The number that these bits of a bf16 are.
pub fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// A matrix in int8, row-major: `weight[r][k] = scales[r] · values[r][k]`.
///
/// A scale is `max |row| / 127`, rounded up to 16 significant bits. Then its product with an
/// int8 is exact in f32, and a matrix that was turned into f32 comes back as the same integers
/// and scales. A row that holds a number that is not finite has the scale NaN.
///
/// # Example
/// ```
/// let rows = recurra_kernels::Int8Rows::quantize(&[0.25, -1.0, 0.0, 0.0], 2);
/// assert_eq!(rows.values, [32, -127, 0, 0]); // 0.25 · 127 is 31.75
/// assert!((rows.scales[0] - 1.0 / 127.0).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Rows {
    /// Numbers in a row.
    pub columns: usize,
    /// `[rows, columns]`, from −127 to 127.
    pub values: Vec<i8>,
    /// `[rows]`
    pub scales: Vec<f32>,
}

impl Int8Rows {
    /// Rounds a row-major matrix; what does not fill a row is left out.
    pub fn quantize(values: &[f32], columns: usize) -> Int8Rows {
        let mut quantized = Int8Rows {
            columns,
            values: vec![0; values.len()],
            scales: Vec::new(),
        };
        if columns == 0 {
            return quantized;
        }
        let targets = quantized.values.chunks_exact_mut(columns);
        for (row, target) in values.chunks_exact(columns).zip(targets) {
            let scale = up_to_16_bits(scale_of(row));
            quantized.scales.push(scale);
            if scale > 0.0 {
                for (&value, target) in row.iter().zip(target) {
                    *target = (value / scale).round_ties_even() as i8;
                }
            }
        }
        quantized
    }

    /// The numbers that it stands for, `[rows, columns]`.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.values.len());
        let rows = self.values.chunks_exact(self.columns.max(1));
        for (row, &scale) in rows.zip(&self.scales) {
            values.extend(row.iter().map(|&q| f32::from(q) * scale));
        }
        values
    }
}

/// A vector is treated as zero when its largest number is below this: the scale would be no
/// normal number.
const LEAST: f32 = 1e-30;

/// `max |values| / 127`; zero for tiny values, NaN if one of them is not finite.
#[inline(always)]
pub(super) fn scale_of(values: &[f32]) -> f32 {
    // Sixteen maxima side by side, so that the loop becomes vector code.
    let (groups, rest) = values.as_chunks::<16>();
    let (mut most, mut poison) = ([0.0f32; 16], [0.0f32; 16]);
    for group in groups {
        for lane in 0..16 {
            most[lane] = larger(most[lane], group[lane].abs());
            // Zero, or NaN for NaN and infinity.
            poison[lane] += group[lane] * 0.0;
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        most[lane] = larger(most[lane], value.abs());
        poison[lane] += value * 0.0;
    }
    let most = most.into_iter().fold(0.0, larger);
    let poison: f32 = poison.into_iter().sum();
    let most = if most < LEAST { 0.0 } else { most };
    most / 127.0 + poison
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The least number of 16 significant bits that is not below `scale`.
fn up_to_16_bits(scale: f32) -> f32 {
    if scale.is_nan() {
        return scale;
    }
    f32::from_bits((scale.to_bits() + 0xff) & !0xff)
}

/// Rounds a vector to int8 with one scale for all of it, which is returned: `q = x / scale`,
/// ties to even. `q` may be longer than `x` and is zero there.
#[inline(always)]
pub(crate) fn quantize_operand(x: &[f32], q: &mut [i8]) -> f32 {
    let scale = scale_of(x);
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let (used, rest) = q.split_at_mut(x.len());
    for (&x, q) in x.iter().zip(used) {
        *q = round_to_int8(x * inverse);
    }
    rest.fill(0);
    scale
}

/// The nearest integer, ties to even, of a number within ±127.5.
#[inline(always)]
fn round_to_int8(x: f32) -> i8 {
    // Adding 1.5 · 2²³ leaves the nearest integer in the low bits of the mantissa.
    (x + 12_582_912.0).to_bits() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_the_nearest_and_keeps_what_is_no_number() {
        // 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷: to the even one.
        assert_eq!(bf16_to_f32(f32_to_bf16(1.0 + 1.0 / 256.0)), 1.0);
        let above = 1.0 + 3.0 / 256.0;
        assert_eq!(bf16_to_f32(f32_to_bf16(above)), 1.0 + 4.0 / 256.0);
        assert_eq!(bf16_to_f32(f32_to_bf16(f32::INFINITY)), f32::INFINITY);
        assert!(bf16_to_f32(f32_to_bf16(f32::from_bits(0x7fff_ffff))).is_nan());
        assert_eq!(
            bf16_to_f32(f32_to_bf16(-0.0)).to_bits(),
            (-0.0f32).to_bits()
        );
    }

    #[test]
    fn int8_uses_its_whole_range_in_every_row() {
        let rows = Int8Rows::quantize(&[3.0, -6.0, 1.5, 1e-3, 0.0, -1e-3], 3);
        assert_eq!(rows.values, [63, -127, 32, 127, 0, -127]);
        let back = rows.to_f32();
        assert!((back[0] - 3.0).abs() <= 0.5 * rows.scales[0]);
    }

    #[test]
    fn quantising_what_was_quantised_changes_no_bit() {
        for seed in 0..2000u32 {
            let value = |k: u32| ((seed * 7919 + k * 104_729) % 10_007) as f32 / 5003.0 - 1.0;
            let row: Vec<f32> = (0..5)
                .map(|k| value(k) * 1.1f32.powi(seed as i32 % 90))
                .collect();
            let once = Int8Rows::quantize(&row, 5);
            assert_eq!(Int8Rows::quantize(&once.to_f32(), 5), once, "{row:?}");
        }
    }

    #[test]
    fn rows_of_zeros_and_of_what_is_no_number() {
        let rows = Int8Rows::quantize(&[0.0, -0.0, f32::NAN, 1.0, f32::INFINITY, 1.0], 2);
        assert_eq!(rows.scales[0], 0.0);
        assert!(rows.scales[1].is_nan() && rows.scales[2].is_nan());
        assert_eq!(rows.to_f32()[..2], [0.0, 0.0]);
        assert!(rows.to_f32()[2..].iter().all(|x| x.is_nan()));
        assert!(Int8Rows::quantize(&[], 3).scales.is_empty());
        assert_eq!(Int8Rows::quantize(&[1e-40, 0.0], 2).scales, [0.0]);
    }

    #[test]
    fn an_operand_is_rounded_to_the_nearest_with_ties_to_even() {
        let mut q = [9; 6];
        let scale = quantize_operand(&[127.0, 2.5, -3.5, -127.0], &mut q);
        assert_eq!((scale, q), (1.0, [127, 2, -4, -127, 0, 0]));
        assert_eq!(quantize_operand(&[0.0, 1e-39], &mut [0; 2]), 0.0);
        assert!(quantize_operand(&[1.0, f32::NAN], &mut [0; 2]).is_nan());
        assert!(quantize_operand(&[f32::INFINITY], &mut [0; 1]).is_nan());
    }
}
