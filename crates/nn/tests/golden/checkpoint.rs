//! Weights that PyTorch saved, read from its own files and written back.

use super::case::{TOL, close, device, tensor};
use recurra_nn::weights::values;
use recurra_nn::{
    CellName, LayerConfig, LayerState, Merge, Mode, NnError, Stack, StackConfig, StackState, State,
    rng, torch,
};
use recurra_testkit::{Golden, assert_close};
use std::path::PathBuf;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/golden/torch_checkpoint")
        .join(file)
}

fn stack(golden: &Golden, config: &StackConfig) -> Stack {
    let input_size = golden.f32("x").shape[2];
    config.build(input_size, &mut rng(0, 0), &device()).unwrap()
}

/// Loads `name` with both endings and compares the output.
fn check(name: &str, config: &StackConfig, directions: usize) {
    let golden = Golden::open(&format!("torch_checkpoint/{name}_expected"));
    for ending in ["pt", "safetensors"] {
        let file = path(&format!("{name}.{ending}"));
        let tensors = torch::read(&file).unwrap();
        let stack = torch::load(stack(&golden, config), &tensors, "", name).unwrap();
        let at = |name: &str, index: usize| {
            tensor::<3>(&golden, name)
                .narrow(0, index, 1)
                .squeeze_dim::<2>(0)
        };
        let state = |index: usize| State {
            hidden: at("h0", index),
            cell: golden.contains("c0").then(|| at("c0", index)),
            window: None,
        };
        let layers = (0..stack.layers.len())
            .map(|layer| LayerState {
                forward: state(layer * directions),
                backward: (directions == 2).then(|| state(layer * directions + 1)),
            })
            .collect();
        let x = tensor(&golden, "x");
        let state = Some(StackState { layers });
        let (outputs, _) = stack.forward(x, None, state, Mode::Eval).unwrap();
        println!("{name}.{ending}");
        close(&golden, "output", &values(&outputs));

        // Written and read again, the two biases are one, and the output the same.
        let written = torch::save(&stack, "encoder.").unwrap();
        let again = torch::load(stack.clone(), &written, "encoder.", "written").unwrap();
        assert_eq!(
            recurra_nn::weights::export(&again),
            recurra_nn::weights::export(&stack)
        );
    }
}

fn layers(cell: CellName, hidden_size: usize, num_layers: usize) -> StackConfig {
    StackConfig::uniform(LayerConfig::new(cell, hidden_size), num_layers)
}

fn hidden_size(name: &str, gates: usize) -> usize {
    let tensors = torch::read(&path(&format!("{name}.pt"))).unwrap();
    let is_recurrent = |name: &str| name.contains("weight_hh_l0");
    let tensor = tensors.iter().find(|t| is_recurrent(&t.name)).unwrap();
    tensor.shape[0] / gates
}

#[test]
fn lstm_of_two_layers() {
    let config = layers(CellName::Lstm, hidden_size("lstm_2_layers", 4), 2);
    check("lstm_2_layers", &config, 1);
}

#[test]
fn plain_rnn() {
    check(
        "rnn_tanh",
        &layers(CellName::Rnn, hidden_size("rnn_tanh", 1), 1),
        1,
    );
}

#[test]
fn lstm_without_biases() {
    let config = layers(CellName::Lstm, hidden_size("lstm_no_bias", 4), 1);
    check("lstm_no_bias", &config, 1);
}

#[test]
fn projected_lstm() {
    let tensors = torch::read(&path("lstm_proj.pt")).unwrap();
    let of = |name: &str| &tensors.iter().find(|t| t.name == name).unwrap().shape;
    let layer = LayerConfig {
        proj_size: Some(of("weight_hr_l0")[0]),
        ..LayerConfig::new(CellName::Lstm, of("weight_hr_l0")[1])
    };
    check("lstm_proj", &StackConfig::uniform(layer, 1), 1);
}

#[test]
fn weights_inside_a_training_checkpoint_are_found_by_their_prefix() {
    let plain = torch::read(&path("lstm_2_layers.pt")).unwrap();
    let size = hidden_size("lstm_2_layers", 4);
    let config = layers(CellName::Lstm, size, 2);
    let build = || {
        let input_size = plain
            .iter()
            .find(|t| t.name == "weight_ih_l0")
            .unwrap()
            .shape[1];
        config.build(input_size, &mut rng(0, 0), &device()).unwrap()
    };
    let whole = torch::read(&path("lstm_2_layers_training.pt")).unwrap();
    let nested = torch::load(build(), &whole, "model_state_dict.", "training").unwrap();
    let plain = torch::load(build(), &plain, "", "plain").unwrap();
    let weights = |stack: &Stack| recurra_nn::weights::export(stack);
    assert_eq!(weights(&nested), weights(&plain));
}

