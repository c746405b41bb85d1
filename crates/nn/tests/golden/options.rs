//! ONNX Runtime, Keras, and plain f64 references for what no peer has.

use super::case::{StackCase, close, device, lengths, tensor};
use burn::tensor::TensorData;
use recurra_nn::cell::ResetPlace;
use recurra_nn::weights::{self, NamedTensor, values};
use recurra_nn::{
    Activation, CellName, Direction, LayerConfig, Merge, Mode, RecurrentNoise, StackConfig, State,
    Tensor, Unroll, rng, unroll,
};
use recurra_testkit::Golden;

pub(crate) const HIDDEN_SIZE: usize = 5;

fn lstm() -> LayerConfig {
    LayerConfig::new(CellName::Lstm, HIDDEN_SIZE)
}

fn gru() -> LayerConfig {
    LayerConfig::new(CellName::Gru, HIDDEN_SIZE)
}

pub(crate) fn check(file: &str, layer: LayerConfig) {
    StackCase::open(file, StackConfig::uniform(layer, 1)).check();
}

/// A test per golden file, of one layer.
macro_rules! layers {
    ($($test:ident: $file:literal, $layer:expr;)*) => {
        $(#[test]
        fn $test() {
            check($file, $layer);
        })*
    };
}

fn before() -> LayerConfig {
    LayerConfig {
        reset: Some(ResetPlace::BeforeProduct),
        ..gru()
    }
}

fn both(merge: Merge, layer: LayerConfig) -> LayerConfig {
    LayerConfig {
        bidirectional: Some(merge),
        ..layer
    }
}

fn peepholes(layer: LayerConfig) -> LayerConfig {
    LayerConfig {
        peepholes: Some(true),
        ..layer
    }
}

fn coupled(layer: LayerConfig) -> LayerConfig {
    LayerConfig {
        coupled: Some(true),
        ..layer
    }
}

fn clip(layer: LayerConfig) -> LayerConfig {
    LayerConfig {
        clip: Some(0.75),
        ..layer
    }
}

fn activations(layer: LayerConfig, gate: Activation, candidate: Activation) -> LayerConfig {
    LayerConfig {
        gate_activation: Some(gate),
        candidate_activation: Some(candidate),
        ..layer
    }
}

fn output(activation: Activation, layer: LayerConfig) -> LayerConfig {
    LayerConfig {
        output_activation: Some(activation),
        ..layer
    }
}

