//! Products of numbers rounded to bf16: the fused path rounds what the oracle rounds.
//!
//! Where a number lies almost between two bf16, f32 and f64 may round it apart, and a difference
//! of 2⁻⁸ goes into a product. So a step's forward pass, which multiplies only what it is given,
//! is held to the oracle's as closely as ever, and what follows to about one such difference.

use super::agree::agree_within;
use super::case::{Case, cells, lstm, plain_cells, shape};
use recurra_kernels::{CellKind, Direction, Isa, Products, bf16_to_f32, f32_to_bf16};
use recurra_testkit::{Tol, assert_close};

fn bf16(case: Case) -> Case {
    Case {
        products: Products::Bf16,
        ..case
    }
}

#[test]
fn a_step_of_every_cell_multiplies_what_the_oracle_does() {
    for cell in cells() {
        for sizes in [shape(1, 7, 5, 19), shape(1, 3, 40, 33)] {
            let case = bf16(Case::new(cell, sizes));
            let expected = case.to_f64().oracle();
            for isa in Isa::available() {
                let actual = case.run(isa);
                let tol = Tol {
                    rel: 0.0,
                    abs: 4e-6,
                };
                // The operand r ⊙ h of one GRU is computed, and may be rounded apart.
                let close = actual.outputs.iter().zip(&expected.outputs);
                let apart = close
                    .filter(|(a, e)| (f64::from(**a) - **e).abs() > 4e-6)
                    .count();
                assert!(
                    apart * 20 <= actual.outputs.len(),
                    "{isa}, {cell:?}: {apart}"
                );
                if !matches!(cell, CellKind::Gru { .. }) {
                    assert_close(&actual.outputs, &expected.outputs, tol);
                }
            }
        }
    }
}

#[test]
fn whole_sequences_agree_within_a_rounding_of_bf16() {
    for cell in cells() {
        for direction in [Direction::Forward, Direction::Backward] {
            let case = bf16(Case::new(cell, shape(6, 7, 5, 19)).direction(direction));
            agree_within(&case, 4e-3);
            agree_within(&case.with_lengths(), 4e-3);
        }
    }
}

#[test]
fn rounding_changes_what_products_multiply_and_nothing_else() {
    for cell in plain_cells() {
        let plain = Case::new(cell, shape(5, 6, 9, 20));
        let rounded = bf16(plain.clone());
        for isa in Isa::available() {
            let (plain, rounded) = (plain.run(isa), rounded.run(isa));
            let difference = |a: &[f32], b: &[f32]| {
                (a.iter().zip(b)).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()))
            };
            let outputs = difference(&plain.outputs, &rounded.outputs);
            assert!(
                (1e-4..3e-2).contains(&outputs),
                "{isa}, {cell:?}: {outputs}"
            );
            assert_ne!(plain.d_w_ih, rounded.d_w_ih);
        }
    }
}

#[test]
fn operands_that_are_bf16_already_give_the_results_of_f32() {
    // One step from given numbers: its forward pass has nothing to round.
    let round = |values: &mut Vec<f32>| {
        values
            .iter_mut()
            .for_each(|v| *v = bf16_to_f32(f32_to_bf16(*v)));
    };
    let mut plain = Case::new(lstm(), shape(1, 5, 8, 17));
    for values in [
        &mut plain.w_ih,
        &mut plain.w_hh,
        &mut plain.x,
        &mut plain.state,
    ] {
        round(values);
    }
    let rounded = bf16(plain.clone());
    // Where pairs are multiplied, sums have another order.
    let tol = Tol {
        rel: 0.0,
        abs: 1e-6,
    };
    for isa in Isa::available() {
        let expected: Vec<f64> = plain.run(isa).outputs.into_iter().map(f64::from).collect();
        assert_close(&rounded.run(isa).outputs, &expected, tol);
    }
}
