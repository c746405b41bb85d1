"""Times burn-nn, candle-nn and tract beside Recurra, in the program of `rust/`, and records it.

Build that first: `cargo build --release` in `rust/`, some minutes.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

import onnx

from cases import SHAPES, Case
from onnx_peer import model
from record import ROOT, Record, default_path

ARRAYS = ("x", "w_ih", "w_hh", "b_ih", "b_hh", "d_outputs")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], choices=["lstm", "gru"])
    parser.add_argument("--shapes", nargs="+", default=["A", "PTB", "small-8"], choices=list(SHAPES))
    parser.add_argument("--program", type=Path, default=ROOT / "bench/peers/rust/target/release/recurra-rust-peers")
    parser.add_argument("--record", type=Path, default=default_path(), help="CSV file to add to")
    return parser.parse_args()


def write(case: Case, folder: Path) -> None:
    (folder / "case.txt").write_text(" ".join(map(str, (case.cell, *case.sizes))))
    for name in ARRAYS:
        case.arrays[name].astype("<f4").tofile(folder / f"{name}.f32")
    onnx.save(model(case.cell, case.arrays, case.sizes), folder / "model.onnx")


def main() -> None:
    given = arguments()
    record = Record(given.record)
    for threads in given.threads:
        for cell in given.cells:
            for shape in given.shapes:
                case = Case(cell, shape, "train", threads).fill()
                with tempfile.TemporaryDirectory() as folder:
                    write(case, Path(folder))
                    command = [str(given.program), folder, str(threads)]
                    environment = os.environ | {"RAYON_NUM_THREADS": str(threads)}
                    lines = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
                for line in lines.stdout.splitlines():
                    work, peer, median, best, kept, dropped, error = line.split(",")
                    if float(error) > 1e-3:
                        raise SystemExit(f"{peer} disagrees with recurra by {error} at {cell} {shape}")
                    record.add(section="rust", cell=cell, shape=shape, work=work, threads=threads, peer=peer,
                               ms=float(median), best_ms=float(best), kept=kept, dropped=dropped, error=error)  # fmt: skip
                    print(f"{cell:5} {shape:8} {work:6} {threads}T {peer:10} {float(median):9.3f} ms")
                record.save()


if __name__ == "__main__":
    main()
