"""PyTorch's RNN, LSTM and GRU: forward values and every gradient.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0. Run: `python torch_rnn.py`.

Modules run in f64 on weights, inputs and output gradients drawn in f32. The loss is
`sum(output * d_output) + sum(h_n * d_h_n) + sum(c_n * d_c_n)`, so that `d_*` are exactly the
gradients that arrive from above. Packed files hold arbitrary numbers (not zeros) in the padding of
`x` and `d_output`: neither may have any effect.
"""

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import assert_agrees, check_f32, draw, rng, save


def build(kind, input_size, hidden_size, generator, **options):
    module = getattr(torch.nn, kind)(input_size, hidden_size, batch_first=True, **options).double()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            # Larger than PyTorch's own start, so that gates leave their linear range.
            scale = 1.5 / np.sqrt(hidden_size) if name.startswith("weight") else 0.5
            parameter.copy_(torch.from_numpy(draw(generator, *parameter.shape, scale=scale)))
    return module


def golden(name, kind, batch_size, seq_len, input_size, hidden_size, lengths=None, **options):
    generator = rng(name)
    module = build(kind, input_size, hidden_size, generator, **options)
    directions = 2 if module.bidirectional else 1
    rows = module.num_layers * directions
    output_size = module.proj_size or hidden_size

    inputs = {
        "x": draw(generator, batch_size, seq_len, input_size),
        "h0": draw(generator, rows, batch_size, output_size),
    }
    upstream = {
        "d_output": draw(generator, batch_size, seq_len, directions * output_size),
        "d_h_n": draw(generator, rows, batch_size, output_size),
    }
    if kind == "LSTM":
        inputs["c0"] = draw(generator, rows, batch_size, hidden_size)
        upstream["d_c_n"] = draw(generator, rows, batch_size, hidden_size)

    outputs, grads, loss = run(module, inputs, upstream, lengths)
    outputs_f32, grads_f32, _ = run(module.float(), inputs, upstream, lengths)
    check_f32(name, outputs_f32, outputs)
    check_f32(name, grads_f32, grads)

    arrays = {**inputs, **upstream, **outputs, "loss": loss}
    arrays |= {f"grad.{key}": value for key, value in grads.items()}
    arrays |= {key: value.detach().numpy() for key, value in module.named_parameters()}
    if lengths is not None:
        arrays["lengths"] = np.array(lengths)
        module.double()
        for row, length in enumerate(lengths):
            assert not outputs["output"][row, length:].any()
            assert not grads["x"][row, length:].any()
            check_alone(module, inputs, row, length, outputs)
    save(f"torch/{name}", arrays, ["torch", "safetensors"])


