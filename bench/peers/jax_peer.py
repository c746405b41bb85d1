"""JAX: `lax.scan` under `jit`, the input's product hoisted out of the loop."""

import os

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import relu, sigmoid

from cases import Case
from harness import Peer


def version() -> str:
    return jax.__version__


def start(threads: int) -> None:
    # Read when the first computation is compiled.
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    os.environ["NPROC"] = str(threads)
    # Computes in the calling thread instead of handing over to another.
    jax.config.update("jax_cpu_enable_async_dispatch", False)


def lstm(weights, projected, state):
    hidden, cell = state
    i, f, g, o = jnp.split(projected + hidden @ weights["w_hh"].T + weights["b_hh"], 4, axis=-1)
    cell = sigmoid(f) * cell + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(cell), cell


def gru(weights, projected, state):
    (hidden,) = state
    r, z, n = jnp.split(projected, 3, axis=-1)
    h_r, h_z, h_n = jnp.split(hidden @ weights["w_hh"].T + weights["b_hh"], 3, axis=-1)
    z = sigmoid(z + h_z)
    n = jnp.tanh(n + sigmoid(r + h_r) * h_n)
    return (n + z * (hidden - n),)


def rnn(weights, projected, state):
    return (jnp.tanh(projected + state[0] @ weights["w_hh"].T + weights["b_hh"]),)


def indrnn(weights, projected, state):
    return (relu(projected + state[0] * weights["w_hh"] + weights["b_hh"]),)


CELLS = {"lstm": (lstm, 2), "gru": (gru, 1), "rnn": (rnn, 1), "indrnn": (indrnn, 1)}


def peers(case: Case) -> list[Peer]:
    if case.lengths is not None:
        return []
    cell, states = CELLS[case.cell]
    batch_size, hidden_size = case.sizes[1], case.sizes[3]
    given = {key: jnp.asarray(value) for key, value in case.arrays.items() if key != "d_outputs"}
    d_outputs = jnp.asarray(case.arrays["d_outputs"])
    last = {}

    def forward(given):
        def step(state, projected):
            state = cell(given, projected, state)
            return state, state[0]

        projected = given["x"] @ given["w_ih"].T + given["b_ih"]
        zeros = jnp.zeros((batch_size, hidden_size), jnp.float32)
        return lax.scan(step, (zeros,) * states, projected)[1]

    @jax.jit
    def train(given, d_outputs):
        outputs, backward = jax.vjp(forward, given)
        return outputs, backward(d_outputs)[0]

    infer = jax.jit(forward)

    def run():
        if case.trains:
            last["outputs"], last["gradients"] = jax.block_until_ready(train(given, d_outputs))
        else:
            last["outputs"] = jax.block_until_ready(infer(given))

    def results():
        found = {"outputs": np.asarray(last["outputs"])}
        for key, gradient in last.get("gradients", {}).items():
            found[f"d_{key}"] = np.asarray(gradient)
        return found

    return [Peer("jax", run, results)]
