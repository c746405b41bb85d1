//! The doors of sequences, scans and single steps.

use super::door::{Door, Slices, Writes, all, all_mut};
use recurra_kernels::*;

const LSTM: CellKind = CellKind::Lstm {
    peepholes: true,
    coupled: false,
    clip: None,
};
const GRU: CellKind = CellKind::Gru {
    reset: Reset::AfterProduct,
};
const RNN: CellKind = CellKind::Rnn {
    activation: Activation::Tanh,
};
const INDRNN: CellKind = CellKind::IndRnn {
    activation: Activation::Relu,
};

const MIN_LSTM: ScanKind = ScanKind::MinLstm {
    candidate: Candidate::Positive,
};
const SRU: ScanKind = ScanKind::Sru {
    peepholes: true,
    highway: Highway::Input,
    scale: 1.0,
};
const QRNN: ScanKind = ScanKind::Qrnn {
    pooling: Pooling::Ifo,
};

/// `[T, B, I, H]`: the weights, then x and the state.
fn inputs(cell: CellKind, s: &[usize]) -> Vec<usize> {
    let [t, b, i, h] = s.try_into().unwrap();
    vec![
        cell.num_gates() * h * i,
        cell.w_hh_len(h),
        cell.num_vectors() * h,
        t * b * i,
        cell.num_states() * b * h,
    ]
}

fn with_gradients(cell: CellKind, s: &[usize]) -> Vec<usize> {
    let [t, b, _, h] = s.try_into().unwrap();
    let mut inputs = inputs(cell, s);
    inputs.extend([t * b * h, cell.num_states() * b * h]);
    inputs
}

fn results(cell: CellKind, s: &[usize]) -> Vec<usize> {
    let [t, b, _, h] = s.try_into().unwrap();
    vec![t * b * h, cell.num_states() * b * h]
}

fn gradients(cell: CellKind, s: &[usize]) -> Vec<usize> {
    let (mut results, inputs) = (results(cell, s), inputs(cell, s));
    results.extend([inputs[3], inputs[0], inputs[1], inputs[2], inputs[4]]);
    results
}

fn shape(s: &[usize]) -> SequenceShape {
    SequenceShape {
        seq_len: s[0],
        batch_size: s[1],
        input_size: s[2],
        hidden_size: s[3],
    }
}

fn infer(isa: Isa, cell: CellKind, s: &[usize], slices: Slices<'_, '_>) -> Result<(), KernelError> {
    let [w_ih, w_hh, vectors, x, state] = all(slices.inputs);
    let [outputs, final_state] = all_mut(slices.outputs);
    sequence_forward_on(
        isa,
        SequenceForward {
            cell,
            shape: shape(s),
            direction: Direction::Backward,
            products: Products::F32,
            weights: Weights {
                w_ih,
                w_hh,
                vectors,
            },
            x,
            lengths: slices.lengths,
            state,
            outputs,
            final_state,
        },
    )
}

fn train(isa: Isa, cell: CellKind, s: &[usize], slices: Slices<'_, '_>) -> Result<(), KernelError> {
    let [w_ih, w_hh, vectors, x, state, d_outputs, d_final_state] = all(slices.inputs);
    let [
        outputs,
        final_state,
        d_x,
        d_w_ih,
        d_w_hh,
        d_vectors,
        d_state,
    ] = all_mut(slices.outputs);
    let (shape, direction) = (shape(s), Direction::Forward);
    let weights = Weights {
        w_ih,
        w_hh,
        vectors,
    };
    let saved = sequence_forward_saving_on(
        isa,
        SequenceForward {
            cell,
            shape,
            direction,
            products: Products::F32,
            weights,
            x,
            lengths: slices.lengths,
            state,
            outputs,
            final_state,
        },
    )?;
    sequence_backward(SequenceBackward {
        cell,
        shape,
        direction,
        products: Products::F32,
        weights: Weights {
            w_ih,
            w_hh,
            vectors,
        },
        x,
        lengths: slices.lengths,
        state,
        saved,
        d_outputs: Some(d_outputs),
        d_final_state: Some(d_final_state),
        d_x: Some(d_x),
        d_w_ih,
        d_w_hh,
        d_vectors,
        d_state,
    })
}

