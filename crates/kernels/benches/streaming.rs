//! Times single steps at batch 1: `cargo bench -p recurra-kernels --bench streaming -- [isa] [threads]`.
//!
//! Prints one line a measurement, as comma-separated values: the median of several runs, and
//! beside it the time that merely reading as many bytes takes, measured on a buffer of the size
//! of the weights. No step can be faster, so the last column is the share of what is possible.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

mod harness;
#[path = "harness/isas.rs"]
mod isas;

use std::hint::black_box;
use std::time::Instant;

use harness::{Arguments, median, repeat};
use isas::isas;
use recurra_kernels::{
    CellKind, Isa, KernelError, PackedCell, Precision, Step, StepShape, StepWorkspace, Weights,
    step,
};

/// I = H.
const SIZES: [usize; 4] = [128, 256, 512, 1024];

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments = Arguments::read();
    let (isas, threads) = (isas(&arguments.words), arguments.threads);
    println!("cell,precision,isa,threads,size,us,reading_us,share");
    arguments.run(|| {
        for (name, cell) in [("lstm", CellKind::PLAIN_LSTM), ("gru", CellKind::PLAIN_GRU)] {
            for size in SIZES {
                for precision in Precision::ALL {
                    for &isa in &isas {
                        let work = Work::new(isa, cell, size, precision)?;
                        let (us, reading_us) = work.measure()?;
                        println!(
                            "{name},{precision},{isa},{threads},{size},{us:.2},{reading_us:.2},{:.2}",
                            reading_us / us
                        );
                    }
                }
            }
        }
        Ok(())
    })?
}

/// A cell that steps on and on.
struct Work {
    cell: PackedCell,
    x: Vec<f32>,
    state: Vec<f32>,
    workspace: StepWorkspace,
    /// As many bytes as the weights have.
    buffer: Vec<u64>,
}

impl Work {
    fn new(
        isa: Isa,
        cell: CellKind,
        size: usize,
        precision: Precision,
    ) -> Result<Work, KernelError> {
        let mut seed = 1u32;
        let mut numbers = |len: usize| -> Vec<f32> {
            let mut next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            (0..len).map(|_| next() / (size as f32).sqrt()).collect()
        };
        let weights = cell.num_gates() * size * size;
        let cell = PackedCell::pack_on(
            isa,
            cell,
            StepShape {
                input_size: size,
                hidden_size: size,
            },
            Weights {
                w_ih: &numbers(weights),
                w_hh: &numbers(weights),
                vectors: &numbers(cell.num_vectors() * size),
            },
            precision,
        )?;
        Ok(Work {
            x: numbers(size),
            state: vec![0.0; cell.state_len()],
            workspace: StepWorkspace::new(),
            buffer: vec![1; cell.num_bytes() / 8],
            cell,
        })
    }

    /// Microseconds of a step, and of reading as many bytes; in turns, so that both meet the
    /// same machine.
    fn measure(mut self) -> Result<(f64, f64), KernelError> {
        let repeats = (20_000_000 / self.cell.num_bytes()).clamp(3, 400);
        let (mut steps, mut reads) = (Vec::new(), Vec::new());
        repeat(0.5, || {
            steps.push(time(repeats, || self.step())?);
            reads.push(time(repeats, || {
                black_box(sum(black_box(&self.buffer)));
                Ok(())
            })?);
            Ok::<_, KernelError>(())
        })?;
        Ok((median(steps), median(reads)))
    }

    fn step(&mut self) -> Result<(), KernelError> {
        let call = Step {
            cell: &self.cell,
            batch_size: 1,
            x: &self.x,
            state: &mut self.state,
            workspace: &mut self.workspace,
        };
        step(call)
    }
}

/// Reads everything, and little more.
fn sum(values: &[u64]) -> u64 {
    let (groups, _) = values.as_chunks::<32>();
    let mut sums = [0u64; 32];
    for group in groups {
        for lane in 0..32 {
            sums[lane] ^= group[lane];
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ sum)
}

/// Microseconds of one of `repeats`, after one that warms the caches.
fn time(
    repeats: usize,
    mut run: impl FnMut() -> Result<(), KernelError>,
) -> Result<f64, KernelError> {
    run()?;
    let start = Instant::now();
    for _ in 0..repeats {
        run()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / repeats as f64)
}
