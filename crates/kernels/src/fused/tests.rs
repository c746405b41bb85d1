//! The shapes of the widest machine, on any processor, against the oracle.

use recurra_testkit::{Tol, assert_close};

use crate::arch::Machine;
use crate::sequence::Kept;
use crate::{
    Activation, CellKind, Direction, Products, Reset, Saved, SequenceBackward, SequenceForward,
    SequenceShape, Weights, scalar,
};

/// Results of a forward and a backward call, one after another.
fn run(
    machine: Option<Machine>,
    cell: CellKind,
    shape: SequenceShape,
    products: Products,
) -> Vec<Vec<f32>> {
    let SequenceShape {
        seq_len: t,
        batch_size: b,
        input_size: i,
        hidden_size: h,
    } = shape;
    let values = |len: usize, scale: f32| -> Vec<f32> {
        (0..len).map(|n| (n as f32 * 1.7).sin() * scale).collect()
    };
    let (w_ih, w_hh) = (
        values(cell.num_gates() * h * i, 0.3),
        values(cell.w_hh_len(h), 0.2),
    );
    let vectors = values(cell.num_vectors() * h, 0.5);
    let weights = Weights {
        w_ih: &w_ih,
        w_hh: &w_hh,
        vectors: &vectors,
    };
    let (x, state) = (
        values(t * b * i, 1.0),
        values(cell.num_states() * b * h, 1.0),
    );
    let lengths: Vec<usize> = (0..b).map(|row| row * 5 % (t + 1)).collect();
    let direction = Direction::Backward;
    let mut outputs = values(t * b * h, 1.0);
    let d_outputs = outputs.clone();
    let mut final_state = state.clone();
    let call = SequenceForward {
        cell,
        shape,
        direction,
        products,
        weights,
        x: &x,
        lengths: Some(&lengths),
        state: &state,
        outputs: &mut outputs,
        final_state: &mut final_state,
    };
    let saved = match machine {
        Some(machine) => Saved {
            origin: call.origin(),
            kept: Kept::Fused(super::sequence_forward_saving(machine, call)),
        },
        None => scalar::sequence_forward_saving(call).unwrap(),
    };
    let (mut d_x, mut d_state) = (x.clone(), state.clone());
    let (mut d_w_ih, mut d_w_hh) = (w_ih.clone(), w_hh.clone());
    let mut d_vectors = vectors.clone();
    crate::sequence_backward(SequenceBackward {
        cell,
        shape,
        direction,
        products,
        weights,
        x: &x,
        lengths: Some(&lengths),
        state: &state,
        saved,
        d_outputs: Some(&d_outputs),
        d_final_state: Some(&state),
        d_x: Some(&mut d_x),
        d_w_ih: &mut d_w_ih,
        d_w_hh: &mut d_w_hh,
        d_vectors: &mut d_vectors,
        d_state: &mut d_state,
    })
    .unwrap();
    vec![
        outputs,
        final_state,
        d_x,
        d_w_ih,
        d_w_hh,
        d_vectors,
        d_state,
    ]
}

#[test]
fn the_widest_machines_agree_with_the_oracle() {
    let cells = [
        CellKind::Rnn {
            activation: Activation::Tanh,
        },
        CellKind::IndRnn {
            activation: Activation::Tanh,
        },
        CellKind::Lstm {
            peepholes: true,
            coupled: false,
            clip: Some(0.6),
        },
        CellKind::Gru {
            reset: Reset::AfterProduct,
        },
        CellKind::Gru {
            reset: Reset::BeforeProduct,
        },
    ];
    for cell in cells {
        for (seq_len, batch_size, input_size, hidden_size) in [
            (4, 13, 3, 21),
            (3, 2, 70, 35),
            (3, 40, 0, 5),
            (2, 50, 20, 37),
        ] {
            let shape = SequenceShape {
                seq_len,
                batch_size,
                input_size,
                hidden_size,
            };
            // In bf16 one number may be rounded apart, and then goes through all steps.
            for (products, tolerance) in [(Products::F32, 1e-5), (Products::Bf16, 8e-3)] {
                let expected = run(None, cell, shape, products);
                for machine in [Machine::Wide, Machine::Tiled] {
                    let actual = run(Some(machine), cell, shape, products);
                    for (actual, expected) in actual.iter().zip(&expected) {
                        assert_close(actual, expected, Tol::both(tolerance));
                    }
                }
            }
        }
    }
}
