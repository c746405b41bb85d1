"""ONNX Runtime: one LSTM, GRU or RNN node, its buffers bound beforehand; inference only."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cases import Case
from harness import Peer

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


def model(cell: str, arrays: dict[str, np.ndarray], sizes) -> onnx.ModelProto:
    seq_len, batch_size, input_size, hidden_size = sizes

    def reordered(name):
        gates = arrays[name].reshape(len(GATES[cell]), hidden_size, -1)[GATES[cell]]
        return gates.reshape(len(gates) * hidden_size, -1)

    bias = np.concatenate([reordered("b_ih"), reordered("b_hh")]).reshape(1, -1)
    constants = {"W": reordered("w_ih")[None], "R": reordered("w_hh")[None], "B": bias}
    options = {"linear_before_reset": 1} if cell == "gru" else {}
    node = helper.make_node(cell.upper(), ["X", "W", "R", "B"], ["Y"], hidden_size=hidden_size, **options)
    graph = helper.make_graph(
        [node],
        cell,
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [seq_len, batch_size, input_size])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [seq_len, 1, batch_size, hidden_size])],
        [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


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
