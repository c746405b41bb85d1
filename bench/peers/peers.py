"""Times Recurra's kernels and their peers side by side; `./run` prepares everything for it."""

import argparse
import importlib
import os
import sys
from pathlib import Path

# Some systems force a kernel on NumPy's OpenBLAS; peers shall choose their own.
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if os.environ.pop(variable, None) is not None:
        os.execv(sys.executable, [sys.executable, *sys.argv])

from cases import NUM_GATES, SHAPES, Case
from harness import Peer, disagreement, interleave
from ours import Recurra
from record import ROOT, Record, default_path

FRAMEWORKS = ("torch", "onnx", "keras", "jax")
TOLERANCE = 1e-3
FULL = "recurra-full"  # the same batch without padding, beside one with it
LEVELS = {"L1": 16 << 10, "L2": 256 << 10, "L3": 8 << 20, "32 MB": 32 << 20, "128 MB": 128 << 20}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="for every peer; one number a process")
    parser.add_argument("--work", nargs="+", default=["train", "infer"],
                        choices=["train", "infer", "train-lengths", "infer-lengths"])  # fmt: skip
    parser.add_argument("--cells", nargs="+", default=list(NUM_GATES), choices=list(NUM_GATES))
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--peers", nargs="*", default=list(FRAMEWORKS), choices=list(FRAMEWORKS))
    parser.add_argument("--seconds", type=float, default=0.5, help="of each peer's own time, each case")
    parser.add_argument("--library", type=Path, default=ROOT / "bench/peers/target/release/librecurra_bench.so")
    parser.add_argument("--record", type=Path, default=default_path(), help="CSV file to add to")
    parser.add_argument("--table", action="store_true", help="only print the record's tables")
    parser.add_argument("--into", type=Path, help="with --table: put them between a page's `measured` marks")
    return parser.parse_args()


def frameworks(names: list[str], threads: int, record: Record) -> list:
    """The peers that are installed; the record says which were not to be had."""
    found = []
    for name in names:
        try:
            module = importlib.import_module(f"{name}_peer")
        except ImportError as error:
            record.facts[name] = f"not to be had here ({error})"
            continue
        module.start(threads)
        record.facts[name] = module.version()
        found.append(module)
    return found


def limits(recurra: Recurra, record: Record) -> float:
    """Measures what the processor can do, and returns its GFLOP/s."""
    peak = recurra.fma_gflops()
    reading = ", ".join(f"{level} {recurra.read_gbps(size):.0f}" for level, size in LEVELS.items())
    record.facts[f"limits, threads {recurra.threads}"] = f"{peak:.1f} GFLOP/s f32 FMA; read GB/s {reading}"
    record.facts["instruction set"] = recurra.isa()
    return peak


def measure(case: Case, peers: list[Peer], seconds: float, peak: float, record: Record) -> None:
    usable, errors = [], {}
    reference = None  # what torch computes, where torch takes part
    for peer in peers:
        try:
            peer.run()
            found = peer.results()
        except Exception as error:  # a peer that cannot do a case is a fact, not the end
            reason = str(error).splitlines()[0]
            print(f"  {peer.name}: {reason}")
            record.facts[f"{peer.name} {case.cell} {case.work}"] = f"not to be had here ({reason})"
            continue
        if peer.name == "torch":
            reference = {key: value.copy() for key, value in found.items()}
        usable.append(peer)
    for peer in usable:
        errors[peer.name] = disagreement(peer.results(), reference) if reference else float("nan")
        if peer.name == FULL:
            errors[peer.name] = float("nan")
        loose = 20 * TOLERANCE if "bf16" in peer.name else TOLERANCE
        if errors[peer.name] > loose:
            raise SystemExit(f"{peer.name} disagrees with torch by {errors[peer.name]:.2g} at {case.cell} {case.shape}")
    timings = interleave(usable, seconds)
    ours = timings["recurra"].median
    for peer in usable:
        timing = timings[peer.name]
        gflops = case.gflop() / timing.median
        record.add(
            section="sequence", cell=case.cell, shape=case.shape, work=case.work, threads=case.threads,
            peer=peer.name, ms=timing.median * 1e3, best_ms=timing.best * 1e3, kept=len(timing.kept),
            dropped=len(timing.dropped), error=errors[peer.name], gflops=gflops,
            peak_share=gflops / peak if peak else 0.0,
            note=f"real steps {case.real_share():.4f}" if case.lengths is not None else peer.note,
        )  # fmt: skip
    print(f"{case.cell:6} {case.shape:9} {case.work:13} {case.threads}T ours {ours * 1e3:8.3f} ms", end="  ")
    print(" ".join(f"{name} {timing.median / ours:.2f}" for name, timing in timings.items() if name != "recurra"))


def main() -> None:
    given = arguments()
    record = Record(given.record)
    if not given.table:
        recurra = Recurra(str(given.library), given.threads)
        peak = limits(recurra, record)
        modules = frameworks(given.peers, given.threads, record)
        for work in given.work:
            for cell in given.cells:
                for shape in given.shapes:
                    case = Case(cell, shape, work, given.threads).fill()
                    peers = [recurra.sequence(case)]
                    if case.lengths is not None:
                        full = Case(cell, shape, work.removesuffix("-lengths"), given.threads).fill()
                        peers.append(recurra.sequence(full, FULL))
                    for module in modules:
                        peers += module.peers(case)
                    measure(case, peers, given.seconds, peak, record)
                    record.save()
    if not given.table:
        print(f"written to {given.record}")
    elif given.into is None:
        print(record.markdown())
    else:
        before, _, rest = given.into.read_text().partition("<!-- measured -->")
        _, _, after = rest.partition("<!-- /measured -->")
        body = f"<!-- measured -->\n{record.markdown()}<!-- /measured -->"
        given.into.write_text(before + body + after)


if __name__ == "__main__":
    main()
