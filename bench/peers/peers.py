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

import around
import streaming
from cases import FULL, NUM_GATES, SHAPES, Case
from harness import Peer, disagreement, interleave
from ours import Recurra
from record import ROOT, Record, default_path

FRAMEWORKS = ("torch", "onnx", "keras", "jax")
SEQUENCES = ("train", "infer", "train-lengths", "infer-lengths")
TOLERANCES = {"bf16": 0.03, "int8": 0.1}
LEVELS = {"L1": 16 << 10, "L2": 256 << 10, "L3": 8 << 20, "32 MB": 32 << 20, "128 MB": 128 << 20}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="for every peer; one number a process")
    parser.add_argument("--work", nargs="+", default=[*SEQUENCES, "step", "around"],
                        choices=[*SEQUENCES, "step", "around"])  # fmt: skip
    parser.add_argument("--cells", nargs="+", default=list(NUM_GATES), choices=list(NUM_GATES))
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--peers", nargs="*", default=list(FRAMEWORKS), choices=list(FRAMEWORKS))
    parser.add_argument("--seconds", type=float, default=0.5, help="of each peer's own time, each case")
    parser.add_argument("--library", type=Path, default=ROOT / "bench/peers/target/release/librecurra_bench.so")
    parser.add_argument("--record", type=Path, default=default_path(), help="CSV file to add to")
    parser.add_argument("--table", action="store_true", help="only print the record's tables")
    parser.add_argument("--into", type=Path, help="with --table: put them between a page's `measured` marks")
    return parser.parse_args()


def frameworks(names: list[str], threads: int, record: Record) -> dict:
    """The peers that are installed; the record says which were not to be had."""
    found = {}
    for name in names:
        try:
            module = importlib.import_module(f"{name}_peer")
        except ImportError as error:
            record.facts[name] = f"not to be had here ({error})"
            continue
        module.start(threads)
        record.facts[name] = module.version()
        found[name] = module
    return found


def limits(recurra: Recurra, record: Record) -> tuple[float, dict[int, float]]:
    """What the processor can do: GFLOP/s, and GB/s of reading by the size that is read."""
    peak = recurra.fma_gflops()
    reading = {size: recurra.read_gbps(size) for size in LEVELS.values()}
    shown = ", ".join(f"{level} {reading[size]:.0f}" for level, size in LEVELS.items())
    record.facts[f"limits, threads {recurra.threads}"] = f"{peak:.1f} GFLOP/s f32 FMA; read GB/s {shown}"
    record.facts["instruction set"] = recurra.isa()
    return peak, reading


def usable(key: dict, peers: list[Peer], record: Record) -> tuple[list[Peer], dict[str, float]]:
    """The peers that can do the case, and how far each is from PyTorch's numbers."""
    found = {}
    for peer in peers:
        try:
            peer.run()
            found[peer.name] = {name: array.copy() for name, array in peer.results().items()}
        except Exception as error:  # a peer that cannot do a case is a fact, not the end
            reason = str(error).split(". ")[0].splitlines()[0]
            print(f"  {peer.name}: {reason}")
            record.facts[f"{peer.name} {key['cell']} {key['work']}"] = f"not to be had here ({reason})"
    reference = next((found[name] for name in ("torch", "torch-cell") if name in found), None)
    errors = {}
    for name in found:
        compared = reference is not None and name != FULL
        errors[name] = disagreement(found[name], reference) if compared else float("nan")
        allowed = next((share for suffix, share in TOLERANCES.items() if suffix in name), 1e-3)
        if errors[name] > allowed:
            raise SystemExit(f"{name} disagrees with torch by {errors[name]:.2g}: {key}")
    return [peer for peer in peers if peer.name in found], errors


def measure(key: dict, peers: list[Peer], seconds: float, record: Record, gflop=0.0, peak=0.0, share=None) -> None:
    """Times one case; `share` gives the part of what is possible from a peer's name and seconds."""
    peers, errors = usable(key, peers, record)
    timings = interleave(peers, seconds)
    for peer in peers:
        timing = timings[peer.name]
        gflops = gflop / timing.median
        possible = share(peer.name, timing.median) if share else gflops / peak if peak else None
        record.add(
            **key, peer=peer.name, ms=timing.median * 1e3, best_ms=timing.best * 1e3, kept=len(timing.kept),
            dropped=len(timing.dropped), error=errors[peer.name], gflops=gflops,
            peak_share="" if possible is None else possible, note=peer.note,
        )  # fmt: skip
    ours = timings["recurra"].median
    print(f"{key['cell']:8} {key['shape']:12} {key['work']:13} {key['threads']}T ours {ours * 1e3:9.4f} ms", end="  ")
    print(" ".join(f"{name} {timing.median / ours:.2f}" for name, timing in timings.items() if name != "recurra"))


def sequences(work: str, given, recurra: Recurra, modules: dict, peak: float, record: Record) -> None:
    for cell in given.cells:
        for shape in given.shapes:
            case = Case(cell, shape, work, given.threads).fill()
            peers = [recurra.sequence(case)]
            if cell != "indrnn":
                peers.append(recurra.sequence(case, "recurra-bf16", products=1))
            if case.lengths is not None:
                peers[0].note = f"real steps {case.real_share():.4f}"
                full = Case(cell, shape, work.removesuffix("-lengths"), given.threads).fill()
                peers.append(recurra.sequence(full, FULL))
            for module in modules.values():
                peers += module.peers(case)
            measure(case.key(), peers, given.seconds, record, case.gflop(), peak)
            record.save()


def main() -> None:
    given = arguments()
    record = Record(given.record)
    if given.table:
        if given.into is None:
            print(record.markdown())
        else:
            record.put_into(given.into)
        return
    recurra = Recurra(str(given.library), given.threads)
    peak, reading = limits(recurra, record)
    modules = frameworks(given.peers, given.threads, record)
    for work in given.work:
        if work in SEQUENCES:
            sequences(work, given, recurra, modules, peak, record)
            continue
        chapter = streaming if work == "step" else around
        for key, peers, share in chapter.cases(given, recurra, modules, reading):
            measure(key, peers, given.seconds, record, share=share)
            record.save()
    print(f"written to {given.record}")


if __name__ == "__main__":
    main()
