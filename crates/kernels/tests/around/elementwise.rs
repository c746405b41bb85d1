use recurra_kernels::{
    Elementwise, ElementwiseBackward, Function, Isa, KernelError, elementwise_backward,
    elementwise_backward_on, elementwise_on, scalar,
};
use recurra_testkit::{Tol, assert_close, gradcheck};

use super::case::{assert_same_on_any_number_of_threads, values, wide};

const FUNCTIONS: [Function; 4] = [
    Function::Exp,
    Function::Sigmoid,
    Function::Tanh,
    Function::Relu,
];

fn apply(isa: Isa, function: Function, mut values: Vec<f32>) -> Vec<f32> {
    let call = Elementwise {
        function,
        values: &mut values,
    };
    elementwise_on(isa, call).unwrap();
    values
}

fn apply_exactly(function: Function, mut values: Vec<f64>) -> Vec<f64> {
    scalar::elementwise(Elementwise {
        function,
        values: &mut values,
    });
    values
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    for isa in Isa::available() {
        for function in FUNCTIONS {
            for (len, scale) in [(0, 1.0), (1, 1.0), (7, 0.01), (40, 3.0), (1003, 40.0)] {
                let x = values(len, scale);
                let outputs = apply(isa, function, x.clone());
                let exact = apply_exactly(function, wide(&x));
                assert_close(
                    &outputs,
                    &exact,
                    Tol {
                        rel: 5e-7,
                        abs: 1.3e-7,
                    },
                );
                let d = values(len + 3, 2.0).split_off(3);
                let (mut gradients, mut exact_gradients) = (d.clone(), wide(&d));
                let call = ElementwiseBackward {
                    function,
                    outputs: &outputs,
                    gradients: &mut gradients,
                };
                elementwise_backward_on(isa, call).unwrap();
                scalar::elementwise_backward(ElementwiseBackward {
                    function,
                    outputs: &wide(&outputs),
                    gradients: &mut exact_gradients,
                })
                .unwrap();
                assert_close(&gradients, &exact_gradients, Tol::both(3e-7));
            }
        }
    }
}

#[test]
fn gradients_are_those_of_the_functions() {
    let x = [-2.5, -0.3, 0.2, 1.7];
    for function in FUNCTIONS {
        let mut gradients = vec![1.0; 4];
        scalar::elementwise_backward(ElementwiseBackward {
            function,
            outputs: &apply_exactly(function, x.to_vec()),
            gradients: &mut gradients,
        })
        .unwrap();
        let total = |x: &[f64]| apply_exactly(function, x.to_vec()).iter().sum();
        gradcheck(total, &x, &gradients, Tol::both(1e-8));
    }
}

#[test]
fn nan_and_infinities_are_what_the_functions_make_of_them() {
    let x = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for isa in Isa::available() {
        let [exp, sigmoid, tanh, relu] = FUNCTIONS.map(|f| apply(isa, f, x.clone()));
        assert_eq!(exp[1..], [f32::INFINITY, 0.0]);
        assert_close(&sigmoid[1..], &[1.0, 0.0], Tol::both(1e-30));
        assert_close(&tanh[1..], &[1.0, -1.0], Tol::both(2e-7));
        assert_eq!(relu[1..], [f32::INFINITY, 0.0]);
        assert!([exp, sigmoid, tanh, relu].iter().all(|y| y[0].is_nan()));
        for function in FUNCTIONS {
            let mut gradients = [1.0];
            let call = ElementwiseBackward {
                function,
                outputs: &[f32::NAN],
                gradients: &mut gradients,
            };
            elementwise_backward_on(isa, call).unwrap();
            assert!(gradients[0].is_nan(), "{function:?}");
        }
    }
}

#[test]
fn where_values_lie_in_memory_never_changes_a_bit() {
    let (x, d) = (values(100, 3.0), values(100, 2.0));
    for isa in Isa::available() {
        for function in FUNCTIONS {
            let run = |start: usize| {
                let mut outputs = [vec![9.0; start], x.clone()].concat();
                let values = &mut outputs[start..];
                elementwise_on(isa, Elementwise { function, values }).unwrap();
                let mut gradients = [vec![9.0; start], d.clone()].concat();
                let call = ElementwiseBackward {
                    function,
                    outputs: &outputs[start..],
                    gradients: &mut gradients[start..],
                };
                elementwise_backward_on(isa, call).unwrap();
                [outputs, gradients].map(|values| values[start..].to_vec())
            };
            for start in [1, 7, 15] {
                assert_eq!(run(start), run(0), "{isa} {function:?} {start}");
            }
        }
    }
}

#[test]
fn threads_never_change_a_bit() {
    for function in FUNCTIONS {
        let x = values(100_000, 9.0);
        assert_same_on_any_number_of_threads(|| apply(Isa::active(), function, x.clone()));
    }
}

#[test]
fn gradients_of_another_number_are_refused() {
    let error = elementwise_backward(ElementwiseBackward {
        function: Function::Exp,
        outputs: &[1.0, 2.0],
        gradients: &mut [1.0],
    })
    .unwrap_err();
    assert!(
        matches!(
            error,
            KernelError::Length {
                wanted: 2,
                got: 1,
                ..
            }
        ),
        "{error}"
    );
}
