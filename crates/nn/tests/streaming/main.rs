//! A network one step at a time is the network over whole sequences.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

use recurra_nn::cell::ResetPlace;
use recurra_nn::streaming::{Precision, StreamWorkspace, Streamer};
use recurra_nn::weights::values;
use recurra_nn::{
    Activation, CellName, Device, LayerConfig, Linear, Merge, Mode, NnError, Stack, StackConfig,
    Tensor, rng,
};
use recurra_testkit::{Tol, assert_close};

const INPUT_SIZE: usize = 5;
const SEQ_LEN: usize = 12;

fn stack(config: &StackConfig) -> Stack {
    config
        .build(INPUT_SIZE, &mut rng(3, 0), &Device::flex())
        .unwrap()
}

fn layer(cell: CellName, change: impl FnOnce(&mut LayerConfig)) -> LayerConfig {
    let mut config = LayerConfig::new(cell, 9);
    change(&mut config);
    config
}

/// Every cell with every option that streams.
fn layers() -> Vec<LayerConfig> {
    vec![
        layer(CellName::Rnn, |_| ()),
        layer(CellName::Rnn, |c| c.activation = Some(Activation::Relu)),
        layer(CellName::IndRnn, |_| ()),
        layer(CellName::IndRnn, |c| c.activation = Some(Activation::Tanh)),
        layer(CellName::Gru, |_| ()),
        layer(CellName::Gru, |c| c.reset = Some(ResetPlace::BeforeProduct)),
        layer(CellName::Lstm, |_| ()),
        layer(CellName::Lstm, |c| c.peepholes = Some(true)),
        layer(CellName::Lstm, |c| c.coupled = Some(true)),
        layer(CellName::Lstm, |c| c.clip = Some(0.3)),
        layer(CellName::Lstm, |c| c.recurrent_dropout = Some(0.5)),
    ]
}

/// `[SEQ_LEN, INPUT_SIZE]` numbers that are neither small nor regular.
fn frames() -> Vec<f32> {
    (0..SEQ_LEN * INPUT_SIZE)
        .map(|k| ((k * k + 3 * k) as f32 * 0.37).sin())
        .collect()
}

/// The outputs of all steps, by the stack over the whole sequence.
fn batch(stack: &Stack, head: Option<&Linear>) -> Vec<f64> {
    let x = Tensor::<1>::from_floats(frames().as_slice(), &Device::flex());
    let x = x.reshape([1, SEQ_LEN, INPUT_SIZE]);
    let (outputs, _) = stack.forward(x, None, None, Mode::Eval).unwrap();
    let outputs = match head {
        Some(head) => head.forward(outputs),
        None => outputs,
    };
    values(&outputs).into_iter().map(f64::from).collect()
}

/// The same, one step after another.
fn streamed(streamer: &Streamer) -> Vec<f32> {
    let (mut state, mut workspace) = (streamer.zero_state(), StreamWorkspace::new());
    let mut outputs = vec![0.0; SEQ_LEN * streamer.output_size()];
    let steps = outputs.chunks_exact_mut(streamer.output_size());
    for (frame, output) in frames().chunks_exact(INPUT_SIZE).zip(steps) {
        streamer
            .step(frame, &mut state, output, &mut workspace)
            .unwrap();
    }
    outputs
}

#[track_caller]
fn streaming_is_batch(config: &StackConfig) {
    let stack = stack(config);
    let head = Linear::new(stack.output_size(), 4, &mut rng(4, 0), &Device::flex());
    for head in [None, Some(&head)] {
        let streamer = Streamer::new(&stack, head, Precision::F32).unwrap();
        let tol = Tol {
            rel: 0.0,
            abs: 1e-5,
        };
        assert_close(&streamed(&streamer), &batch(&stack, head), tol);
    }
}

#[test]
fn every_cell_and_option_streams_what_it_computes_in_batches() {
    for layer in layers() {
        streaming_is_batch(&StackConfig::uniform(layer.clone(), 1));
        streaming_is_batch(&StackConfig::uniform(layer, 3));
    }
}

