"""Keras on TensorFlow: one layer under `tf.function`, batch first as it wants its input."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from cases import Case
from harness import Peer

LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
# Our order of gates, in theirs; its own inverse.
GATES = {"lstm": [0, 1, 2, 3], "gru": [1, 0, 2], "rnn": [0]}


def version() -> str:
    return f"{keras.__version__} on tensorflow {tf.__version__}"


def start(threads: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def reordered(case: Case, array: np.ndarray) -> np.ndarray:
    gates = GATES[case.cell]
    return array.reshape(len(gates), case.sizes[3], -1)[gates].reshape(array.shape)


def peers(case: Case) -> list[Peer]:
    if case.cell not in LAYERS or case.lengths is not None:
        return []
    return [peer("keras", case, False), peer("keras-xla", case, True)]


def peer(name: str, case: Case, compiled: bool) -> Peer:
    layer = LAYERS[case.cell](case.sizes[3], return_sequences=True)
    x = tf.constant(np.ascontiguousarray(case.arrays["x"].swapaxes(0, 1)))
    layer.build(x.shape)
    w_ih, w_hh, b_ih, b_hh = (reordered(case, case.arrays[key]) for key in ("w_ih", "w_hh", "b_ih", "b_hh"))
    bias = np.stack([b_ih, b_hh]) if case.cell == "gru" else b_ih + b_hh
    layer.set_weights([w_ih.T, w_hh.T, bias])
    d_outputs = tf.constant(case.arrays["d_outputs"].swapaxes(0, 1))
    last = {}

    @tf.function(jit_compile=compiled)
    def infer(x):
        return layer(x)

    @tf.function(jit_compile=compiled)
    def train(x, d_outputs):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
        variables = [x, *(variable.value for variable in layer.trainable_variables)]
        return outputs, tape.gradient(outputs, variables, output_gradients=d_outputs)

    def run():
        if case.trains:
            last["outputs"], last["gradients"] = train(x, d_outputs)
        else:
            last["outputs"] = infer(x)

    def results():
        found = {"outputs": last["outputs"].numpy().swapaxes(0, 1)}
        if case.trains:
            d_x, d_kernel, d_recurrent, _ = (gradient.numpy() for gradient in last["gradients"])
            found["d_x"] = d_x.swapaxes(0, 1)
            found["d_w_ih"] = reordered(case, np.ascontiguousarray(d_kernel.T))
            found["d_w_hh"] = reordered(case, np.ascontiguousarray(d_recurrent.T))
        return found

    return Peer(name, run, results)
