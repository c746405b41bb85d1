"""A whole encoder-decoder, weights in, logits and all gradients out, by PyTorch.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python torch_seq2seq.py`.

Computed in f64. The encoder is `nn.GRU`, bidirectional, over packed sources; each decoder layer is
an `nn.GRU` that starts from `tanh(W h + b)` of the encoder's last states; additive attention asks
with the bottom layer, and its context goes to the layer above and into the readout; the logits are
the readout times the target's embedding. The loss is `F.cross_entropy` with label smoothing over
real labels. Weights have our names and layout.

`gru_pointer` takes the decoder step by step: what was attended to before weighs in the scores, a
gate mixes the softmax with the tokens of the source, and the loss of coverage is added (See, Liu
and Manning 2017, equations 8, 9, 11 and 12; the gate reads context, top layer and embedding).
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import check_f32, draw, rng, save

VOCAB, EMBED, HIDDEN, KEY, SMOOTHING = 9, 5, 4, 3, 0.1
COVERAGE_WEIGHT = 0.5


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
POINTER_SHAPES = {
    **SHAPES,
    "decoder.attention.w_coverage": (KEY,),
    "decoder.generation_gate.weight": (1, 2 * HIDDEN + HIDDEN + EMBED),
    "decoder.generation_gate.bias": (1,),
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

    def first_state(index):
        bridge = f"dense_bridge.hidden.{index}"
        return torch.tanh(F.linear(last, t[f"{bridge}.weight"], t[f"{bridge}.bias"]))[None]

    def layer(index, x, h0):
        gru = torch.nn.GRU(x.shape[2], HIDDEN, batch_first=True, dtype=dtype)
        return functional_call(gru, torch_weights(t, f"decoder.layers.{index}"), (x, h0))

    def attend(bottom, keys):
        query = F.linear(bottom, t["decoder.attention.w_query"])[:, :, None]
        scores = torch.tanh(query + keys[:, None]) @ t["decoder.attention.vector"]
        padding = torch.arange(memory.shape[1])[None, :] >= source_lengths[:, None]
        return scores.masked_fill(padding[:, None, :], -torch.inf).softmax(-1)

    def to_logits(top, context):
        weight, bias = t["decoder.readout.weight"], t["decoder.readout.bias"]
        readout = torch.tanh(F.linear(torch.cat([top, context], 2), weight, bias))
        return readout @ t["target_embedding.weight"].T + t["output_bias"]

    x = F.embedding(t["decoder_input"], t["target_embedding.weight"])
    keys = F.linear(memory, t["decoder.attention.w_memory"])
    real = torch.arange(x.shape[1])[None, :] < torch.from_numpy(arrays["target_lengths"])[:, None]
    states = [first_state(0), first_state(1)]
    if "decoder.attention.w_coverage" not in t:
        bottom, _ = layer(0, x, states[0])
        alignment = attend(bottom, keys)
        context = alignment @ memory
        top, _ = layer(1, torch.cat([bottom, context], 2), states[1])
        logits = to_logits(top, context)
        loss = F.cross_entropy(logits[real], t["labels"][real], label_smoothing=SMOOTHING)
        return {"logits": logits, "alignment": alignment, "loss": loss}

    coverage = torch.zeros(memory.shape[:2], dtype=dtype)
    said, alignments, repeated = [], [], []
    for step in range(x.shape[1]):
        bottom, states[0] = layer(0, x[:, step : step + 1], states[0])
        covered = keys + coverage[:, :, None] * t["decoder.attention.w_coverage"]
        alignment = attend(bottom, covered)
        repeated.append(torch.minimum(alignment[:, 0], coverage).sum(1))
        coverage = coverage + alignment[:, 0]
        context = alignment @ memory
        top, states[1] = layer(1, torch.cat([bottom, context], 2), states[1])
        read = torch.cat([context, top, x[:, step : step + 1]], 2)
        weight, bias = t["decoder.generation_gate.weight"], t["decoder.generation_gate.bias"]
        p_gen = torch.sigmoid(F.linear(read, weight, bias))
        p_vocab = to_logits(top, context).softmax(-1)
        copied = torch.zeros_like(p_vocab).scatter_add(2, t["source"][:, None], alignment)
        said.append((p_gen * p_vocab + (1 - p_gen) * copied).log())
        alignments.append(alignment)
    log_probs = torch.cat(said, 1)
    likelihood = F.cross_entropy(log_probs[real], t["labels"][real], label_smoothing=SMOOTHING)
    loss = likelihood + COVERAGE_WEIGHT * torch.stack(repeated, 1)[real].mean()
    return {"logits": log_probs, "alignment": torch.cat(alignments, 1), "loss": loss}


def run(arrays, shapes, dtype):
    t = {key: torch.from_numpy(array) for key, array in arrays.items()}
    for key in shapes:
        t[key] = t[key].to(dtype).requires_grad_()
    results = forward(t, arrays)
    results["loss"].backward()
    gradients = {f"grad.{key}": t[key].grad.numpy() for key in shapes}
    return {key: value.detach().numpy() for key, value in results.items()} | gradients


def case(name, shapes, note):
    generator = rng(name)
    arrays = {key: draw(generator, *shape) for key, shape in shapes.items()}
    arrays |= {
        "source": np.array([[4, 5, 6, 7], [8, 4, 0, 0], [5, 5, 8, 0]]),
        "source_lengths": np.array([4, 2, 3]),
        "decoder_input": np.array([[1, 6, 5], [1, 8, 0], [1, 4, 7]]),
        "labels": np.array([[6, 5, 2], [8, 2, 0], [4, 7, 2]]),
        "target_lengths": np.array([3, 2, 3]),
    }
    results = run(arrays, shapes, torch.float64)
    check_f32(name, run(arrays, shapes, torch.float32), results)
    save(name, arrays | results, ["torch", "safetensors"], note=note)


case("seq2seq/gru_additive", SHAPES, f"label_smoothing={SMOOTHING}")
case(
    "seq2seq/gru_pointer",
    POINTER_SHAPES,
    f"label_smoothing={SMOOTHING}, coverage_weight={COVERAGE_WEIGHT}",
)
