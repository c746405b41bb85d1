"""ONNX Runtime's RNN, LSTM and GRU with the options that PyTorch lacks.

Versions: python 3.11.7, onnx 1.23.2, onnxruntime 1.32.0, torch 2.15.0, numpy 2.4.6,
safetensors 0.8.0. Run: `python onnxruntime_rnn.py`.

Every file is one single-node model (opset 22) run by ONNX Runtime on the CPU in f32. The same
case computed in f64 by `equations.py` must agree with it to 1e-5; that f64 result is what
`output`, `h_n` and `c_n` hold, since ONNX Runtime's own values (stored as `ort.*`) carry the error
of its approximate sigmoid and tanh. ONNX Runtime has no gradients: `grad.*` is autograd through
the equations that just reproduced its forward values.
"""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper

import equations
from golden import assert_agrees, draw, rng, save

# ONNX's gate order, written as positions in ours.
ONNX_GATES = {"LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2], "RNN": [0]}  # i o f c; z r h
STATES = {"LSTM": ["h", "c"], "GRU": ["h"], "RNN": ["h"]}


def to_onnx(op, blocks):
    """`[G*H, ..]` in our gate order to `[G*H, ..]` in ONNX's."""
    gates = len(ONNX_GATES[op])
    blocks = blocks.reshape(gates, -1, *blocks.shape[1:])
    return np.concatenate([blocks[k] for k in ONNX_GATES[op]])


def run_onnxruntime(op, x, lengths, state, weights, attributes):
    """Output `[B, T, D*H]` and final states `[D, B, H]`; `weights` is one dict per direction."""
    zeros = [np.zeros_like(w["bias"]) for w in weights]
    recurrent_bias = [z.copy() for z in zeros]
    for b, w in zip(recurrent_bias, weights):
        if "b_hn" in w:
            b[-len(w["b_hn"]) :] = w["b_hn"]
    inputs = {
        "X": x.transpose(1, 0, 2),
        "W": np.stack([to_onnx(op, w["w_ih"]) for w in weights]),
        "R": np.stack([to_onnx(op, w["w_hh"]) for w in weights]),
        "B": np.stack(
            [
                np.concatenate([to_onnx(op, w["bias"]), to_onnx(op, b)])
                for w, b in zip(weights, recurrent_bias)
            ]
        ),
        "sequence_lens": None if lengths is None else np.array(lengths, np.int32),
        "initial_h": state[0],
    }
    if op == "LSTM":
        inputs["initial_c"] = state[1]
        if "peepholes" in weights[0]:  # ours: p_i, p_f, p_o; ONNX: i, o, f
            inputs["P"] = np.stack([w["peepholes"][[0, 2, 1]].ravel() for w in weights])
    outputs = ["Y", *(f"Y_{s}" for s in STATES[op])]
    node = helper.make_node(
        op, [k if v is not None else "" for k, v in inputs.items()], outputs, **attributes
    )
    inputs = {k: np.ascontiguousarray(v) for k, v in inputs.items() if v is not None}
    kind = {np.dtype("float32"): TensorProto.FLOAT, np.dtype("int32"): TensorProto.INT32}
    graph = helper.make_graph(
        [node],
        "golden",
        [helper.make_tensor_value_info(k, kind[v.dtype], v.shape) for k, v in inputs.items()],
        [
            helper.make_tensor_value_info(k, TensorProto.FLOAT, [None] * (4 if k == "Y" else 3))
            for k in outputs
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    y, *final = session.run(outputs, inputs)  # y [T, D, B, H]
    seq_len, _, batch_size, _ = y.shape
    return y.transpose(2, 0, 1, 3).reshape(batch_size, seq_len, -1), final


def run_equations(op, x, lengths, state, weights, options, directions):
    step = {"LSTM": equations.lstm_step, "GRU": equations.gru_step, "RNN": equations.rnn_step}[op]
    outputs, finals = [], []
    for d, (w, backward) in enumerate(zip(weights, directions)):
        output, final = equations.unroll(
            lambda x_t, s: step(x_t, s, w, **options),
            x,
            tuple(s[d] for s in state),
            lengths,
            backward,
        )
        outputs.append(output)
        finals.append(final)
    return torch.cat(outputs, dim=-1), [torch.stack(s) for s in zip(*finals)]


def golden(
    name,
    op,
    batch_size=3,
    seq_len=6,
    input_size=4,
    hidden_size=5,
    lengths=None,
    direction="forward",
    clip=None,
    coupled=False,
    peepholes=False,
    reset_after=False,
    activations=None,
):
    generator = rng(name)
    directions = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    prefixes = ["forward.", "backward."] if len(directions) == 2 else [""]
    gates = len(ONNX_GATES[op])
    # Weights above one, so that pre-activations leave [-clip, clip] and gates saturate.
    arrays = {"x": draw(generator, batch_size, seq_len, input_size)}
    arrays["h0"] = draw(generator, len(directions), batch_size, hidden_size)
    if op == "LSTM":
        arrays["c0"] = draw(generator, len(directions), batch_size, hidden_size, scale=1.5)
    for prefix in prefixes:
        arrays[prefix + "w_ih"] = draw(generator, gates * hidden_size, input_size, scale=1.25)
        arrays[prefix + "w_hh"] = draw(generator, gates * hidden_size, hidden_size, scale=1.25)
        arrays[prefix + "bias"] = draw(generator, gates * hidden_size)
        if peepholes:
            arrays[prefix + "peepholes"] = draw(generator, 3, hidden_size, scale=1.25)
        if reset_after:
            arrays[prefix + "b_hn"] = draw(generator, hidden_size)
    upstream = {"d_output": draw(generator, batch_size, seq_len, len(directions) * hidden_size)}
    for s in STATES[op]:
        upstream[f"d_{s}_n"] = draw(generator, len(directions), batch_size, hidden_size)

    attributes = {"hidden_size": hidden_size, "direction": direction}
    options = {}
    if clip is not None:
        attributes["clip"] = options["clip"] = clip
    if op == "GRU":
        attributes["linear_before_reset"] = int(reset_after)
    if coupled:
        attributes["input_forget"], options["coupled"] = 1, True
    if activations is not None:
        attributes["activations"] = list(activations) * len(directions)
        if op == "RNN":
            options["activation"] = activations[0]
        else:
            options["activations"] = activations

    def split(source):
        keys = ("w_ih", "w_hh", "bias", "peepholes", "b_hn")
        return [{k: source[p + k] for k in keys if p + k in source} for p in prefixes]

    state_keys = [f"{s}0" for s in STATES[op]]
    ort_output, ort_final = run_onnxruntime(
        op, arrays["x"], lengths, [arrays[k] for k in state_keys], split(arrays), attributes
    )

    def forward(inputs, **changed):
        state = [inputs[k] for k in state_keys]
        output, final = run_equations(
            op, inputs["x"], lengths, state, split(inputs), {**options, **changed}, directions
        )
        return {"output": output, **{f"{s}_n": f for s, f in zip(STATES[op], final)}}

    results = equations.evaluate_checked(name, arrays, upstream, forward)
    ort = {"output": ort_output, **{f"{s}_n": f for s, f in zip(STATES[op], ort_final)}}
    for key, value in ort.items():
        assert_agrees(f"{name} {key}", results[key], value, 1e-5)

    # Clip and the coupled gate must have changed the result, or the file shows nothing.
    for off in ({"clip": None}, {"coupled": False}):
        if off.keys() <= options.keys():
            other = equations.evaluate(arrays, upstream, lambda inputs: forward(inputs, **off))[
                "output"
            ]
            assert np.abs(other - results["output"]).max() > 1e-2, f"{name}: {off} is no change"

    if clip is not None and op == "LSTM":
        # The other reading, h = o ⊙ tanh(clip(c)), is excluded: cells pass the threshold.
        equations.ACTIVATIONS["ClippedTanh"] = lambda c: torch.tanh(c.clamp(-clip, clip))
        other = equations.evaluate(
            arrays,
            upstream,
            lambda inputs: forward(inputs, activations=("Sigmoid", "Tanh", "ClippedTanh")),
        )["output"]
        assert np.abs(other - ort["output"]).max() > 1e-2, f"{name}: no cell passes the clip"

    note = {"op": op, **attributes}
    arrays |= upstream | results
    arrays |= {f"ort.{k}": v for k, v in ort.items()}
    if lengths is not None:
        arrays["lengths"] = np.array(lengths)
    if clip is not None:
        arrays["clip"] = np.float32(clip)
    save(
        f"onnx/{name}",
        arrays,
        ["onnx", "onnxruntime", "torch", "safetensors"],
        note=", ".join(f"{k}={v}" for k, v in note.items()),
    )


golden("lstm_reverse", "LSTM", direction="reverse")
golden("lstm_bidirectional", "LSTM", direction="bidirectional")
golden("lstm_peepholes", "LSTM", peepholes=True)
golden("lstm_coupled", "LSTM", coupled=True)
golden("lstm_coupled_peepholes", "LSTM", coupled=True, peepholes=True)
golden("lstm_clip", "LSTM", clip=0.75)
golden("lstm_peepholes_clip", "LSTM", peepholes=True, clip=0.75)
golden("lstm_coupled_peepholes_clip", "LSTM", coupled=True, peepholes=True, clip=0.75)
golden("lstm_sequence_lens", "LSTM", batch_size=4, lengths=[3, 6, 1, 4])
golden(
    "lstm_reverse_sequence_lens", "LSTM", batch_size=4, lengths=[3, 5, 1, 4], direction="reverse"
)
golden(
    "lstm_all",
    "LSTM",
    batch_size=4,
    seq_len=7,
    lengths=[5, 1, 7, 3],
    direction="bidirectional",
    clip=0.75,
    peepholes=True,
)
golden(
    "lstm_all_coupled",
    "LSTM",
    batch_size=4,
    seq_len=7,
    lengths=[2, 6, 1, 4],
    direction="bidirectional",
    clip=0.75,
    peepholes=True,
    coupled=True,
)
golden("lstm_hard_sigmoid", "LSTM", activations=("HardSigmoid", "Tanh", "Tanh"))
golden("lstm_softsign", "LSTM", activations=("Sigmoid", "Softsign", "Softsign"))
golden("lstm_hard_sigmoid_relu", "LSTM", activations=("HardSigmoid", "Softsign", "Relu"))
golden("gru_linear_before_reset_0", "GRU")
golden("gru_linear_before_reset_1", "GRU", reset_after=True)
golden("gru_linear_before_reset_0_reverse", "GRU", direction="reverse")
golden("gru_sequence_lens", "GRU", batch_size=4, lengths=[4, 1, 6, 3])
golden(
    "gru_bidirectional_sequence_lens",
    "GRU",
    batch_size=4,
    lengths=[4, 1, 6, 3],
    direction="bidirectional",
)
golden("gru_clip", "GRU", clip=0.75)
golden("gru_linear_before_reset_1_clip", "GRU", clip=0.75, reset_after=True)
golden("gru_hard_sigmoid_softsign", "GRU", activations=("HardSigmoid", "Softsign"))
golden("rnn_relu_clip", "RNN", activations=("Relu",), clip=0.75)
golden("rnn_tanh_clip", "RNN", activations=("Tanh",), clip=0.75)
golden("rnn_sequence_lens", "RNN", batch_size=4, lengths=[4, 1, 6, 3])
