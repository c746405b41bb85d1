"""The cells that scan, from the equations of their papers, in f64.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python reference_scan.py`.

Gradients are PyTorch's autograd. `min_*_log_space` run the parallel scan in log space of the
paper's appendix; the other files run step by step. The convolution of the QRNN is PyTorch's.

Sources. minGRU, minLSTM: Feng, Tung, Ahmed, Bengio and Hajimirsadegh 2024, "Were RNNs all we
needed?", sections 3.1 and 3.2, appendix B. SRU: Lei, Zhang, Wang, Dai and Artzi 2018, "Simple
recurrent units for highly parallelizable recurrence", eq. 1-6 and section 3.2. QRNN: Bradbury,
Merity, Xiong and Socher 2017, "Quasi-recurrent neural networks", eq. 1-5.
"""

import numpy as np
import torch
import torch.nn.functional as F

import equations
from equations import unroll
from golden import assert_agrees, check_f32, draw, rng, save

BATCH, TIME, INPUT, HIDDEN = 3, 6, 4, 5
LENGTHS = [4, 1, 6, 0, 3]


def g(x):
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


def log_g(x):
    return torch.where(x >= 0, (F.relu(x) + 0.5).log(), -F.softplus(-x))


def linear(x):
    return x


def min_gru_step(candidate):
    def step(x, state, w):
        (h,) = state
        z, n = (x @ w["w_ih"].T + w["bias"]).chunk(2, dim=-1)
        z = torch.sigmoid(z)
        return ((1.0 - z) * h + z * candidate(n),)

    return step


def min_lstm_step(candidate):
    def step(x, state, w):
        (h,) = state
        f, i, n = (x @ w["w_ih"].T + w["bias"]).chunk(3, dim=-1)
        f, i = torch.sigmoid(f), torch.sigmoid(i)
        return (f / (f + i) * h + i / (f + i) * candidate(n),)

    return step


def parallel_scan_log(log_coeffs, log_values):
    """h_t = e^log_coeffs_t h_t-1 + e^log_values_t; the first value is h_0."""
    a_star = F.pad(torch.cumsum(log_coeffs, dim=1), (0, 0, 1, 0))
    log_h0_plus_b_star = torch.logcumsumexp(log_values - a_star, dim=1)
    return torch.exp(a_star + log_h0_plus_b_star)[:, 1:]


def min_gru_log_space(w):
    k, n = (w["x"] @ w["w_ih"].T + w["bias"]).chunk(2, dim=-1)
    log_values = torch.cat([w["h0"].log()[:, None], -F.softplus(-k) + log_g(n)], dim=1)
    return parallel_scan_log(-F.softplus(k), log_values)


def min_lstm_log_space(w):
    f, i, n = (w["x"] @ w["w_ih"].T + w["bias"]).chunk(3, dim=-1)
    diff = F.softplus(-f) - F.softplus(-i)
    # log f' = -softplus(diff), log i' = -softplus(-diff).
    log_values = torch.cat([w["h0"].log()[:, None], -F.softplus(-diff) + log_g(n)], dim=1)
    return parallel_scan_log(-F.softplus(diff), log_values)


def sru_step(scale):
    """With `peepholes` among the weights they act; a fourth block of `w_ih` projects the input
    onto the highway."""

    def step(x, state, w):
        _, c = state
        product = x @ w["w_ih"].T
        candidate, f, r = product[..., : 3 * HIDDEN].chunk(3, dim=-1)
        b_f, b_r = w["bias"].chunk(2)
        v_f, v_r = w["peepholes"] if "peepholes" in w else (0.0, 0.0)
        start = x if x.shape[-1] == HIDDEN else product[..., 3 * HIDDEN :]
        f = torch.sigmoid(f + b_f + v_f * c)
        r = torch.sigmoid(r + b_r + v_r * c)
        c = f * c + (1.0 - f) * candidate
        return r * c + (1.0 - r) * start * scale, c

    return step


