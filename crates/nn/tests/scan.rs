//! What holds of the cells that scan, whatever the numbers are.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use burn::optim::GradientsParams;
use burn::tensor::TensorData;
use rand::RngExt;
use recurra_nn::cell::{Candidate, InitConfig, Pooling};
use recurra_nn::weights::{self, values};
use recurra_nn::{
    AnyCell, Cell, CellName, Device, Direction, Initialiser, LayerConfig, Merge, Mode, Path,
    RecurrentNoise, StackConfig, State, Tensor, Unroll, Unrolled, rng, unroll, unroll_by_steps,
};
use recurra_testkit::{Tol, assert_close};

const INPUT_SIZE: usize = 3;
const SCANNING: [CellName; 4] = [
    CellName::MinGru,
    CellName::MinLstm,
    CellName::Sru,
    CellName::Qrnn,
];

/// Every cell with every option, `size` units wide.
fn layers(size: usize) -> Vec<LayerConfig> {
    let with = |cell: CellName, change: &dyn Fn(&mut LayerConfig)| {
        // Weights and biases that open and shut gates.
        let mut layer = LayerConfig {
            init: Some(InitConfig {
                input: Initialiser::Normal(1.5),
                bias: Initialiser::Normal(0.5),
                ..InitConfig::default()
            }),
            ..LayerConfig::new(cell, size)
        };
        change(&mut layer);
        layer
    };
    let mut layers = Vec::new();
    for cell in [CellName::MinGru, CellName::MinLstm] {
        for candidate in [Candidate::Positive, Candidate::Linear] {
            layers.push(with(cell, &|l| l.candidate = Some(candidate)));
        }
    }
    for peepholes in [false, true] {
        layers.push(with(CellName::Sru, &|l| l.peepholes = Some(peepholes)));
    }
    for (pooling, window_size) in [(Pooling::F, 1), (Pooling::Fo, 2), (Pooling::Ifo, 4)] {
        layers.push(with(CellName::Qrnn, &|l| {
            l.pooling = Some(pooling);
            l.window_size = Some(window_size);
        }));
    }
    layers
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn random<const D: usize>(shape: [usize; D], stream: u64) -> Tensor<D> {
    let mut rng = rng(5, stream);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &device())
}

fn cell(layer: &LayerConfig) -> AnyCell {
    cell_on(layer, &device())
}

fn cell_on(layer: &LayerConfig, device: &Device) -> AnyCell {
    let config = layer.cell().unwrap();
    let cell = config.build(INPUT_SIZE, &mut rng(1, 0), device).unwrap();
    let tensors = weights::export(&cell)
        .into_iter()
        .map(|mut tensor| {
            // Peepholes start at zero, where nothing would be seen of them.
            if tensor.name == "peepholes" {
                tensor.values = values(&random([tensor.values.len()], 77));
            }
            tensor
        })
        .collect();
    weights::import(cell, tensors, "test").unwrap()
}

fn state(cell: &AnyCell, batch_size: usize) -> State {
    let window = [batch_size, cell.look_back(), INPUT_SIZE];
    State {
        hidden: random([batch_size, cell.hidden_size()], 20),
        cell: cell.cell_size().map(|size| random([batch_size, size], 21)),
        window: (cell.look_back() > 0).then(|| random(window, 22)),
    }
}

fn call(lengths: Option<&[usize]>, state: Option<State>, direction: Direction) -> Unroll<'_> {
    Unroll {
        lengths,
        state,
        direction,
        noise: RecurrentNoise::default(),
        mode: Mode::Eval,
    }
}

/// Outputs and final state, one after another.
fn all(unrolled: &Unrolled) -> Vec<f32> {
    let state = &unrolled.state;
    let parts = [
        Some(values(&unrolled.outputs)),
        Some(values(&state.hidden)),
        state.cell.as_ref().map(values),
        state.window.as_ref().map(values),
    ];
    parts.into_iter().flatten().flatten().collect()
}

