//! Gates that are all but open or shut, and numbers that are none.

use super::agree::agree;
use super::case::{Case, cells, shape};
use recurra_kernels::{Candidate, Isa, ScanKind};
use recurra_testkit::Numbers;

#[test]
fn pre_activations_up_to_100_neither_overflow_nor_lose_their_quotient() {
    for cell in cells() {
        let mut case = Case::new(cell, shape(300, 3, 18));
        case.products.iter_mut().for_each(|x| *x *= 50.0);
        for isa in Isa::available() {
            let results = case.run(isa);
            for (name, values) in results.named() {
                let finite = values.iter().all(|x| x.is_finite());
                assert!(finite, "{isa}, {cell:?}: {name}");
            }
        }
        // The candidate in its range, so that 4e-6 of the largest value means something.
        let mut case = Case::new(cell, shape(300, 3, 18));
        let numbers = Numbers(9).vec(case.products.len(), 100.0);
        for (index, (x, number)) in case.products.iter_mut().zip(numbers).enumerate() {
            let gate = index / 18 % cell.num_gates();
            if gate != candidate_of(cell) {
                *x = number;
            }
        }
        agree(&case);
    }
}

fn candidate_of(cell: ScanKind) -> usize {
    match cell {
        ScanKind::MinGru { .. } => 1,
        ScanKind::MinLstm { .. } => 2,
        ScanKind::Sru { .. } | ScanKind::Qrnn { .. } => 0,
    }
}

#[test]
fn two_gates_that_are_both_shut_keep_their_ratio() {
    let cell = ScanKind::MinLstm {
        candidate: Candidate::Linear,
    };
    // f/(f + i) of σ(-95) and σ(-96) is σ(1), not 0/0.
    let mut case = Case::new(cell, shape(1, 1, 1));
    case.products = vec![-95.0, -96.0, 0.0];
    case.vectors = vec![0.0; 3];
    case.state = vec![1.0];
    let expected = 1.0 / (1.0 + (-1.0f32).exp());
    for isa in Isa::available() {
        let kept = case.run(isa).outputs[0];
        assert!((kept - expected).abs() < 1e-6, "{isa}: {kept}");
    }
}

#[test]
fn nan_is_never_hidden() {
    for cell in cells() {
        let mut case = Case::new(cell, shape(3, 2, 5));
        let row = case.products.len() / 2;
        case.products[..row].fill(f32::NAN);
        for isa in Isa::available() {
            let outputs = case.run(isa).outputs;
            let (first, second) = outputs.split_at(15);
            assert!(first.iter().all(|h| h.is_nan()), "{isa}, {cell:?}");
            assert!(second.iter().all(|h| h.is_finite()), "{isa}, {cell:?}");
        }
        for gate in 0..cell.num_gates() {
            let mut case = Case::new(cell, shape(300, 1, 1));
            case.products[gate] = f32::NAN;
            for isa in Isa::available() {
                let results = case.run(isa);
                let hidden = results.outputs[0].is_nan() || results.cells[0].is_nan();
                assert!(hidden, "{isa}, {cell:?}, gate {gate}");
                // A cell state that is NaN stays so over all blocks.
                if results.cells[0].is_nan() {
                    assert!(
                        results.outputs[299].is_nan(),
                        "{isa}, {cell:?}, gate {gate}"
                    );
                }
            }
        }
    }
}
