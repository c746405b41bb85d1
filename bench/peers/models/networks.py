"""The PyTorch side: four models as PyTorch users write them, time-major, which it likes best."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


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


class Translator(nn.Module):
    """The target is known, so the decoder runs over all of it at once, and all its queries attend."""

    def __init__(self, vocab_size: int, width: int):
        super().__init__()
        self.source_embedding = nn.Embedding(vocab_size, width)
        self.target_embedding = nn.Embedding(vocab_size, width)
        self.encoder = nn.GRU(width, width, bidirectional=True)
        self.bridge = nn.Linear(2 * width, width)
        self.decoder = nn.GRU(width, width)
        self.query = nn.Linear(width, width, bias=False)
        self.keys = nn.Linear(2 * width, width, bias=False)
        self.vector = nn.Parameter(torch.empty(width).uniform_(-0.1, 0.1))
        self.readout = nn.Linear(3 * width, width)
        self.output = nn.Linear(width, vocab_size)

    def forward(self, source: torch.Tensor, lengths: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.source_embedding(source), lengths, enforce_sorted=False)
        outputs, hidden = self.encoder(packed)
        memory = pad_packed_sequence(outputs)[0].transpose(0, 1)  # [batch, source, 2 width]
        first = torch.tanh(self.bridge(torch.cat([hidden[0], hidden[1]], 1)))
        top = self.decoder(self.target_embedding(target), first.unsqueeze(0))[0].transpose(0, 1)
        scores = torch.tanh(self.query(top).unsqueeze(2) + self.keys(memory).unsqueeze(1)) @ self.vector
        padding = torch.arange(source.shape[0]) >= lengths.unsqueeze(1)
        alignment = scores.masked_fill(padding.unsqueeze(1), -torch.inf).softmax(-1)
        readout = torch.tanh(self.readout(torch.cat([top, alignment @ memory], 2)))
        return self.output(readout)


class Translation:
    """Captions from English to German: GRU encoder both ways, GRU decoder, additive attention, all 256 wide."""

    clip_norm = 1.0

    @staticmethod
    def model() -> Translator:
        return Translator(8_000, 256)

    @staticmethod
    def optimizer(model: Translator):
        return torch.optim.Adam(learning(model), lr=1e-3)

    def __init__(self, folder: Path):
        self.rows, self.lengths = {}, {}
        for side in ["source", "target"]:
            rows = np.fromfile(folder / f"{side}.u32", "<u4").astype(np.int64).reshape(-1, 50)
            self.rows[side] = torch.from_numpy(rows)
            lengths = np.fromfile(folder / f"{side}-lengths.u32", "<u4").astype(np.int64)
            self.lengths[side] = torch.from_numpy(lengths)

    def batch(self, side: str, update: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = slice(update * 64, (update + 1) * 64)
        lengths = self.lengths[side][rows]
        return self.rows[side][rows, : int(lengths.max())], lengths

    def loss(self, model: Translator, update: int) -> torch.Tensor:
        source, lengths = self.batch("source", update)
        labels, _ = self.batch("target", update)
        target = torch.cat([torch.ones_like(labels[:, :1]), labels[:, :-1]], 1)
        logits = model(source.T, lengths, target.T).flatten(0, 1)
        return functional.cross_entropy(logits, labels.flatten(), ignore_index=0)


TASKS = {"language": Language, "digits": Digits, "reviews": Reviews, "translation": Translation}