def run(module, inputs, upstream, lengths):
    """Outputs, gradients by name, and the loss, in the module's own precision."""
    module.zero_grad()
    dtype = next(module.parameters()).dtype
    leaves = {k: torch.from_numpy(v).to(dtype).requires_grad_() for k, v in inputs.items()}
    seq_len = inputs["x"].shape[1]
    lstm = "c0" in leaves
    state = (leaves["h0"], leaves["c0"]) if lstm else leaves["h0"]
    if lengths is None:
        output, state = module(leaves["x"], state)
    else:
        packed = pack_padded_sequence(
            leaves["x"], torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
        packed, state = module(packed, state)
        output, _ = pad_packed_sequence(packed, batch_first=True, total_length=seq_len)
    outputs = {"output": output}
    if lstm:
        outputs["h_n"], outputs["c_n"] = state
    else:
        outputs["h_n"] = state
    loss = sum(
        (v * torch.from_numpy(upstream[f"d_{k}"]).to(dtype)).sum() for k, v in outputs.items()
    )
    loss.backward()
    grads = {k: v.grad.numpy().copy() for k, v in leaves.items()}
    grads |= {k: v.grad.numpy().copy() for k, v in module.named_parameters()}
    return {k: v.detach().numpy() for k, v in outputs.items()}, grads, loss.detach().numpy()


def check_alone(module, inputs, row, length, outputs):
    """A packed row equals the same row run by itself without padding."""
    x = torch.from_numpy(inputs["x"][row : row + 1, :length]).double()
    state = [
        torch.from_numpy(inputs[k][:, row : row + 1]).double() for k in ("h0", "c0") if k in inputs
    ]
    output, _ = module(x, tuple(state) if len(state) == 2 else state[0])
    got = outputs["output"][row, :length]
    assert_agrees(f"row {row}", got, output[0].detach().numpy(), 1e-12)


# name, kind, batch_size, seq_len, input_size, hidden_size
golden("rnn_tanh", "RNN", 3, 6, 4, 5)
golden("rnn_relu", "RNN", 4, 5, 3, 6, nonlinearity="relu")
golden("lstm", "LSTM", 3, 7, 4, 5)
golden("gru", "GRU", 3, 7, 4, 5)
golden("lstm_no_bias", "LSTM", 3, 5, 4, 6, bias=False)
golden("gru_no_bias", "GRU", 3, 5, 4, 6, bias=False)
golden("lstm_proj", "LSTM", 4, 6, 5, 7, proj_size=3)
golden(
    "lstm_proj_bidirectional_2_layers",
    "LSTM",
    3,
    5,
    4,
    6,
    proj_size=3,
    bidirectional=True,
    num_layers=2,
)
# A hidden size that no vector width divides.
golden("rnn_tanh_hidden_33", "RNN", 3, 5, 6, 33)
golden("lstm_hidden_33", "LSTM", 3, 5, 3, 33)
golden("gru_hidden_33", "GRU", 3, 5, 6, 33)
# Long enough for rounding to pile up.
golden("rnn_tanh_long", "RNN", 2, 80, 3, 6)
golden("lstm_long", "LSTM", 2, 80, 3, 6)
golden("gru_long", "GRU", 2, 80, 3, 6)
golden("rnn_bidirectional", "RNN", 3, 6, 4, 5, bidirectional=True)
golden("lstm_bidirectional", "LSTM", 3, 6, 4, 5, bidirectional=True)
golden("gru_bidirectional", "GRU", 3, 6, 4, 5, bidirectional=True)
golden("lstm_2_layers", "LSTM", 3, 7, 4, 6, num_layers=2)
golden("gru_3_layers", "GRU", 4, 6, 3, 5, num_layers=3)
golden("rnn_bidirectional_2_layers", "RNN", 3, 6, 4, 5, num_layers=2, bidirectional=True)
golden("lstm_bidirectional_2_layers", "LSTM", 3, 5, 4, 5, num_layers=2, bidirectional=True)
golden("gru_bidirectional_2_layers", "GRU", 3, 5, 4, 5, num_layers=2, bidirectional=True)
# Packed: rows in no order, one of length 1; in some files no row fills seq_len.
golden("rnn_tanh_packed", "RNN", 4, 6, 4, 5, lengths=[3, 6, 1, 4])
golden("rnn_relu_packed", "RNN", 4, 6, 4, 5, lengths=[3, 5, 1, 4], nonlinearity="relu")
golden("lstm_packed", "LSTM", 5, 8, 4, 5, lengths=[4, 1, 7, 2, 7])
golden("gru_packed", "GRU", 5, 9, 4, 5, lengths=[1, 9, 5, 8, 3])
golden("lstm_proj_packed", "LSTM", 4, 6, 5, 7, lengths=[2, 6, 1, 5], proj_size=3)
golden("lstm_bidirectional_packed", "LSTM", 4, 7, 3, 5, lengths=[5, 1, 7, 3], bidirectional=True)
golden("gru_bidirectional_packed", "GRU", 4, 8, 3, 5, lengths=[5, 7, 1, 3], bidirectional=True)
golden("lstm_2_layers_packed", "LSTM", 4, 6, 3, 5, lengths=[1, 4, 6, 2], num_layers=2)
golden("gru_3_layers_packed", "GRU", 4, 7, 3, 5, lengths=[6, 2, 1, 4], num_layers=3)
golden(
    "rnn_bidirectional_2_layers_packed",
    "RNN",
    4,
    6,
    3,
    4,
    lengths=[6, 1, 3, 5],
    num_layers=2,
    bidirectional=True,
)
golden(
    "lstm_bidirectional_2_layers_packed",
    "LSTM",
    4,
    7,
    4,
    5,
    lengths=[3, 6, 1, 6],
    num_layers=2,
    bidirectional=True,
)
golden(
    "gru_bidirectional_2_layers_packed",
    "GRU",
    4,
    6,
    4,
    5,
    lengths=[1, 6, 2, 4],
    num_layers=2,
    bidirectional=True,
)
