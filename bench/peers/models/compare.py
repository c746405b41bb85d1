"""Trains the same models in PyTorch and in Recurra, block by block in turn, and records the times.

`beam` searches instead of training: test2016 of Multi30k, beams of 5, 20 steps whatever is said, beside JoeyNMT;
`beam-int8` is ours with int8 weights in the decoder, beside the same JoeyNMT in f32."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from networks import TASKS
from prepare import prepare
from record import Record, default_path

# Updates of an epoch, and updates in a block of one or two seconds. A search has batches instead.
EPOCHS = {"language": 1327, "digits": 937, "reviews": 781, "translation": 453, "beam": 16, "beam-int8": 16}
BLOCKS = {"language": 4, "digits": 3, "reviews": 4, "translation": 4, "beam": 3, "beam-int8": 3}
SEARCHES = ("beam", "beam-int8")
HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(EPOCHS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=15, help="of updates; the first is not counted")
    parser.add_argument("--data", type=Path, default=os.environ.get("RECURRA_DATA"), help="default: $RECURRA_DATA")
    parser.add_argument("--program", type=Path, default=HERE.parent / "target/release/recurra-bench-models")
    parser.add_argument("--joeynmt", default=sys.executable, help="Python that has JoeyNMT, for `beam`")
    parser.add_argument("--record", type=Path, default=default_path(), help="CSV file to add to")
    return parser.parse_args()


class Side:
    """One process that trains as many updates as it is told."""

    def __init__(self, command: list[str]):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.seconds, self.losses, self.peak_kb = [], [], 0
        assert self.process.stdout.readline().strip() == "ready", f"{command[0]} did not start"

    def train(self, updates: int) -> None:
        print(updates, file=self.process.stdin, flush=True)
        seconds, loss, peak = self.process.stdout.readline().split()
        self.seconds.append(float(seconds) / updates)
        self.losses.append(float(loss))
        self.peak_kb = int(peak)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def said(task: str, side: Side) -> str:
    if task in SEARCHES:
        return f"{side.losses[0]:.0f} tokens a block"
    return f"loss {side.losses[0]:.4f} to {side.losses[-1]:.4f}"


def compare(task: str, given: argparse.Namespace, record: Record) -> None:
    size = BLOCKS[task]
    with tempfile.TemporaryDirectory() as folder:
        prepare(task, Path(given.data), Path(folder), given.blocks * size)
        tail = [task, folder, str(given.threads)]
        peer, command = "torch", [sys.executable, str(HERE / "serve_torch.py")]
        if task in SEARCHES:
            peer, command = "joeynmt", [given.joeynmt, str(HERE / "serve_joeynmt.py")]
        sides = {"recurra": Side([str(given.program), *tail]), peer: Side([*command, *tail])}
        for block in range(given.blocks):
            for name in sorted(sides, reverse=block % 2 == 1):
                sides[name].train(size)
        for side in sides.values():
            side.close()
    times = {name: statistics.median(side.seconds[1:]) for name, side in sides.items()}
    for name, side in sides.items():
        record.add(
            section="models", cell=task, shape="", work="search" if task in SEARCHES else "epoch", threads=given.threads, peer=name,
            ms=times[name] * EPOCHS[task] * 1e3, best_ms=min(side.seconds) * EPOCHS[task] * 1e3,
            kept=given.blocks - 1, dropped=0,
            note=f"{said(task, side)}; peak {side.peak_kb / 1024:.0f} MB",
        )  # fmt: skip
        print(f"{task:9} {name:8} {times[name] * 1e3:8.2f} ms an update, {times[name] * EPOCHS[task]:7.1f} s an epoch, "
              f"{said(task, side)}, peak {side.peak_kb / 1024:.0f} MB")  # fmt: skip
    print(f"{task:9} {peer} / ours {times[peer] / times['recurra']:.2f}")


def main() -> None:
    given = arguments()
    if given.data is None:
        raise SystemExit("where are the data sets? Set RECURRA_DATA, or give --data FOLDER")
    record = Record(given.record)
    for task in given.tasks:
        compare(task, given, record)
        record.save()


if __name__ == "__main__":
    main()
