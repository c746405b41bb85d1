use proptest::prelude::*;
use recurra_kernels::{
    CrossEntropy, CrossEntropyGradient, Isa, KernelError, LogitsShape, cross_entropy,
    cross_entropy_gradient, cross_entropy_gradient_on, cross_entropy_on, scalar,
};
use recurra_testkit::{Tol, assert_close, gradcheck};

use super::case::{assert_same_on_any_number_of_threads, ids, values, wide};

#[derive(Clone, Debug)]
struct Case {
    shape: LogitsShape,
    logits: Vec<f32>,
    labels: Vec<u32>,
    mask: Option<Vec<bool>>,
    smoothing: f64,
}

const SCALE: f64 = 0.37;

impl Case {
    fn new(rows: usize, vocab_size: usize) -> Case {
        Case {
            shape: LogitsShape { rows, vocab_size },
            logits: values(rows * vocab_size, 6.0),
            labels: ids(rows, vocab_size.max(1) as u32),
            mask: None,
            smoothing: 0.0,
        }
    }

    fn losses(&self, isa: Isa) -> Vec<f32> {
        let mut losses = vec![9.0; self.shape.rows];
        let call = CrossEntropy {
            shape: self.shape,
            logits: &self.logits,
            labels: &self.labels,
            mask: self.mask.as_deref(),
            smoothing: self.smoothing,
            losses: &mut losses,
        };
        cross_entropy_on(isa, call).unwrap();
        losses
    }

    /// Losses and gradient.
    fn gradient(&self, isa: Isa) -> (Vec<f32>, Vec<f32>) {
        let (mut losses, mut logits) = (vec![9.0; self.shape.rows], self.logits.clone());
        let call = CrossEntropyGradient {
            shape: self.shape,
            logits: &mut logits,
            labels: &self.labels,
            mask: self.mask.as_deref(),
            smoothing: self.smoothing,
            scale: SCALE,
            losses: &mut losses,
        };
        cross_entropy_gradient_on(isa, call).unwrap();
        (losses, logits)
    }

    fn exact_losses(&self, logits: &[f64]) -> Vec<f64> {
        let mut losses = vec![9.0; self.shape.rows];
        scalar::cross_entropy(CrossEntropy {
            shape: self.shape,
            logits,
            labels: &self.labels,
            mask: self.mask.as_deref(),
            smoothing: self.smoothing,
            losses: &mut losses,
        })
        .unwrap();
        losses
    }

    fn exact_gradient(&self) -> Vec<f64> {
        let mut logits = wide(&self.logits);
        scalar::cross_entropy_gradient(CrossEntropyGradient {
            shape: self.shape,
            logits: &mut logits,
            labels: &self.labels,
            mask: self.mask.as_deref(),
            smoothing: self.smoothing,
            scale: SCALE,
            losses: &mut vec![9.0; self.shape.rows],
        })
        .unwrap();
        logits
    }

