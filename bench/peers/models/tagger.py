"""An epoch of the recipe `ewt-pos` beside the same model in PyTorch: words, letters and shapes into a
bidirectional LSTM, a label for every word.

Ours is the program itself: the time of a long run less that of a short one is that of the updates
between them, without start, evaluation and report. PyTorch does as many updates on batches made the
same way. Both in turn, the median of each is printed.
"""

import argparse
import gzip
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

EMBED, SHAPE, SHAPES, LETTER, LETTER_HIDDEN, HIDDEN, DROPOUT = 100, 8, 13, 32, 50, 200, 0.25
BATCH_SIZE, POOL = 32, 50
BATCHES = 392


def sentences(path: Path) -> list[tuple[list[str], list[str]]]:
    blocks = gzip.open(path, "rt", encoding="utf-8").read().strip().split("\n\n")
    rows = [[line.split("\t")[:2] for line in block.split("\n")] for block in blocks]
    return [([row[0] for row in one], [row[1] for row in one]) for one in rows]


class Tagger(nn.Module):
    def __init__(self, words: int, letters: int, labels: int):
        super().__init__()
        self.words = nn.Embedding(words, EMBED)
        self.shapes = nn.Embedding(SHAPES, SHAPE)
        self.letters = nn.Embedding(letters, LETTER)
        self.speller = nn.LSTM(LETTER, LETTER_HIDDEN, bidirectional=True)
        self.reader = nn.LSTM(EMBED + SHAPE + 2 * LETTER_HIDDEN, HIDDEN, bidirectional=True)
        self.head = nn.Linear(2 * HIDDEN, labels)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, words, places, lengths, spellings, spelling_lengths):
        spelled = pack_padded_sequence(self.letters(spellings), spelling_lengths, enforce_sorted=False)
        _, (last, _) = self.speller(spelled)
        vectors = torch.cat([last[0], last[1]], 1)[places]
        # A shape costs the same whichever it is.
        x = self.dropout(torch.cat([self.words(words), self.shapes(words % SHAPES), vectors], 2))
        outputs, _ = self.reader(pack_padded_sequence(x, lengths, enforce_sorted=False))
        outputs, _ = pad_packed_sequence(outputs)
        return self.head(self.dropout(outputs))


class Torch:
    """The sentences as batches, and a model that learns from them."""

    def __init__(self, data: Path):
        self.sentences = sentences(data / "benchmarks/ud_english_ewt/ewt.train.tsv.gz")
        words = Counter(word.lower() for one, _ in self.sentences for word in one)
        self.words = {word: 4 + at for at, word in enumerate(sorted(words))}
        letters = sorted({letter for one, _ in self.sentences for word in one for letter in word})
        self.letters = {letter: 4 + at for at, letter in enumerate(letters)}
        labels = sorted({label for _, one in self.sentences for label in one})
        self.labels = {label: at for at, label in enumerate(labels)}
        self.model = Tagger(4 + len(self.words), 4 + len(self.letters), len(self.labels))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        order = list(range(len(self.sentences)))
        random.Random(1).shuffle(order)
        batches = []
        for start in range(0, len(order), BATCH_SIZE * POOL):
            pool = sorted(order[start : start + BATCH_SIZE * POOL], key=lambda at: len(self.sentences[at][0]))
            batches += [pool[at : at + BATCH_SIZE] for at in range(0, len(pool), BATCH_SIZE)]
        random.Random(2).shuffle(batches)
        self.batches, self.at = batches, 0

    def batch(self):
        rows = [self.sentences[at] for at in self.batches[self.at % len(self.batches)]]
        self.at += 1
        lengths = [len(words) for words, _ in rows]
        size = (max(lengths), len(rows))
        words, places = torch.zeros(size, dtype=torch.long), torch.zeros(size, dtype=torch.long)
        labels = torch.full(size, -100)
        known = {}
        for column, (row, tags) in enumerate(rows):
            n = len(row)
            words[:n, column] = torch.tensor([self.words[word.lower()] for word in row])
            places[:n, column] = torch.tensor([known.setdefault(word, len(known)) for word in row])
            labels[:n, column] = torch.tensor([self.labels[tag] for tag in tags])
        spelled = [torch.tensor([self.letters[letter] for letter in word[:40]]) for word in known]
        spellings = nn.utils.rnn.pad_sequence(spelled)
        return (words, places, torch.tensor(lengths), spellings, torch.tensor([len(one) for one in spelled])), labels

    def train(self, updates: int) -> float:
        start = time.perf_counter()
        for _ in range(updates):
            inputs, labels = self.batch()
            self.optimizer.zero_grad()
            scores = self.model(*inputs)
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
        return time.perf_counter() - start


def ours(program: Path, threads: int, updates: int) -> float:
    """Seconds of a whole run of this many updates."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as place:
        command = [program, "train", "ewt-pos", "--out", f"{place}/run", "--set", f"train.updates={updates}",
                   "--set", "train.evaluate_every=100000", "--set", "train.checkpoint_every=100000",
                   "--set", "train.schedule={ name = \"constant\" }"]  # fmt: skip
        start = time.perf_counter()
        subprocess.run(command, check=True, env=environment, capture_output=True)
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="the binary `recurra`")
    parser.add_argument("--data", type=Path, default=os.environ.get("RECURRA_DATA"), help="default: $RECURRA_DATA")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--updates", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.data is None:
        raise SystemExit("where are the data sets? Set RECURRA_DATA, or give --data FOLDER")
    torch.set_num_threads(given.threads)
    theirs = Torch(given.data)
    theirs.train(3)
    times = {"recurra": [], "torch": []}
    for _ in range(given.rounds):
        short, long = (ours(given.program, given.threads, n) for n in (5, 5 + given.updates))
        times["recurra"].append((long - short) / given.updates)
        times["torch"].append(theirs.train(given.updates) / given.updates)
    medians = {name: statistics.median(all_of) for name, all_of in times.items()}
    for name, seconds in medians.items():
        print(f"{name:8} {seconds * 1e3:7.1f} ms an update, {seconds * BATCHES:6.1f} s an epoch")
    print(f"torch / recurra {medians['torch'] / medians['recurra']:.2f}")


if __name__ == "__main__":
    main()