#[test]
fn the_scan_equals_the_loop_of_steps_forward_and_back() {
    for layer in layers(5) {
        for direction in [Direction::Forward, Direction::Backward] {
            for lengths in [None, Some(&[6, 1, 4, 0][..])] {
                for given in [false, true] {
                    println!("{layer:?} {direction:?} {lengths:?} state: {given}");
                    let run = |by_steps: bool| {
                        let cell = cell(&layer);
                        let x = random([4, 6, INPUT_SIZE], 9).require_grad();
                        let state = given.then(|| state(&cell, 4));
                        let call = call(lengths, state, direction);
                        let unrolled = if by_steps {
                            unroll_by_steps(&cell, x.clone(), call)
                        } else {
                            unroll(&cell, x.clone(), call)
                        };
                        let unrolled = unrolled.unwrap();
                        let d_hidden = random([4, 5], 31);
                        let mut loss = (unrolled.outputs.clone() * random([4, 6, 5], 30)).sum()
                            + (unrolled.state.hidden.clone() * d_hidden).sum();
                        if let Some(cell) = &unrolled.state.cell {
                            loss = loss + (cell.clone() * random([4, 5], 32)).sum();
                        }
                        let mut gradients = loss.backward();
                        let d_x = values(&x.grad_remove(&mut gradients).unwrap());
                        let gradients = GradientsParams::from_grads(gradients, &cell);
                        let d_weights: Vec<f32> = (weights::names(&cell).iter())
                            .flat_map(|(name, id)| match name.as_str() {
                                "bias" => values(&gradients.get::<1>(*id).unwrap()),
                                _ => values(&gradients.get::<2>(*id).unwrap()),
                            })
                            .collect();
                        [all(&unrolled), d_x, d_weights]
                    };
                    let (scan, steps) = (run(false), run(true));
                    for (scan, steps) in scan.iter().zip(&steps) {
                        assert_close(scan, steps, Tol::both(2e-5));
                    }
                }
            }
        }
    }
}

#[test]
fn a_step_at_a_time_gives_the_same_over_1200_steps() {
    for layer in layers(16) {
        let cell = cell_on(&layer, &Device::flex());
        let x = random::<3>([2, 1200, INPUT_SIZE], 3).inner();
        let whole = unroll(&cell, x.clone(), call(None, None, Direction::Forward)).unwrap();
        let mut state = None;
        let mut outputs = Vec::new();
        for t in 0..1200 {
            let step = call(None, state, Direction::Forward);
            let step = unroll(&cell, x.clone().narrow(1, t, 1), step).unwrap();
            state = Some(step.state);
            outputs.push(step.outputs);
        }
        let pieces = Unrolled {
            outputs: Tensor::cat(outputs, 1),
            state: state.unwrap(),
        };
        println!("{layer:?}");
        assert_close(&all(&pieces), &all(&whole), Tol::both(1e-4));
    }
}

#[test]
fn a_padded_row_gives_what_the_row_gives_alone() {
    for mut layer in layers(5) {
        layer.bidirectional = Some(Merge::Concat);
        let stack = StackConfig::uniform(layer, 2)
            .build(INPUT_SIZE, &mut rng(1, 0), &Device::flex())
            .unwrap();
        let (x, lengths) = (random::<3>([4, 7, INPUT_SIZE], 9).inner(), [7, 1, 4, 2]);
        // What stands in the padding is nobody's business.
        let padded = values(&x);
        let padded = (padded.into_iter().enumerate())
            .map(|(i, x)| {
                let (row, t) = (i / (7 * INPUT_SIZE), i / INPUT_SIZE % 7);
                if t < lengths[row] { x } else { f32::NAN }
            })
            .collect();
        let padded = TensorData::new::<f32, _>(padded, [4, 7, INPUT_SIZE]);
        let padded = Tensor::<3>::from_data(padded, &Device::flex());
        let (together, state) = stack
            .forward(padded, Some(&lengths), None, Mode::Eval)
            .unwrap();
        let last = stack.last_hidden(&state);
        for (row, length) in lengths.into_iter().enumerate() {
            let alone = x.clone().narrow(0, row, 1).narrow(1, 0, length);
            let (alone, state) = stack.forward(alone, None, None, Mode::Eval).unwrap();
            let real = together.clone().narrow(0, row, 1).narrow(1, 0, length);
            // A product's rounding depends on how many rows it has.
            assert_close(&values(&real), &values(&alone), Tol::both(1e-5));
            let last = last.clone().narrow(0, row, 1);
            let own = stack.last_hidden(&state);
            assert_close(&values(&last), &values(&own), Tol::both(1e-5));
        }
    }
}