#[test]
fn bidirectional_gru() {
    let mut layer = LayerConfig::new(CellName::Gru, hidden_size("gru_bidirectional", 3));
    layer.bidirectional = Some(Merge::Concat);
    check("gru_bidirectional", &StackConfig::uniform(layer, 1), 2);
}

#[test]
fn a_recurrent_module_inside_a_larger_one() {
    let tensors = torch::read(&path("tagger.pt")).unwrap();
    let size = hidden_size("tagger", 3);
    let config = layers(CellName::Gru, size, 2);
    let stack = config.build(4, &mut rng(0, 0), &device()).unwrap();
    let stack = torch::load(stack, &tensors, "rnn.", "tagger.pt").unwrap();
    let golden = Golden::open("torch_checkpoint/tagger_expected");
    let ids = golden.i64("ids");
    let of = |name: &str| tensors.iter().find(|t| t.name == name).unwrap();
    let embed = of("embed.weight");
    let x: Vec<f32> = ids
        .values
        .iter()
        .flat_map(|&id| {
            let start = id as usize * embed.shape[1];
            embed.values[start..start + embed.shape[1]].to_vec()
        })
        .collect();
    let shape = [ids.shape[0], ids.shape[1], embed.shape[1]];
    let data = burn::tensor::TensorData::new(x, shape);
    let x = recurra_nn::Tensor::from_data(data, &device());
    let (outputs, _) = stack.forward(x, None, None, Mode::Eval).unwrap();
    let (weight, bias) = (of("head.weight"), of("head.bias"));
    let logits: Vec<f32> = values(&outputs)
        .chunks(size)
        .flat_map(|h| {
            let row = |(w, b): (&[f32], &f32)| w.iter().zip(h).map(|(w, h)| w * h).sum::<f32>() + b;
            weight
                .values
                .chunks(size)
                .zip(&bias.values)
                .map(row)
                .collect::<Vec<f32>>()
        })
        .collect();
    assert_close(&logits, &golden.f32("logits").values, TOL);
}

#[test]
fn the_older_format_of_torch_save_is_read() {
    let newer = torch::read(&path("lstm_2_layers.pt")).unwrap();
    let older = torch::read(&path("lstm_2_layers_legacy.pt")).unwrap();
    assert_eq!(newer, older);
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let tensors = torch::read(&path("lstm_2_layers.pt")).unwrap();
    let build = |config: &StackConfig, input_size: usize| {
        config.build(input_size, &mut rng(0, 0), &device()).unwrap()
    };
    let size = hidden_size("lstm_2_layers", 4);
    let input_size = Golden::open("torch_checkpoint/lstm_2_layers_expected")
        .f32("x")
        .shape[2];
    let refused = |config: &StackConfig, input_size: usize| {
        torch::load(build(config, input_size), &tensors, "", "weights.pt").unwrap_err()
    };
    let shallow = refused(&layers(CellName::Lstm, size, 1), input_size);
    assert!(matches!(shallow, NnError::UnknownTensors { ref names, .. } if names.len() == 4));
    let deep = refused(&layers(CellName::Lstm, size, 3), input_size);
    assert!(
        deep.to_string().contains("`weight_ih_l2` is missing"),
        "{deep}"
    );
    let wide = refused(&layers(CellName::Lstm, size, 2), input_size + 1);
    assert!(matches!(wide, NnError::TensorShape { .. }), "{wide}");
    let peepholes = LayerConfig {
        peepholes: Some(true),
        ..LayerConfig::new(CellName::Lstm, size)
    };
    let foreign = refused(&StackConfig::uniform(peepholes, 2), input_size);
    assert!(
        foreign.to_string().contains("PyTorch does not have"),
        "{foreign}"
    );
}

#[test]
fn what_is_no_weight_file_is_refused() {
    let place = tempfile::tempdir().unwrap();
    for name in ["no.pt", "no.safetensors"] {
        let file = place.path().join(name);
        std::fs::write(&file, b"these are not weights").unwrap();
        let error = torch::read(&file).unwrap_err();
        assert!(matches!(error, NnError::WeightFile { .. }), "{error}");
        let absent = torch::read(&place.path().join("absent.pt")).unwrap_err();
        assert!(absent.to_string().contains("absent.pt"));
    }
}
