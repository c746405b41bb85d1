//! What holds of every cell and stack, whatever the numbers are.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use burn::tensor::{DType, TensorData};
use rand::RngExt;
use recurra_nn::cell::ResetPlace;
use recurra_nn::weights::values;
use recurra_nn::{
    Activation, AnyCell, CellName, Device, Direction, LayerConfig, Merge, Mode, Path,
    RecurrentNoise, Stack, StackConfig, Tensor, Unroll, Unrolled, rng, unroll, unroll_by_steps,
};
use recurra_testkit::{Tol, assert_close};

const INPUT_SIZE: usize = 3;

fn random<const D: usize>(shape: [usize; D], stream: u64) -> Tensor<D> {
    let mut rng = rng(5, stream);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// Every recurrence that a fused kernel exists for, and one option of each.
fn fused_layers() -> Vec<LayerConfig> {
    let size = 7;
    let lstm = LayerConfig::new(CellName::Lstm, size);
    vec![
        LayerConfig::new(CellName::Rnn, size),
        LayerConfig {
            activation: Some(Activation::Relu),
            ..LayerConfig::new(CellName::Rnn, size)
        },
        LayerConfig::new(CellName::IndRnn, size),
        LayerConfig {
            activation: Some(Activation::Tanh),
            ..LayerConfig::new(CellName::IndRnn, size)
        },
        LayerConfig::new(CellName::Gru, size),
        LayerConfig {
            reset: Some(ResetPlace::BeforeProduct),
            ..LayerConfig::new(CellName::Gru, size)
        },
        lstm.clone(),
        LayerConfig {
            coupled: Some(true),
            ..lstm.clone()
        },
        LayerConfig {
            peepholes: Some(true),
            clip: Some(0.3),
            ..lstm
        },
    ]
}

/// Layers that only the loop of steps can run.
fn generic_layers() -> Vec<(LayerConfig, &'static str)> {
    let lstm = LayerConfig::new(CellName::Lstm, 7);
    let with = |change: fn(&mut LayerConfig)| {
        let mut layer = lstm.clone();
        change(&mut layer);
        layer
    };
    vec![
        (with(|l| l.proj_size = Some(4)), "proj_size"),
        (with(|l| l.layer_norm = Some(true)), "layer_norm"),
        (with(|l| l.cell_clip = Some(0.2)), "cell_clip"),
        (
            with(|l| l.gate_activation = Some(Activation::HardSigmoid)),
            "gate_activation",
        ),
        (
            with(|l| l.candidate_activation = Some(Activation::Softsign)),
            "candidate_activation",
        ),
        (
            with(|l| l.output_activation = Some(Activation::Relu)),
            "output_activation",
        ),
        (with(|l| l.zoneout_hidden = Some(0.1)), "zoneout"),
        (with(|l| l.zoneout_cell = Some(0.1)), "zoneout"),
    ]
}

fn all_layers() -> Vec<LayerConfig> {
    let generic = generic_layers().into_iter().map(|(layer, _)| layer);
    fused_layers().into_iter().chain(generic).collect()
}

fn build(layer: &LayerConfig, num_layers: usize) -> Stack {
    StackConfig::uniform(layer.clone(), num_layers)
        .build(INPUT_SIZE, &mut rng(1, 0), &Device::flex())
        .unwrap()
}

fn cell(layer: &LayerConfig) -> AnyCell {
    layer
        .cell()
        .unwrap()
        .build(INPUT_SIZE, &mut rng(1, 0), &Device::flex())
        .unwrap()
}

fn call(lengths: Option<&[usize]>, direction: Direction) -> Unroll<'_> {
    Unroll {
        lengths,
        state: None,
        direction,
        noise: RecurrentNoise::default(),
        mode: Mode::Eval,
    }
}

fn assert_same(a: &Unrolled, b: &Unrolled, tol: Tol) {
    assert_close(&values(&a.outputs), &values(&b.outputs), tol);
    assert_close(&values(&a.state.hidden), &values(&b.state.hidden), tol);
    if let (Some(a), Some(b)) = (&a.state.cell, &b.state.cell) {
        assert_close(&values(a), &values(b), tol);
    }
}

