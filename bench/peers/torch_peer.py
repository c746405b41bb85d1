"""PyTorch: `nn.LSTM`, `nn.GRU`, `nn.RNN`, by oneDNN where it has it and without."""

import contextlib
import warnings

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
