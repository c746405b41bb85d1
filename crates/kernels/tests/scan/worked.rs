//! Cases by hand: one unit, gates of one half, numbers that are exact.

use super::case::{Case, shape};
use recurra_kernels::{Candidate, Highway, Isa, Pooling, ScanKind};
use recurra_testkit::{Tol, assert_close};

/// The outputs of one unit whose gates are all `σ(0) = 1/2`.
fn outputs(cell: ScanKind, products: &[f32], skip: Option<&[f32]>, state: &[f32]) -> Vec<Vec<f32>> {
    let steps = products.len() / cell.num_gates();
    let mut case = Case::new(cell, shape(steps, 1, 1));
    case.products = products.to_vec();
    case.vectors.fill(0.0);
    case.skip = skip.map(<[f32]>::to_vec);
    case.state = state.to_vec();
    (Isa::available().into_iter())
        .map(|isa| case.run(isa).outputs)
        .collect()
}

#[test]
fn min_gru() {
    let candidate = Candidate::Positive;
    // h̃ = 2, then g(0) = 1/2: 4 -> 3 -> 1.75.
    for h in outputs(
        ScanKind::MinGru { candidate },
        &[0.0, 1.5, 0.0, 0.0],
        None,
        &[4.0],
    ) {
        assert_close(&h, &[3.0, 1.75], Tol::both(1e-6));
    }
    // With the candidate as it is: 4 -> (4 - 2)/2 = 1.
    let candidate = Candidate::Linear;
    for h in outputs(ScanKind::MinGru { candidate }, &[0.0, -2.0], None, &[4.0]) {
        assert_close(&h, &[1.0], Tol::both(1e-6));
    }
}

#[test]
fn min_lstm() {
    let candidate = Candidate::Positive;
    // f = 1/2 and i = 3/4 (logit ln 3): f/(f + i) = 2/5.
    let ln_3 = 3f32.ln();
    for h in outputs(
        ScanKind::MinLstm { candidate },
        &[0.0, ln_3, 0.5],
        None,
        &[5.0],
    ) {
        assert_close(&h, &[0.4 * 5.0 + 0.6 * 1.0], Tol::both(1e-6));
    }
}

#[test]
fn sru() {
    let sru = |highway| ScanKind::Sru {
        peepholes: false,
        highway,
        scale: 3.0,
    };
    // c: 4 -> (4 + 2)/2 = 3; h = (3 + 3·1)/2.
    let state = &[9.0, 4.0];
    for h in outputs(sru(Highway::Input), &[2.0, 0.0, 0.0], Some(&[1.0]), state) {
        assert_close(&h, &[3.0], Tol::both(1e-6));
    }
    for h in outputs(sru(Highway::Projected), &[2.0, 0.0, 0.0, -1.0], None, state) {
        assert_close(&h, &[0.0], Tol::both(1e-6));
    }
    // With v_f = v_r = ln 3 / 4 and c = 4 both gates are 3/4: c' = 3 + 2/4.
    let cell = ScanKind::Sru {
        peepholes: true,
        highway: Highway::Input,
        scale: 3.0,
    };
    let mut case = Case::new(cell, shape(1, 1, 1));
    case.products = vec![2.0, 0.0, 0.0];
    case.vectors = vec![0.0, 0.0, 3f32.ln() / 4.0, 3f32.ln() / 4.0];
    case.skip = Some(vec![1.0]);
    case.state = state.to_vec();
    for isa in Isa::available() {
        let results = case.run(isa);
        assert_close(&results.cells, &[3.5], Tol::both(1e-6));
        assert_close(
            &results.outputs,
            &[0.75 * 3.5 + 0.25 * 3.0],
            Tol::both(1e-6),
        );
    }
}

#[test]
fn qrnn() {
    let z = 0.5f32.atanh();
    let run = |pooling, products: &[f32], state: &[f32]| {
        outputs(ScanKind::Qrnn { pooling }, products, None, state)
    };
    for h in run(Pooling::F, &[z, 0.0], &[4.0]) {
        assert_close(&h, &[2.25], Tol::both(1e-6));
    }
    for h in run(Pooling::Fo, &[z, 0.0, 0.0], &[9.0, 4.0]) {
        assert_close(&h, &[1.125], Tol::both(1e-6));
    }
    // i = 3/4: c = 2 + 3/8.
    for h in run(Pooling::Ifo, &[z, 0.0, 0.0, 3f32.ln()], &[9.0, 4.0]) {
        assert_close(&h, &[1.1875], Tol::both(1e-6));
    }
}
