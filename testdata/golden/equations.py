"""The cells with every option, written out plainly in f64 with PyTorch's autograd.

Not a reference by itself: scripts check it against ONNX Runtime or Keras before they take its
gradients, and where no library has an option, it states the published equation.

Names and layout are the project's own: `w_ih [G*H, I]`, `w_hh [G*H, H]`, `bias [G*H]`, gate order
i, f, g, o (LSTM) and r, z, n (GRU), `peepholes [3, H]` as p_i, p_f, p_o.
"""

import numpy as np
import torch
import torch.nn.functional as F

from golden import check_f32

ACTIVATIONS = {
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "Relu": torch.relu,
    "Softsign": F.softsign,
    # ONNX's, with its default alpha and beta. Keras 3's is `HardSigmoid6`.
    "HardSigmoid": lambda x: (0.2 * x + 0.5).clamp(0.0, 1.0),
    "HardSigmoid6": lambda x: (x / 6.0 + 0.5).clamp(0.0, 1.0),
}


def clamp(x, limit):
    return x if limit is None else x.clamp(-limit, limit)


def rnn_step(x, state, w, activation="Tanh", clip=None):
    """h = act(clip(W_ih x + W_hh h + b))."""
    (h,) = state
    return (ACTIVATIONS[activation](clamp(x @ w["w_ih"].T + h @ w["w_hh"].T + w["bias"], clip)),)


def lstm_step(x, state, w, coupled=False, clip=None, activations=("Sigmoid", "Tanh", "Tanh")):
    """Gers & Schmidhuber 2000 (peepholes), Greff et al. 2017 (coupled gate), ONNX `LSTM` (clip).

    i = σ(clip(.. + p_i ⊙ c)), f = σ(clip(.. + p_f ⊙ c)) or 1 - i, g = tanh(clip(..)),
    c' = f ⊙ c + i ⊙ g, o = σ(clip(.. + p_o ⊙ c')), h' = o ⊙ tanh(c').
    """
    gate, cell, output = (ACTIVATIONS[name] for name in activations)
    h, c = state
    i, f, g, o = (x @ w["w_ih"].T + h @ w["w_hh"].T + w["bias"]).chunk(4, dim=-1)
    p_i, p_f, p_o = w["peepholes"] if "peepholes" in w else (0.0, 0.0, 0.0)
    i = gate(clamp(i + p_i * c, clip))
    f = 1.0 - i if coupled else gate(clamp(f + p_f * c, clip))
    c = f * c + i * cell(clamp(g, clip))
    o = gate(clamp(o + p_o * c, clip))
    return o * output(c), c


def gru_step(x, state, w, clip=None, activations=("Sigmoid", "Tanh")):
    """Cho et al. 2014. With `b_hn` among the weights the reset gate acts after the product.

    r, z = σ(..); before: n = tanh(W_in x + b_n + W_hn (r ⊙ h));
    after: n = tanh(W_in x + b_n + r ⊙ (W_hn h + b_hn)); h' = (1 - z) ⊙ n + z ⊙ h.
    """
    gate, candidate = (ACTIVATIONS[name] for name in activations)
    (h,) = state
    x_r, x_z, x_n = (x @ w["w_ih"].T + w["bias"]).chunk(3, dim=-1)
    w_r, w_z, w_n = w["w_hh"].chunk(3, dim=0)
    r = gate(clamp(x_r + h @ w_r.T, clip))
    z = gate(clamp(x_z + h @ w_z.T, clip))
    product = r * (h @ w_n.T + w["b_hn"]) if "b_hn" in w else (r * h) @ w_n.T
    n = candidate(clamp(x_n + product, clip))
    return ((1.0 - z) * n + z * h,)


def unroll(step, x, state, lengths=None, backward=False):
    """Runs `step(x_t, state)` over `x [B, T, I]`; past its length a row's state is frozen and its
    output zero, and a backward run starts at the row's own last step."""
    batch_size, seq_len, _ = x.shape
    lengths = [seq_len] * batch_size if lengths is None else lengths
    outputs = [None] * seq_len
    for t in reversed(range(seq_len)) if backward else range(seq_len):
        real = torch.tensor([[t < length] for length in lengths])
        new = step(x[:, t], state)
        state = tuple(torch.where(real, a, b) for a, b in zip(new, state))
        outputs[t] = torch.where(real, new[0], torch.zeros_like(new[0]))
    return torch.stack(outputs, dim=1), state


def evaluate(arrays, upstream, forward, dtype=torch.float64):
    """Outputs of `forward(inputs)`, and the gradients and value of the loss
    `sum(output * d_output)` over all of them."""
    inputs = {k: torch.from_numpy(v).to(dtype).requires_grad_() for k, v in arrays.items()}
    outputs = forward(inputs)
    loss = sum(
        (v * torch.from_numpy(upstream[f"d_{k}"]).to(dtype)).sum() for k, v in outputs.items()
    )
    loss.backward()
    arrays = {k: v.detach().numpy() for k, v in outputs.items()}
    arrays["loss"] = loss.detach().numpy()
    for key, leaf in inputs.items():
        # An input that the option leaves unused has no gradient in PyTorch; it is zero.
        arrays[f"grad.{key}"] = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
    return arrays


def evaluate_checked(name, arrays, upstream, forward):
    """`evaluate` in f64, after making sure that f32 comes within the tolerance of it."""
    results = evaluate(arrays, upstream, forward)
    low = evaluate(arrays, upstream, forward, torch.float32)
    check_f32(name, low, {k: v for k, v in results.items() if k != "loss"})
    return results