fn scan_shape(s: &[usize]) -> ScanShape {
    ScanShape {
        seq_len: s[0],
        batch_size: s[1],
        hidden_size: s[2],
    }
}

/// `[T, B, H]`: products, vectors, state, and the highway's start where it is read.
fn scan_inputs(cell: ScanKind, s: &[usize]) -> Vec<usize> {
    let [t, b, h] = s.try_into().unwrap();
    let skip = if cell.reads_skip() { t * b * h } else { 0 };
    vec![
        t * b * cell.num_gates() * h,
        cell.num_vectors() * h,
        cell.num_states() * b * h,
        skip,
        t * b * h,
        cell.num_states() * b * h,
    ]
}

/// Outputs, cells, the final state, and the gradients of the inputs.
fn scan_outputs(cell: ScanKind, s: &[usize]) -> Vec<usize> {
    let [t, b, h] = s.try_into().unwrap();
    let inputs = scan_inputs(cell, s);
    let mut outputs = vec![t * b * h, t * b * h];
    outputs.extend([inputs[2], inputs[0], inputs[1], inputs[3], inputs[2]]);
    outputs
}

fn scan(isa: Isa, cell: ScanKind, s: &[usize], slices: Slices<'_, '_>) -> Result<(), KernelError> {
    let [products, vectors, state, skip, d_outputs, d_final_state] = all(slices.inputs);
    let [
        outputs,
        cells,
        final_state,
        d_products,
        d_vectors,
        d_skip,
        d_state,
    ] = all_mut(slices.outputs);
    let (shape, direction, lengths) = (scan_shape(s), Direction::Backward, slices.lengths);
    let skip = cell.reads_skip().then_some(skip);
    scan_forward_on(
        isa,
        ScanForward {
            cell,
            shape,
            direction,
            products,
            vectors,
            skip,
            lengths,
            state,
            outputs,
            cells: Some(cells),
            final_state,
        },
    )?;
    scan_backward_on(
        isa,
        ScanBackward {
            cell,
            shape,
            direction,
            products,
            vectors,
            skip,
            lengths,
            state,
            cells: if cell.num_states() == 1 {
                outputs
            } else {
                cells
            },
            d_outputs: Some(d_outputs),
            d_final_state: Some(d_final_state),
            d_products,
            d_vectors,
            d_skip: cell.reads_skip().then_some(d_skip),
            d_state,
        },
    )
}

/// `[I, H]`: the weights and x; the state is read and written.
fn step_inputs(cell: CellKind, s: &[usize]) -> Vec<usize> {
    let [i, h] = s.try_into().unwrap();
    vec![
        cell.num_gates() * h * i,
        cell.w_hh_len(h),
        cell.num_vectors() * h,
        i,
    ]
}

fn advance(
    isa: Isa,
    cell: CellKind,
    precision: Precision,
    s: &[usize],
    slices: Slices<'_, '_>,
) -> Result<(), KernelError> {
    let [w_ih, w_hh, vectors, x] = all(slices.inputs);
    let [state] = all_mut(slices.outputs);
    let shape = StepShape {
        input_size: s[0],
        hidden_size: s[1],
    };
    let weights = Weights {
        w_ih,
        w_hh,
        vectors,
    };
    let cell = PackedCell::pack_on(isa, cell, shape, weights, precision)?;
    let mut workspace = StepWorkspace::new();
    step(Step {
        cell: &cell,
        batch_size: 1,
        x,
        state,
        workspace: &mut workspace,
    })
}

fn matrix(
    isa: Isa,
    precision: Precision,
    s: &[usize],
    slices: Slices<'_, '_>,
) -> Result<(), KernelError> {
    let [values, x] = all(slices.inputs);
    let [y] = all_mut(slices.outputs);
    let matrix = PackedMatrix::pack_on(isa, values, [s[0], s[1]], precision)?;
    let mut workspace = StepWorkspace::new();
    multiply_add(MatrixRows {
        matrix: &matrix,
        batch_size: 1,
        x,
        bias: None,
        y,
        workspace: &mut workspace,
    })
}