#[test]
fn the_fused_kernel_equals_the_loop_of_steps() {
    let lengths = [6, 1, 4, 0];
    for layer in fused_layers() {
        let cell = cell(&layer);
        for direction in [Direction::Forward, Direction::Backward] {
            for lengths in [None, Some(&lengths[..])] {
                let x = random([4, 6, INPUT_SIZE], 9);
                let fused = unroll(&cell, x.clone(), call(lengths, direction)).unwrap();
                let steps = unroll_by_steps(&cell, x, call(lengths, direction)).unwrap();
                println!("{layer:?} {direction:?} {lengths:?}");
                assert_same(&fused, &steps, Tol::both(2e-6));
            }
        }
    }
}

#[test]
fn a_summary_names_the_option_that_keeps_a_layer_off_the_fused_path() {
    for layer in fused_layers() {
        assert_eq!(build(&layer, 1).summary()[0].training, Path::Fused);
    }
    for (layer, option) in generic_layers() {
        let summary = build(&layer, 1).summary();
        assert_eq!(summary[0].training, Path::Generic(option));
        assert_eq!(summary[0].evaluation, Path::Generic(option));
    }
    let dropped = LayerConfig {
        recurrent_dropout: Some(0.2),
        ..LayerConfig::new(CellName::Gru, 4)
    };
    let summary = build(&dropped, 1).summary();
    assert_eq!(summary[0].training, Path::Generic("recurrent_dropout"));
    assert_eq!(summary[0].evaluation, Path::Fused);
}

#[test]
fn a_padded_row_is_the_row_run_alone() {
    let lengths = [3, 6, 1];
    let x = random([3, 6, INPUT_SIZE], 2);
    for layer in all_layers() {
        let layer = LayerConfig {
            bidirectional: Some(Merge::Concat),
            ..layer
        };
        let stack = build(&layer, 2);
        let (outputs, state) = stack
            .forward(x.clone(), Some(&lengths), None, Mode::Eval)
            .unwrap();
        let last = values(&stack.last_hidden(&state));
        let width = stack.output_size();
        for (row, &length) in lengths.iter().enumerate() {
            let alone = x.clone().narrow(0, row, 1).narrow(1, 0, length);
            let (own, own_state) = stack.forward(alone, None, None, Mode::Eval).unwrap();
            let padded = values(&outputs.clone().narrow(0, row, 1));
            let (real, padding) = padded.split_at(length * width);
            println!("{layer:?} row {row}");
            assert_close(real, &values(&own), Tol::both(1e-6));
            assert!(padding.iter().all(|&v| v == 0.0), "padding is silent");
            let own_last = values(&stack.last_hidden(&own_state));
            assert_close(
                &last[row * width..(row + 1) * width],
                &own_last,
                Tol::both(1e-6),
            );
        }
    }
}

