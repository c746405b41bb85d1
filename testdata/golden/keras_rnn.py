"""Keras' LSTM and GRU: reset before the product, hard sigmoid, masks, merge modes.

Versions: python 3.11.7, keras 3.15.1 (torch 2.15.0 as its backend), numpy 2.4.6,
safetensors 0.8.0. Run: `python keras_rnn.py`.

Layers run in f32 (Keras multiplies matrices in f32 whatever the dtype) with `use_cudnn=False`, so
that Keras' own step function computes every step; its gradients are autograd through that. The
same case in f64 by `equations.py` must agree, gradients included, to 1e-5 relative + 1e-6
absolute; those f64 results are what the files hold, with Keras' own forward values as `keras.*`.

Keras keeps `kernel [I, G*H]` in gate order z, r, h (GRU) and i, f, c, o (LSTM); the files hold our
layout: `w_ih [G*H, I]`, order r, z, n and i, f, g, o.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

import equations
from golden import check_f32, draw, rng, save

# Keras' gate order, written as positions in ours.
KERAS_GATES = {"LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}


def blocks(kind, array, order):
    """Reorders the G blocks of the leading dimension."""
    array = array.reshape(len(KERAS_GATES[kind]), -1, *array.shape[1:])
    return np.concatenate([array[k] for k in order])


def to_keras(kind, w):
    """Our arrays as the layer's `[kernel, recurrent_kernel, bias]`."""
    order = KERAS_GATES[kind]
    bias = blocks(kind, w["bias"], order)
    if "b_hn" in w:  # reset_after: one bias row for the input, one for the state
        recurrent = np.zeros_like(w["bias"])
        recurrent[-len(w["b_hn"]) :] = w["b_hn"]
        bias = np.stack([bias, blocks(kind, recurrent, order)])
    return [blocks(kind, w["w_ih"], order).T, blocks(kind, w["w_hh"], order).T, bias]


