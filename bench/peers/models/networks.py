"""The PyTorch side: three models as PyTorch users write them, time-major, which it likes best."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence


class Network(nn.Module):
    def __init__(self, rnn: nn.Module, width: int, outputs: int, vocab_size: int = 0):
        super().__init__()
        if vocab_size:
            self.embedding = nn.Embedding(vocab_size, rnn.input_size)
        self.rnn = rnn
        self.head = nn.Linear(width, outputs)
        # Of two biases that are only added one is enough: both would learn twice as fast as ours.
        # A GRU's are not only added.
        for name, parameter in rnn.named_parameters():
            if "bias_hh" in name and not isinstance(rnn, nn.GRU):
                parameter.requires_grad_(False)


def learning(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


class Language:
    """Two LSTM layers 200 wide over the Penn Treebank, state carried on, SGD 20, clip 0.25."""

    clip_norm = 0.25

    @staticmethod
    def model() -> Network:
        return Network(nn.LSTM(200, 200, 2), 200, 10_000, 10_000)

    @staticmethod
    def optimizer(model: Network):
        return torch.optim.SGD(learning(model), lr=20.0)

    def __init__(self, folder: Path):
        rows = np.fromfile(folder / "tokens.u32", "<u4").astype(np.int64).reshape(20, -1)
        self.tokens = torch.from_numpy(np.ascontiguousarray(rows.T))
        self.state = None

    def loss(self, model: Network, update: int) -> torch.Tensor:
        start = update * 35
        outputs, state = model.rnn(model.embedding(self.tokens[start : start + 35]), self.state)
        self.state = tuple(part.detach() for part in state)
        logits = model.head(outputs).flatten(0, 1)
        return functional.cross_entropy(logits, self.tokens[start + 1 : start + 36].flatten())


class Digits:
    """A GRU of 128 units over the 784 pixels of a digit, batches of 64, Adam, clip 1."""

    clip_norm = 1.0

    @staticmethod
    def model() -> Network:
        return Network(nn.GRU(1, 128), 128, 10)

    @staticmethod
    def optimizer(model: Network):
        return torch.optim.Adam(learning(model), lr=1e-3)

    def __init__(self, folder: Path):
        self.pixels = torch.from_numpy(np.fromfile(folder / "pixels.u8", np.uint8).reshape(-1, 784))
        self.labels = torch.from_numpy(np.fromfile(folder / "labels.u32", "<u4").astype(np.int64))

    def loss(self, model: Network, update: int) -> torch.Tensor:
        rows = slice(update * 64, (update + 1) * 64)
        x = (self.pixels[rows].T.float() / 255.0).unsqueeze(-1)
        _, hidden = model.rnn(x)
        return functional.cross_entropy(model.head(hidden[-1]), self.labels[rows])


class Reviews:
    """An LSTM of 128 units each way over IMDB reviews, packed, batches of 32, Adam, clip 1."""

    clip_norm = 1.0

    @staticmethod
    def model() -> Network:
        return Network(nn.LSTM(128, 128, bidirectional=True), 256, 2, 20_000)

    @staticmethod
    def optimizer(model: Network):
        return torch.optim.Adam(learning(model), lr=1e-3)

    def __init__(self, folder: Path):
        self.tokens = torch.from_numpy(np.fromfile(folder / "tokens.u32", "<u4").astype(np.int64).reshape(-1, 400))
        self.lengths = torch.from_numpy(np.fromfile(folder / "lengths.u32", "<u4").astype(np.int64))
        self.labels = torch.from_numpy(np.fromfile(folder / "labels.u32", "<u4").astype(np.int64))

    def loss(self, model: Network, update: int) -> torch.Tensor:
        rows = slice(update * 32, (update + 1) * 32)
        lengths = self.lengths[rows]
        x = model.embedding(self.tokens[rows, : int(lengths.max())].T)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        _, (hidden, _) = model.rnn(packed)
        return functional.cross_entropy(model.head(torch.cat([hidden[0], hidden[1]], 1)), self.labels[rows])


TASKS = {"language": Language, "digits": Digits, "reviews": Reviews}
