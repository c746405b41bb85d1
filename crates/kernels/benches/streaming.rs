//! Times single steps at batch 1: `cargo bench -p recurra-kernels --bench streaming -- [isa] [threads]`.
//!
//! Prints one line a measurement, as comma-separated values: the median of several runs, and
//! beside it the time that merely reading as many bytes takes, measured on a buffer of the size
//! of the weights. No step can be faster, so the last column is the share of what is possible.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::hint::black_box;
use std::time::Instant;

use recurra_kernels::{
    CellKind, Isa, KernelError, PackedCell, Precision, Reset, Step, StepShape, StepWorkspace,
    Weights, step,
};

/// I = H.
const SIZES: [usize; 4] = [128, 256, 512, 1024];
/// Measurements that the median is taken of.
const SAMPLES: usize = 31;

const LSTM: CellKind = CellKind::Lstm {
    peepholes: false,
    coupled: false,
    clip: None,
};
const GRU: CellKind = CellKind::Gru {
    reset: Reset::AfterProduct,
};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut isas = Isa::available();
    isas.retain(|&isa| isa != Isa::Scalar);
    let mut threads = 1;
    // Cargo passes flags of its own.
    for argument in std::env::args().skip(1).filter(|a| !a.starts_with("--")) {
        match argument.parse() {
            Ok(number) => threads = number,
            Err(_) => isas.retain(|isa| isa.name() == argument),
        }
    }
    println!("cell,precision,isa,threads,size,us,reading_us,share");
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    pool.install(|| {
        for (name, cell) in [("lstm", LSTM), ("gru", GRU)] {
            for size in SIZES {
                for precision in Precision::ALL {
                    for &isa in &isas {
                        let work = Work::new(isa, cell, size, precision)?;
                        let (us, reading_us) = work.measure();
                        println!(
                            "{name},{precision},{isa},{threads},{size},{us:.2},{reading_us:.2},{:.2}",
                            reading_us / us
                        );
                    }
                }
            }
        }
        Ok(())
    })
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
    fn measure(mut self) -> (f64, f64) {
        let repeats = (20_000_000 / self.cell.num_bytes()).clamp(3, 400);
        let (mut steps, mut reads) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            steps.push(time(repeats, || self.step()));
            reads.push(time(repeats, || {
                black_box(sum(black_box(&self.buffer)));
            }));
        }
        (median(steps), median(reads))
    }

    fn step(&mut self) {
        let call = Step {
            cell: &self.cell,
            x: &self.x,
            state: &mut self.state,
            workspace: &mut self.workspace,
        };
        step(call).expect("the arguments have the cell's sizes");
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
fn time(repeats: usize, mut run: impl FnMut()) -> f64 {
    run();
    let start = Instant::now();
    for _ in 0..repeats {
        run();
    }
    start.elapsed().as_secs_f64() * 1e6 / repeats as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