#[test]
fn what_stands_in_the_padding_does_not_matter() {
    let lengths = [2, 5];
    let x = random([2, 5, INPUT_SIZE], 3);
    let mut other = values(&x);
    for value in &mut other[2 * INPUT_SIZE..5 * INPUT_SIZE] {
        *value = 1000.0;
    }
    let other = Tensor::from_data(TensorData::new(other, [2, 5, INPUT_SIZE]), &Device::flex());
    for layer in all_layers() {
        let stack = StackConfig {
            residual_from: Some(2),
            ..StackConfig::uniform(layer, 2)
        }
        .build(INPUT_SIZE, &mut rng(1, 0), &Device::flex())
        .unwrap();
        let run = |x: Tensor<3>| {
            let (outputs, state) = stack.forward(x, Some(&lengths), None, Mode::Eval).unwrap();
            (values(&outputs), values(&stack.last_hidden(&state)))
        };
        assert_eq!(run(x.clone()), run(other.clone()));
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let x = random([3, 5, INPUT_SIZE], 4);
    let swapped = x.clone().flip([0]);
    for layer in all_layers() {
        let stack = build(&layer, 1);
        let run = |x: Tensor<3>, lengths: &[usize]| {
            let (outputs, _) = stack.forward(x, Some(lengths), None, Mode::Eval).unwrap();
            outputs
        };
        let straight = run(x.clone(), &[5, 2, 4]);
        let back = run(swapped.clone(), &[4, 2, 5]).flip([0]);
        assert_close(&values(&back), &values(&straight), Tol::both(1e-6));
    }
}

#[test]
fn two_halves_with_the_state_between_them_are_the_whole() {
    let x = random([2, 8, INPUT_SIZE], 6);
    for layer in all_layers() {
        let stack = build(&layer, 2);
        let (whole, whole_state) = stack.forward(x.clone(), None, None, Mode::Eval).unwrap();
        let half = |from: usize, state| {
            let x = x.clone().narrow(1, from, 4);
            stack.forward(x, None, state, Mode::Eval).unwrap()
        };
        let (first, state) = half(0, None);
        let (second, state) = half(4, Some(state.detach()));
        let joined = values(&Tensor::cat(vec![first, second], 1));
        assert_close(&joined, &values(&whole), Tol::both(1e-6));
        let (a, b) = (stack.last_hidden(&state), stack.last_hidden(&whole_state));
        assert_close(&values(&a), &values(&b), Tol::both(1e-6));
    }
}

#[test]
fn a_detached_state_stops_the_gradient() {
    let device = Device::flex().autodiff();
    for layer in [CellName::Lstm, CellName::Gru].map(|cell| LayerConfig::new(cell, 4)) {
        let stack = StackConfig::uniform(layer, 1)
            .build(INPUT_SIZE, &mut rng(1, 0), &device)
            .unwrap();
        let early = Tensor::from_data(random([1, 3, INPUT_SIZE], 1).into_data(), &device);
        let late = Tensor::from_data(random([1, 3, INPUT_SIZE], 2).into_data(), &device);
        for cut in [false, true] {
            let early = early.clone().require_grad();
            let (_, state) = stack
                .forward(early.clone(), None, None, Mode::Eval)
                .unwrap();
            let state = if cut { state.detach() } else { state };
            let (outputs, _) = stack
                .forward(late.clone(), None, Some(state), Mode::Eval)
                .unwrap();
            let gradients = outputs.sum().backward();
            let reached = early
                .grad(&gradients)
                .is_some_and(|g| values(&g).iter().any(|&v| v != 0.0));
            assert_eq!(reached, !cut);
        }
    }
}

#[test]
fn recurrent_dropout_drops_the_same_units_at_every_step() {
    // With identity weights and no input a unit that is not dropped doubles at every
    // step (p = 0.5), and one that is dropped becomes zero at once and stays.
    let layer = LayerConfig {
        activation: Some(Activation::Relu),
        recurrent_dropout: Some(0.5),
        init: Some(recurra_nn::cell::InitConfig {
            input: recurra_nn::Initialiser::Constant(0.0),
            recurrent: Some(recurra_nn::Initialiser::Identity),
            bias: recurra_nn::Initialiser::Constant(0.0),
        }),
        ..LayerConfig::new(CellName::Rnn, 64)
    };
    let stack = build(&layer, 1);
    let x = Tensor::zeros([1, 3, INPUT_SIZE], &Device::flex());
    let ones = recurra_nn::State {
        hidden: Tensor::ones([1, 64], &Device::flex()),
        cell: None,
        window: None,
    };
    let state = recurra_nn::StackState {
        layers: vec![recurra_nn::LayerState {
            forward: ones,
            backward: None,
        }],
    };
    let mut draw = rng(3, 0);
    let (outputs, _) = stack
        .forward(x, None, Some(state), Mode::train(&mut draw))
        .unwrap();
    let outputs = values(&outputs);
    let (first, third) = (&outputs[..64], &outputs[128..]);
    let kept = first.iter().filter(|&&v| v == 2.0).count();
    assert!((16..=48).contains(&kept), "about half are kept, got {kept}");
    for (first, third) in first.iter().zip(third) {
        assert_eq!(*third, if *first == 0.0 { 0.0 } else { 8.0 });
    }
}

#[test]
fn zoneout_keeps_old_values_while_training() {
    let layer = LayerConfig {
        zoneout_hidden: Some(0.5),
        ..LayerConfig::new(CellName::Gru, 200)
    };
    let stack = build(&layer, 1);
    let x = random([1, 1, INPUT_SIZE], 8);
    let (outputs, _) = stack
        .forward(x, None, None, Mode::train(&mut rng(2, 0)))
        .unwrap();
    // The old value is the zero of the initial state.
    let kept = values(&outputs).iter().filter(|&&v| v == 0.0).count();
    assert!((70..=130).contains(&kept), "about half of 200, got {kept}");
}

#[test]
fn dropout_keeps_the_mean_and_acts_only_in_training() {
    let x = Tensor::<2>::ones([100, 100], &Device::flex());
    let same = recurra_nn::dropout(x.clone(), 0.4, Mode::Eval);
    assert_eq!(values(&same), values(&x));
    let thinned = recurra_nn::dropout(x, 0.4, Mode::train(&mut rng(1, 1)));
    let thinned = values(&thinned);
    let dropped = thinned.iter().filter(|&&v| v == 0.0).count();
    assert!((3800..4200).contains(&dropped), "{dropped}");
    let mean = thinned.iter().sum::<f32>() / 10_000.0;
    assert!((mean - 1.0).abs() < 0.03, "{mean}");
}

#[test]
fn a_clipped_cell_state_stays_within_its_bound() {
    // With an open input gate and a candidate of one, c grows by almost one a step;
    // bounded to 1.5, the third step shows o tanh(1.5).
    let layer = LayerConfig {
        cell_clip: Some(1.5),
        forget_bias: Some(20.0),
        init: Some(recurra_nn::cell::InitConfig {
            input: recurra_nn::Initialiser::Constant(0.0),
            recurrent: Some(recurra_nn::Initialiser::Constant(0.0)),
            bias: recurra_nn::Initialiser::Constant(20.0),
        }),
        ..LayerConfig::new(CellName::Lstm, 1)
    };
    let stack = build(&layer, 1);
    let x = Tensor::zeros([1, 3, INPUT_SIZE], &Device::flex());
    let (outputs, state) = stack.forward(x, None, None, Mode::Eval).unwrap();
    let want = [1.0_f64.tanh(), 1.5_f64.tanh(), 1.5_f64.tanh()];
    assert_close(&values(&outputs), &want, Tol::both(1e-6));
    let cell = state.layers[0].forward.cell.as_ref().unwrap();
    assert_close(&values(cell), &[1.5], Tol::both(1e-6));
}

#[test]
fn unlike_cells_stack() {
    let config = StackConfig {
        layers: vec![
            LayerConfig::new(CellName::Gru, 5),
            LayerConfig {
                bidirectional: Some(Merge::Concat),
                backward: Some(Box::new(LayerConfig::new(CellName::Rnn, 2))),
                ..LayerConfig::new(CellName::Lstm, 4)
            },
            LayerConfig::new(CellName::IndRnn, 3),
        ],
        ..StackConfig::default()
    };
    let stack = config
        .build(INPUT_SIZE, &mut rng(1, 0), &Device::flex())
        .unwrap();
    let (outputs, _) = stack
        .forward(random([2, 4, INPUT_SIZE], 1), None, None, Mode::Eval)
        .unwrap();
    assert_eq!(outputs.dims(), [2, 4, 3]);
    let sizes: Vec<_> = stack
        .summary()
        .iter()
        .map(|layer| (layer.cell, layer.input_size, layer.output_size))
        .collect();
    assert_eq!(sizes, [("GRU", 3, 5), ("LSTM", 5, 6), ("IndRNN", 6, 3)]);
}

#[test]
fn gradients_of_the_loop_of_steps_are_those_of_central_differences() {
    for layer in all_layers() {
        let device = Device::flex().autodiff();
        let cell = layer
            .cell()
            .unwrap()
            .build(2, &mut rng(1, 0), &device)
            .unwrap();
        let cell = in_f64(cell);
        let noise = layer.noise().unwrap();
        let loss = |x: &[f64]| {
            let x = Tensor::<3>::from_data(
                TensorData::new(x.to_vec(), [2, 3, 2]),
                (&device, DType::F64),
            )
            .require_grad();
            let call = Unroll {
                lengths: Some(&[3, 2]),
                state: None,
                direction: Direction::Backward,
                noise,
                mode: Mode::Eval,
            };
            let unrolled = unroll(&cell, x.clone(), call).unwrap();
            let loss =
                (unrolled.outputs.clone() * unrolled.outputs).sum() + unrolled.state.hidden.sum();
            (x, loss)
        };
        let point: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.17 - 0.9).collect();
        let (x, value) = loss(&point);
        let mut gradients = value.backward();
        let gradient = x
            .grad_remove(&mut gradients)
            .unwrap()
            .try_to_vec_as::<f64>()
            .unwrap();
        println!("{layer:?}");
        recurra_testkit::gradcheck(
            |x| loss(x).1.into_scalar::<f64>(),
            &point,
            &gradient,
            Tol::both(1e-7),
        );
    }
}

