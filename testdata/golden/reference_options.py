"""What no library offers as one piece, from the published equations, in f64.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python reference_options.py`.

The cells stand in `equations.py` (checked there against ONNX Runtime and Keras) and below;
gradients are PyTorch's autograd. Where PyTorch has a part of a case, that part is compared with it.

Sources. Layer normalisation: Ba, Kiros and Hinton 2016, "Layer normalization", eq. 20-22.
Projection: Sak, Senior and Beaufays 2014, "Long short-term memory recurrent neural network
architectures for large scale acoustic modeling". Residual: Wu et al. 2016, "Google's neural
machine translation system", eq. 6. Highway: Srivastava, Greff and Schmidhuber 2015, "Highway
networks", eq. 3. Zoneout: Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving
hidden activations", section 3. IndRNN: Li et al. 2018, "Independently recurrent neural network".
"""

import numpy as np
import torch
import torch.nn.functional as F

import equations
from equations import ACTIVATIONS, gru_step, lstm_step, unroll
from golden import assert_agrees, draw, rng, save

BATCH, TIME, INPUT, HIDDEN = 3, 6, 4, 5


def indrnn_step(x, state, w, activation):
    """h' = act(W_ih x + b + u ⊙ h)."""
    (h,) = state
    return (ACTIVATIONS[activation](x @ w["w_ih"].T + w["bias"] + w["w_hh"] * h),)


def layer_norm_lstm_step(x, state, w):
    """i, f, g, o = LN(W_ih x; gain_ih) + LN(W_hh h; gain_hh) + b, each LN over the whole `4H`
    vector; h' = o ⊙ tanh(LN(c'; gain_c, bias_c)). The variance is the biased one, plus 1e-5."""
    h, c = state
    from_x = F.layer_norm(x @ w["w_ih"].T, w["gain_ih"].shape, w["gain_ih"], eps=1e-5)
    from_h = F.layer_norm(h @ w["w_hh"].T, w["gain_hh"].shape, w["gain_hh"], eps=1e-5)
    i, f, g, o = (from_x + from_h + w["bias"]).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    shown = F.layer_norm(c, w["gain_c"].shape, w["gain_c"], w["bias_c"], eps=1e-5)
    return torch.sigmoid(o) * torch.tanh(shown), c


def projected_lstm_step(x, state, w):
    """An LSTM (with peepholes, if there) whose output is h' = W_hr (o ⊙ tanh(c'))."""
    h, c = lstm_step(x, state, w)
    return h @ w["w_hr"].T, c


def zoneout_step(step, x, state, w, hidden, cell):
    """In evaluation: a unit takes the expectation p * old + (1 - p) * new. The new h comes from
    the new c before zoneout touched it."""
    new = step(x, state, w)
    rates = (hidden, cell)
    return tuple(p * old + (1.0 - p) * n for p, old, n in zip(rates, state, new))


def weights(generator, gates, input_size=INPUT, state_size=HIDDEN, **more):
    arrays = {
        "w_ih": draw(generator, gates * HIDDEN, input_size),
        "w_hh": draw(generator, gates * HIDDEN, state_size),
        "bias": draw(generator, gates * HIDDEN),
    }
    for key, shape in more.items():
        arrays[key] = draw(generator, *shape)
        if key.startswith("gain"):
            arrays[key] = (1.0 + 0.5 * arrays[key]).astype(np.float32)
    return arrays


def golden(name, arrays, run, lengths=None, note=""):
    """`run(inputs)` gives the outputs by name; every one gets a random gradient from above."""
    generator = rng(f"{name} upstream")
    with torch.no_grad():
        shapes = run({k: torch.from_numpy(v).double() for k, v in arrays.items()})
    upstream = {f"d_{k}": draw(generator, *v.shape) for k, v in shapes.items()}
    results = equations.evaluate_checked(name, arrays, upstream, run)
    arrays = arrays | upstream | results
    if lengths is not None:
        arrays["lengths"] = np.array(lengths)
    save(f"reference/{name}", arrays, ["torch", "safetensors"], note=note)
    return results


def cell(name, step, make_weights, state_sizes, lengths=None, backward=False, note=""):
    """One cell over a sequence; states are `[B, S]` each."""
    generator = rng(name)
    batch_size = BATCH if lengths is None else len(lengths)
    arrays = {"x": draw(generator, batch_size, TIME, INPUT)}
    keys = [f"{s}0" for s in "hc"[: len(state_sizes)]]
    for key, size in zip(keys, state_sizes):
        arrays[key] = draw(generator, batch_size, size)
    arrays |= make_weights(generator)

    def run(inputs):
        state = tuple(inputs[k] for k in keys)
        output, final = unroll(
            lambda x, s: step(x, s, inputs), inputs["x"], state, lengths, backward
        )
        return {"output": output, **{f"{s}_n": f for s, f in zip("hc", final)}}

    return arrays, golden(name, arrays, run, lengths, note)


