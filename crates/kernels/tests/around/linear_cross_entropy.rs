use recurra_kernels::{
    Isa, KernelError, LinearCrossEntropy, LinearGradients, LinearLogitsShape, linear_cross_entropy,
    linear_cross_entropy_on, scalar,
};
use recurra_testkit::{Tol, assert_close, gradcheck};

use super::case::{assert_same_on_any_number_of_threads, ids, values, wide};

#[derive(Clone, Debug)]
struct Case {
    shape: LinearLogitsShape,
    /// x, weight, bias.
    inputs: [Vec<f32>; 3],
    labels: Vec<u32>,
    mask: Option<Vec<bool>>,
    smoothing: f64,
}

const SCALE: f64 = 0.2;

impl Case {
    fn new(rows: usize, input_size: usize, vocab_size: usize) -> Case {
        Case {
            shape: LinearLogitsShape {
                rows,
                input_size,
                vocab_size,
            },
            inputs: [rows * input_size, vocab_size * input_size, vocab_size]
                .map(|len| values(len, 1.0)),
            labels: ids(rows, vocab_size.max(1) as u32),
            mask: None,
            smoothing: 0.0,
        }
    }

    fn masked(mut self) -> Case {
        self.mask = Some((0..self.shape.rows).map(|row| row % 3 != 1).collect());
        self
    }

    fn call<'a, R>(
        &'a self,
        [x, weight, bias]: [&'a [R]; 3],
        losses: &'a mut [R],
        gradients: Option<LinearGradients<'a, R>>,
    ) -> LinearCrossEntropy<'a, R> {
        LinearCrossEntropy {
            shape: self.shape,
            x,
            weight,
            bias,
            labels: &self.labels,
            mask: self.mask.as_deref(),
            smoothing: self.smoothing,
            losses,
            gradients,
        }
    }

    /// Losses, and the gradients of the inputs.
    fn run<R: Copy + From<f32>>(
        &self,
        inputs: [&[R]; 3],
        on: impl FnOnce(LinearCrossEntropy<'_, R>) -> Result<(), KernelError>,
    ) -> [Vec<R>; 4] {
        let [mut d_x, mut d_weight, mut d_bias] = inputs.map(<[R]>::to_vec);
        let mut losses = vec![R::from(9.0); self.shape.rows];
        let gradients = LinearGradients {
            scale: SCALE,
            d_x: &mut d_x,
            d_weight: &mut d_weight,
            d_bias: &mut d_bias,
        };
        on(self.call(inputs, &mut losses, Some(gradients))).unwrap();
        [losses, d_x, d_weight, d_bias]
    }

    fn inputs(&self) -> [&[f32]; 3] {
        self.inputs.each_ref().map(Vec::as_slice)
    }

    fn run_on(&self, isa: Isa) -> [Vec<f32>; 4] {
        self.run(self.inputs(), |call| linear_cross_entropy_on(isa, call))
    }

    fn run_exactly(&self, inputs: [&[f64]; 3]) -> [Vec<f64>; 4] {
        self.run(inputs, scalar::linear_cross_entropy)
    }

    fn assert_agrees(&self) {
        let inputs = self.inputs.each_ref().map(|values| wide(values));
        let expected = self.run_exactly(inputs.each_ref().map(|values| &values[..]));
        for isa in Isa::available() {
            for (got, expected) in self.run_on(isa).iter().zip(&expected) {
                assert_close(got, expected, Tol::both(1e-5));
            }
            // The losses alone are the same.
            let mut losses = vec![9.0; self.shape.rows];
            let call = self.call(self.inputs(), &mut losses, None);
            linear_cross_entropy_on(isa, call).unwrap();
            assert_close(&losses, &expected[0], Tol::both(1e-5));
        }
    }
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    let shapes = [
        (0, 3, 4),
        (1, 1, 1),
        (3, 0, 4),
        (5, 7, 9),
        (20, 17, 33),
        (100, 3, 600),
        (600, 2, 5),
    ];
    for (rows, input_size, vocab_size) in shapes {
        let mut case = Case::new(rows, input_size, vocab_size);
        case.assert_agrees();
        case.smoothing = 0.1;
        case.masked().assert_agrees();
    }
}

