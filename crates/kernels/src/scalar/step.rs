//! What the cells of the oracle work with: parameters, gradients and the state of one row.

use super::Real;
use super::{gru, lstm, rnn};
use crate::streaming::quantize_operand;
use crate::{CellKind, Precision, Products, SequenceShape, Weights};

/// The state of one row; `cell` is empty except in an LSTM.
#[derive(Clone, Debug)]
pub(super) struct State<R> {
    pub(super) hidden: Vec<R>,
    pub(super) cell: Vec<R>,
}

/// The parameters with their sizes.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a, R> {
    pub(super) weights: Weights<'a, R>,
    pub(super) input_size: usize,
    pub(super) hidden_size: usize,
    /// What the vectors that the matrices multiply are rounded to, going forward.
    pub(super) operands: Precision,
    /// What the products multiply, both ways.
    pub(super) products: Products,
}

/// The gradients of the parameters, added to step by step.
pub(super) struct Gradients<'a, R> {
    pub(super) d_w_ih: &'a mut [R],
    pub(super) d_w_hh: &'a mut [R],
    pub(super) d_vectors: &'a mut [R],
}

/// One step of one row: the state after it.
pub(super) fn forward<R: Real>(
    cell: CellKind,
    parameters: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
) -> State<R> {
    match cell {
        CellKind::Rnn { activation } => rnn::forward(activation, parameters, x, state),
        CellKind::IndRnn { activation } => rnn::ind_forward(activation, parameters, x, state),
        CellKind::Lstm {
            peepholes,
            coupled,
            clip,
        } => {
            let options = lstm::Options::new(peepholes, coupled, clip);
            lstm::forward(options, parameters, x, state)
        }
        CellKind::Gru { reset } => gru::forward(reset, parameters, x, state),
    }
}

/// The same step backwards: from the gradient of the state after it to that of the state before
/// it, adding to the gradients of the parameters and of the input.
pub(super) fn backward<R: Real>(
    cell: CellKind,
    parameters: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
    d_next: &State<R>,
    d_x: &mut [R],
    gradients: &mut Gradients<'_, R>,
) -> State<R> {
    let back = Back {
        parameters,
        x,
        d_x,
        gradients,
    };
    match cell {
        CellKind::Rnn { activation } => rnn::backward(activation, back, state, d_next),
        CellKind::IndRnn { activation } => rnn::ind_backward(activation, back, state, d_next),
        CellKind::Lstm {
            peepholes,
            coupled,
            clip,
        } => {
            let options = lstm::Options::new(peepholes, coupled, clip);
            lstm::backward(options, back, state, d_next)
        }
        CellKind::Gru { reset } => gru::backward(reset, back, state, d_next),
    }
}

impl<'a, R: Real> Parameters<'a, R> {
    pub(super) fn new(weights: Weights<'a, R>, shape: SequenceShape) -> Self {
        Parameters {
            weights,
            input_size: shape.input_size,
            hidden_size: shape.hidden_size,
            operands: Precision::F32,
            products: Products::F32,
        }
    }

    /// `W_ih·x` of one unit of one gate.
    pub(super) fn input(&self, gate: usize, unit: usize, x: &[R]) -> R {
        let row = gate * self.hidden_size + unit;
        let row = &self.weights.w_ih[row * self.input_size..][..self.input_size];
        self.product(row, x)
    }

    /// `W_hh·operand` of one unit of one gate.
    pub(super) fn recurrent(&self, gate: usize, unit: usize, operand: &[R]) -> R {
        let row = gate * self.hidden_size + unit;
        let row = &self.weights.w_hh[row * self.hidden_size..][..self.hidden_size];
        self.product(row, operand)
    }

    fn product(&self, row: &[R], operand: &[R]) -> R {
        if self.products != Products::F32 {
            let rounded = |values: &[R]| -> Vec<R> {
                values.iter().map(|&value| self.rounded(value)).collect()
            };
            return dot(&rounded(row), &rounded(operand));
        }
        if self.operands != Precision::Int8 {
            return dot(row, operand);
        }
        let operand: Vec<f32> = operand.iter().map(|x| x.to_f32()).collect();
        let mut q = vec![0; operand.len()];
        let scale = R::from_f32(quantize_operand(&operand, &mut q));
        let rounded: Vec<R> = (q.into_iter())
            .map(|q| R::from_f32(f32::from(q)) * scale)
            .collect();
        dot(row, &rounded)
    }

    /// `value` as a product sees it.
    fn rounded(&self, value: R) -> R {
        match self.products {
            Products::F32 => value,
            products => R::from_f32(products.round(value.to_f32())),
        }
    }

    /// One unit of row `row` of `vectors`.
    pub(super) fn vector(&self, row: usize, unit: usize) -> R {
        self.weights.vectors[row * self.hidden_size + unit]
    }
}

/// A step on the way back: its input and where its gradients go.
pub(super) struct Back<'a, 'g, R> {
    pub(super) parameters: Parameters<'a, R>,
    pub(super) x: &'a [R],
    d_x: &'a mut [R],
    gradients: &'a mut Gradients<'g, R>,
}

impl<R: Real> Back<'_, '_, R> {
    /// Undoes [`Parameters::input`], whose result has gradient `d`.
    pub(super) fn input(&mut self, gate: usize, unit: usize, d: R) {
        let p = self.parameters;
        let d = p.rounded(d);
        let row = (gate * p.hidden_size + unit) * p.input_size;
        for k in 0..p.input_size {
            self.d_x[k] += d * p.rounded(p.weights.w_ih[row + k]);
            self.gradients.d_w_ih[row + k] += d * p.rounded(self.x[k]);
        }
    }

    /// Undoes [`Parameters::recurrent`], whose result has gradient `d`.
    pub(super) fn recurrent(
        &mut self,
        gate: usize,
        unit: usize,
        d: R,
        operand: &[R],
        d_operand: &mut [R],
    ) {
        let p = self.parameters;
        let d = p.rounded(d);
        let row = (gate * p.hidden_size + unit) * p.hidden_size;
        for k in 0..p.hidden_size {
            d_operand[k] += d * p.rounded(p.weights.w_hh[row + k]);
            self.gradients.d_w_hh[row + k] += d * p.rounded(operand[k]);
        }
    }

    /// Adds to the gradient of `w_hh` where it is a vector; `d` is that of a pre-activation,
    /// which got the vector times `factor`.
    pub(super) fn w_hh_vector(&mut self, unit: usize, d: R, factor: R) {
        self.gradients.d_w_hh[unit] += self.parameters.rounded(d) * factor;
    }

    /// Adds to the gradient of [`Parameters::vector`], a bias.
    pub(super) fn vector(&mut self, row: usize, unit: usize, d: R) {
        self.scaled_vector(row, unit, d, R::ONE);
    }

    /// Adds to the gradient of [`Parameters::vector`], which was multiplied with `factor`.
    pub(super) fn scaled_vector(&mut self, row: usize, unit: usize, d: R, factor: R) {
        let d = self.parameters.rounded(d) * factor;
        self.gradients.d_vectors[row * self.parameters.hidden_size + unit] += d;
    }
}

impl<R: Real> State<R> {
    /// A state of the same size, all zero.
    pub(super) fn zeros_like(other: &State<R>) -> State<R> {
        State {
            hidden: vec![R::ZERO; other.hidden.len()],
            cell: vec![R::ZERO; other.cell.len()],
        }
    }
}

fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    let mut sum = R::ZERO;
    for (&a, &b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}