const INFER: Door = Door {
    name: "sequence_forward",
    sizes: "TBIH",
    inputs: |s| inputs(LSTM, s),
    outputs: |s| results(LSTM, s),
    lengths: Some((1, 0)),
    ids: None,
    call: |isa, s, slices| infer(isa, LSTM, s, slices),
    writes: Writes::Nothing,
};

const TRAIN: Door = Door {
    name: "sequence_backward of an LSTM",
    inputs: |s| with_gradients(LSTM, s),
    outputs: |s| gradients(LSTM, s),
    call: |isa, s, slices| train(isa, LSTM, s, slices),
    writes: Writes::Forward,
    ..INFER
};

const SCAN: Door = Door {
    name: "scan of a minLSTM",
    sizes: "TBH",
    inputs: |s| scan_inputs(MIN_LSTM, s),
    outputs: |s| scan_outputs(MIN_LSTM, s),
    lengths: Some((1, 0)),
    ids: None,
    call: |isa, s, slices| scan(isa, MIN_LSTM, s, slices),
    writes: Writes::Forward,
};

const STEP: Door = Door {
    name: "step of an LSTM",
    sizes: "IH",
    inputs: |s| step_inputs(LSTM, s),
    outputs: |s| vec![LSTM.num_states() * s[1]],
    lengths: None,
    ids: None,
    call: |isa, s, slices| advance(isa, LSTM, Precision::F32, s, slices),
    writes: Writes::Nothing,
};

const MATRIX: Door = Door {
    name: "multiply_add",
    sizes: "RC",
    inputs: |s| vec![s[0] * s[1], s[1]],
    outputs: |s| vec![s[0]],
    call: |isa, s, slices| matrix(isa, Precision::F32, s, slices),
    ..STEP
};

pub(crate) const DOORS: [Door; 14] = [
    INFER,
    TRAIN,
    Door {
        name: "sequence_backward of a GRU",
        inputs: |s| with_gradients(GRU, s),
        outputs: |s| gradients(GRU, s),
        call: |isa, s, slices| train(isa, GRU, s, slices),
        ..TRAIN
    },
    Door {
        name: "sequence_backward of an RNN",
        inputs: |s| with_gradients(RNN, s),
        outputs: |s| gradients(RNN, s),
        call: |isa, s, slices| train(isa, RNN, s, slices),
        ..TRAIN
    },
    Door {
        name: "sequence_backward of an IndRNN",
        inputs: |s| with_gradients(INDRNN, s),
        outputs: |s| gradients(INDRNN, s),
        call: |isa, s, slices| train(isa, INDRNN, s, slices),
        ..TRAIN
    },
    SCAN,
    Door {
        name: "scan of an SRU",
        inputs: |s| scan_inputs(SRU, s),
        outputs: |s| scan_outputs(SRU, s),
        call: |isa, s, slices| scan(isa, SRU, s, slices),
        ..SCAN
    },
    Door {
        name: "scan of a QRNN",
        inputs: |s| scan_inputs(QRNN, s),
        outputs: |s| scan_outputs(QRNN, s),
        call: |isa, s, slices| scan(isa, QRNN, s, slices),
        ..SCAN
    },
    STEP,
    Door {
        name: "step of a GRU in bf16",
        inputs: |s| step_inputs(GRU, s),
        outputs: |s| vec![s[1]],
        call: |isa, s, slices| advance(isa, GRU, Precision::Bf16, s, slices),
        ..STEP
    },
    Door {
        name: "step of an IndRNN in int8",
        inputs: |s| step_inputs(INDRNN, s),
        outputs: |s| vec![s[1]],
        call: |isa, s, slices| advance(isa, INDRNN, Precision::Int8, s, slices),
        ..STEP
    },
    MATRIX,
    Door {
        name: "multiply_add in bf16",
        call: |isa, s, slices| matrix(isa, Precision::Bf16, s, slices),
        ..MATRIX
    },
    Door {
        name: "multiply_add in int8",
        call: |isa, s, slices| matrix(isa, Precision::Int8, s, slices),
        ..MATRIX
    },
];
