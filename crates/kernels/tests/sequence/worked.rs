//! One step of each cell, worked by hand: one unit, sums chosen as logarithms so that the gates
//! are simple fractions. σ(ln 3) = 3/4, σ(−ln 3) = 1/4, tanh(ln 3 / 2) = 1/2.

use recurra_kernels::{Activation, CellKind, Isa, Reset};
use recurra_testkit::{Tol, assert_close};

use super::case::{Case, shape};

const LN_3: f32 = 1.098_612_3;

/// A case of one unit, one input `x = 1`, no gradients.
fn one_unit(cell: CellKind, w_ih: &[f32], w_hh: &[f32], vectors: &[f32], state: &[f32]) -> Case {
    Case {
        w_ih: w_ih.to_vec(),
        w_hh: w_hh.to_vec(),
        vectors: vectors.to_vec(),
        x: vec![1.0],
        state: state.to_vec(),
        ..Case::new(cell, shape(1, 1, 1, 1))
    }
}

#[track_caller]
fn assert_next_state(case: &Case, expected: &[f64]) {
    for isa in Isa::available() {
        let results = case.run(isa);
        assert_close(&results.final_state, expected, Tol::both(1e-6));
        assert_eq!(results.outputs[0], results.final_state[0]);
    }
}

#[test]
fn rnn() {
    let tanh = CellKind::Rnn {
        activation: Activation::Tanh,
    };
    // tanh(1·ln3 + 1·h − ln3/2) with h = 0.
    let case = one_unit(tanh, &[LN_3], &[1.0], &[-LN_3 / 2.0], &[0.0]);
    assert_next_state(&case, &[0.5]);
    let relu = CellKind::Rnn {
        activation: Activation::Relu,
    };
    // 2 + 3·4 − 5 = 9, and below zero nothing.
    assert_next_state(&one_unit(relu, &[2.0], &[3.0], &[-5.0], &[4.0]), &[9.0]);
    assert_next_state(&one_unit(relu, &[2.0], &[3.0], &[-15.0], &[4.0]), &[0.0]);
}

#[test]
fn ind_rnn() {
    // Two units see only themselves: 1 + 2·3 = 7 and 1 + 10·5 = 51.
    let cell = CellKind::IndRnn {
        activation: Activation::Relu,
    };
    let case = Case {
        w_ih: vec![1.0, 1.0],
        w_hh: vec![2.0, 10.0],
        vectors: vec![0.0, 0.0],
        x: vec![1.0],
        state: vec![3.0, 5.0],
        ..Case::new(cell, shape(1, 1, 1, 2))
    };
    for isa in Isa::available() {
        assert_close(&case.run(isa).outputs, &[7.0, 51.0], Tol::both(1e-6));
    }
}

#[test]
fn lstm() {
    let cell = |peepholes, coupled, clip| CellKind::Lstm {
        peepholes,
        coupled,
        clip,
    };
    // i = 3/4, f = 1/4, g = 1/2, o = 3/4 with c = 1: c' = 1/4 + 3/8 = 5/8.
    let w_ih = [LN_3, -LN_3, LN_3, LN_3];
    let biases = [0.0, 0.0, -LN_3 / 2.0, 0.0];
    let h = |o: f64, c: f64| o * c.tanh();
    let plain = one_unit(
        cell(false, false, None),
        &w_ih,
        &[0.0; 4],
        &biases,
        &[9.0, 1.0],
    );
    assert_next_state(&plain, &[h(0.75, 0.625), 0.625]);

    // Coupled, f = 1 − 3/4: the same here; its own weights do not count.
    let coupled = one_unit(
        cell(false, true, None),
        &[LN_3, 50.0, LN_3, LN_3],
        &[0.0; 4],
        &biases,
        &[9.0, 1.0],
    );
    assert_next_state(&coupled, &[h(0.75, 0.625), 0.625]);

    // Peepholes: i sees c = 1 and becomes σ(ln3 − 2·ln3) = 1/4, f becomes σ(−ln3 + 2·ln3) = 3/4:
    // c' = 3/4 + 1/8 = 7/8; o sees the new c' and becomes σ(ln3 − 16/7·ln3·7/8) = 1/4.
    let mut vectors = biases.to_vec();
    vectors.extend([-2.0 * LN_3, 2.0 * LN_3, -16.0 / 7.0 * LN_3]);
    let peepholes = one_unit(
        cell(true, false, None),
        &w_ih,
        &[0.0; 4],
        &vectors,
        &[9.0, 1.0],
    );
    assert_next_state(&peepholes, &[h(0.25, 0.875), 0.875]);

    // The clip bounds the sums, not the state: sums of ±50 act like ±ln3, and c' = 25.75 stays.
    let clipped = one_unit(
        cell(false, false, Some(LN_3)),
        &[50.0, 50.0, 50.0, 50.0],
        &[0.0; 4],
        &[0.0; 4],
        &[9.0, 33.0 + 1.0 / 3.0],
    );
    // g = tanh(ln3) = 4/5: c' = 3/4·33⅓ + 3/4·4/5 = 25.6.
    assert_next_state(&clipped, &[0.75, 25.6]);
}

#[test]
fn gru() {
    // r = 1/4, z = 3/4, h = 2. After the product: q = 1·h + b_hn, n = tanh(ln3·1 + r·q + b_n).
    let after = CellKind::Gru {
        reset: Reset::AfterProduct,
    };
    let w_ih = [-LN_3, LN_3, LN_3];
    // q = 2 + 6 = 8, r·q = 2, b_n = −2 − ln3/2, so n = 1/2 and h' = 1/4·1/2 + 3/4·2.
    let vectors = [0.0, 0.0, -2.0 - LN_3 / 2.0, 6.0];
    let case = one_unit(after, &w_ih, &[0.0, 0.0, 1.0], &vectors, &[2.0]);
    assert_next_state(&case, &[1.625]);

    // Before it: n = tanh(ln3 + 3·(r·h) + b_n) with r·h = 1/2, b_n = −3/2 − ln3/2.
    let before = CellKind::Gru {
        reset: Reset::BeforeProduct,
    };
    let vectors = [0.0, 0.0, -1.5 - LN_3 / 2.0];
    let case = one_unit(before, &w_ih, &[0.0, 0.0, 3.0], &vectors, &[2.0]);
    assert_next_state(&case, &[1.625]);
}
