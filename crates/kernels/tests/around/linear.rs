use proptest::prelude::*;
use recurra_kernels::{
    Isa, KernelError, Linear, LinearBackward, LinearShape, linear, linear_backward_on, linear_on,
    scalar,
};
use recurra_testkit::{Tol, assert_close, gradcheck};

use super::case::{assert_same_on_any_number_of_threads, values, wide};

/// Shape and numbers of a map: x, weight, bias and the gradient of y.
#[derive(Clone, Debug)]
struct Case {
    shape: LinearShape,
    numbers: [Vec<f32>; 4],
}

impl Case {
    fn new(rows: usize, input_size: usize, output_size: usize) -> Case {
        let lens = [
            rows * input_size,
            output_size * input_size,
            output_size,
            rows * output_size,
        ];
        Case {
            shape: LinearShape {
                rows,
                input_size,
                output_size,
            },
            numbers: lens.map(|len| values(len, 1.0)),
        }
    }

    fn run_on(&self, isa: Isa) -> [Vec<f32>; 4] {
        run(
            self.shape,
            self.numbers.each_ref().map(|numbers| &numbers[..]),
            |call| linear_on(isa, call),
            |call| linear_backward_on(isa, call),
        )
    }

    fn run_exactly(&self, numbers: [&[f64]; 4]) -> [Vec<f64>; 4] {
        run(self.shape, numbers, scalar::linear, scalar::linear_backward)
    }

    fn assert_agrees(&self) {
        let numbers = self.numbers.each_ref().map(|numbers| wide(numbers));
        let expected = self.run_exactly(numbers.each_ref().map(|numbers| &numbers[..]));
        for isa in Isa::available() {
            for (got, expected) in self.run_on(isa).iter().zip(&expected) {
                assert_close(got, expected, Tol::both(2e-5));
            }
        }
    }
}

/// y, and the gradients of x, weight and bias.
fn run<R: Copy + From<f32>>(
    shape: LinearShape,
    [x, weight, bias, d_y]: [&[R]; 4],
    forward: impl FnOnce(Linear<'_, R>) -> Result<(), KernelError>,
    backward: impl FnOnce(LinearBackward<'_, R>) -> Result<(), KernelError>,
) -> [Vec<R>; 4] {
    let nines = |values: &[R]| vec![R::from(9.0); values.len()];
    let [mut y, mut d_x, mut d_weight, mut d_bias] = [d_y, x, weight, bias].map(nines);
    forward(Linear {
        shape,
        x,
        weight,
        bias: Some(bias),
        y: &mut y,
    })
    .unwrap();
    backward(LinearBackward {
        shape,
        x,
        weight,
        d_y,
        d_x: Some(&mut d_x),
        d_weight: Some(&mut d_weight),
        d_bias: Some(&mut d_bias),
    })
    .unwrap();
    [y, d_x, d_weight, d_bias]
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    let shapes = [
        (0, 3, 4),
        (3, 0, 4),
        (3, 4, 0),
        (1, 1, 1),
        (5, 7, 9),
        (49, 17, 33),
        (7, 5, 600),
        (1000, 3, 2),
    ];
    for (rows, input_size, output_size) in shapes {
        Case::new(rows, input_size, output_size).assert_agrees();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn every_shape_agrees_with_the_oracle(rows in 0..130usize, input in 0..40usize, output in 0..40usize) {
        Case::new(rows, input, output).assert_agrees();
    }
}

#[test]
fn the_gradients_are_those_of_the_outputs() {
    let case = Case::new(3, 2, 4);
    let numbers = case.numbers.each_ref().map(|numbers| wide(numbers));
    let [x, weight, bias, d_y] = numbers.each_ref().map(|numbers| &numbers[..]);
    let total = |all: &[f64]| {
        let (x, rest) = all.split_at(x.len());
        let (weight, bias) = rest.split_at(weight.len());
        let [y, ..] = case.run_exactly([x, weight, bias, d_y]);
        y.iter().zip(d_y).map(|(y, d_y)| y * d_y).sum()
    };
    let [_, d_x, d_weight, d_bias] = case.run_exactly([x, weight, bias, d_y]);
    gradcheck(
        total,
        &[x, weight, bias].concat(),
        &[d_x, d_weight, d_bias].concat(),
        Tol::both(1e-8),
    );
}

#[test]
fn what_is_not_wanted_changes_nothing_else() {
    let case = Case::new(60, 18, 35);
    let [x, weight, _, d_y] = case.numbers.each_ref().map(|numbers| &numbers[..]);
    for isa in Isa::available() {
        let [_, expected_x, expected_weight, expected_bias] = case.run_on(isa);
        let (mut d_x, mut d_weight) = (vec![9.0; x.len()], vec![9.0; weight.len()]);
        let mut d_bias = vec![9.0; expected_bias.len()];
        let backward = |d_x, d_weight, d_bias| LinearBackward {
            shape: case.shape,
            x,
            weight,
            d_y,
            d_x,
            d_weight,
            d_bias,
        };
        linear_backward_on(isa, backward(Some(&mut d_x), None, None)).unwrap();
        linear_backward_on(isa, backward(None, Some(&mut d_weight), None)).unwrap();
        linear_backward_on(isa, backward(None, None, Some(&mut d_bias))).unwrap();
        linear_backward_on(isa, backward(None, None, None)).unwrap();
        let expected = (expected_x, expected_weight, expected_bias);
        assert_eq!((d_x, d_weight, d_bias), expected, "{isa}");
    }
}

#[test]
fn without_a_bias_sums_start_from_zero() {
    for isa in Isa::available() {
        let mut y = [9.0; 2];
        let call = Linear {
            shape: LinearShape {
                rows: 2,
                input_size: 2,
                output_size: 1,
            },
            x: &[1.0, 2.0, 3.0, 4.0],
            weight: &[10.0, 100.0],
            bias: None,
            y: &mut y,
        };
        linear_on(isa, call).unwrap();
        assert_eq!(y, [210.0, 430.0], "{isa}");
    }
}

#[test]
fn threads_never_change_a_bit() {
    let case = Case::new(700, 19, 300);
    assert_same_on_any_number_of_threads(|| case.run_on(Isa::active()).concat());
}

#[test]
fn bad_arguments_are_named() {
    let refuse = |change: fn(&mut Linear<'_>)| {
        let mut call = Linear {
            shape: LinearShape {
                rows: 1,
                input_size: 2,
                output_size: 3,
            },
            x: &[0.0; 2],
            weight: &[0.0; 6],
            bias: Some(&[0.0; 3]),
            y: &mut [0.0; 3],
        };
        change(&mut call);
        linear(call).unwrap_err().to_string()
    };
    let messages = [
        refuse(|call| call.x = &[]),
        refuse(|call| call.weight = &[]),
        refuse(|call| call.bias = Some(&[])),
        refuse(|call| call.y = &mut []),
    ];
    let expected = [
        "`x` [N, I] needs 2 values, got 0",
        "`weight` [O, I] needs 6 values, got 0",
        "`bias` [O] needs 3 values, got 0",
        "`y` [N, O] needs 3 values, got 0",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert_eq!(message, &format!("linear: {expected}"));
    }
}
