//! PyTorch's `nn.RNN`, `nn.LSTM` and `nn.GRU`: forward values and every gradient.

use super::case::{TOL, device, gradients_in_place, lengths, tensor};
use burn::optim::GradientsParams;
use recurra_nn::weights::{NamedTensor, values};
use recurra_nn::{
    Activation, AnyCell, CellName, LayerConfig, LayerState, Merge, Mode, Stack, StackConfig,
    StackState, State, Tensor, rng, torch,
};
use recurra_testkit::{Golden, assert_close};

/// A golden case: its file, its cell, and the shape of its stack.
struct Case {
    golden: Golden,
    layer: LayerConfig,
    num_layers: usize,
    directions: usize,
}

impl Case {
    fn open(file: &str, cell: CellName) -> Self {
        let golden = Golden::open(&format!("torch/{file}"));
        let directions = 1 + usize::from(golden.contains("weight_ih_l0_reverse"));
        let num_layers = (0..)
            .take_while(|layer| golden.contains(&format!("weight_ih_l{layer}")))
            .count();
        let gates = match cell {
            CellName::Lstm => 4,
            CellName::Gru => 3,
            _ => 1,
        };
        let hidden_size = golden.f32("weight_hh_l0").shape[0] / gates;
        let mut layer = LayerConfig::new(cell, hidden_size);
        if golden.contains("weight_hr_l0") {
            layer.proj_size = Some(golden.f32("weight_hr_l0").shape[0]);
        }
        if file.contains("relu") {
            layer.activation = Some(Activation::Relu);
        }
        layer.bidirectional = (directions == 2).then_some(Merge::Concat);
        Self {
            golden,
            layer,
            num_layers,
            directions,
        }
    }

    fn stack(&self) -> Stack {
        let input_size = self.golden.f32("x").shape[2];
        let stack = StackConfig::uniform(self.layer.clone(), self.num_layers)
            .build(input_size, &mut rng(0, 0), &device())
            .unwrap();
        let weights: Vec<NamedTensor> = self
            .golden
            .names()
            .into_iter()
            .filter(|name| name.starts_with("weight_") || name.starts_with("bias_"))
            .map(|name| {
                let array = self.golden.f32(&name);
                NamedTensor {
                    name,
                    shape: array.shape,
                    values: array.values,
                }
            })
            .collect();
        torch::load(stack, &weights, "", "golden").unwrap()
    }

    /// `[layers * directions, batch, size]` to a state per layer.
    fn state(&self, hidden: &Tensor<3>, cell: Option<&Tensor<3>>) -> StackState {
        let at = |all: &Tensor<3>, index: usize| all.clone().narrow(0, index, 1).squeeze_dim(0);
        let one = |index: usize| State {
            hidden: at(hidden, index),
            cell: cell.map(|cell| at(cell, index)),
            window: None,
        };
        let layers = (0..self.num_layers)
            .map(|layer| LayerState {
                forward: one(layer * self.directions),
                backward: (self.directions == 2).then(|| one(layer * self.directions + 1)),
            })
            .collect();
        StackState { layers }
    }

