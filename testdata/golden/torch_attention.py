"""Attention and embeddings, with all gradients, by PyTorch.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python torch_attention.py`.

Computed in f64. The loss is `sum(context*d_context) + sum(alignment*d_alignment)` for attention
and `sum(output*d_output)` for embeddings. Keys past a row's length take no part: their scores are
set to minus infinity before the softmax. Dot attention agrees with
`F.scaled_dot_product_attention`, which the script asserts.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from golden import check_f32, draw, rng, save

BATCH, QUERIES, KEYS, SIZE, QUERY_SIZE, MEMORY_SIZE = 3, 4, 5, 6, 7, 8


def golden(folder, name, arrays, leaves, results_of, note=None):
    """`results_of(tensors)` is a dict with `loss`; gradients are of the arrays in `leaves`."""

    def run(dtype):
        tensors = {key: torch.from_numpy(array) for key, array in arrays.items()}
        for key, tensor in tensors.items():
            if tensor.is_floating_point():
                tensors[key] = tensor.to(dtype).requires_grad_(key in leaves)
        results = results_of(tensors)
        results["loss"].backward()
        gradients = {f"grad.{key}": tensors[key].grad.numpy() for key in leaves}
        return {key: value.detach().numpy() for key, value in results.items()} | gradients

    results = run(torch.float64)
    check_f32(name, run(torch.float32), results)
    save(f"{folder}/{name}", arrays | results, ["torch", "safetensors"], note=note)


def attend(scores, values, lengths):
    padding = torch.arange(KEYS)[None, :] >= torch.from_numpy(lengths)[:, None]
    scores = scores.masked_fill(padding[:, None, :], -math.inf)
    alignment = scores.softmax(-1)
    return alignment @ values, alignment


def result(context, alignment, t):
    loss = (context * t["d_context"]).sum() + (alignment * t["d_alignment"]).sum()
    return {"context": context, "alignment": alignment, "loss": loss}


def inputs(name, query_size, memory_size):
    generator = rng(name)
    arrays = {
        "query": draw(generator, BATCH, QUERIES, query_size),
        "memory": draw(generator, BATCH, KEYS, memory_size),
        "d_context": draw(generator, BATCH, QUERIES, memory_size),
        "d_alignment": draw(generator, BATCH, QUERIES, KEYS),
        "lengths": np.array([5, 1, 3]),
    }
    return generator, arrays


def additive(name, normed):
    generator, arrays = inputs(name, QUERY_SIZE, MEMORY_SIZE)
    arrays |= {
        "w_query": draw(generator, SIZE, QUERY_SIZE),
        "w_memory": draw(generator, SIZE, MEMORY_SIZE),
        "vector": draw(generator, SIZE),
    }
    if normed:
        arrays |= {"gain": draw(generator, 1) + np.float32(2), "bias": draw(generator, SIZE)}

    def results_of(t):
        vector = t["vector"]
        hidden = F.linear(t["query"], t["w_query"])[:, :, None]
        hidden = hidden + F.linear(t["memory"], t["w_memory"])[:, None]
        if normed:
            vector = t["gain"] * vector / vector.norm()
            hidden = hidden + t["bias"]
        scores = torch.tanh(hidden) @ vector
        context, alignment = attend(scores, t["memory"], arrays["lengths"])
        return result(context, alignment, t)

    leaves = [key for key in arrays if key not in ("d_context", "d_alignment", "lengths")]
    golden("attention", name, arrays, leaves, results_of)


def dot(name, scaled):
    _, arrays = inputs(name, SIZE, SIZE)
    scale = 1 / math.sqrt(SIZE) if scaled else 1.0

    def results_of(t):
        scores = t["query"] @ t["memory"].transpose(1, 2) * scale
        context, alignment = attend(scores, t["memory"], arrays["lengths"])
        real = torch.arange(KEYS)[None, :] < torch.from_numpy(arrays["lengths"])[:, None]
        theirs = F.scaled_dot_product_attention(
            t["query"], t["memory"], t["memory"], attn_mask=real[:, None, :], scale=scale
        )
        assert torch.allclose(context, theirs, atol=1e-6)
        return result(context, alignment, t)

    golden("attention", name, arrays, ["query", "memory"], results_of)


def embedding(name, padding_id=None):
    generator = rng(name)
    arrays = {
        "weight": draw(generator, 7, 4),
        "ids": generator.integers(0, 7, (3, 5)),
        "d_output": draw(generator, 3, 5, 4),
    }
    if padding_id is not None:
        arrays["ids"][1, 2:] = padding_id

    def results_of(t):
        output = F.embedding(t["ids"], t["weight"], padding_idx=padding_id)
        return {"output": output, "loss": (output * t["d_output"]).sum()}

    golden("embedding", name, arrays, ["weight"], results_of, note=f"padding_idx={padding_id}")


additive("additive", normed=False)
additive("additive_normed", normed=True)
dot("dot", scaled=False)
dot("dot_scaled", scaled=True)
embedding("embedding")
embedding("embedding_padding", padding_id=2)