#[test]
fn what_stands_between_layers_streams_too() {
    let layer = LayerConfig::new(CellName::Gru, 7);
    let uniform = StackConfig::uniform(layer, 3);
    streaming_is_batch(&StackConfig {
        dropout: 0.4,
        layer_norm: true,
        ..uniform.clone()
    });
    streaming_is_batch(&StackConfig {
        residual_from: Some(2),
        ..uniform.clone()
    });
    streaming_is_batch(&StackConfig {
        highway_from: Some(2),
        layer_norm: true,
        ..uniform
    });
    let unlike = StackConfig {
        layers: vec![
            LayerConfig::new(CellName::Lstm, 6),
            LayerConfig::new(CellName::IndRnn, 11),
            LayerConfig::new(CellName::Gru, 3),
        ],
        ..StackConfig::default()
    };
    streaming_is_batch(&unlike);
}

#[test]
fn fewer_bits_stay_near() {
    for cell in [CellName::Lstm, CellName::Gru, CellName::Rnn] {
        let stack = stack(&StackConfig::uniform(LayerConfig::new(cell, 32), 2));
        let exact = batch(&stack, None);
        for (precision, abs) in [(Precision::Bf16, 0.02), (Precision::Int8, 0.05)] {
            let streamer = Streamer::new(&stack, None, precision).unwrap();
            assert_close(&streamed(&streamer), &exact, Tol { rel: 0.0, abs });
        }
    }
}

#[test]
fn a_copied_state_goes_on_from_the_same_place() {
    let stack = stack(&StackConfig::uniform(
        LayerConfig::new(CellName::Lstm, 9),
        2,
    ));
    let streamer = Streamer::new(&stack, None, Precision::Int8).unwrap();
    let (mut state, mut workspace) = (streamer.zero_state(), StreamWorkspace::new());
    let mut go = |state: &mut _, x: f32| {
        let mut output = vec![0.0; 9];
        streamer
            .step(&[x; INPUT_SIZE], state, &mut output, &mut workspace)
            .unwrap();
        output
    };
    go(&mut state, 0.5);
    let mut copy = state.clone();
    let first = go(&mut state, 0.25);
    go(&mut state, -1.0);
    assert_eq!(go(&mut copy, 0.25), first);
    copy.reset();
    assert_eq!(copy, streamer.zero_state());
}

#[test]
fn what_cannot_stream_is_refused_by_name() {
    let refused = |config: LayerConfig| {
        let stack = stack(&StackConfig::uniform(config, 2));
        Streamer::new(&stack, None, Precision::F32)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(layer(CellName::Gru, |c| c.bidirectional = Some(Merge::Sum))),
        "layer 1 cannot read step by step, as streaming and weights in fewer bits need: it reads backward too, so its first output waits for the last input"
    );
    assert_eq!(
        refused(layer(CellName::Lstm, |c| c.zoneout_cell = Some(0.1))),
        "layer 1 cannot read step by step, as streaming and weights in fewer bits need: there is no kernel for single steps with `zoneout`"
    );
}

#[test]
fn wrong_sizes_are_errors() {
    let stack = stack(&StackConfig::uniform(LayerConfig::new(CellName::Gru, 4), 1));
    let streamer = Streamer::new(&stack, None, Precision::F32).unwrap();
    let (mut state, mut workspace) = (streamer.zero_state(), StreamWorkspace::new());
    let error = streamer.step(&[0.0; 4], &mut state, &mut [0.0; 4], &mut workspace);
    assert_eq!(
        error.unwrap_err().to_string(),
        "Streamer::step: `input` should be 5, got 4"
    );
    let error = streamer.step(&[0.0; 5], &mut state, &mut [0.0; 3], &mut workspace);
    assert!(matches!(error, Err(NnError::Shape { arg: "output", .. })));
}

#[test]
fn no_step_allocates() {
    if recurra_nn::Isa::active() == recurra_nn::Isa::Scalar {
        return; // the oracle does
    }
    let config = StackConfig {
        highway_from: Some(2),
        layer_norm: true,
        ..StackConfig::uniform(LayerConfig::new(CellName::Lstm, 12), 3)
    };
    let stack = stack(&config);
    let head = Linear::new(12, 4, &mut rng(4, 0), &Device::flex());
    for precision in Precision::ALL {
        let streamer = Streamer::new(&stack, Some(&head), precision).unwrap();
        let (mut state, mut workspace) = (streamer.zero_state(), StreamWorkspace::new());
        let mut output = [0.0; 4];
        let mut go = || {
            let frame = [0.5; INPUT_SIZE];
            streamer
                .step(&frame, &mut state, &mut output, &mut workspace)
                .unwrap();
        };
        go();
        let counted = allocation_counter::measure(|| (0..10).for_each(|_| go()));
        assert_eq!(counted.count_total, 0);
    }
}