fn in_f64(cell: AnyCell) -> AnyCell {
    use burn::module::{Module, ModuleMapper, Param};
    struct Widen;
    impl ModuleMapper for Widen {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.inner().cast(DType::F64))
        }
    }
    cell.map(&mut Widen)
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let stack = build(&LayerConfig::new(CellName::Lstm, 4), 1);
    let refused = |shape: [usize; 3], lengths: Option<&[usize]>| {
        stack
            .forward(random(shape, 0), lengths, None, Mode::Eval)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused([2, 3, 4], None),
        "unroll: `x` should be [batch > 0, seq_len > 0, 3], got [2, 3, 4]"
    );
    assert_eq!(
        refused([2, 3, 3], Some(&[3])),
        "unroll: `lengths` should be 2, got 1"
    );
    assert_eq!(
        refused([2, 3, 3], Some(&[3, 4])),
        "unroll: `lengths` should be at most seq_len = 3 each, got 4"
    );
}

#[test]
fn an_option_that_a_cell_does_not_have_is_refused_by_name() {
    let refused = |layer: LayerConfig| layer.cell().unwrap_err().to_string();
    assert_eq!(
        refused(LayerConfig {
            peepholes: Some(true),
            ..LayerConfig::new(CellName::Gru, 4)
        }),
        "`peepholes` is not an option of `gru`; it belongs to `lstm` and `sru`"
    );
    assert_eq!(
        refused(LayerConfig {
            proj_size: Some(4),
            ..LayerConfig::new(CellName::Lstm, 4)
        }),
        "`proj_size`: expected 1 to 3 (below hidden_size), got 4"
    );
    assert_eq!(
        refused(LayerConfig::new(CellName::Rnn, 0)),
        "`hidden_size`: expected at least 1, got 0"
    );
    let refused = |change: fn(&mut StackConfig)| {
        let mut config = StackConfig::uniform(LayerConfig::new(CellName::Gru, 4), 2);
        change(&mut config);
        config
            .build(INPUT_SIZE, &mut rng(0, 0), &Device::flex())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(|c| c.dropout = 1.0),
        "`dropout`: expected a probability in [0, 1), got 1"
    );
    assert_eq!(
        refused(|c| c.residual_from = Some(3)),
        "`residual_from`: expected a layer from 1 to 2, got 3"
    );
    assert!(refused(|c| c.highway_from = Some(1)).contains("input 3, output 4"));
    assert!(refused(|c| c.layers.push(LayerConfig::new(CellName::Rnn, 2))).contains("both"));
}
