"""Weights as PyTorch users keep them, and what the module computes with them.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python torch_checkpoint.py`.

`.pt` is `torch.save(module.state_dict())`, `.safetensors` the same tensors by
`safetensors.torch.save_file`; both f32. `<name>_expected.safetensors` holds inputs and outputs,
computed in f64.
"""

import safetensors.torch
import torch

from golden import ROOT, draw, rng, save

FOLDER = ROOT / "torch_checkpoint"
FOLDER.mkdir(exist_ok=True)


class Tagger(torch.nn.Module):
    """A recurrent layer inside a model, so that its names carry a prefix: `rnn.weight_ih_l0`."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(7, 4)
        self.rnn = torch.nn.GRU(4, 5, num_layers=2, batch_first=True)
        self.head = torch.nn.Linear(5, 3)

    def forward(self, ids):
        output, _ = self.rnn(self.embed(ids))
        return self.head(output)


def fill(name, module):
    generator = rng(f"{name} weights")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(draw(generator, *parameter.shape, scale=0.7)))
    return module


def save_checkpoint(name, content, **options):
    path = FOLDER / f"{name}.pt"
    torch.save(content, path, **options)
    back = torch.load(path, weights_only=True)
    assert back.keys() == content.keys()
    print(f"torch_checkpoint/{path.name:28} {path.stat().st_size:6} bytes")


def expect(name, module):
    generator = rng(f"{name} inputs")
    directions = 2 if module.bidirectional else 1
    rows = module.num_layers * directions
    arrays = {
        "x": draw(generator, 3, 6, module.input_size),
        "h0": draw(generator, rows, 3, module.proj_size or module.hidden_size),
    }
    if isinstance(module, torch.nn.LSTM):
        arrays["c0"] = draw(generator, rows, 3, module.hidden_size)
    state = tuple(torch.from_numpy(arrays[k]).double() for k in ("h0", "c0") if k in arrays)
    with torch.no_grad():
        output, final = module.double()(
            torch.from_numpy(arrays["x"]).double(), state if len(state) == 2 else state[0]
        )
    arrays["output"] = output.numpy()
    for key, value in zip(("h_n", "c_n"), final if len(state) == 2 else (final,)):
        arrays[key] = value.numpy()
    module.float()
    save(f"torch_checkpoint/{name}_expected", arrays, ["torch", "safetensors"])


def golden(name, module):
    module = fill(name, module)
    save_checkpoint(name, module.state_dict())
    tensors = dict(module.state_dict())
    safetensors.torch.save_file(tensors, FOLDER / f"{name}.safetensors")
    expect(name, module)
    return module


lstm = golden("lstm_2_layers", torch.nn.LSTM(4, 5, num_layers=2, batch_first=True))
golden("gru_bidirectional", torch.nn.GRU(4, 5, bidirectional=True, batch_first=True))
golden("rnn_tanh", torch.nn.RNN(4, 5, batch_first=True))
golden("lstm_proj", torch.nn.LSTM(4, 6, proj_size=3, batch_first=True))
golden("lstm_no_bias", torch.nn.LSTM(4, 5, bias=False, batch_first=True))

# The same weights as `lstm_2_layers` in PyTorch's format of before 1.6.
save_checkpoint("lstm_2_layers_legacy", lstm.state_dict(), _use_new_zipfile_serialization=False)

# ... and as a training script keeps them, the weights under a key beside other things.
optimizer = torch.optim.Adam(lstm.parameters(), lr=1e-3)
save_checkpoint(
    "lstm_2_layers_training",
    {
        "epoch": 3,
        "model_state_dict": lstm.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
    },
)

model = fill("tagger", Tagger())
save_checkpoint("tagger", model.state_dict())
safetensors.torch.save_file(dict(model.state_dict()), FOLDER / "tagger.safetensors")
ids = rng("tagger inputs").integers(0, 7, (3, 6))
with torch.no_grad():
    logits = model.double()(torch.from_numpy(ids)).numpy()
save("torch_checkpoint/tagger_expected", {"ids": ids, "logits": logits}, ["torch", "safetensors"])
