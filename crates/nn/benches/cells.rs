//! Times a training step of whole sequences, cell by cell: `cargo bench -p recurra-nn`.
//!
//! Forward, a sum of the outputs, and the gradients of weights and input. Prints one line a
//! measurement, as comma-separated values: the median of several runs. `RAYON_NUM_THREADS` sets
//! the number of threads.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::time::Instant;

use burn::optim::GradientsParams;
use recurra_nn::cell::Pooling;
use recurra_nn::{
    CellName, Device, Direction, LayerConfig, Mode, NnError, RecurrentNoise, Tensor, Unroll, rng,
    unroll,
};

/// T, B, and the width of input and state.
const SHAPES: [[usize; 3]; 2] = [[784, 64, 128], [1024, 16, 256]];

fn main() -> Result<(), NnError> {
    println!("cell,seq_len,batch_size,size,ms,steps_per_second");
    for [seq_len, batch_size, size] in SHAPES {
        let mut layers: Vec<(&str, LayerConfig)> = [
            ("gru", CellName::Gru),
            ("lstm", CellName::Lstm),
            ("min_gru", CellName::MinGru),
            ("min_lstm", CellName::MinLstm),
            ("sru", CellName::Sru),
            ("qrnn_fo_2", CellName::Qrnn),
        ]
        .map(|(name, cell)| (name, LayerConfig::new(cell, size)))
        .into();
        let pooling = LayerConfig {
            pooling: Some(Pooling::F),
            window_size: Some(1),
            ..LayerConfig::new(CellName::Qrnn, size)
        };
        layers.push(("qrnn_f_1", pooling));
        let device = Device::flex().autodiff();
        for (name, layer) in layers {
            let cell = layer.cell()?.build(size, &mut rng(1, 0), &device)?;
            let mut seconds = Vec::new();
            let begin = Instant::now();
            while seconds.len() < 4 || (begin.elapsed().as_secs_f64() < 1.5 && seconds.len() < 50) {
                let x = Tensor::<3>::ones([batch_size, seq_len, size], &device).require_grad();
                let start = Instant::now();
                let call = Unroll {
                    lengths: None,
                    state: None,
                    direction: Direction::Forward,
                    noise: RecurrentNoise::default(),
                    mode: Mode::Eval,
                };
                let outputs = unroll(&cell, x, call)?.outputs;
                let gradients = outputs.sum().backward();
                std::hint::black_box(GradientsParams::from_grads(gradients, &cell));
                seconds.push(start.elapsed().as_secs_f64());
            }
            // The first run pays for memory.
            seconds.remove(0);
            seconds.sort_by(f64::total_cmp);
            let median = seconds[seconds.len() / 2];
            let rate = (seq_len * batch_size) as f64 / median;
            println!(
                "{name},{seq_len},{batch_size},{size},{:.1},{rate:.0}",
                median * 1e3
            );
        }
    }
    Ok(())
}