#[test]
fn weights_go_out_and_come_back() {
    for (cell, shapes) in SCANNING.into_iter().zip([
        vec![vec![10, 3], vec![10]],
        vec![vec![15, 3], vec![15]],
        vec![vec![20, 3], vec![10], vec![2, 5]],
        vec![vec![15, 6], vec![15]],
    ]) {
        let config = StackConfig::uniform(LayerConfig::new(cell, 5), 1);
        let stack = config.build(3, &mut rng(1, 0), &Device::flex()).unwrap();
        let other = config.build(3, &mut rng(2, 0), &Device::flex()).unwrap();
        let tensors = weights::export(&stack);
        let found: Vec<_> = tensors.iter().map(|tensor| tensor.shape.clone()).collect();
        assert_eq!(found, shapes);
        let other = weights::import(other, tensors.clone(), "test").unwrap();
        assert_eq!(weights::export(&other), tensors);
        let count: usize = tensors.iter().map(|tensor| tensor.values.len()).sum();
        assert_eq!(stack.summary()[0].num_params, count);
    }
}

#[test]
fn a_summary_names_the_cell_and_its_path() {
    let names = SCANNING.map(|cell| {
        let config = StackConfig::uniform(LayerConfig::new(cell, 4), 1);
        let stack = config.build(4, &mut rng(1, 0), &Device::flex()).unwrap();
        let summary = stack.summary().remove(0);
        assert_eq!(
            (summary.training, summary.evaluation),
            (Path::Scan, Path::Scan)
        );
        summary.cell
    });
    assert_eq!(names, ["minGRU", "minLSTM", "SRU", "QRNN"]);
    let zoneout = LayerConfig {
        zoneout_hidden: Some(0.1),
        ..LayerConfig::new(CellName::MinGru, 4)
    };
    let stack = StackConfig::uniform(zoneout, 1).build(4, &mut rng(1, 0), &Device::flex());
    let summary = stack.unwrap().summary().remove(0);
    assert_eq!(summary.training, Path::Generic("zoneout"));
}

#[test]
fn an_option_of_another_cell_is_refused_by_name() {
    let refuse = |cell: CellName, change: fn(&mut LayerConfig), message: &str| {
        let mut layer = LayerConfig::new(cell, 4);
        change(&mut layer);
        let error = layer.cell().unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    for cell in SCANNING {
        refuse(
            cell,
            |l| l.recurrent_dropout = Some(0.1),
            "recurrent_dropout",
        );
        refuse(cell, |l| l.clip = Some(1.0), "clip");
        refuse(
            cell,
            |l| {
                l.init = Some(InitConfig {
                    recurrent: Some(Initialiser::Orthogonal),
                    ..InitConfig::default()
                });
            },
            "`init.recurrent` is not an option",
        );
    }
    refuse(
        CellName::Lstm,
        |l| l.candidate = Some(Candidate::Linear),
        "it belongs to `min_gru` and `min_lstm`",
    );
    refuse(
        CellName::Gru,
        |l| l.highway_scale = Some(1.0),
        "it belongs to `sru`",
    );
    refuse(
        CellName::Sru,
        |l| l.window_size = Some(2),
        "it belongs to `qrnn`",
    );
    refuse(
        CellName::MinGru,
        |l| l.forget_bias = Some(1.0),
        "`lstm`, `min_lstm`, `sru` and `qrnn`",
    );
    refuse(
        CellName::Qrnn,
        |l| l.zoneout_hidden = Some(0.1),
        "unless its pooling is `f`",
    );
    refuse(
        CellName::Qrnn,
        |l| l.window_size = Some(0),
        "`window_size`: expected 1 to 1024, got 0",
    );
}

#[test]
fn a_window_of_the_wrong_size_is_refused() {
    let cell = cell(&LayerConfig::new(CellName::Qrnn, 4));
    let x = random([2, 3, INPUT_SIZE], 1);
    let mut state = cell.zero_state(2, &x);
    state.window = Some(random([2, 3, INPUT_SIZE], 2));
    let error = unroll(&cell, x, call(None, Some(state), Direction::Forward)).unwrap_err();
    assert!(error.to_string().contains("`state.window`"), "{error}");
}
