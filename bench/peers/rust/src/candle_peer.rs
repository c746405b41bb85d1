//! candle-nn's `LSTM` and `GRU`.

use crate::case::Case;
use crate::timing::Peer;
use crate::{Result, Work};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::rnn::{GRUConfig, LSTMConfig, RNN, gru, lstm};
use std::collections::HashMap;

pub(crate) fn peer(case: &Case, work: Work) -> Result<Peer> {
    let device = Device::Cpu;
    let (rows, input_size, hidden_size) = (
        case.gates() * case.hidden_size,
        case.input_size,
        case.hidden_size,
    );
    let var = |values: &[f32], shape: &[usize]| -> Result<Tensor> {
        let tensor = Tensor::from_slice(values, shape, &device)?;
        Ok(match work {
            Work::Train => Var::from_tensor(&tensor)?.as_tensor().clone(),
            Work::Infer => tensor,
        })
    };
    let tensors = HashMap::from([
        (
            "weight_ih_l0".to_owned(),
            var(&case.w_ih, &[rows, input_size])?,
        ),
        (
            "weight_hh_l0".to_owned(),
            var(&case.w_hh, &[rows, hidden_size])?,
        ),
        ("bias_ih_l0".to_owned(), var(&case.b_ih, &[rows])?),
        ("bias_hh_l0".to_owned(), var(&case.b_hh, &[rows])?),
    ]);
    let sizes = |width| [case.batch_size, case.seq_len, width];
    let x = var(&case.batch_first(&case.x), &sizes(input_size))?;
    let d_outputs = Tensor::from_vec(
        case.batch_first(&case.d_outputs),
        &sizes(hidden_size)[..],
        &device,
    )?;
    let weights = VarBuilder::from_tensors(tensors, DType::F32, &device);
    if case.cell == "lstm" {
        let layer = lstm(input_size, hidden_size, LSTMConfig::default(), weights)?;
        Ok(running(case.clone(), work, layer, x, d_outputs))
    } else {
        let layer = gru(input_size, hidden_size, GRUConfig::default(), weights)?;
        Ok(running(case.clone(), work, layer, x, d_outputs))
    }
}

fn running(
    case: Case,
    work: Work,
    layer: impl RNN + 'static,
    x: Tensor,
    d_outputs: Tensor,
) -> Peer {
    Box::new(move || {
        // A GRU's come as `[batch_size, seq_len * hidden_size]`.
        let outputs = layer.states_to_tensor(&layer.seq(&x)?)?;
        let outputs = outputs.reshape(d_outputs.shape())?;
        let result = match work {
            Work::Infer => outputs,
            Work::Train => {
                let gradients = (outputs * &d_outputs)?.sum_all()?.backward()?;
                gradients
                    .get(&x)
                    .ok_or("candle-nn: no gradient of x")?
                    .clone()
            }
        };
        Ok(case.time_first(&result.flatten_all()?.to_vec1::<f32>()?))
    })
}
