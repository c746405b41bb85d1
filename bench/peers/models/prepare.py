"""Batches and initial weights for both sides of a comparison, as flat files in a folder."""

import gzip
import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from networks import TASKS


def language(data: Path, folder: Path, updates: int) -> None:
    """The Penn Treebank as 20 stretches of text, ids by frequency."""
    text = gzip.decompress((data / "benchmarks/ptb/ptb.train.txt.gz").read_bytes()).decode()
    words = [word for line in text.splitlines() for word in [*line.split(), "<eos>"]]
    ids = {word: index for index, (word, _) in enumerate(Counter(words).most_common())}
    length = len(words) // 20
    needed = min(length, updates * 35 + 1)
    rows = np.array([ids[word] for word in words[: 20 * length]], "<u4").reshape(20, length)
    rows[:, :needed].tofile(folder / "tokens.u32")


def digits(data: Path, folder: Path, updates: int) -> None:
    """MNIST in a fixed shuffled order."""
    mnist = data / "benchmarks/mnist"
    pixels = np.frombuffer(gzip.decompress((mnist / "train-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((mnist / "train-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    order = np.random.default_rng(1).permutation(len(labels))[: updates * 64]
    pixels.reshape(-1, 784)[order].tofile(folder / "pixels.u8")
    labels[order].astype("<u4").tofile(folder / "labels.u32")


def reviews(data: Path, folder: Path, updates: int) -> None:
    """IMDB's training half, shuffled, its 20,000 most frequent words, 400 of them at most."""
    import zstandard

    packed = (data / "sentiment/imdb_train.tsv.zst").read_bytes()
    text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read().decode()
    lines = [line.split("\t") for line in text.splitlines() if line]
    lines = [parts for parts in lines if parts[0] in ("0", "1", "neg", "pos")]
    reviews = [re.findall(r"[a-z']+", parts[-1].lower().replace("<br />", " ")) for parts in lines]
    common = Counter(word for words in reviews for word in words).most_common(20_000 - 2)
    ids = {word: index + 2 for index, (word, _) in enumerate(common)}  # 0 padding, 1 unknown
    order = np.random.default_rng(1).permutation(len(reviews))[: updates * 32]
    tokens = np.zeros((len(order), 400), "<u4")
    lengths = np.zeros(len(order), "<u4")
    for row, index in enumerate(order):
        found = [ids.get(word, 1) for word in reviews[index][:400]] or [1]
        tokens[row, : len(found)] = found
        lengths[row] = len(found)
    tokens.tofile(folder / "tokens.u32")
    lengths.tofile(folder / "lengths.u32")
    np.array([lines[index][0] in ("1", "pos") for index in order], "<u4").tofile(folder / "labels.u32")


def weights(task: str, folder: Path) -> None:
    """PyTorch's own initial weights, the second of two added biases zero."""
    torch.manual_seed(1)
    model = TASKS[task].model()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias_hh" in name:
                parameter.zero_()
    save_file(model.state_dict(), folder / "weights.safetensors")


def prepare(task: str, data: Path, folder: Path, updates: int) -> None:
    {"language": language, "digits": digits, "reviews": reviews}[task](data, folder, updates)
    weights(task, folder)