#[test]
fn the_gradients_are_those_of_the_losses() {
    let case = Case::new(3, 2, 4).masked();
    let inputs = case.inputs.each_ref().map(|values| wide(values));
    let (x_len, weight_len) = (inputs[0].len(), inputs[1].len());
    let total = |all: &[f64]| {
        let (x, rest) = all.split_at(x_len);
        let (weight, bias) = rest.split_at(weight_len);
        SCALE * case.run_exactly([x, weight, bias])[0].iter().sum::<f64>()
    };
    let all = inputs.concat();
    let [_, d_x, d_weight, d_bias] = case.run_exactly(inputs.each_ref().map(|values| &values[..]));
    gradcheck(
        total,
        &all,
        &[d_x, d_weight, d_bias].concat(),
        Tol::both(1e-8),
    );
}

#[test]
fn rows_that_do_not_count_are_not_looked_at() {
    for isa in Isa::available() {
        let mut case = Case::new(3, 2, 4);
        case.mask = Some(vec![true, false, true]);
        let expected = case.run_on(isa);
        case.inputs[0][2] = f32::NAN;
        case.labels[1] = u32::MAX;
        // The oracle multiplies the row out before it leaves it alone.
        assert_eq!(case.run_on(isa), expected, "{isa}");
        case.mask = Some(vec![false; 3]);
        let [losses, d_x, d_weight, d_bias] = case.run_on(isa);
        assert_eq!(losses, [0.0; 3]);
        assert!([d_x, d_weight, d_bias].concat().iter().all(|&d| d == 0.0));
    }
}

#[test]
fn nan_is_never_hidden() {
    for isa in Isa::available() {
        let mut case = Case::new(2, 2, 3);
        case.inputs[0][0] = f32::NAN;
        let [losses, d_x, d_weight, d_bias] = case.run_on(isa);
        assert!(losses[0].is_nan() && losses[1].is_finite());
        assert!(
            d_x[..2]
                .iter()
                .chain(&d_weight)
                .chain(&d_bias)
                .all(|d| d.is_nan())
        );
        assert!(d_x[2..].iter().all(|d| d.is_finite()));
    }
}

#[test]
fn threads_never_change_a_bit() {
    let case = Case::new(500, 9, 1100).masked();
    assert_same_on_any_number_of_threads(|| case.run_on(Isa::active()).concat());
}

#[test]
fn bad_arguments_are_named() {
    let refuse = |change: fn(&mut LinearCrossEntropy<'_>)| {
        let mut call = LinearCrossEntropy {
            shape: LinearLogitsShape {
                rows: 1,
                input_size: 2,
                vocab_size: 3,
            },
            x: &[0.0; 2],
            weight: &[0.0; 6],
            bias: &[0.0; 3],
            labels: &[2],
            mask: None,
            smoothing: 0.0,
            losses: &mut [0.0],
            gradients: Some(LinearGradients {
                scale: 1.0,
                d_x: &mut [0.0; 2],
                d_weight: &mut [0.0; 6],
                d_bias: &mut [0.0; 2],
            }),
        };
        change(&mut call);
        linear_cross_entropy(call).unwrap_err().to_string()
    };
    let messages = [
        refuse(|call| call.x = &[]),
        refuse(|call| call.weight = &[]),
        refuse(|call| call.bias = &[]),
        refuse(|call| call.labels = &[3]),
        refuse(|_| ()),
    ];
    let expected = [
        "`x` [N, I] needs 2 values, got 0",
        "`weight` [V, I] needs 6 values, got 0",
        "`bias` [V] needs 3 values, got 0",
        "`labels[0]` must be below 3, got 3",
        "`d_bias` [V] needs 3 values, got 2",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert_eq!(message, &format!("linear_cross_entropy: {expected}"));
    }
}
