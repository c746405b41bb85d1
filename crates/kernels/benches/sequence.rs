//! Times forward and training calls: `cargo bench -p recurra-kernels -- [isa] [threads] [bf16]`.
//!
//! Prints one line a measurement, as comma-separated values: the median of several runs, and the
//! rate of the multiplications and additions that the equations need. With `bf16` that is timed
//! too, in turns with f32.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

mod harness;
#[path = "harness/isas.rs"]
mod isas;

use std::time::Instant;

use harness::{Arguments, median, repeat};
use isas::isas;
use recurra_kernels::{
    CellKind, Direction, Isa, KernelError, Products, SequenceBackward, SequenceForward,
    SequenceShape, Weights, sequence_backward, sequence_forward_on, sequence_forward_saving_on,
};

/// T, B, I, H.
const SHAPES: [(usize, usize, usize, usize); 8] = [
    (64, 32, 128, 256),
    (35, 20, 200, 200),
    (100, 64, 256, 512),
    (25, 128, 64, 128),
    (28, 64, 28, 128),
    (600, 50, 2, 128),
    (50, 8, 32, 64),
    (50, 1, 64, 64),
];

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments = Arguments::read();
    let (mut words, threads) = (arguments.words.clone(), arguments.threads);
    let products = match words.iter().position(|word| word == "bf16") {
        Some(index) => {
            words.remove(index);
            &Products::ALL[..]
        }
        None => &[Products::F32],
    };
    let isas = isas(&words);
    println!("cell,work,isa,products,threads,seq_len,batch_size,input_size,hidden_size,ms,gflops");
    arguments.run(|| {
        for (name, cell) in [("lstm", CellKind::PLAIN_LSTM), ("gru", CellKind::PLAIN_GRU)] {
            for (seq_len, batch_size, input_size, hidden_size) in SHAPES {
                let shape = SequenceShape {
                    seq_len,
                    batch_size,
                    input_size,
                    hidden_size,
                };
                for &isa in &isas {
                    let mut work = Work::new(cell, shape, isa);
                    work.measure(name, products, threads)?;
                }
            }
        }
        Ok(())
    })?
}

/// The arguments of all calls.
struct Work {
    cell: CellKind,
    shape: SequenceShape,
    isa: Isa,
    products: Products,
    w_ih: Vec<f32>,
    w_hh: Vec<f32>,
    vectors: Vec<f32>,
    x: Vec<f32>,
    state: Vec<f32>,
    outputs: Vec<f32>,
    final_state: Vec<f32>,
    d_x: Vec<f32>,
    d_w_ih: Vec<f32>,
    d_w_hh: Vec<f32>,
    d_vectors: Vec<f32>,
    d_state: Vec<f32>,
}

impl Work {
    fn new(cell: CellKind, shape: SequenceShape, isa: Isa) -> Work {
        let (steps, hidden_size) = (shape.seq_len * shape.batch_size, shape.hidden_size);
        let values =
            |len: usize| -> Vec<f32> { (0..len).map(|i| (i as f32).sin() * 0.1).collect() };
        let w_ih = values(cell.num_gates() * hidden_size * shape.input_size);
        let w_hh = values(cell.w_hh_len(hidden_size));
        let vectors = values(cell.num_vectors() * hidden_size);
        let x = values(steps * shape.input_size);
        let state = values(cell.num_states() * shape.batch_size * hidden_size);
        Work {
            cell,
            shape,
            isa,
            products: Products::F32,
            outputs: values(steps * hidden_size),
            final_state: state.clone(),
            d_x: x.clone(),
            d_w_ih: w_ih.clone(),
            d_w_hh: w_hh.clone(),
            d_vectors: vectors.clone(),
            d_state: state.clone(),
            w_ih,
            w_hh,
            vectors,
            x,
            state,
        }
    }

    fn forward(&mut self) -> SequenceForward<'_> {
        SequenceForward {
            cell: self.cell,
            shape: self.shape,
            direction: Direction::Forward,
            products: self.products,
            weights: Weights {
                w_ih: &self.w_ih,
                w_hh: &self.w_hh,
                vectors: &self.vectors,
            },
            x: &self.x,
            lengths: None,
            state: &self.state,
            outputs: &mut self.outputs,
            final_state: &mut self.final_state,
        }
    }

    fn infer(&mut self) -> Result<f64, KernelError> {
        let start = Instant::now();
        sequence_forward_on(self.isa, self.forward())?;
        Ok(milliseconds(start))
    }

    /// Milliseconds of the forward and of the backward pass.
    fn train(&mut self) -> Result<[f64; 2], KernelError> {
        let start = Instant::now();
        let saved = sequence_forward_saving_on(self.isa, self.forward())?;
        let forward = milliseconds(start);
        let start = Instant::now();
        sequence_backward(SequenceBackward {
            cell: self.cell,
            shape: self.shape,
            direction: Direction::Forward,
            products: self.products,
            weights: Weights {
                w_ih: &self.w_ih,
                w_hh: &self.w_hh,
                vectors: &self.vectors,
            },
            x: &self.x,
            lengths: None,
            state: &self.state,
            saved,
            d_outputs: Some(&self.outputs),
            d_final_state: None,
            d_x: Some(&mut self.d_x),
            d_w_ih: &mut self.d_w_ih,
            d_w_hh: &mut self.d_w_hh,
            d_vectors: &mut self.d_vectors,
            d_state: &mut self.d_state,
        })?;
        Ok([forward, milliseconds(start)])
    }

    /// Runs for half a second with each of `products` and prints what each pass took.
    fn measure(
        &mut self,
        cell: &str,
        products: &[Products],
        threads: usize,
    ) -> Result<(), KernelError> {
        let mut times: Vec<[Vec<f64>; 4]> = products.iter().map(|_| Default::default()).collect();
        for &products in products {
            self.products = products;
            self.train()?;
        }
        repeat(0.5 * products.len() as f64, || {
            for (&products, times) in products.iter().zip(&mut times) {
                self.products = products;
                let infer = self.infer()?;
                let [forward, backward] = self.train()?;
                let passes = [infer, forward, backward, forward + backward];
                for (times, pass) in times.iter_mut().zip(passes) {
                    times.push(pass);
                }
            }
            Ok::<_, KernelError>(())
        })?;
        let s = self.shape;
        let multiplications = s.seq_len * s.batch_size * (self.w_ih.len() + self.w_hh.len());
        // How often each weight is multiplied and added per step.
        let works = [("infer", 1), ("forward", 1), ("backward", 2), ("train", 3)];
        for (products, times) in products.iter().zip(times) {
            for ((work, passes), times) in works.into_iter().zip(times) {
                let median = median(times);
                println!(
                    "{cell},{work},{},{products},{threads},{},{},{},{},{median:.3},{:.1}",
                    self.isa,
                    s.seq_len,
                    s.batch_size,
                    s.input_size,
                    s.hidden_size,
                    (2 * passes * multiplications) as f64 / median / 1e6
                );
            }
        }
        Ok(())
    }
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
