"""ONNX Runtime: one LSTM, GRU or RNN node, its buffers bound beforehand; inference only."""

import logging
import os
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cases import Case
from harness import Peer
from record import cpu

# Our order of gates, in theirs.
GATES = {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2], "rnn": [0]}
_threads = 1


def version() -> str:
    return onnxruntime.__version__


def start(threads: int) -> None:
    global _threads
    _threads = threads


def peers(case: Case) -> list[Peer]:
    if case.work != "infer" or case.cell not in GATES:
        return []
    return [bound("onnxruntime", model(case.cell, case.arrays, case.sizes), case)]


def model(cell: str, arrays: dict[str, np.ndarray], sizes, stateful: bool = False) -> onnx.ModelProto:
    """One node; `stateful` takes a state and gives the next instead of starting from zeros."""
    seq_len, batch_size, input_size, hidden_size = sizes

    def reordered(name):
        gates = arrays[name].reshape(len(GATES[cell]), hidden_size, -1)[GATES[cell]]
        return gates.reshape(len(gates) * hidden_size, -1)

    def described(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    bias = np.concatenate([reordered("b_ih"), reordered("b_hh")]).reshape(1, -1)
    constants = {"W": reordered("w_ih")[None], "R": reordered("w_hh")[None], "B": bias}
    options = {"linear_before_reset": 1} if cell == "gru" else {}
    states = (["H", "C"] if cell == "lstm" else ["H"]) if stateful else []
    inputs = ["X", *constants, "", *states] if states else ["X", *constants]
    outputs = ["", *(f"{name}_next" for name in states)] if states else ["Y"]
    node = helper.make_node(cell.upper(), inputs, outputs, hidden_size=hidden_size, **options)
    state = (1, batch_size, hidden_size)
    graph = helper.make_graph(
        [node],
        cell,
        [described("X", seq_len, batch_size, input_size), *(described(name, *state) for name in states)],
        [described(f"{name}_next", *state) for name in states]
        or [described("Y", seq_len, 1, batch_size, hidden_size)],
        [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def step_peers(cell: str, arrays: dict[str, np.ndarray]) -> list[Peer]:
    """A node of one step in f32 and, for an LSTM, dynamically quantised to int8."""
    size = arrays["x"].shape[-1]
    proto = model(cell, arrays, (1, 1, size, size), stateful=True)
    found = [stepping("onnxruntime", cell, proto, arrays["x"])]
    if cell == "lstm":
        found.append(stepping("onnxruntime-int8", cell, quantised(proto), arrays["x"]))
    return found


def quantised(proto: onnx.ModelProto) -> onnx.ModelProto:
    """In 7 bits where there is no VNNI: their sums of pairs saturate 16 bits there, as they warn."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    saturates = not {"avx512_vnni", "avx_vnni"} & set(cpu().get("flags", "").split())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "int8.onnx")
        logging.disable(logging.WARNING)
        quantize_dynamic(proto, path, op_types_to_quantize=["LSTM"], weight_type=QuantType.QInt8, per_channel=True,
                         reduce_range=saturates)  # fmt: skip
        logging.disable(logging.NOTSET)
        return onnx.load(path)


def stepping(name: str, cell: str, proto: onnx.ModelProto, x: np.ndarray) -> Peer:
    """Two bindings that read each other's state, so that nothing is copied between steps."""
    running = session(proto)
    names = ["H", "C"] if cell == "lstm" else ["H"]
    states = [{key: np.zeros((1, *x.shape[1:]), np.float32) for key in names} for _ in range(2)]
    bindings = []
    for here, there in (states, states[::-1]):
        binding = running.io_binding()
        binding.bind_input("X", "cpu", 0, np.float32, x.shape, x.ctypes.data)
        for key in names:
            array = here[key]
            binding.bind_input(key, "cpu", 0, np.float32, array.shape, array.ctypes.data)
            array = there[key]
            binding.bind_output(f"{key}_next", "cpu", 0, np.float32, array.shape, array.ctypes.data)
        bindings.append(binding)
    turn = [0]

    def run():
        running.run_with_iobinding(bindings[turn[0]])
        turn[0] ^= 1

    def results():
        turn[0] = 0
        for array in states[0].values():
            array[:] = 0
        run()
        return {"hidden": states[1]["H"].reshape(-1)}

    return Peer(name, run, results)


def session(proto: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])


def bound(name: str, proto: onnx.ModelProto, case: Case) -> Peer:
    seq_len, batch_size, _, hidden_size = case.sizes
    x = case.arrays["x"]
    outputs = np.empty((seq_len, 1, batch_size, hidden_size), np.float32)
    running = session(proto)
    binding = running.io_binding()
    binding.bind_input("X", "cpu", 0, np.float32, x.shape, x.ctypes.data)
    binding.bind_output("Y", "cpu", 0, np.float32, outputs.shape, outputs.ctypes.data)
    return Peer(name, lambda: running.run_with_iobinding(binding), lambda: {"outputs": outputs[:, 0]})
