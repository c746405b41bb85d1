use recurra_kernels::{
    Isa, KernelError, LogSoftmax, LogSoftmaxBackward, LogitsShape, log_softmax,
    log_softmax_backward_on, log_softmax_on, scalar,
};
use recurra_testkit::{Tol, assert_close, gradcheck};

use super::case::{assert_same_on_any_number_of_threads, values, wide};

fn run(isa: Isa, shape: LogitsShape, mut values: Vec<f32>) -> Vec<f32> {
    let call = LogSoftmax {
        shape,
        values: &mut values,
    };
    log_softmax_on(isa, call).unwrap();
    values
}

fn run_back(isa: Isa, shape: LogitsShape, log_probs: &[f32], mut gradients: Vec<f32>) -> Vec<f32> {
    let call = LogSoftmaxBackward {
        shape,
        log_probs,
        gradients: &mut gradients,
    };
    log_softmax_backward_on(isa, call).unwrap();
    gradients
}

fn exact(shape: LogitsShape, mut values: Vec<f64>) -> Vec<f64> {
    scalar::log_softmax(LogSoftmax {
        shape,
        values: &mut values,
    })
    .unwrap();
    values
}

fn exact_back(shape: LogitsShape, log_probs: &[f64], mut gradients: Vec<f64>) -> Vec<f64> {
    scalar::log_softmax_backward(LogSoftmaxBackward {
        shape,
        log_probs,
        gradients: &mut gradients,
    })
    .unwrap();
    gradients
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    for (rows, vocab_size) in [(0, 4), (3, 0), (1, 1), (4, 3), (3, 32), (5, 45), (2, 3000)] {
        let shape = LogitsShape { rows, vocab_size };
        let x = values(rows * vocab_size, 8.0);
        let d = values(rows * vocab_size + 1, 1.0).split_off(1);
        let expected = exact(shape, wide(&x));
        let expected_back = exact_back(shape, &expected, wide(&d));
        for isa in Isa::available() {
            let log_probs = run(isa, shape, x.clone());
            // The oracle adds up one after another.
            let tol = if isa == Isa::Scalar { 5e-6 } else { 5e-7 };
            assert_close(&log_probs, &expected, Tol::both(tol));
            let gradients = run_back(isa, shape, &log_probs, d.clone());
            assert_close(&gradients, &expected_back, Tol::both(5e-6));
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_logarithms() {
    let shape = LogitsShape {
        rows: 2,
        vocab_size: 3,
    };
    let (x, d) = (wide(&values(6, 2.0)), wide(&values(6, 1.0)));
    let gradient = exact_back(shape, &exact(shape, x.clone()), d.clone());
    let loss = |x: &[f64]| {
        let outputs = exact(shape, x.to_vec());
        outputs.iter().zip(&d).map(|(y, d)| y * d).sum()
    };
    gradcheck(loss, &x, &gradient, Tol::both(1e-8));
}

#[test]
fn impossible_tokens_stay_impossible_and_nan_stays_nan() {
    let shape = LogitsShape {
        rows: 3,
        vocab_size: 2,
    };
    let never = f32::NEG_INFINITY;
    for isa in Isa::available() {
        let x = vec![never, 5.0, never, never, f32::NAN, 0.0];
        let log_probs = run(isa, shape, x);
        assert_eq!(log_probs[..2], [never, 0.0]);
        assert!(
            log_probs[2..].iter().all(|x| x.is_nan()),
            "{isa}: {log_probs:?}"
        );
    }
}

#[test]
fn threads_never_change_a_bit() {
    let shape = LogitsShape {
        rows: 70,
        vocab_size: 1500,
    };
    let x = values(70 * 1500, 5.0);
    assert_same_on_any_number_of_threads(|| {
        let log_probs = run(Isa::active(), shape, x.clone());
        run_back(Isa::active(), shape, &log_probs, x.clone())
    });
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let shape = LogitsShape {
        rows: 1,
        vocab_size: 2,
    };
    let error = log_softmax(LogSoftmax {
        shape,
        values: &mut [0.0],
    });
    assert!(matches!(
        error,
        Err(KernelError::Length {
            argument: "values",
            ..
        })
    ));
}