def qrnn_step(x, state, w):
    """x holds the convolved input already; the number of blocks tells the pooling."""
    h, c = state if len(state) == 2 else (None, state[0])
    blocks = x.chunk(x.shape[-1] // HIDDEN, dim=-1)
    z, f = torch.tanh(blocks[0]), torch.sigmoid(blocks[1])
    i = torch.sigmoid(blocks[3]) if len(blocks) > 3 else 1.0 - f
    c = f * c + i * z
    return (c,) if h is None else (torch.sigmoid(blocks[2]) * c, c)


def masked_convolution(w, width, lengths, backward):
    """[B, T, G*H]: what each step sees are the `width - 1` inputs read before it and its own;
    before the first stand those of `window0`, oldest first."""
    gates = w["w_ih"].shape[0]
    # PyTorch's kernel is [out, in, width], oldest first.
    kernel = w["w_ih"].reshape(gates, width, -1).transpose(1, 2)
    rows = []
    for x, window, length in zip(w["x"], w["window0"], lengths):
        if length == 0:
            rows.append(torch.zeros(x.shape[0], gates, dtype=x.dtype))
            continue
        real = x[:length]
        read = torch.cat([window, real.flip(0) if backward else real])
        out = F.conv1d(read.T[None], kernel, w["bias"])[0].T
        out = out.flip(0) if backward else out
        rows.append(F.pad(out, (0, 0, 0, x.shape[0] - length)))
    return torch.stack(rows)


def save_case(name, arrays, run, lengths=None, note="", run_f32=None):
    """`run_f32` is a computation of the same that f32 can do to the tolerance."""
    generator = rng(f"{name} upstream")
    with torch.no_grad():
        shapes = run({k: torch.from_numpy(v).double() for k, v in arrays.items()})
    upstream = {f"d_{k}": draw(generator, *v.shape) for k, v in shapes.items()}
    results = equations.evaluate(arrays, upstream, run)
    low = equations.evaluate(arrays, upstream, run_f32 or run, torch.float32)
    check_f32(name, low, {k: v for k, v in results.items() if k != "loss"})
    arrays = arrays | upstream | results
    if lengths is not None:
        arrays["lengths"] = np.array(lengths)
    save(f"reference/{name}", arrays, ["torch", "safetensors"], note=note)


def draw_case(name, blocks, states, biases=None, input_size=INPUT, lengths=None, **more):
    generator = rng(name)
    batch_size = BATCH if lengths is None else len(lengths)
    arrays = {"x": draw(generator, batch_size, TIME, input_size)}
    for key in ("h0", "c0")[:states]:
        arrays[key] = draw(generator, batch_size, HIDDEN)
    width = more.pop("width", 1)
    arrays["w_ih"] = draw(generator, blocks * HIDDEN, width * input_size)
    arrays["bias"] = draw(generator, (biases or blocks) * HIDDEN)
    for key, shape in more.items():
        arrays[key] = draw(generator, *shape)
    if width > 1:
        arrays["window0"] = draw(generator, batch_size, width - 1, input_size)
    return arrays


def stepwise(name, step, arrays, states, lengths=None, backward=False, note=""):
    def run(w):
        state = tuple(w[k] for k in ("h0", "c0")[:states])
        output, final = unroll(lambda x, s: step(x, s, w), w["x"], state, lengths, backward)
        return {"output": output, **{f"{s}_n": f for s, f in zip("hc", final)}}

    save_case(name, arrays, run, lengths, note)


def log_space(name, scan, step, blocks):
    arrays = draw_case(name, blocks, 1)
    # A state in log space is positive.
    arrays["h0"] = np.abs(arrays["h0"]) + np.float32(0.125)

    def run(w):
        output = scan(w)
        return {"output": output, "h_n": output[:, -1]}

    def plain(w):
        output, (h_n,) = unroll(lambda x, s: step(x, s, w), w["x"], (w["h0"],))
        return {"output": output, "h_n": h_n}

    w = {k: torch.from_numpy(v).double() for k, v in arrays.items()}
    assert_agrees(name, run(w)["output"], plain(w)["output"], 1e-12)
    # Logarithms cost f32 more digits than the tolerance has.
    save_case(name, arrays, run, note="parallel scan in log space", run_f32=plain)


def qrnn(name, blocks, width, lengths=None, backward=False):
    states = 1 if blocks == 2 else 2
    arrays = draw_case(name, blocks, states, lengths=lengths, width=width)
    every = [TIME] * BATCH if lengths is None else lengths

    def run(w):
        state = tuple(w[k] for k in ("h0", "c0")[:states])
        seen = masked_convolution(w, width, every, backward)
        output, final = unroll(lambda x, s: qrnn_step(x, s, w), seen, state, lengths, backward)
        return {"output": output, **{f"{s}_n": f for s, f in zip("hc", final)}}

    save_case(name, arrays, run, lengths, note=f"window_size={width}")


log_space("min_gru_log_space", min_gru_log_space, min_gru_step(g), 2)
log_space("min_lstm_log_space", min_lstm_log_space, min_lstm_step(g), 3)
for cell, make, blocks in (("min_gru", min_gru_step, 2), ("min_lstm", min_lstm_step, 3)):
    name = f"{cell}_linear"
    stepwise(name, make(linear), draw_case(name, blocks, 1), 1)
    for backward in (False, True):
        name = f"{cell}_lengths{'_backward' if backward else ''}"
        arrays = draw_case(name, blocks, 1, lengths=LENGTHS)
        stepwise(name, make(g), arrays, 1, LENGTHS, backward)

V = {"peepholes": (2, HIDDEN)}
ALPHA = 3.0**0.5
stepwise("sru", sru_step(ALPHA), draw_case("sru", 3, 2, 2, HIDDEN, **V), 2, note="alpha=sqrt(3)")
stepwise("sru_plain", sru_step(1.25), draw_case("sru_plain", 3, 2, 2, HIDDEN), 2, note="alpha=1.25")
stepwise("sru_projected", sru_step(ALPHA), draw_case("sru_projected", 4, 2, 2, **V), 2)
for backward in (False, True):
    name = f"sru_lengths{'_backward' if backward else ''}"
    arrays = draw_case(name, 3, 2, 2, HIDDEN, LENGTHS, **V)
    stepwise(name, sru_step(ALPHA), arrays, 2, LENGTHS, backward)

qrnn("qrnn_f", 2, 2)
qrnn("qrnn_fo", 3, 3)
qrnn("qrnn_ifo", 4, 2)
qrnn("qrnn_lengths", 3, 3, LENGTHS)
qrnn("qrnn_lengths_backward", 3, 3, LENGTHS, backward=True)
