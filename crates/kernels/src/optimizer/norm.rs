//! The sum of squares that clipping by the global norm needs.

use rayon::prelude::*;

use crate::arch::Work;
use crate::{Isa, KernelError, scalar};

/// `Σ x²` in f64, in an order that does not depend on the number of threads.
///
/// # Example
/// ```
/// assert_eq!(recurra_kernels::sum_of_squares(&[3.0, 4.0]), 25.0);
/// ```
pub fn sum_of_squares(values: &[f32]) -> f64 {
    match sum_of_squares_on(Isa::active(), values) {
        Ok(sum) => sum,
        Err(_) => unreachable!("the active instruction set is available"),
    }
}

/// [`sum_of_squares`] on a chosen instruction set.
///
/// # Errors
/// [`KernelError::IsaUnavailable`]
pub fn sum_of_squares_on(isa: Isa, values: &[f32]) -> Result<f64, KernelError> {
    /// Values that are added up before their sum is added to others.
    const PART: usize = 1 << 14;
    let Some(machine) = isa.path("sum_of_squares")? else {
        return Ok(scalar::sum_of_squares(values));
    };
    let of_part = |values: &[f32]| {
        let mut total = 0.0;
        machine.run(Squares {
            values,
            total: &mut total,
        });
        total
    };
    let totals: Vec<f64> = if values.len() <= PART {
        vec![of_part(values)]
    } else {
        values.par_chunks(PART).map(of_part).collect()
    };
    Ok(totals.into_iter().sum())
}

struct Squares<'a> {
    values: &'a [f32],
    total: &'a mut f64,
}

impl Work for Squares<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        const LANES: usize = 16;
        let mut sums = [0.0; LANES];
        let (chunks, rest) = self.values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                let x = f64::from(chunk[lane]);
                sums[lane] += x * x;
            }
        }
        for (&x, sum) in rest.iter().zip(&mut sums) {
            *sum += f64::from(x) * f64::from(x);
        }
        *self.total = sums.into_iter().sum();
    }
}
