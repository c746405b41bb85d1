//! The oracle's hand-written gradients against central differences of its own forward pass.
//!
//! The loss is `Σ d_outputs ⊙ outputs + Σ d_final_state ⊙ final_state`, whose gradients with
//! respect to the results are the given ones.

use recurra_kernels::{Direction, scalar};
use recurra_testkit::{Tol, gradcheck};

use super::case::{Case, cells, shape};

fn loss(case: &Case<f64>) -> f64 {
    let mut results = case.empty_results();
    scalar::scan_forward(case.forward(&mut results)).unwrap();
    let weigh = |gradient: &Option<Vec<f64>>, values: &[f64]| -> f64 {
        let gradient = gradient.iter().flatten();
        gradient.zip(values).map(|(d, value)| d * value).sum()
    };
    weigh(&case.d_outputs, &results.outputs) + weigh(&case.d_final_state, &results.final_state)
}

fn check(case: &Case<f64>) {
    type Argument = fn(&mut Case<f64>) -> Option<&mut Vec<f64>>;
    let results = case.oracle();
    let arguments: [(Argument, &[f64]); 4] = [
        (|case| Some(&mut case.products), &results.d_products),
        (|case| Some(&mut case.vectors), &results.d_vectors),
        (|case| case.skip.as_mut(), &results.d_skip),
        (|case| Some(&mut case.state), &results.d_state),
    ];
    for (argument, gradient) in arguments {
        let mut at = case.clone();
        let Some(point) = argument(&mut at).cloned() else {
            continue;
        };
        let f = |values: &[f64]| {
            argument(&mut at).unwrap().copy_from_slice(values);
            loss(&at)
        };
        gradcheck(f, &point, gradient, Tol::both(1e-7));
    }
}

#[test]
fn every_cell_and_option() {
    for cell in cells() {
        check(&Case::new(cell, shape(4, 2, 3)).to_f64());
    }
}

#[test]
fn every_cell_backward_with_lengths() {
    for cell in cells() {
        let case = Case::new(cell, shape(3, 4, 2)).with_lengths();
        check(&case.direction(Direction::Backward).to_f64());
    }
}
