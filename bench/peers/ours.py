"""Recurra's kernels through the C functions of `abi/`, on the arrays of a case."""

import ctypes as c

import numpy as np

from cases import Case
from harness import Peer

CELLS = {"lstm": 0, "gru": 1, "rnn": 2, "indrnn": 3}
SIZES = ("seq_len", "batch_size", "input_size", "hidden_size")
READ = ("lengths", "x", "w_ih", "w_hh", "vectors", "state")
WRITTEN = ("outputs", "final_state")
GRADIENTS = ("d_x", "d_w_ih", "d_w_hh", "d_vectors", "d_state")


def address(array: np.ndarray) -> c.c_void_p:
    """A pointer that keeps its array alive."""
    pointer = c.c_void_p(array.ctypes.data)
    pointer.array = array
    return pointer


class Sequence(c.Structure):
    """`abi/src/sequence.rs`, field by field."""

    _fields_ = (
        [("cell", c.c_int), ("products", c.c_int)]
        + [(name, c.c_size_t) for name in SIZES]
        + [(name, c.c_void_p) for name in READ + WRITTEN + ("d_outputs",) + GRADIENTS]
    )


class Recurra:
    """The library, with its pool of threads."""

    def __init__(self, path: str, threads: int):
        self.lib = c.CDLL(path)
        self.lib.recurra_error.restype = c.c_char_p
        self.lib.recurra_isa.restype = c.c_char_p
        self.lib.recurra_fma_gflops.restype = c.c_double
        self.lib.recurra_fma_gflops.argtypes = [c.c_size_t]
        self.lib.recurra_read_gbps.restype = c.c_double
        self.lib.recurra_read_gbps.argtypes = [c.c_size_t, c.c_size_t]
        self.check(self.lib.recurra_start(c.c_size_t(threads)))
        self.threads = threads

    def check(self, status: int) -> None:
        if status:
            raise RuntimeError(self.lib.recurra_error().decode())

    def isa(self) -> str:
        return self.lib.recurra_isa().decode()

    def fma_gflops(self) -> float:
        return self.lib.recurra_fma_gflops(self.threads)

    def read_gbps(self, num_bytes: int) -> float:
        return self.lib.recurra_read_gbps(self.threads, num_bytes)

    def sequence(self, case: Case, name: str = "recurra", products: int = 0) -> Peer:
        """`products` is 0 for f32 and 1 for bf16."""
        given = case.arrays
        seq_len, batch_size, _, hidden_size = case.sizes
        states = 2 if case.cell == "lstm" else 1
        arrays = {key: given[key] for key in ("x", "w_ih", "w_hh", "d_outputs")}
        arrays["vectors"] = vectors(case)
        arrays["state"] = np.zeros((states, batch_size, hidden_size), np.float32)
        arrays["outputs"] = np.empty((seq_len, batch_size, hidden_size), np.float32)
        arrays["final_state"] = np.empty_like(arrays["state"])
        for gradient in GRADIENTS:
            arrays[gradient] = np.empty_like(arrays[gradient.removeprefix("d_")])
        call = Sequence(cell=CELLS[case.cell], products=products, **dict(zip(SIZES, case.sizes)))
        for key, array in arrays.items():
            assert array.flags.c_contiguous and array.dtype == np.float32
            setattr(call, key, array.ctypes.data)
        if case.lengths is not None:
            call.lengths = case.lengths.ctypes.data
        door = self.lib.recurra_sequence_train if case.trains else self.lib.recurra_sequence_infer
        reference = c.byref(call)

        def run():
            self.check(door(reference))

        def results():
            names = ["outputs"]
            if case.trains:
                names += ["d_x", "d_w_ih", "d_w_hh"]
            found = {key: arrays[key] for key in names}
            if case.trains:
                found["d_b_ih"] = arrays["d_vectors"].reshape(-1)[: given["b_ih"].size]
            return found

        return Peer(name, run, results)


def vectors(case: Case) -> np.ndarray:
    return fused_vectors(case.cell, case.arrays["b_ih"], case.arrays["b_hh"], case.sizes[3])


def fused_vectors(cell: str, b_ih: np.ndarray, b_hh: np.ndarray, hidden_size: int) -> np.ndarray:
    """Two biases as the kernels want them: one, and `b_hn` of a GRU apart."""
    if cell != "gru":
        return b_ih + b_hh
    sums = 2 * hidden_size
    return np.concatenate([b_ih[:sums] + b_hh[:sums], b_ih[sums:], b_hh[sums:]])
