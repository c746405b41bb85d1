"""PyTorch: `nn.LSTM`, `nn.GRU`, `nn.RNN`, by oneDNN where it has it and without."""

import contextlib
import sys
import warnings

# Optimizers ask for Triton, whose LLVM does not bear another in the same process; the CPU needs none.
sys.modules.setdefault("triton", None)

import torch
from torch import nn

from cases import Case
from harness import Peer

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
WEIGHTS = {"w_ih": "weight_ih_l0", "w_hh": "weight_hh_l0", "b_ih": "bias_ih_l0", "b_hh": "bias_hh_l0"}


def version() -> str:
    return torch.__version__


def start(threads: int) -> None:
    torch.set_num_threads(threads)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def module(case: Case) -> nn.Module:
    _, _, input_size, hidden_size = case.sizes
    made = MODULES[case.cell](input_size, hidden_size)
    with torch.no_grad():
        for ours, theirs in WEIGHTS.items():
            getattr(made, theirs).data = torch.from_numpy(case.arrays[ours])
    return made


def peers(case: Case) -> list[Peer]:
    """What PyTorch offers for this case; the first is the module as everybody uses it."""
    if case.cell not in MODULES:
        return []
    step = train if case.trains else infer
    found = [step(case, "torch", contextlib.nullcontext)]
    if case.cell == "lstm":
        found.append(step(case, "torch-native", without_onednn))
        if case.shape == "A" and case.lengths is None:
            autocast = lambda: torch.autocast("cpu", torch.bfloat16)  # noqa: E731
            found.append(step(case, "torch-bf16", autocast))
    if case.work == "infer" and hasattr(torch, "jit"):
        found.append(traced(case))
    return found


@contextlib.contextmanager
def without_onednn():
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = True


def train(case: Case, name: str, context) -> Peer:
    model = module(case)
    x = torch.from_numpy(case.arrays["x"]).requires_grad_()
    d_outputs = torch.from_numpy(case.arrays["d_outputs"])
    parameters = [x, *model.parameters()]
    forward = runner(case, model, x)
    last = {}

    def run():
        for parameter in parameters:
            parameter.grad = None
        with context():
            outputs = forward()
        outputs.backward(d_outputs.to(outputs.dtype))
        last["outputs"] = outputs

    def results():
        found = {"outputs": last["outputs"].detach().float().numpy(), "d_x": x.grad.numpy()}
        for ours, theirs in WEIGHTS.items():
            found[f"d_{ours}"] = getattr(model, theirs).grad.numpy()
        return found

    return Peer(name, run, results)


def infer(case: Case, name: str, context) -> Peer:
    model = module(case).eval()
    x = torch.from_numpy(case.arrays["x"])
    forward = runner(case, model, x)
    last = {}

    def run():
        with torch.inference_mode(), context():
            last["outputs"] = forward()

    return Peer(name, run, lambda: {"outputs": last["outputs"].float().numpy()})


def traced(case: Case) -> Peer:
    x = torch.from_numpy(case.arrays["x"])
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.freeze(torch.jit.trace(module(case).eval(), x))
    last = {}

    def run():
        with torch.inference_mode():
            last["outputs"] = model(x)[0]

    return Peer("torch-jit", run, lambda: {"outputs": last["outputs"].numpy()})


def runner(case: Case, model: nn.Module, x: torch.Tensor):
    """The forward pass; rows of different lengths are packed and padded again."""
    if case.lengths is None:
        return lambda: model(x)[0]
    lengths = torch.from_numpy(case.lengths.astype("int64"))

    def packed():
        rows = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(model(rows)[0])[0]

    return packed