layers! {
    onnx_lstm_bidirectional: "onnx/lstm_bidirectional", both(Merge::Concat, lstm());
    onnx_lstm_peepholes: "onnx/lstm_peepholes", peepholes(lstm());
    onnx_lstm_coupled: "onnx/lstm_coupled", coupled(lstm());
    onnx_lstm_coupled_peepholes: "onnx/lstm_coupled_peepholes", coupled(peepholes(lstm()));
    onnx_lstm_clip: "onnx/lstm_clip", clip(lstm());
    onnx_lstm_peepholes_clip: "onnx/lstm_peepholes_clip", clip(peepholes(lstm()));
    onnx_lstm_coupled_peepholes_clip:
        "onnx/lstm_coupled_peepholes_clip", coupled(clip(peepholes(lstm())));
    onnx_lstm_sequence_lens: "onnx/lstm_sequence_lens", lstm();
    onnx_lstm_all: "onnx/lstm_all", both(Merge::Concat, clip(peepholes(lstm())));
    onnx_lstm_all_coupled:
        "onnx/lstm_all_coupled", both(Merge::Concat, coupled(clip(peepholes(lstm()))));
    onnx_lstm_hard_sigmoid: "onnx/lstm_hard_sigmoid",
        activations(lstm(), Activation::HardSigmoidOnnx, Activation::Tanh);
    onnx_lstm_softsign: "onnx/lstm_softsign",
        output(Activation::Softsign, activations(lstm(), Activation::Sigmoid, Activation::Softsign));
    onnx_lstm_hard_sigmoid_relu: "onnx/lstm_hard_sigmoid_relu",
        output(Activation::Relu,
            activations(lstm(), Activation::HardSigmoidOnnx, Activation::Softsign));
    onnx_gru_reset_before: "onnx/gru_linear_before_reset_0", before();
    onnx_gru_reset_after: "onnx/gru_linear_before_reset_1", gru();
    onnx_gru_sequence_lens: "onnx/gru_sequence_lens", before();
    onnx_gru_bidirectional_sequence_lens:
        "onnx/gru_bidirectional_sequence_lens", both(Merge::Concat, before());
    onnx_gru_hard_sigmoid_softsign: "onnx/gru_hard_sigmoid_softsign",
        activations(before(), Activation::HardSigmoidOnnx, Activation::Softsign);
    onnx_gru_reset_before_clip: "onnx/gru_clip", clip(before());
    onnx_gru_reset_after_clip: "onnx/gru_linear_before_reset_1_clip", clip(gru());
    onnx_rnn_tanh_clip: "onnx/rnn_tanh_clip", clip(LayerConfig::new(CellName::Rnn, HIDDEN_SIZE));
    onnx_rnn_relu_clip: "onnx/rnn_relu_clip", clip(LayerConfig {
        activation: Some(Activation::Relu),
        ..LayerConfig::new(CellName::Rnn, HIDDEN_SIZE)
    });
    onnx_rnn_sequence_lens:
        "onnx/rnn_sequence_lens", LayerConfig::new(CellName::Rnn, HIDDEN_SIZE);

    keras_gru_reset_before: "keras/gru_reset_before", before();
    keras_gru_reset_after: "keras/gru_reset_after", gru();
    keras_gru_hard_sigmoid: "keras/gru_hard_sigmoid",
        activations(before(), Activation::HardSigmoid, Activation::Tanh);
    keras_gru_masked: "keras/gru_masked", before();
    keras_lstm: "keras/lstm", lstm();
    keras_lstm_hard_sigmoid: "keras/lstm_hard_sigmoid",
        activations(lstm(), Activation::HardSigmoid, Activation::Tanh);
    keras_lstm_softsign: "keras/lstm_softsign",
        output(Activation::Softsign, activations(lstm(), Activation::Sigmoid, Activation::Softsign));
    keras_lstm_masked: "keras/lstm_masked", lstm();
    keras_bidirectional_concat: "keras/bidirectional_concat", both(Merge::Concat, lstm());
    keras_bidirectional_sum: "keras/bidirectional_sum", both(Merge::Sum, lstm());
    keras_bidirectional_mul: "keras/bidirectional_mul", both(Merge::Mul, lstm());
    keras_bidirectional_average: "keras/bidirectional_ave", both(Merge::Average, lstm());
    keras_bidirectional_concat_masked:
        "keras/bidirectional_concat_masked", both(Merge::Concat, lstm());
    keras_bidirectional_mul_masked:
        "keras/bidirectional_mul_masked", both(Merge::Mul, before());

    ind_rnn_tanh: "reference/indrnn_tanh", LayerConfig {
        activation: Some(Activation::Tanh),
        ..LayerConfig::new(CellName::IndRnn, HIDDEN_SIZE)
    };
    ind_rnn_lengths: "reference/indrnn_lengths", LayerConfig {
        activation: Some(Activation::Tanh),
        ..LayerConfig::new(CellName::IndRnn, HIDDEN_SIZE)
    };
    ind_rnn_relu: "reference/indrnn_relu", LayerConfig::new(CellName::IndRnn, HIDDEN_SIZE);
    lstm_layer_norm: "reference/lstm_layer_norm", LayerConfig {
        layer_norm: Some(true),
        ..lstm()
    };
    lstm_projection: "reference/lstm_projection", LayerConfig {
        proj_size: Some(3),
        ..lstm()
    };
    lstm_projection_peephole: "reference/lstm_projection_peephole", LayerConfig {
        proj_size: Some(3),
        ..peepholes(lstm())
    };
    lstm_zoneout: "reference/lstm_zoneout_expectation", LayerConfig {
        zoneout_hidden: Some(0.25),
        zoneout_cell: Some(0.5),
        ..lstm()
    };
    gru_zoneout: "reference/gru_zoneout_expectation", LayerConfig {
        zoneout_hidden: Some(0.25),
        ..gru()
    };
}

