"""What stands around the recurrence: loss, activations, optimizer; in place where ours are."""

import ctypes as c

import numpy as np

import attention
from harness import Peer, aligned
from ours import Recurra, address

FUNCTIONS = ("sigmoid", "tanh", "exp", "relu")  # as `abi/src/around.rs` numbers them
ROWS, VOCAB_SIZE, ELEMENTS, WEIGHTS = 2048, 10_000, 2_000_000, 2_000_000


def cases(given, recurra: Recurra, modules: dict, reading: dict[int, float]):
    """Cases as `peers.measure` takes them."""
    for name, shape, make, arrays in (
        ("softmax-ce", f"{ROWS} x {VOCAB_SIZE}", cross_entropy, logits()),
        *((name, "2M", activation, numbers(name)) for name in FUNCTIONS),
        *((f"{name}-grad", "2M", activation_gradient, gradients(name)) for name in FUNCTIONS),
        ("clip + adam", "2M", adam, parameters()),
    ):
        key = {"section": "around", "cell": name, "shape": shape, "work": "around", "threads": given.threads}
        peers = [make(recurra, name, {key: aligned(array) for key, array in arrays.items()})]
        for module in modules.values():
            if hasattr(module, "around_peer"):
                peers.append(module.around_peer(name, {key: aligned(array) for key, array in arrays.items()}))
        yield key, peers, None
    for name in ("additive", "dot"):
        shape = ",".join(map(str, attention.SHAPE))
        key = {"section": "around", "cell": f"{name} attention", "shape": shape, "work": "around",
               "threads": given.threads}  # fmt: skip
        arrays = attention.arrays(name)
        peers = [attention.ours(recurra, name, arrays)]
        for module in modules.values():
            if hasattr(module, "attention_peers"):
                peers += module.attention_peers(name, arrays)
        yield key, peers, None


def logits() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, VOCAB_SIZE, ROWS, dtype=np.uint32)
    return {"logits": rng.standard_normal((ROWS, VOCAB_SIZE), dtype=np.float32), "labels": labels}


def numbers(name: str) -> dict[str, np.ndarray]:
    return {"values": np.random.default_rng(1).standard_normal(ELEMENTS, dtype=np.float32)}


def gradients(name: str) -> dict[str, np.ndarray]:
    """Outputs at which the derivative is 1 or -1: calls in place on the result of the last keep their size."""
    fixed = {"sigmoid": (1 + 5**0.5) / 2, "tanh": 0.0, "exp": 1.0, "relu": 1.0}[name.removesuffix("-grad")]
    return numbers(name) | {"outputs": np.full(ELEMENTS, fixed, np.float32)}


def parameters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"weights": rng.standard_normal(WEIGHTS, dtype=np.float32),
            "gradients": rng.standard_normal(WEIGHTS, dtype=np.float32)}  # fmt: skip


def restoring(name: str, array: np.ndarray, run, found: str) -> Peer:
    """Works in place on `array`; results are those of a call on its first values."""
    first = array.copy()

    def results():
        array[:] = first
        run()
        return {found: array}

    return Peer(name, run, results)


def cross_entropy(recurra: Recurra, name: str, arrays: dict) -> Peer:
    losses = np.empty(ROWS, np.float32)
    call = (c.c_size_t(ROWS), c.c_size_t(VOCAB_SIZE), *(address(a) for a in (*arrays.values(), losses)))
    return restoring("recurra", arrays["logits"], lambda: recurra.check(recurra.lib.recurra_cross_entropy(*call)), "d")


def activation(recurra: Recurra, name: str, arrays: dict) -> Peer:
    call = (c.c_int(FUNCTIONS.index(name)), c.c_size_t(ELEMENTS), address(arrays["values"]))
    return restoring("recurra", arrays["values"], lambda: recurra.lib.recurra_elementwise(*call), "y")


def activation_gradient(recurra: Recurra, name: str, arrays: dict) -> Peer:
    number = FUNCTIONS.index(name.removesuffix("-grad"))
    call = (c.c_int(number), c.c_size_t(ELEMENTS), address(arrays["outputs"]), address(arrays["values"]))
    door = recurra.lib.recurra_elementwise_backward
    return restoring("recurra", arrays["values"], lambda: recurra.check(door(*call)), "d")


def adam(recurra: Recurra, name: str, arrays: dict) -> Peer:
    memory = aligned(np.zeros((2, WEIGHTS), np.float32))
    call = (c.c_size_t(WEIGHTS), address(arrays["weights"]), address(arrays["gradients"]), address(memory))
    update = [0]
    first = arrays["weights"].copy()

    def run():
        update[0] += 1
        recurra.check(recurra.lib.recurra_adam(c.c_uint64(update[0]), *call))

    def results():
        arrays["weights"][:], memory[:], update[0] = first, 0, 0
        run()
        return {"change": arrays["weights"] - first}

    return Peer("recurra", run, results)
