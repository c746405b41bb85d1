"""What is measured: shapes, cells, the data of one case, and the bars to reach."""

from dataclasses import dataclass, field

import numpy as np

# name: (seq_len, batch_size, input_size, hidden_size)
SHAPES = {
    "A": (64, 32, 128, 256),
    "PTB": (35, 20, 200, 200),
    "512": (100, 64, 256, 512),
    "128-batch": (25, 128, 64, 128),
    "28-step": (28, 64, 28, 128),
    "small-8": (50, 8, 32, 64),
    "small-1": (50, 1, 64, 64),
}
SMALL = ("small-8", "small-1")
FULL = "recurra-full"  # the same batch without padding, beside one with it
NUM_GATES = {"lstm": 4, "gru": 3, "rnn": 1, "indrnn": 1}


@dataclass
class Case:
    """One cell at one shape, with its numbers; biases as PyTorch has them."""

    cell: str
    shape: str
    work: str  # "train" or "infer", with "-lengths" behind when rows are padded
    threads: int
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    lengths: np.ndarray | None = None

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        return SHAPES[self.shape]

    def key(self) -> dict:
        """What identifies its rows in a record."""
        return {"section": "sequence", "cell": self.cell, "shape": self.shape, "work": self.work,
                "threads": self.threads}  # fmt: skip

    @property
    def trains(self) -> bool:
        return self.work.startswith("train")

    def fill(self, seed: int = 1) -> "Case":
        """Draws the weights as PyTorch's modules do, inputs and output gradients as normal."""
        rng = np.random.default_rng(seed)
        seq_len, batch_size, input_size, hidden_size = self.sizes
        rows = NUM_GATES[self.cell] * hidden_size
        bound = hidden_size**-0.5

        def weights(*shape):
            return rng.uniform(-bound, bound, shape).astype(np.float32)

        def normal(*shape):
            return rng.standard_normal(shape, dtype=np.float32)

        self.arrays = {
            "x": normal(seq_len, batch_size, input_size),
            "w_ih": weights(rows, input_size),
            "w_hh": weights(hidden_size) if self.cell == "indrnn" else weights(rows, hidden_size),
            "b_ih": weights(rows),
            "b_hh": weights(rows),
            "d_outputs": normal(seq_len, batch_size, hidden_size),
        }
        if self.work.endswith("-lengths"):
            lengths = rng.integers(seq_len // 4, seq_len, batch_size, endpoint=True)
            lengths[0] = seq_len
            self.lengths = lengths.astype(np.uintp)
            for row, length in enumerate(self.lengths):
                self.arrays["d_outputs"][length:, row] = 0.0
        return self

    def real_share(self) -> float:
        """Steps that are not padding, of all."""
        seq_len, batch_size, _, _ = self.sizes
        return 1.0 if self.lengths is None else float(self.lengths.sum()) / (seq_len * batch_size)

    def gflop(self) -> float:
        """The products of the equations, a multiply-add being two, padding not counted."""
        seq_len, batch_size, _, _ = self.sizes
        steps = seq_len * batch_size * self.real_share()
        products = self.arrays["w_ih"].size + self.arrays["w_hh"].size
        return (3 if self.trains else 1) * 2e-9 * steps * products


def bar(cell: str, shape: str, work: str, threads: int, peer: str) -> float | None:
    """The least ratio, peer's time to ours, that we hold ourselves to."""
    if work == "train" and peer == "torch":
        if threads == 2:
            return {"lstm": 1.15, "gru": 2.0}.get(cell)
        if cell == "lstm":
            return 1.9 if shape in SMALL else 1.10 if shape in ("A", "PTB") else 1.20
        return {"gru": 7.0 if shape in SMALL else 1.6, "rnn": 1.5}.get(cell)
    if work == "infer" and threads == 1:
        bars = {
            "onnxruntime": {"lstm": 1.0, "gru": 1.15},
            "torch": {"lstm": 1.1, "gru": 1.5},
        }
        return bars.get(peer, {}).get(cell)
    if work == "step" and threads == 1:
        return {"onnxruntime": 1.25, "onnxruntime-int8": 1.3}.get(peer)
    if work == "around" and peer == "torch" and cell != "clip + adam":
        return 1.0
    if work == "epoch" and peer == "torch":
        return 1.5 if cell == "language" else 2.0
    if work == "search" and peer == "joeynmt":
        return 5.0
    return None