    fn check(&self) {
        let stack = self.stack();
        let x = tensor::<3>(&self.golden, "x").require_grad();
        let h0 = tensor::<3>(&self.golden, "h0").require_grad();
        let has_cell = self.golden.contains("c0");
        let c0 = has_cell.then(|| tensor::<3>(&self.golden, "c0").require_grad());
        let lengths = lengths(&self.golden);
        let (outputs, state) = stack
            .forward(
                x.clone(),
                lengths.as_deref(),
                Some(self.state(&h0, c0.as_ref())),
                Mode::Eval,
            )
            .unwrap();
        let flat: Vec<State> = state
            .layers
            .into_iter()
            .flat_map(|layer| std::iter::once(layer.forward).chain(layer.backward))
            .collect();
        let h_n: Tensor<3> = Tensor::stack(flat.iter().map(|s| s.hidden.clone()).collect(), 0);
        let c_n: Option<Tensor<3>> = has_cell
            .then(|| Tensor::stack(flat.iter().map(|s| s.cell.clone().unwrap()).collect(), 0));

        self.close("output", &values(&outputs));
        self.close("h_n", &values(&h_n));
        let mut loss = (outputs * tensor(&self.golden, "d_output")).sum()
            + (h_n * tensor(&self.golden, "d_h_n")).sum();
        if let Some(c_n) = c_n {
            self.close("c_n", &values(&c_n));
            loss = loss + (c_n * tensor(&self.golden, "d_c_n")).sum();
        }

        let mut gradients = loss.backward();
        self.close("grad.x", &values(&x.grad_remove(&mut gradients).unwrap()));
        self.close("grad.h0", &values(&h0.grad_remove(&mut gradients).unwrap()));
        if let Some(c0) = c0 {
            self.close("grad.c0", &values(&c0.grad_remove(&mut gradients).unwrap()));
        }
        let gradients = GradientsParams::from_grads(gradients, &stack);
        // A gradient has the layout of its weight, so it can be written as one.
        let as_weights = gradients_in_place(stack, gradients);
        for gradient in torch::save(&as_weights, "").unwrap() {
            // PyTorch's second bias has the same gradient as the first; only a GRU's
            // candidate keeps them apart, and is compared through `bias_hn` below.
            if gradient.name.starts_with("bias_hh") {
                continue;
            }
            let name = format!("grad.{}", gradient.name);
            if self.golden.contains(&name) {
                self.close(&name, &gradient.values);
            }
        }
        self.close_gru_bias(&as_weights);
    }

    fn close_gru_bias(&self, gradients: &Stack) {
        for (index, layer) in gradients.layers.iter().enumerate() {
            for (recurrent, ending) in layer.cells().into_iter().zip(["", "_reverse"]) {
                let name = format!("grad.bias_hh_l{index}{ending}");
                if let AnyCell::Gru(gru) = &recurrent.cell
                    && self.golden.contains(&name)
                {
                    let theirs = self.golden.f32(&name).values;
                    let size = theirs.len() / 3;
                    let ours = values(&gru.bias_hn.as_ref().unwrap().val());
                    assert_close(&ours, &theirs[2 * size..], TOL);
                }
            }
        }
    }

    #[track_caller]
    fn close(&self, name: &str, actual: &[f32]) {
        println!("{name}");
        assert_close(actual, &self.golden.f32(name).values, TOL);
    }
}

macro_rules! cases {
    ($($name:ident: $cell:ident;)*) => {
        $(#[test]
        fn $name() {
            Case::open(stringify!($name), CellName::$cell).check();
        })*
    };
}

cases! {
    rnn_tanh: Rnn;
    rnn_relu: Rnn;
    rnn_tanh_hidden_33: Rnn;
    rnn_tanh_long: Rnn;
    rnn_tanh_packed: Rnn;
    rnn_relu_packed: Rnn;
    rnn_bidirectional: Rnn;
    rnn_bidirectional_2_layers: Rnn;
    rnn_bidirectional_2_layers_packed: Rnn;
    lstm: Lstm;
    lstm_hidden_33: Lstm;
    lstm_long: Lstm;
    lstm_no_bias: Lstm;
    lstm_packed: Lstm;
    lstm_2_layers: Lstm;
    lstm_2_layers_packed: Lstm;
    lstm_bidirectional: Lstm;
    lstm_bidirectional_packed: Lstm;
    lstm_bidirectional_2_layers: Lstm;
    lstm_bidirectional_2_layers_packed: Lstm;
    lstm_proj: Lstm;
    lstm_proj_packed: Lstm;
    lstm_proj_bidirectional_2_layers: Lstm;
    gru: Gru;
    gru_hidden_33: Gru;
    gru_long: Gru;
    gru_no_bias: Gru;
    gru_packed: Gru;
    gru_3_layers: Gru;
    gru_3_layers_packed: Gru;
    gru_bidirectional: Gru;
    gru_bidirectional_packed: Gru;
    gru_bidirectional_2_layers: Gru;
    gru_bidirectional_2_layers_packed: Gru;
}