fn three_layers() -> StackConfig {
    StackConfig::uniform(gru(), 3)
}

#[test]
fn residual_from_the_second_layer() {
    let config = StackConfig {
        residual_from: Some(2),
        ..three_layers()
    };
    StackCase::open("reference/residual_stack", config).check();
}

#[test]
fn residual_from_the_first_layer_with_lengths() {
    let config = StackConfig {
        residual_from: Some(1),
        ..three_layers()
    };
    StackCase::open("reference/residual_stack_lengths", config).check();
}

#[test]
fn highway_from_the_second_layer() {
    let config = StackConfig {
        highway_from: Some(2),
        ..three_layers()
    };
    StackCase::open("reference/highway_stack", config).check();
}

#[test]
fn highway_from_the_first_layer_with_lengths() {
    let config = StackConfig {
        highway_from: Some(1),
        ..three_layers()
    };
    StackCase::open("reference/highway_stack_lengths", config).check();
}

#[test]
fn layer_norm_between_layers() {
    let config = StackConfig {
        layer_norm: true,
        ..three_layers()
    };
    StackCase::open("reference/layer_norm_stack", config).check();
}

/// A cell that only reads backward: final state and outputs.
pub(crate) fn check_backward(file: &str, layer: LayerConfig) {
    let golden = Golden::open(file);
    let input_size = golden.f32("x").shape[2];
    let cell = layer
        .cell()
        .unwrap()
        .build(input_size, &mut rng(0, 0), &device())
        .unwrap();
    let tensors = weights::export(&cell)
        .into_iter()
        .map(|ours| {
            let theirs = golden.f32(&ours.name.replace("bias_hn", "b_hn"));
            NamedTensor {
                name: ours.name,
                shape: theirs.shape,
                values: theirs.values,
            }
        })
        .collect();
    let cell = weights::import(cell, tensors, file).unwrap();
    let part = |name: &str| {
        let values = golden.f32(name).values;
        let size = golden.f32(name).shape[golden.f32(name).shape.len() - 1];
        let rows = values.len() / size;
        Tensor::from_data(TensorData::new(values, [rows, size]), &device())
    };
    let lengths = lengths(&golden);
    let call = Unroll {
        lengths: lengths.as_deref(),
        state: Some(State {
            hidden: part("h0"),
            cell: golden.contains("c0").then(|| part("c0")),
            window: (golden.contains("window0")).then(|| tensor(&golden, "window0")),
        }),
        direction: Direction::Backward,
        noise: RecurrentNoise::default(),
        mode: Mode::Eval,
    };
    let unrolled = unroll(&cell, tensor(&golden, "x"), call).unwrap();
    close(&golden, "output", &values(&unrolled.outputs));
    close(&golden, "h_n", &values(&unrolled.state.hidden));
    if let Some(cell) = &unrolled.state.cell {
        close(&golden, "c_n", &values(cell));
    }
}

#[test]
fn cells_that_only_read_backward() {
    check_backward("onnx/lstm_reverse", lstm());
    check_backward("onnx/lstm_reverse_sequence_lens", lstm());
    check_backward("onnx/gru_linear_before_reset_0_reverse", before());
    let ind_rnn = LayerConfig::new(CellName::IndRnn, HIDDEN_SIZE);
    check_backward("reference/indrnn_lengths_backward", ind_rnn);
}
