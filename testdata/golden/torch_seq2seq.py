"""A whole encoder-decoder, weights in, logits and all gradients out, by PyTorch.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python torch_seq2seq.py`.

Computed in f64. The encoder is `nn.GRU`, bidirectional, over packed sources; each decoder layer is
an `nn.GRU` that starts from `tanh(W h + b)` of the encoder's last states; additive attention asks
with the bottom layer, and its context goes to the layer above and into the readout; the logits are
the readout times the target's embedding. The loss is `F.cross_entropy` with label smoothing over
real labels. Weights have our names and layout.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import check_f32, draw, rng, save

VOCAB, EMBED, HIDDEN, KEY, SMOOTHING = 9, 5, 4, 3, 0.1
NAME = "seq2seq/gru_additive"


def cell(prefix, input_size, hidden_size):
    return {
        f"{prefix}.cell.w_ih": (3 * hidden_size, input_size),
        f"{prefix}.cell.w_hh": (3 * hidden_size, hidden_size),
        f"{prefix}.cell.bias": (3 * hidden_size,),
        f"{prefix}.cell.bias_hn": (hidden_size,),
    }


SHAPES = {
    "source_embedding.weight": (VOCAB, EMBED),
    "target_embedding.weight": (VOCAB, EMBED),
    **cell("encoder.layers.0.forward", EMBED, HIDDEN),
    **cell("encoder.layers.0.backward", EMBED, HIDDEN),
    "dense_bridge.hidden.0.weight": (HIDDEN, 2 * HIDDEN),
    "dense_bridge.hidden.0.bias": (HIDDEN,),
    "dense_bridge.hidden.1.weight": (HIDDEN, 2 * HIDDEN),
    "dense_bridge.hidden.1.bias": (HIDDEN,),
    **cell("decoder.layers.0", EMBED, HIDDEN),
    **cell("decoder.layers.1", 3 * HIDDEN, HIDDEN),
    "decoder.attention.w_query": (KEY, HIDDEN),
    "decoder.attention.w_memory": (KEY, 2 * HIDDEN),
    "decoder.attention.vector": (KEY,),
    "decoder.readout.weight": (EMBED, 3 * HIDDEN),
    "decoder.readout.bias": (EMBED,),
    "output_bias": (VOCAB,),
}


def torch_weights(t, prefix, suffix=""):
    # Of the second bias only the candidate's part is not added to the first one.
    b_hn = t[f"{prefix}.cell.bias_hn"]
    return {
        f"weight_ih_l0{suffix}": t[f"{prefix}.cell.w_ih"],
        f"weight_hh_l0{suffix}": t[f"{prefix}.cell.w_hh"],
        f"bias_ih_l0{suffix}": t[f"{prefix}.cell.bias"],
        f"bias_hh_l0{suffix}": torch.cat([torch.zeros(2 * HIDDEN, dtype=b_hn.dtype), b_hn]),
    }


def forward(t, arrays):
    dtype = t["output_bias"].dtype
    source_lengths = torch.from_numpy(arrays["source_lengths"])
    x = F.embedding(t["source"], t["source_embedding.weight"])
    packed = pack_padded_sequence(x, source_lengths, batch_first=True, enforce_sorted=False)
    gru = torch.nn.GRU(EMBED, HIDDEN, bidirectional=True, batch_first=True, dtype=dtype)
    weights = torch_weights(t, "encoder.layers.0.forward")
    weights |= torch_weights(t, "encoder.layers.0.backward", "_reverse")
    outputs, last = functional_call(gru, weights, (packed,))
    memory, _ = pad_packed_sequence(outputs, batch_first=True)
    last = torch.cat([last[0], last[1]], 1)

    def layer(index, x):
        bridge = f"dense_bridge.hidden.{index}"
        h0 = torch.tanh(F.linear(last, t[f"{bridge}.weight"], t[f"{bridge}.bias"]))
        gru = torch.nn.GRU(x.shape[2], HIDDEN, batch_first=True, dtype=dtype)
        return functional_call(gru, torch_weights(t, f"decoder.layers.{index}"), (x, h0[None]))[0]

    bottom = layer(0, F.embedding(t["decoder_input"], t["target_embedding.weight"]))
    query = F.linear(bottom, t["decoder.attention.w_query"])[:, :, None]
    keys = F.linear(memory, t["decoder.attention.w_memory"])[:, None]
    scores = torch.tanh(query + keys) @ t["decoder.attention.vector"]
    padding = torch.arange(memory.shape[1])[None, :] >= source_lengths[:, None]
    alignment = scores.masked_fill(padding[:, None, :], -torch.inf).softmax(-1)
    context = alignment @ memory
    top = layer(1, torch.cat([bottom, context], 2))
    readout = F.linear(
        torch.cat([top, context], 2), t["decoder.readout.weight"], t["decoder.readout.bias"]
    )
    logits = torch.tanh(readout) @ t["target_embedding.weight"].T + t["output_bias"]
    real = torch.arange(logits.shape[1])[None, :] < torch.from_numpy(arrays["target_lengths"])[:, None]
    loss = F.cross_entropy(logits[real], t["labels"][real], label_smoothing=SMOOTHING)
    return {"logits": logits, "alignment": alignment, "loss": loss}


def run(arrays, dtype):
    t = {key: torch.from_numpy(array) for key, array in arrays.items()}
    for key in SHAPES:
        t[key] = t[key].to(dtype).requires_grad_()
    results = forward(t, arrays)
    results["loss"].backward()
    gradients = {f"grad.{key}": t[key].grad.numpy() for key in SHAPES}
    return {key: value.detach().numpy() for key, value in results.items()} | gradients


generator = rng(NAME)
arrays = {key: draw(generator, *shape) for key, shape in SHAPES.items()}
arrays |= {
    "source": np.array([[4, 5, 6, 7], [8, 4, 0, 0], [5, 5, 8, 0]]),
    "source_lengths": np.array([4, 2, 3]),
    "decoder_input": np.array([[1, 6, 5], [1, 8, 0], [1, 4, 7]]),
    "labels": np.array([[6, 5, 2], [8, 2, 0], [4, 7, 2]]),
    "target_lengths": np.array([3, 2, 3]),
}
results = run(arrays, torch.float64)
check_f32(NAME, run(arrays, torch.float32), results)
save(NAME, arrays | results, ["torch", "safetensors"], note=f"label_smoothing={SMOOTHING}")
