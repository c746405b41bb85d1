//! Every instruction set agrees with the oracle in f64: forward values and all gradients.
//!
//! Tolerance: 4e-6 of the largest value of each array (at least of 1). A gradient that has passed
//! through many steps was rounded at each of them: 2⁻²⁴ a step, where that is more.

use super::case::{Case, Results, cells, shape};
use recurra_kernels::{Direction, Isa};
use recurra_testkit::{Tol, assert_close};

pub(crate) fn agree(case: &Case) {
    let expected = case.to_f64().oracle();
    for isa in Isa::available() {
        assert_results_close(&case.run(isa), &expected, isa, case);
    }
}

fn assert_results_close(actual: &Results, expected: &Results<f64>, isa: Isa, case: &Case) {
    for ((name, actual), (_, expected)) in actual.named().into_iter().zip(expected.named()) {
        let largest = expected.iter().fold(1.0f64, |most, x| most.max(x.abs()));
        let roundings = match name.starts_with("d_") {
            true => case.shape.seq_len as f64 * f64::from(f32::EPSILON) / 2.0,
            false => 0.0,
        };
        let tol = Tol {
            rel: 0.0,
            abs: largest * roundings.max(4e-6),
        };
        let outcome = std::panic::catch_unwind(|| assert_close(actual, expected, tol));
        if let Err(panic) = outcome {
            let message = panic.downcast_ref::<String>().unwrap();
            panic!(
                "{isa}, {name}, {:?}, {:?}, {:?}, lengths {:?}: {message}",
                case.cell, case.shape, case.direction, case.lengths
            );
        }
    }
}

#[test]
fn every_cell_and_option_in_both_directions_with_and_without_lengths() {
    for cell in cells() {
        for direction in [Direction::Forward, Direction::Backward] {
            let case = Case::new(cell, shape(6, 7, 19)).direction(direction);
            agree(&case);
            agree(&case.with_lengths());
        }
    }
}

#[test]
fn odd_sizes() {
    for cell in cells() {
        for (t, b, h) in [(1, 1, 1), (1, 5, 17), (7, 1, 16), (3, 13, 33), (40, 2, 5)] {
            agree(&Case::new(cell, shape(t, b, h)));
            agree(&Case::new(cell, shape(t, b, h)).with_lengths());
        }
    }
}

#[test]
fn sequences_of_several_blocks() {
    for cell in cells() {
        for (t, b) in [(128, 2), (129, 1), (300, 4)] {
            for direction in [Direction::Forward, Direction::Backward] {
                let case = Case::new(cell, shape(t, b, 21)).direction(direction);
                agree(&case);
                agree(&case.with_lengths());
            }
        }
    }
}

#[test]
fn nothing_to_do_is_done() {
    for cell in cells() {
        for (t, b, h) in [(0, 3, 4), (3, 0, 4), (3, 2, 0), (0, 0, 0)] {
            agree(&Case::new(cell, shape(t, b, h)));
            agree(&Case::new(cell, shape(t, b, h)).with_lengths());
        }
        // Steps that hold nothing cost nothing.
        agree(&Case::new(cell, shape(1 << 60, 0, 2)));
        agree(&Case::new(cell, shape(1 << 60, 2, 0)));
    }
}

#[test]
fn a_gradient_that_is_not_given_is_zero() {
    for cell in cells() {
        let mut case = Case::new(cell, shape(4, 3, 5));
        case.d_final_state = None;
        agree(&case);
        case.d_outputs = None;
        agree(&case);
        let results = case.run(Isa::active());
        let gradients = results.d_products.iter().chain(&results.d_state);
        assert!(gradients.into_iter().all(|&g| g == 0.0));
        case.d_final_state = Case::new(cell, case.shape).d_final_state;
        agree(&case);
    }
}