def from_keras(kind, kernel, recurrent_kernel, bias):
    """Gradients of the layer's arrays as gradients of ours."""
    order = np.argsort(KERAS_GATES[kind])
    grads = {
        "w_ih": blocks(kind, kernel.T, order),
        "w_hh": blocks(kind, recurrent_kernel.T, order),
        "bias": blocks(kind, bias[0] if bias.ndim == 2 else bias, order),
    }
    if bias.ndim == 2:
        grads["b_hn"] = blocks(kind, bias[1], order)[-bias.shape[1] // 3 :]
    return grads


def golden(
    name,
    kind,
    batch_size=3,
    seq_len=6,
    input_size=4,
    hidden_size=5,
    lengths=None,
    merge=None,
    reset_after=False,
    recurrent_activation="sigmoid",
    activation="tanh",
):
    generator = rng(name)
    prefixes = ["forward.", "backward."] if merge else [""]
    gates = len(KERAS_GATES[kind])
    states = ["h", "c"] if kind == "LSTM" else ["h"]
    arrays = {"x": draw(generator, batch_size, seq_len, input_size)}
    for s in states:
        arrays[f"{s}0"] = draw(generator, len(prefixes), batch_size, hidden_size)
    for prefix in prefixes:
        arrays[prefix + "w_ih"] = draw(generator, gates * hidden_size, input_size)
        arrays[prefix + "w_hh"] = draw(generator, gates * hidden_size, hidden_size)
        arrays[prefix + "bias"] = draw(generator, gates * hidden_size)
        if reset_after:
            arrays[prefix + "b_hn"] = draw(generator, hidden_size)
    output_size = hidden_size * (2 if merge == "concat" else 1)
    upstream = {"d_output": draw(generator, batch_size, seq_len, output_size)}
    for s in states:
        upstream[f"d_{s}_n"] = draw(generator, len(prefixes), batch_size, hidden_size)

    def split(source):
        keys = ("w_ih", "w_hh", "bias", "b_hn")
        return [{k: source[p + k] for k in keys if p + k in source} for p in prefixes]

    options = {
        "activation": activation,
        "recurrent_activation": recurrent_activation,
        "recurrent_dropout": 0.0,
        "return_sequences": True,
        "return_state": True,
        "zero_output_for_mask": True,
        "use_cudnn": False,
    }
    if kind == "GRU":
        options["reset_after"] = reset_after
    layer = getattr(keras.layers, kind)(hidden_size, **options)
    if merge:
        layer = keras.layers.Bidirectional(layer, merge_mode=merge)
    layer.build(arrays["x"].shape)
    layer.set_weights([a for w in split(arrays) for a in to_keras(kind, w)])

    leaves = {k: torch.from_numpy(arrays[k]) for k in ("x", *(f"{s}0" for s in states))}
    for leaf in leaves.values():
        leaf.requires_grad_()
    mask = None
    if lengths is not None:
        mask = torch.arange(seq_len)[None, :] < torch.tensor(lengths)[:, None]
    # One state per direction and kind: forward h, forward c, backward h, backward c.
    initial = [leaves[f"{s}0"][d] for d in range(len(prefixes)) for s in states]
    output, *final = layer(leaves["x"], initial_state=initial, mask=mask, training=False)
    outputs = {"output": output}
    for k, s in enumerate(states):
        outputs[f"{s}_n"] = torch.stack(final[k :: len(states)])
    loss = sum((v * torch.from_numpy(upstream[f"d_{k}"])).sum() for k, v in outputs.items())
    loss.backward()

    results = {k: v.detach().numpy() for k, v in outputs.items()}
    results |= {f"grad.{k}": v.grad.numpy() for k, v in leaves.items()}
    grads = [v.value.grad.numpy() for v in layer.trainable_variables]
    for k, prefix in enumerate(prefixes):
        for key, grad in from_keras(kind, *grads[3 * k : 3 * k + 3]).items():
            results[f"grad.{prefix}{key}"] = grad

    def forward(inputs):
        return by_equations(
            kind, inputs, split(inputs), lengths, merge, recurrent_activation, activation
        )

    expected = equations.evaluate_checked(name, arrays, upstream, forward)
    assert expected.keys() - results.keys() == {"loss"}
    check_f32(f"{name}, Keras", results, {k: expected[k] for k in results})

    arrays |= upstream | expected | {f"keras.{k}": results[k] for k in outputs}
    if lengths is not None:
        arrays["lengths"] = np.array(lengths)
    note = {"layer": kind, "activation": activation, "recurrent_activation": recurrent_activation}
    note |= {"reset_after": reset_after} if kind == "GRU" else {}
    note |= {"merge_mode": merge} if merge else {}
    save(
        f"keras/{name}",
        arrays,
        ["keras", "torch", "safetensors"],
        note=", ".join(f"{k}={v}" for k, v in note.items()),
    )


def by_equations(kind, inputs, weights, lengths, merge, recurrent_activation, activation):
    names = {
        "tanh": "Tanh",
        "sigmoid": "Sigmoid",
        "hard_sigmoid": "HardSigmoid6",
        "softsign": "Softsign",
    }
    gate, cell = names[recurrent_activation], names[activation]
    outputs, finals = [], []
    for d, w in enumerate(weights):
        if kind == "LSTM":
            step = lambda x, s: equations.lstm_step(x, s, w, activations=(gate, cell, cell))
            state = (inputs["h0"][d], inputs["c0"][d])
        else:
            step = lambda x, s: equations.gru_step(x, s, w, activations=(gate, cell))
            state = (inputs["h0"][d],)
        output, final = equations.unroll(step, inputs["x"], state, lengths, backward=d == 1)
        outputs.append(output)
        finals.append(final)
    merged = {
        None: lambda f: f,
        "concat": lambda f, b: torch.cat([f, b], dim=-1),
        "sum": torch.add,
        "mul": torch.mul,
        "ave": lambda f, b: (f + b) / 2.0,
    }[merge](*outputs)
    results = {"output": merged}
    for key, values in zip(("h_n", "c_n"), zip(*finals)):
        results[key] = torch.stack(values)
    return results


golden("gru_reset_before", "GRU")
golden("gru_reset_after", "GRU", reset_after=True)
golden("gru_hard_sigmoid", "GRU", recurrent_activation="hard_sigmoid")
golden("lstm", "LSTM")
golden("lstm_hard_sigmoid", "LSTM", recurrent_activation="hard_sigmoid")
golden("lstm_softsign", "LSTM", activation="softsign")
# Masked: one row of length 1 and one that is all padding.
golden("gru_masked", "GRU", batch_size=5, lengths=[4, 1, 6, 0, 3])
golden("lstm_masked", "LSTM", batch_size=5, lengths=[4, 1, 6, 0, 3])
golden("bidirectional_concat", "LSTM", merge="concat")
golden("bidirectional_sum", "LSTM", merge="sum")
golden("bidirectional_mul", "LSTM", merge="mul")
golden("bidirectional_ave", "LSTM", merge="ave")
golden("bidirectional_concat_masked", "LSTM", batch_size=5, lengths=[4, 1, 6, 0, 3], merge="concat")
golden("bidirectional_mul_masked", "GRU", batch_size=5, lengths=[4, 1, 6, 0, 3], merge="mul")