def stack(name, shortcut, first, input_size=INPUT, lengths=None, note=""):
    """Three GRU layers (reset after the product); `shortcut(inputs, index, x, y)` makes the next
    layer's input of a layer's input x and output y, for layers from `first` (counted from 0)."""
    generator = rng(name)
    batch_size = BATCH if lengths is None else len(lengths)
    arrays = {"x": draw(generator, batch_size, TIME, input_size)}
    for k in range(3):
        size = input_size if k == 0 else HIDDEN
        layer = weights(generator, 3, size, b_hn=(HIDDEN,))
        arrays |= {f"layers.{k}.{key}": value for key, value in layer.items()}
        arrays[f"layers.{k}.h0"] = draw(generator, batch_size, HIDDEN)
    if shortcut is highway:
        for k in range(3 - first):
            arrays[f"highways.{k}.weight"] = draw(generator, HIDDEN, HIDDEN)
            arrays[f"highways.{k}.bias"] = draw(generator, HIDDEN)
    if shortcut is between:
        for k in range(2):
            arrays[f"norms.{k}.gain"] = 1.0 + 0.5 * draw(generator, HIDDEN)
            arrays[f"norms.{k}.bias"] = draw(generator, HIDDEN)

    def run(inputs):
        signal, finals = inputs["x"], {}
        for k in range(3):
            prefix = f"layers.{k}."
            w = {key[len(prefix) :]: v for key, v in inputs.items() if key.startswith(prefix)}
            y, (h,) = unroll(lambda x, s: gru_step(x, s, w), signal, (w["h0"],), lengths)
            finals[f"layers.{k}.h_n"] = h
            signal = shortcut(inputs, k - first, signal, y) if k >= first else y
            if lengths is not None:
                real = torch.arange(TIME)[None, :] < torch.tensor(lengths)[:, None]
                signal = torch.where(real[:, :, None], signal, torch.zeros_like(signal))
        return {"output": signal, **finals}

    golden(name, arrays, run, lengths, note)


def residual(inputs, index, x, y):
    return x + y


def highway(inputs, index, x, y):
    """t ⊙ y + (1 - t) ⊙ x with t = σ(W_t x + b_t)."""
    t = torch.sigmoid(x @ inputs[f"highways.{index}.weight"].T + inputs[f"highways.{index}.bias"])
    return t * y + (1.0 - t) * x


def between(inputs, index, x, y):
    """Layer norm of a layer's output, on the way to the next layer; not behind the last."""
    if index == 2:
        return y
    gain, bias = inputs[f"norms.{index}.gain"], inputs[f"norms.{index}.bias"]
    return F.layer_norm(y, gain.shape, gain, bias, eps=1e-5)


def check_projection(arrays, results):
    """Without peepholes the projected LSTM is PyTorch's `proj_size`."""
    module = torch.nn.LSTM(INPUT, HIDDEN, proj_size=3, batch_first=True).double()
    names = {
        "weight_ih_l0": "w_ih",
        "weight_hh_l0": "w_hh",
        "bias_ih_l0": "bias",
        "weight_hr_l0": "w_hr",
    }
    with torch.no_grad():
        module.bias_hh_l0.zero_()
        for theirs, ours in names.items():
            getattr(module, theirs).copy_(torch.from_numpy(arrays[ours]))
        state = tuple(torch.from_numpy(arrays[k]).double()[None] for k in ("h0", "c0"))
        output, _ = module(torch.from_numpy(arrays["x"]).double(), state)
    assert_agrees("projection", results["output"], output.numpy(), 1e-12)


def rnn_weights(generator):
    arrays = weights(generator, 1)
    arrays["w_hh"] = draw(generator, HIDDEN)
    return arrays


def tanh(x, s, w):
    return indrnn_step(x, s, w, "Tanh")


def relu(x, s, w):
    return indrnn_step(x, s, w, "Relu")


cell("indrnn_tanh", tanh, rnn_weights, [HIDDEN])
cell("indrnn_relu", relu, rnn_weights, [HIDDEN])
cell("indrnn_lengths", tanh, rnn_weights, [HIDDEN], lengths=[4, 1, 6, 0, 3])
cell("indrnn_lengths_backward", relu, rnn_weights, [HIDDEN], lengths=[4, 1, 6, 0, 3], backward=True)
cell(
    "lstm_layer_norm",
    layer_norm_lstm_step,
    lambda g: weights(
        g,
        4,
        gain_ih=(4 * HIDDEN,),
        gain_hh=(4 * HIDDEN,),
        gain_c=(HIDDEN,),
        bias_c=(HIDDEN,),
    ),
    [HIDDEN, HIDDEN],
)
check_projection(
    *cell(
        "lstm_projection",
        projected_lstm_step,
        lambda g: weights(g, 4, state_size=3, w_hr=(3, HIDDEN)),
        [3, HIDDEN],
    )
)
cell(
    "lstm_projection_peephole",
    projected_lstm_step,
    lambda g: weights(g, 4, state_size=3, w_hr=(3, HIDDEN), peepholes=(3, HIDDEN)),
    [3, HIDDEN],
)
cell(
    "lstm_zoneout_expectation",
    lambda x, s, w: zoneout_step(lstm_step, x, s, w, hidden=0.25, cell=0.5),
    lambda g: weights(g, 4),
    [HIDDEN, HIDDEN],
    note="zoneout_hidden=0.25, zoneout_cell=0.5",
)
cell(
    "gru_zoneout_expectation",
    lambda x, s, w: zoneout_step(gru_step, x, s, w, hidden=0.25, cell=None),
    lambda g: weights(g, 3, b_hn=(HIDDEN,)),
    [HIDDEN],
    lengths=[4, 1, 6, 3],
    note="zoneout_hidden=0.25",
)
stack("residual_stack", residual, first=1, note="residual from the second layer on")
stack(
    "residual_stack_lengths",
    residual,
    first=0,
    input_size=HIDDEN,
    lengths=[4, 1, 6, 3],
    note="residual from the first layer on",
)
stack("highway_stack", highway, first=1, note="highway from the second layer on")
stack(
    "highway_stack_lengths",
    highway,
    first=0,
    input_size=HIDDEN,
    lengths=[4, 1, 6, 3],
    note="highway from the first layer on",
)
stack("layer_norm_stack", between, first=0, note="layer norm behind the first and second layer")
