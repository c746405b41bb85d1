"""A training step of additive and of dot attention, rows of different lengths."""

import ctypes as c

import numpy as np

from harness import Peer
from ours import Recurra

# batch_size, query_len, key_len, key_size, value_size: a decoder over an encoded sentence.
SHAPE = (32, 30, 40, 256, 256)
NAMES = ("vector", "queries", "keys", "values", "alignment", "context", "d_context",
         "d_vector", "d_queries", "d_keys", "d_values")  # fmt: skip


class Attention(c.Structure):
    """`abi/src/attention.rs`, field by field."""

    _fields_ = (
        [(name, c.c_size_t) for name in ("batch_size", "query_len", "key_len", "key_size", "value_size")]
        + [("lengths", c.c_void_p)]
        + [(name, c.c_void_p) for name in NAMES]
    )


def arrays(name: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    batch_size, query_len, key_len, key_size, value_size = SHAPE

    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    made = {
        "queries": normal(batch_size, query_len, key_size),
        "keys": normal(batch_size, key_len, key_size),
        "values": normal(batch_size, key_len, value_size),
        "d_context": normal(batch_size, query_len, value_size),
        "lengths": rng.integers(key_len // 2, key_len, batch_size, endpoint=True).astype(np.uintp),
    }
    return made | ({"vector": normal(key_size) * 0.1} if name == "additive" else {})


def ours(recurra: Recurra, name: str, given: dict) -> Peer:
    batch_size, query_len, key_len, _, value_size = SHAPE
    results = {f"d_{key}": np.zeros_like(given[key]) for key in ("vector", "queries", "keys", "values") if key in given}
    results["context"] = np.empty((batch_size, query_len, value_size), np.float32)
    kept = given | results | {"alignment": np.empty((batch_size, query_len, key_len), np.float32)}
    call = Attention(*SHAPE, **{key: array.ctypes.data for key, array in kept.items()})

    def run(kept=kept):  # which keeps the arrays alive
        recurra.check(recurra.lib.recurra_attention_train(c.byref(call)))

    return Peer("recurra", run, lambda: results)