    fn assert_agrees(&self) {
        let (exact_losses, exact_gradient) = (
            self.exact_losses(&wide(&self.logits)),
            self.exact_gradient(),
        );
        for isa in Isa::available() {
            let (losses, gradient) = self.gradient(isa);
            // The oracle adds up one after another.
            let rel = if isa == Isa::Scalar { 1e-5 } else { 1e-6 };
            let tol = Tol { rel, abs: 3e-7 };
            assert_close(&self.losses(isa), &exact_losses, tol);
            assert_close(&losses, &exact_losses, tol);
            assert_close(
                &gradient,
                &exact_gradient,
                Tol {
                    rel: 2.0 * rel,
                    abs: 1e-7,
                },
            );
        }
    }
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    for (rows, vocab_size) in [
        (0, 5),
        (1, 1),
        (3, 2),
        (5, 31),
        (4, 33),
        (7, 100),
        (2, 5003),
    ] {
        for smoothing in [0.0, 0.1, 1.0] {
            let mut case = Case::new(rows, vocab_size);
            case.smoothing = smoothing;
            case.assert_agrees();
            case.mask = Some((0..rows).map(|row| row % 3 != 1).collect());
            case.assert_agrees();
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_losses() {
    for smoothing in [0.0, 0.2] {
        let mut case = Case::new(3, 5);
        case.smoothing = smoothing;
        case.mask = Some(vec![true, false, true]);
        let loss = |logits: &[f64]| SCALE * case.exact_losses(logits).iter().sum::<f64>();
        gradcheck(
            loss,
            &wide(&case.logits),
            &case.exact_gradient(),
            Tol::both(1e-8),
        );
    }
}

#[test]
fn rows_that_do_not_count_are_not_looked_at() {
    let mut case = Case::new(3, 4);
    case.mask = Some(vec![false, true, false]);
    case.labels = vec![u32::MAX, 2, 4];
    case.logits[0] = f32::NAN;
    for isa in Isa::available() {
        let (losses, gradient) = case.gradient(isa);
        assert_eq!([losses[0], losses[2]], [0.0; 2]);
        assert!(losses[1] > 0.0);
        assert_eq!(
            (&gradient[..4], &gradient[8..]),
            (&[0.0; 4][..], &[0.0; 4][..])
        );
        assert_eq!(case.losses(isa)[0], 0.0);
    }
}

#[test]
fn no_token_at_all_is_fine_when_no_row_counts() {
    let mut case = Case::new(2, 0);
    case.mask = Some(vec![false; 2]);
    for isa in Isa::available() {
        assert_eq!(case.losses(isa), [0.0; 2]);
        assert_eq!(case.gradient(isa), (vec![0.0; 2], vec![]));
    }
}

#[test]
fn a_token_that_cannot_be_has_no_probability() {
    let mut case = Case::new(2, 3);
    let never = f32::NEG_INFINITY;
    case.logits = vec![never, 1.0, 1.0, never, 0.0, 0.0];
    case.labels = vec![1, 0];
    for isa in Isa::available() {
        let (losses, gradient) = case.gradient(isa);
        let scale = SCALE as f32;
        assert_close(&losses[..1], &[2f32.ln()], Tol::both(1e-6));
        assert_eq!(losses[1], f32::INFINITY);
        assert_close(
            &gradient,
            &[
                0.0,
                -scale / 2.0,
                scale / 2.0,
                -scale,
                scale / 2.0,
                scale / 2.0,
            ],
            Tol::both(1e-6),
        );
    }
}

#[test]
fn nan_is_never_hidden() {
    let rows: [[f32; 3]; 5] = [
        [f32::NAN, 0.0, 0.0],
        [0.0, 0.0, f32::NAN],
        [f32::NAN; 3],
        [f32::NEG_INFINITY; 3],
        [0.0, f32::INFINITY, 0.0],
    ];
    let mut case = Case::new(5, 3);
    case.logits = rows.concat();
    for isa in Isa::available() {
        let (losses, gradient) = case.gradient(isa);
        assert!(losses.iter().all(|x| x.is_nan()), "{isa}: {losses:?}");
        assert!(case.losses(isa).iter().all(|x| x.is_nan()));
        for row in gradient.chunks(3).take(4) {
            assert!(row.iter().all(|x| x.is_nan()), "{isa}: {row:?}");
        }
        assert!(gradient[12..].iter().any(|x| x.is_nan()));
    }
}

#[test]
fn large_logits_do_not_overflow() {
    let mut case = Case::new(2, 3);
    case.logits = vec![1e30, 0.0, -1e30, 1000.0, 1000.0, -1000.0];
    case.labels = vec![0, 1];
    for isa in Isa::available() {
        assert_close(&case.losses(isa), &[0.0, 2f32.ln()], Tol::both(1e-6));
    }
}

#[test]
fn threads_never_change_a_bit() {
    let mut case = Case::new(90, 1100);
    case.smoothing = 0.1;
    assert_same_on_any_number_of_threads(|| {
        let (losses, gradient) = case.gradient(Isa::active());
        [losses, gradient, case.losses(Isa::active())].concat()
    });
}

#[test]
fn bad_arguments_are_named_and_nothing_is_written() {
    let refuse = |change: fn(&mut CrossEntropyGradient<'_>)| {
        let (mut logits, mut losses) = ([1.0; 6], [9.0; 2]);
        let mut call = CrossEntropyGradient {
            shape: LogitsShape {
                rows: 2,
                vocab_size: 3,
            },
            logits: &mut logits,
            labels: &[0, 2],
            mask: None,
            smoothing: 0.0,
            scale: 1.0,
            losses: &mut losses,
        };
        change(&mut call);
        let error = cross_entropy_gradient(call).unwrap_err();
        assert_eq!((logits, losses), ([1.0; 6], [9.0; 2]));
        error.to_string()
    };
    let messages = [
        refuse(|call| call.shape.rows = 3),
        refuse(|call| call.shape.vocab_size = usize::MAX),
        refuse(|call| call.labels = &[0]),
        refuse(|call| call.labels = &[0, 3]),
        refuse(|call| call.mask = Some(&[])),
        refuse(|call| call.smoothing = f64::NAN),
        refuse(|call| call.smoothing = -0.1),
        refuse(|call| call.losses = &mut []),
    ];
    let expected = [
        "`logits` [N, V] needs 9 values, got 6",
        "`logits` [N, V] has more values than can be addressed for [2, 18446744073709551615]",
        "`labels` [N] needs 2 values, got 1",
        "`labels[1]` must be below 3, got 3",
        "`mask` [N] needs 2 values, got 0",
        "`smoothing` must be from 0 to 1, got NaN",
        "`smoothing` must be from 0 to 1, got -0.1",
        "`losses` [N] needs 2 values, got 0",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert_eq!(message, &format!("cross_entropy_gradient: {expected}"));
    }
    let outside = cross_entropy(CrossEntropy {
        shape: LogitsShape {
            rows: 1,
            vocab_size: 0,
        },
        logits: &[],
        labels: &[0],
        mask: None,
        smoothing: 0.0,
        losses: &mut [0.0],
    });
    assert!(matches!(
        outside,
        Err(KernelError::Id {
            row: 0,
            size: 0,
            ..
        })
    ));
}

proptest! {
    #[test]
    fn any_shape_agrees_with_the_oracle(
        rows in 0usize..6,
        vocab_size in 1usize..140,
        smoothing in prop_oneof![Just(0.0), 0.0..1.0],
    ) {
        let mut case = Case::new(rows, vocab_size);
        case.smoothing = smoothing;
        case.assert_agrees();
    }
}