def step_peers(cell: str, arrays: dict) -> list[Peer]:
    """The cell class, the module over one step, and that module quantised to int8."""
    size = arrays["x"].shape[-1]
    module_class, cell_class = {"lstm": (nn.LSTM, nn.LSTMCell), "gru": (nn.GRU, nn.GRUCell)}[cell]
    layer, single = module_class(size, size).eval(), cell_class(size, size).eval()
    with torch.no_grad():
        for ours, theirs in WEIGHTS.items():
            getattr(layer, theirs).copy_(torch.from_numpy(arrays[ours]))
            getattr(single, theirs.removesuffix("_l0")).copy_(torch.from_numpy(arrays[ours]))
    x = torch.from_numpy(arrays["x"])

    def stepping(name, advance):
        last = {"state": None}

        def run():
            with torch.inference_mode():
                last["state"] = advance(last["state"])

        def results():
            last["state"] = None
            run()
            state = last["state"]
            hidden = state[0] if isinstance(state, tuple) else state
            return {"hidden": hidden.reshape(-1).numpy()}

        return Peer(name, run, results)

    found = [
        stepping("torch-cell", lambda state: single(x[0], state)),
        stepping("torch-module", lambda state: layer(x, state)[1]),
    ]
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = torch.ao.quantization.quantize_dynamic(layer, {module_class}, torch.qint8)
        found.append(stepping("torch-int8", lambda state: small(x, state)[1]))
    return found


def around_peer(name: str, arrays: dict) -> Peer:
    """What `around.py` measures, by PyTorch's operations in place."""
    tensors = {key: torch.from_numpy(array if key != "labels" else array.astype("int64")) for key, array in arrays.items()}
    if name == "softmax-ce":
        logits = tensors["logits"].requires_grad_()

        def run():
            logits.grad = None
            nn.functional.cross_entropy(logits, tensors["labels"]).backward()

        return Peer("torch", run, lambda: {"d": logits.grad.numpy()})
    if name == "clip + adam":
        weights = nn.Parameter(tensors["weights"])
        first = tensors["weights"].clone()
        state = {}

        def start():
            weights.data.copy_(first)
            state["rule"] = torch.optim.Adam([weights], fused=True)

        def run():
            weights.grad = tensors["gradients"]
            norm = torch.linalg.vector_norm(weights.grad)
            weights.grad = weights.grad * torch.clamp(1.0 / (norm + 1e-6), max=1.0)
            state["rule"].step()

        def results():
            start()
            run()
            return {"change": (weights.data - first).numpy()}

        start()
        return Peer("torch", run, results)
    values = tensors["values"]
    if name.endswith("-grad"):
        function = name.removesuffix("-grad")
        outputs = tensors["outputs"]
        if function == "exp":
            run = lambda: values.mul_(outputs)  # noqa: E731
        elif function == "relu":
            backward = torch.ops.aten.threshold_backward.grad_input
            run = lambda: backward(values, outputs, 0, grad_input=values)  # noqa: E731
        else:
            backward = getattr(torch.ops.aten, f"{function}_backward").grad_input
            run = lambda: backward(values, outputs, grad_input=values)  # noqa: E731
    else:
        run = {"sigmoid": values.sigmoid_, "tanh": values.tanh_, "exp": values.exp_, "relu": values.relu_}[name]
    first = values.clone()

    def results():
        values.copy_(first)
        run()
        return {"d" if name.endswith("-grad") else "y": values.numpy()}

    return Peer("torch", run, results)


def attention_peers(name: str, arrays: dict) -> list[Peer]:
    """What `attention.py` measures, spelt out; dot attention also by the operation made for it."""
    leaves = {key: torch.from_numpy(arrays[key]).requires_grad_()
              for key in ("vector", "queries", "keys", "values") if key in arrays}  # fmt: skip
    queries, keys, values = leaves["queries"], leaves["keys"], leaves["values"]
    d_context = torch.from_numpy(arrays["d_context"])
    lengths = torch.from_numpy(arrays["lengths"].astype("int64"))
    real = (torch.arange(keys.shape[1]) < lengths[:, None])[:, None, :]
    last = {}

    def spelt_out():
        if name == "additive":
            score = torch.tanh(queries[:, :, None] + keys[:, None]) @ leaves["vector"]
        else:
            score = queries @ keys.transpose(1, 2) * keys.shape[-1] ** -0.5
        return score.masked_fill(~real, float("-inf")).softmax(-1) @ values

    def fused():
        return nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=real)

    def training(peer, forward):
        def run():
            for leaf in leaves.values():
                leaf.grad = None
            last["context"] = forward()
            last["context"].backward(d_context)

        def results():
            run()
            return {"context": last["context"].detach().numpy()} | {
                f"d_{key}": leaf.grad.numpy() for key, leaf in leaves.items()}  # fmt: skip

        return Peer(peer, run, results)

    found = [training("torch", spelt_out)]
    return found + ([training("torch-sdpa", fused)] if name == "dot" else [])
