"""Losses and their gradients by PyTorch.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python torch_losses.py`.

Computed in f64. Losses over sequences average over real tokens only; what stands in the padding
is arbitrary (labels there are -1) and receives no gradient.
"""

import numpy as np
import torch
import torch.nn.functional as F

from golden import check_f32, draw, rng, save


def golden(name, arrays, key, loss_of, lengths=None):
    """`loss_of(tensor of arrays[key])`, differentiated with respect to it."""

    def run(dtype):
        leaf = torch.from_numpy(arrays[key]).to(dtype).requires_grad_()
        loss = loss_of(leaf)
        loss.backward()
        return {"loss": loss.detach().numpy(), f"grad.{key}": leaf.grad.numpy()}

    results = run(torch.float64)
    check_f32(name, run(torch.float32), results)
    if lengths is not None:
        arrays["lengths"] = np.array(lengths)
    save(f"losses/{name}", arrays | results, ["torch", "safetensors"])


def real_tokens(lengths, seq_len):
    return torch.arange(seq_len)[None, :] < torch.tensor(lengths)[:, None]


def mse(name, lengths=None):
    generator = rng(name)
    arrays = {"prediction": draw(generator, 3, 5, 2), "target": draw(generator, 3, 5, 2)}

    def loss_of(prediction):
        target = torch.from_numpy(arrays["target"]).to(prediction.dtype)
        if lengths is not None:
            real = real_tokens(lengths, 5)
            prediction, target = prediction[real], target[real]
        return F.mse_loss(prediction, target)

    golden(name, arrays, "prediction", loss_of, lengths)


def cross_entropy(name, scale, lengths=None, smoothing=0.0):
    generator = rng(name)
    batch_size, seq_len, vocab_size = 4, 6, 7
    arrays = {
        "logits": draw(generator, batch_size, seq_len, vocab_size, scale=scale),
        "labels": generator.integers(0, vocab_size, (batch_size, seq_len)),
    }
    real = real_tokens(lengths or [seq_len] * batch_size, seq_len)
    arrays["labels"][~real.numpy()] = -1

    def loss_of(logits):
        labels = torch.from_numpy(arrays["labels"])
        return F.cross_entropy(
            logits.reshape(-1, vocab_size),
            labels.reshape(-1),
            ignore_index=-1,
            label_smoothing=smoothing,
        )

    golden(name, arrays, "logits", loss_of, lengths)


def bce(name, scale, lengths=None):
    generator = rng(name)
    arrays = {
        "logits": draw(generator, 4, 6, scale=scale),
        "target": generator.integers(0, 2, (4, 6)).astype(np.float32),
    }
    # Targets between 0 and 1 are probabilities.
    arrays["target"][0] = np.abs(draw(generator, 6))

    def loss_of(logits):
        target = torch.from_numpy(arrays["target"]).to(logits.dtype)
        if lengths is not None:
            real = real_tokens(lengths, 6)
            logits, target = logits[real], target[real]
        return F.binary_cross_entropy_with_logits(logits, target)

    golden(name, arrays, "logits", loss_of, lengths)


mse("mse")
mse("mse_lengths", lengths=[2, 5, 1])
cross_entropy("cross_entropy", scale=3.0)
cross_entropy("cross_entropy_lengths", scale=3.0, lengths=[4, 1, 6, 3])
# Logits whose exponentials overflow f32.
cross_entropy("cross_entropy_large_logits", scale=150.0)
# The names say a tenth; so do the tests.
cross_entropy("cross_entropy_smoothed", scale=3.0, smoothing=0.1)
cross_entropy("cross_entropy_smoothed_lengths", scale=3.0, lengths=[4, 1, 6, 3], smoothing=0.1)
bce("bce_with_logits", scale=3.0)
bce("bce_with_logits_lengths", scale=3.0, lengths=[4, 1, 6, 3])
bce("bce_with_logits_large_logits", scale=150.0)
