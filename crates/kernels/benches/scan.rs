//! Times scans: `cargo bench -p recurra-kernels --bench scan -- [isa] [threads]`.
//!
//! Prints one line a measurement, as comma-separated values: the median of several runs, and the
//! nanoseconds for each product. The products of the input are not in it.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

mod harness;
#[path = "harness/isas.rs"]
mod isas;

use std::time::Instant;

use harness::{Arguments, median, repeat};
use isas::isas;
use recurra_kernels::{
    Candidate, Direction, Highway, Isa, KernelError, Pooling, ScanBackward, ScanForward, ScanKind,
    ScanShape, scan_backward_on, scan_forward_on,
};

/// T, B, H.
const SHAPES: [(usize, usize, usize); 4] =
    [(784, 64, 128), (1024, 16, 256), (8192, 1, 64), (50, 8, 64)];

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let candidate = Candidate::Positive;
    let sru = |peepholes| ScanKind::Sru {
        peepholes,
        highway: Highway::Input,
        scale: 1.0,
    };
    let qrnn = |pooling| ScanKind::Qrnn { pooling };
    let cells = [
        ("min_gru", ScanKind::MinGru { candidate }),
        ("min_lstm", ScanKind::MinLstm { candidate }),
        ("sru", sru(true)),
        ("sru_linear", sru(false)),
        ("qrnn_f", qrnn(Pooling::F)),
        ("qrnn_fo", qrnn(Pooling::Fo)),
        ("qrnn_ifo", qrnn(Pooling::Ifo)),
    ];
    let arguments = Arguments::read();
    let (isas, threads) = (isas(&arguments.words), arguments.threads);
    println!("cell,work,isa,threads,seq_len,batch_size,hidden_size,ms,ns_per_product");
    arguments.run(|| {
        for (name, cell) in cells {
            for (seq_len, batch_size, hidden_size) in SHAPES {
                let shape = ScanShape {
                    seq_len,
                    batch_size,
                    hidden_size,
                };
                for &isa in &isas {
                    let mut work = Work::new(cell, shape, isa);
                    work.measure(name, "forward", threads, Work::forward)?;
                    work.measure(name, "backward", threads, Work::backward)?;
                }
            }
        }
        Ok(())
    })?
}

/// The arguments of all calls.
struct Work {
    cell: ScanKind,
    shape: ScanShape,
    isa: Isa,
    products: Vec<f32>,
    vectors: Vec<f32>,
    skip: Option<Vec<f32>>,
    state: Vec<f32>,
    outputs: Vec<f32>,
    cells: Vec<f32>,
    final_state: Vec<f32>,
    d_products: Vec<f32>,
    d_vectors: Vec<f32>,
    d_skip: Option<Vec<f32>>,
}

impl Work {
    fn new(cell: ScanKind, shape: ScanShape, isa: Isa) -> Work {
        let values = |len: usize| -> Vec<f32> { (0..len).map(|i| (i as f32).sin()).collect() };
        let rows = shape.batch_size * shape.hidden_size;
        let steps = shape.seq_len * rows;
        let vectors = values(cell.num_vectors() * shape.hidden_size);
        let state = values(cell.num_states() * rows);
        let skip = cell.reads_skip().then(|| values(steps));
        Work {
            cell,
            shape,
            isa,
            products: values(cell.num_gates() * steps),
            outputs: values(steps),
            cells: values(steps),
            final_state: state.clone(),
            d_products: values(cell.num_gates() * steps),
            d_vectors: vectors.clone(),
            d_skip: skip.clone(),
            vectors,
            skip,
            state,
        }
    }

    fn forward(&mut self) -> Result<(), KernelError> {
        scan_forward_on(
            self.isa,
            ScanForward {
                cell: self.cell,
                shape: self.shape,
                direction: Direction::Forward,
                products: &self.products,
                vectors: &self.vectors,
                skip: self.skip.as_deref(),
                lengths: None,
                state: &self.state,
                outputs: &mut self.outputs,
                cells: (self.cell.num_states() > 1).then_some(&mut self.cells),
                final_state: &mut self.final_state,
            },
        )
    }

    fn backward(&mut self) -> Result<(), KernelError> {
        scan_backward_on(
            self.isa,
            ScanBackward {
                cell: self.cell,
                shape: self.shape,
                direction: Direction::Forward,
                products: &self.products,
                vectors: &self.vectors,
                skip: self.skip.as_deref(),
                lengths: None,
                state: &self.state,
                cells: &self.cells,
                d_outputs: Some(&self.outputs),
                d_final_state: None,
                d_products: &mut self.d_products,
                d_vectors: &mut self.d_vectors,
                d_skip: self.d_skip.as_deref_mut(),
                d_state: &mut self.final_state,
            },
        )
    }

    fn measure(
        &mut self,
        cell: &str,
        work: &str,
        threads: usize,
        run: fn(&mut Work) -> Result<(), KernelError>,
    ) -> Result<(), KernelError> {
        run(self)?;
        let mut seconds = Vec::new();
        repeat(0.3, || {
            let start = Instant::now();
            run(self)?;
            seconds.push(start.elapsed().as_secs_f64());
            Ok::<_, KernelError>(())
        })?;
        let median = median(seconds);
        let s = self.shape;
        println!(
            "{cell},{work},{},{threads},{},{},{},{:.3},{:.3}",
            self.isa,
            s.seq_len,
            s.batch_size,
            s.hidden_size,
            median * 1e3,
            median * 1e9 / self.products.len() as f64
        );
        Ok(())
    }
}
