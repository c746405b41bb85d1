//! A sequence in one call is its steps one call each, and the paper's log space.

use super::case::{Case, cells, shape};
use recurra_kernels::{Candidate, Isa, ScanForward, ScanKind, scalar, scan_forward};
use recurra_testkit::{Numbers, Tol, assert_close};

#[test]
fn one_call_a_step_gives_the_same_over_2000_steps() {
    for cell in cells() {
        let (t, b, h) = (2000, 2, 17);
        let case = Case::new(cell, shape(t, b, h));
        let whole = case.run(Isa::active());
        let mut state = case.state.clone();
        for time in 0..t {
            let at = |values: &[f32], size: usize| -> Vec<f32> {
                (0..b)
                    .flat_map(|row| values[(row * t + time) * size..][..size].to_vec())
                    .collect()
            };
            let mut outputs = vec![0.0; b * h];
            let mut next = state.clone();
            scan_forward(ScanForward {
                cell,
                shape: shape(1, b, h),
                direction: case.direction,
                products: &at(&case.products, cell.num_gates() * h),
                vectors: &case.vectors,
                skip: case.skip.as_ref().map(|skip| at(skip, h)).as_deref(),
                lengths: None,
                state: &state,
                outputs: &mut outputs,
                cells: None,
                final_state: &mut next,
            })
            .unwrap();
            state = next;
            assert_close(&outputs, &at(&whole.outputs, h), Tol::both(1e-5));
        }
        assert_close(&state, &whole.final_state, Tol::both(1e-5));
    }
}

/// minGRU as the paper's appendix writes it, in logarithms all along.
#[test]
fn the_scan_is_the_log_space_scan() {
    let cell = ScanKind::MinGru {
        candidate: Candidate::Positive,
    };
    let t = 1500;
    let mut case = Case::new(cell, shape(t, 1, 1));
    case.products = Numbers(3).vec(2 * t, 8.0);
    case.vectors = vec![0.0; 2];
    case.state = vec![0.75];
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let log_g = |x: f64| {
        if x >= 0.0 {
            (x + 0.5).ln()
        } else {
            -softplus(-x)
        }
    };
    let (mut log_keep, mut log_add) = (Vec::new(), Vec::new());
    for step in case.products.chunks(2) {
        let (k, h) = (f64::from(step[0]), f64::from(step[1]));
        log_keep.push(-softplus(k));
        log_add.push(-softplus(-k) + log_g(h));
    }
    let expected = scalar::scan_log_space(&log_keep, &log_add, 0.75);
    for isa in Isa::available() {
        assert_close(&case.run(isa).outputs, &expected, Tol::both(2e-6));
    }
}
