"""One step at batch 1, the state fed back: what answers while its input still comes in."""

import ctypes as c
import weakref

import numpy as np

from cases import NUM_GATES
from harness import Peer
from ours import CELLS, Recurra, address, fused_vectors

SIZES = (128, 256, 512, 1024)  # input and hidden size
BYTES = {"recurra": 4, "recurra-bf16": 2, "recurra-int8": 1}


def cases(given, recurra: Recurra, modules: dict, reading: dict[int, float]):
    """Cases as `peers.measure` takes them."""
    for cell in ("lstm", "gru"):
        for size in SIZES if cell in given.cells else ():
            arrays = weights(cell, size)
            key = {"section": "streaming", "cell": cell, "shape": str(size), "work": "step", "threads": given.threads}
            peers = [step(recurra, cell, arrays, name, number) for number, name in enumerate(BYTES)]
            for module in modules.values():
                if hasattr(module, "step_peers"):
                    peers += module.step_peers(cell, arrays)

            def share(name: str, seconds: float, count=arrays["w_ih"].size + arrays["w_hh"].size):
                """Of the rate at which as many bytes are read at most."""
                if name not in BYTES:
                    return None
                size = count * BYTES[name]
                possible = next((rate for level, rate in reading.items() if size <= level), None)
                return size / seconds * 1e-9 / (possible or min(reading.values()))

            yield key, peers, share


def weights(cell: str, size: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    rows = NUM_GATES[cell] * size

    def uniform(*shape):
        return rng.uniform(-(size**-0.5), size**-0.5, shape).astype(np.float32)

    return {
        "x": rng.standard_normal((1, 1, size), dtype=np.float32),
        "w_ih": uniform(rows, size),
        "w_hh": uniform(rows, size),
        "b_ih": uniform(rows),
        "b_hh": uniform(rows),
    }


def step(recurra: Recurra, cell: str, arrays: dict[str, np.ndarray], name: str, precision: int) -> Peer:
    size = arrays["x"].shape[-1]
    lib = recurra.lib
    lib.recurra_step_new.restype = c.c_void_p
    vectors = fused_vectors(cell, arrays["b_ih"], arrays["b_hh"], size)
    handle = c.c_void_p(lib.recurra_step_new(
        c.c_int(CELLS[cell]), c.c_int(precision), c.c_size_t(size), c.c_size_t(size),
        address(arrays["w_ih"]), address(arrays["w_hh"]), address(vectors)))  # fmt: skip
    if not handle:
        recurra.check(1)
    state = np.zeros((2 if cell == "lstm" else 1, size), np.float32)
    weakref.finalize(state, lib.recurra_step_free, handle)
    call = (handle, address(arrays["x"]), address(state))
    door = lib.recurra_step

    def run():
        door(*call)

    def results():
        state[:] = 0
        recurra.check(door(*call))
        return {"hidden": state[0]}

    return Peer(name, run, results)
