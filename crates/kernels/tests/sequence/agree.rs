//! Every instruction set agrees with the oracle in f64: forward values and all gradients.
//!
//! Tolerance: 2e-6 of the largest value of each array (at least of 1).

use super::case::{Case, assert_results_close, cells, plain_cells, shape};
use recurra_kernels::{Direction, Isa};
use recurra_testkit::{Tol, assert_close};

const TOL: f64 = 2e-6;

#[track_caller]
pub(crate) fn agree(case: &Case) {
    agree_within(case, TOL);
}

#[track_caller]
pub(crate) fn agree_within(case: &Case, tol: f64) {
    let expected = case.to_f64().oracle();
    for isa in Isa::available() {
        let actual = case.run(isa);
        let outcome = std::panic::catch_unwind(|| assert_results_close(&actual, &expected, tol));
        if let Err(panic) = outcome {
            let message = panic.downcast_ref::<String>().unwrap();
            panic!(
                "{isa}, {:?}, {:?}, {:?}, lengths {:?}: {message}",
                case.cell, case.shape, case.direction, case.lengths
            );
        }
    }
}

#[test]
fn every_cell_and_option_in_both_directions_with_and_without_lengths() {
    for cell in cells() {
        for direction in [Direction::Forward, Direction::Backward] {
            let case = Case::new(cell, shape(6, 7, 5, 19)).direction(direction);
            agree(&case);
            agree(&case.with_lengths());
        }
    }
}

#[test]
fn odd_sizes() {
    for cell in plain_cells() {
        for (t, b, i, h) in [
            (1, 1, 1, 1),
            (1, 5, 3, 17),
            (7, 1, 2, 16),
            (3, 13, 1, 33),
            (2, 3, 40, 8),
            (40, 2, 3, 5),
        ] {
            agree(&Case::new(cell, shape(t, b, i, h)));
            agree(&Case::new(cell, shape(t, b, i, h)).with_lengths());
        }
    }
}

#[test]
fn sizes_past_every_internal_boundary() {
    // More than one chunk of input rows (96), of steps (256), of units per task (96).
    for cell in plain_cells() {
        let case = Case::new(cell, shape(23, 14, 9, 101));
        agree(&case);
        agree(&case.with_lengths());
    }
}

#[test]
fn nothing_to_do_is_done() {
    for cell in cells() {
        for (t, b, i, h) in [
            (0, 3, 2, 4),
            (3, 0, 2, 4),
            (3, 2, 0, 4),
            (3, 2, 2, 0),
            (0, 0, 0, 0),
            // Steps that hold nothing cost nothing.
            (1 << 60, 0, 2, 2),
            (1 << 60, 4, 0, 0),
        ] {
            agree(&Case::new(cell, shape(t, b, i, h)));
            agree(&Case::new(cell, shape(t, b, i, h)).with_lengths());
        }
    }
}

#[test]
fn a_gradient_that_is_not_given_is_zero() {
    for cell in plain_cells() {
        let mut case = Case::new(cell, shape(4, 3, 2, 5));
        case.d_final_state = None;
        agree(&case);
        case.d_outputs = None;
        agree(&case);
        let results = case.run(Isa::active());
        assert!(
            results
                .d_w_ih
                .iter()
                .chain(&results.d_state)
                .all(|&g| g == 0.0)
        );
        case.d_final_state = Case::new(cell, case.shape).d_final_state;
        agree(&case);
    }
}

#[test]
fn inputs_far_outside_the_range_of_the_activations() {
    for cell in plain_cells() {
        let mut case = Case::new(cell, shape(5, 4, 3, 6));
        case.x.iter_mut().for_each(|x| *x *= 300.0);
        let expected = case.to_f64().oracle();
        for isa in Isa::available() {
            let actual = case.run(isa);
            // Sums of some hundreds round at 1e-5, which a gate that is not saturated passes on.
            let largest = expected
                .outputs
                .iter()
                .fold(1.0f64, |most, x| most.max(x.abs()));
            let tol = Tol {
                rel: 0.0,
                abs: 3e-5 * largest,
            };
            assert_close(&actual.outputs, &expected.outputs, tol);
            assert!(
                actual
                    .named()
                    .iter()
                    .all(|(_, values)| values.iter().all(|x| x.is_finite()))
            );
        }
    }
}

#[test]
fn nan_is_never_hidden() {
    for cell in cells() {
        let mut case = Case::new(cell, shape(3, 2, 2, 5));
        case.x[0] = f32::NAN;
        for isa in Isa::available() {
            let outputs = case.run(isa).outputs;
            let (first, second) = outputs[..10].split_at(5);
            assert!(
                first.iter().all(|h| h.is_nan()),
                "{isa}, {cell:?}: {first:?}"
            );
            assert!(
                second.iter().all(|h| h.is_finite()),
                "{isa}, {cell:?}: {second:?}"
            );
        }
    }
}
