//! burn-nn's `Lstm` and `Gru` on Burn's CPU backend.

use crate::Work;
use crate::case::Case;
use crate::timing::Peer;
use burn::module::Param;
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::{GateController, Linear, Lstm, LstmConfig};
use burn::tensor::{Device, Tensor, TensorData};

enum Layer {
    Lstm(Lstm),
    Gru(Gru),
}

impl Layer {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Layer::Lstm(lstm) => lstm.forward(x, None).0,
            Layer::Gru(gru) => gru.forward(x, None),
        }
    }
}

pub(crate) fn peer(case: &Case, work: Work) -> Peer {
    let case = case.clone();
    let device = match work {
        Work::Train => Device::flex().autodiff(),
        Work::Infer => Device::flex(),
    };
    let layer = layer(&case, &device);
    let tensor = |values: &[f32], width| {
        let shape = [case.batch_size, case.seq_len, width];
        Tensor::<3>::from_data(TensorData::new(case.batch_first(values), shape), &device)
    };
    let x = tensor(&case.x, case.input_size);
    let d_outputs = tensor(&case.d_outputs, case.hidden_size);
    Box::new(move || {
        let result = if work == Work::Infer {
            layer.forward(x.clone())
        } else {
            let x = x.clone().require_grad();
            let outputs = layer.forward(x.clone());
            let gradients = (outputs * d_outputs.clone()).sum().backward();
            x.grad(&gradients).ok_or("burn-nn: no gradient of x")?
        };
        Ok(case.time_first(
            &result
                .into_data()
                .try_to_vec::<f32>()
                .map_err(|error| format!("{error:?}"))?,
        ))
    })
}

fn layer(case: &Case, device: &Device) -> Layer {
    let controller = |gate: usize| gate_controller(case, gate, device);
    let (input_size, hidden_size) = (case.input_size, case.hidden_size);
    if case.cell == "lstm" {
        let mut lstm = LstmConfig::new(input_size, hidden_size, true).init(device);
        lstm.input_gate = controller(0);
        lstm.forget_gate = Some(controller(1));
        lstm.cell_gate = controller(2);
        lstm.output_gate = controller(3);
        Layer::Lstm(lstm)
    } else {
        let mut gru = GruConfig::new(input_size, hidden_size, true).init(device);
        gru.reset_gate = controller(0);
        gru.update_gate = controller(1);
        gru.new_gate = controller(2);
        Layer::Gru(gru)
    }
}

fn gate_controller(case: &Case, gate: usize, device: &Device) -> GateController {
    let rows = case.hidden_size;
    let linear = |weight: &[f32], bias: &[f32], width: usize| Linear {
        weight: Param::from_tensor(
            Tensor::<2>::from_data(
                TensorData::new(
                    weight[gate * rows * width..][..rows * width].to_vec(),
                    [rows, width],
                ),
                device,
            )
            .transpose(),
        ),
        bias: Some(Param::from_tensor(Tensor::<1>::from_data(
            TensorData::new(bias[gate * rows..][..rows].to_vec(), [rows]),
            device,
        ))),
    };
    GateController {
        input_transform: linear(&case.w_ih, &case.b_ih, case.input_size),
        hidden_transform: linear(&case.w_hh, &case.b_hh, case.hidden_size),
    }
}
