//! Times several vectors times a packed matrix, as a beam search does:
//! `cargo bench -p recurra-kernels --bench rows -- [isa] [threads]`.
//!
//! Prints one line a measurement, as comma-separated values: the median of several runs, and the
//! rate of its multiplications and additions.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

mod harness;
#[path = "harness/isas.rs"]
mod isas;

use std::time::Instant;

use harness::{Arguments, median, repeat};
use isas::isas;
use recurra_kernels::{
    Isa, KernelError, MatrixRows, PackedMatrix, Precision, StepWorkspace, multiply_add,
};

/// Vectors, rows of the matrix, columns: a vocabulary, a readout, the gates of a cell.
const SHAPES: [[usize; 3]; 5] = [
    [320, 8000, 256],
    [64, 8000, 256],
    [320, 256, 768],
    [320, 768, 512],
    [5, 8000, 256],
];

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments = Arguments::read();
    let (isas, threads) = (isas(&arguments.words), arguments.threads);
    println!("precision,isa,threads,vectors,rows,columns,ms,gflops");
    arguments.run(|| {
        for shape in SHAPES {
            for precision in Precision::ALL {
                for &isa in &isas {
                    let ms = measure(isa, precision, shape)?;
                    let [vectors, rows, columns] = shape;
                    let gflops = 2e-6 * (vectors * rows * columns) as f64 / ms;
                    println!(
                        "{precision},{isa},{threads},{vectors},{rows},{columns},{ms:.3},{gflops:.0}"
                    );
                }
            }
        }
        Ok(())
    })?
}

/// Milliseconds of one product.
fn measure(
    isa: Isa,
    precision: Precision,
    [vectors, rows, columns]: [usize; 3],
) -> Result<f64, KernelError> {
    let values = |len: usize| -> Vec<f32> { (0..len).map(|i| (i as f32).sin() * 0.1).collect() };
    let matrix = PackedMatrix::pack_on(isa, &values(rows * columns), [rows, columns], precision)?;
    let (x, bias) = (values(vectors * columns), values(rows));
    let mut y = vec![0.0; vectors * rows];
    let mut workspace = StepWorkspace::new();
    let mut samples = Vec::new();
    repeat(0.5, || {
        let start = Instant::now();
        multiply_add(MatrixRows {
            matrix: &matrix,
            batch_size: vectors,
            x: &x,
            bias: Some(&bias),
            y: &mut y,
            workspace: &mut workspace,
        })?;
        samples.push(start.elapsed().as_secs_f64() * 1e3);
        Ok::<_, KernelError>(())
    })?;
    Ok(median(samples))
}
