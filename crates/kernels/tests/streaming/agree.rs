//! Steps on every instruction set and in every precision, against the oracle in f64 with the
//! rounded weights: 2e-6 of the largest value.
//!
//! Every step starts from the oracle's state, so that int8 rounds the same numbers.

use super::{Case, cells};
use recurra_kernels::{
    CellKind, Direction, Isa, PackedCell, Precision, Products, SequenceForward, SequenceShape,
    Step, StepWorkspace, Weights, scalar, sequence_forward, step,
};
use recurra_testkit::{Tol, assert_close};

const TOL: f64 = 2e-6;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// The state after one step by the oracle in f64.
fn oracle(case: &Case, precision: Precision, x: &[f32], state: &[f32]) -> Vec<f64> {
    let w_ih = wide(&precision.round(&case.w_ih, case.shape.input_size));
    let w_hh = match case.cell {
        CellKind::IndRnn { .. } => wide(&case.w_hh),
        _ => wide(&precision.round(&case.w_hh, case.shape.hidden_size)),
    };
    let mut state = wide(state);
    scalar::step(scalar::Step {
        cell: case.cell,
        shape: case.shape,
        weights: Weights {
            w_ih: &w_ih,
            w_hh: &w_hh,
            vectors: &wide(&case.vectors),
        },
        operands: precision,
        x: &wide(x),
        state: &mut state,
    })
    .unwrap();
    state
}

#[track_caller]
fn agree(mut case: Case, isa: Isa, precision: Precision) {
    let (cell, shape) = (case.cell, case.shape);
    let packed = PackedCell::pack_on(isa, cell, shape, case.weights(), precision).unwrap();
    let mut workspace = StepWorkspace::new();
    let mut state = case.numbers.vec(packed.state_len(), 1.0);
    for _ in 0..4 {
        let x = case.numbers.vec(shape.input_size, 1.0);
        let expected = oracle(&case, precision, &x, &state);
        step(Step {
            cell: &packed,
            batch_size: 1,
            x: &x,
            state: &mut state,
            workspace: &mut workspace,
        })
        .unwrap();
        let largest = expected.iter().fold(1.0f64, |most, x| most.max(x.abs()));
        let tol = Tol {
            rel: 0.0,
            abs: TOL * largest,
        };
        let close = std::panic::catch_unwind(|| assert_close(&state, &expected, tol));
        if let Err(panic) = close {
            let message = panic.downcast_ref::<String>().unwrap();
            panic!("{isa}, {precision}, {cell:?}, {shape:?}: {message}");
        }
        state = expected.iter().map(|&x| x as f32).collect();
    }
}

#[test]
fn every_cell_and_option_in_every_precision() {
    for isa in Isa::available() {
        for precision in Precision::ALL {
            for cell in cells() {
                agree(Case::new(cell, 5, 19), isa, precision);
            }
        }
    }
}

#[test]
fn odd_sizes() {
    let sizes = [
        (1, 1),
        (3, 17),
        (2, 16),
        (40, 8),
        (9, 101),
        (130, 32),
        (7, 70),
    ];
    for isa in Isa::available() {
        for precision in Precision::ALL {
            for cell in cells().into_iter().step_by(3) {
                for (input_size, hidden_size) in sizes {
                    agree(Case::new(cell, input_size, hidden_size), isa, precision);
                }
            }
        }
    }
}

#[test]
fn no_inputs_or_no_units_are_no_mistake() {
    for isa in Isa::available() {
        for precision in Precision::ALL {
            for cell in cells() {
                for (input_size, hidden_size) in [(0, 4), (3, 0), (0, 0)] {
                    agree(Case::new(cell, input_size, hidden_size), isa, precision);
                }
            }
        }
    }
}

#[test]
fn steps_one_by_one_are_the_sequence() {
    for cell in cells() {
        let mut case = Case::new(cell, 6, 21);
        let packed = case.pack(Precision::F32);
        let seq_len = 9;
        let x = case.numbers.vec(seq_len * 6, 1.0);
        let mut state = case.numbers.vec(packed.state_len(), 1.0);
        let (mut outputs, mut final_state) = (vec![0.0; seq_len * 21], state.clone());
        sequence_forward(SequenceForward {
            cell,
            shape: SequenceShape {
                seq_len,
                batch_size: 1,
                input_size: 6,
                hidden_size: 21,
            },
            direction: Direction::Forward,
            products: Products::F32,
            weights: case.weights(),
            x: &x,
            lengths: None,
            state: &state,
            outputs: &mut outputs,
            final_state: &mut final_state,
        })
        .unwrap();
        let mut workspace = StepWorkspace::new();
        for (x, output) in x.chunks_exact(6).zip(outputs.chunks_exact(21)) {
            step(Step {
                cell: &packed,
                batch_size: 1,
                x,
                state: &mut state,
                workspace: &mut workspace,
            })
            .unwrap();
            assert_close(
                &state[..21],
                &wide(output),
                Tol {
                    rel: 0.0,
                    abs: 5e-6,
                },
            );
        }
        assert_close(
            &state,
            &wide(&final_state),
            Tol {
                rel: 0.0,
                abs: 5e-6,
            },
        );
    }
}

#[test]
fn nan_is_never_hidden() {
    for isa in Isa::available() {
        for precision in Precision::ALL {
            for cell in cells() {
                let case = Case::new(cell, 2, 5);
                let (shape, weights) = (case.shape, case.weights());
                let cell = PackedCell::pack_on(isa, cell, shape, weights, precision).unwrap();
                let mut state = vec![0.1; cell.state_len()];
                step(Step {
                    cell: &cell,
                    batch_size: 1,
                    x: &[1.0, f32::NAN],
                    state: &mut state,
                    workspace: &mut StepWorkspace::new(),
                })
                .unwrap();
                assert!(
                    state.iter().all(|h| h.is_nan()),
                    "{isa}, {precision}: {state:?}"
                );
            }
        }
    }
}
