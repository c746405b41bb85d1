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


def captions(data: Path, folder: Path, part: str, order) -> None:
    """Multi30k's captions in lower case, words and marks apart, its 8,000 most frequent words a side."""
    for side, language in [("source", "en"), ("target", "de")]:
        def split(name: str) -> list[list[str]]:
            text = gzip.decompress((data / f"nmt/multi30k/{name}.{language}.gz").read_bytes()).decode()
            return [re.findall(r"\w+|[^\w\s]", line.lower()) for line in text.splitlines()]

        common = Counter(word for words in split("train") for word in words).most_common(8_000 - 4)
        ids = {word: index + 4 for index, (word, _) in enumerate(common)}  # 0 padding, 1 begin, 2 end, 3 unknown
        sentences = split(part)
        tokens = np.zeros((len(sentences), 50), "<u4")
        lengths = np.zeros(len(sentences), "<u4")
        for row, words in enumerate(sentences):
            found = [ids.get(word, 3) for word in words[:49]] + [2]
            tokens[row, : len(found)] = found
            lengths[row] = len(found)
        chosen = order(lengths) if side == "source" else chosen
        tokens[chosen].tofile(folder / f"{side}.u32")
        lengths[chosen].tofile(folder / f"{side}-lengths.u32")


def translation(data: Path, folder: Path, updates: int) -> None:
    """The training part, batches of rows of like lengths in a fixed shuffled order."""

    def order(lengths: np.ndarray) -> np.ndarray:
        random = np.random.default_rng(1)
        shuffled = random.permutation(len(lengths))
        pools = [shuffled[start : start + 3_200] for start in range(0, len(shuffled), 3_200)]
        batches = [sorted(pool, key=lambda row: lengths[row])[start : start + 64]
                   for pool in pools for start in range(0, len(pool) - 63, 64)]
        picked = random.permutation(len(batches))[:updates]
        return np.concatenate([batches[index] for index in picked])

    captions(data, folder, "train", order)


def beam(data: Path, folder: Path, updates: int) -> None:
    """The test part of 2016, the longest first, as JoeyNMT wants them."""
    captions(data, folder, "test_2016_flickr", lambda lengths: np.argsort(-lengths.astype(int), kind="stable"))


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
    makers = {"language": language, "digits": digits, "reviews": reviews, "translation": translation, "beam": beam,
              "beam-int8": beam}
    makers[task](data, folder, updates)
    if task in TASKS:
        weights(task, folder)
