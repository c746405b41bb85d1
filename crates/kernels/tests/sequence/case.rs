//! Calls with owned arguments: made of pseudo-random numbers, run on any path, results compared.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

pub(crate) use super::cells::cells;
use recurra_kernels::scalar::{self, Real};
use recurra_kernels::{
    Activation, CellKind, Direction, Isa, Products, Reset, SequenceBackward, SequenceForward,
    SequenceShape, Weights, sequence_backward, sequence_forward_on, sequence_forward_saving_on,
};
use recurra_testkit::{Numbers, Tol, assert_close};

/// One cell of each kind.
pub(crate) fn plain_cells() -> Vec<CellKind> {
    vec![
        CellKind::Rnn {
            activation: Activation::Tanh,
        },
        CellKind::IndRnn {
            activation: Activation::Relu,
        },
        lstm(),
        CellKind::Gru {
            reset: Reset::AfterProduct,
        },
        CellKind::Gru {
            reset: Reset::BeforeProduct,
        },
    ]
}

pub(crate) fn lstm() -> CellKind {
    CellKind::Lstm {
        peepholes: false,
        coupled: false,
        clip: None,
    }
}

pub(crate) fn shape(
    seq_len: usize,
    batch_size: usize,
    input_size: usize,
    hidden_size: usize,
) -> SequenceShape {
    SequenceShape {
        seq_len,
        batch_size,
        input_size,
        hidden_size,
    }
}

/// All arguments of a forward and a backward call.
#[derive(Clone, Debug)]
pub(crate) struct Case<R = f32> {
    pub(crate) cell: CellKind,
    pub(crate) shape: SequenceShape,
    pub(crate) direction: Direction,
    pub(crate) products: Products,
    pub(crate) lengths: Option<Vec<usize>>,
    pub(crate) w_ih: Vec<R>,
    pub(crate) w_hh: Vec<R>,
    pub(crate) vectors: Vec<R>,
    pub(crate) x: Vec<R>,
    pub(crate) state: Vec<R>,
    pub(crate) d_outputs: Option<Vec<R>>,
    pub(crate) d_final_state: Option<Vec<R>>,
}

/// All that they return.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Results<R = f32> {
    pub(crate) outputs: Vec<R>,
    pub(crate) final_state: Vec<R>,
    pub(crate) d_x: Vec<R>,
    pub(crate) d_w_ih: Vec<R>,
    pub(crate) d_w_hh: Vec<R>,
    pub(crate) d_vectors: Vec<R>,
    pub(crate) d_state: Vec<R>,
}

impl Case<f32> {
    /// Numbers of about unit size; weights scaled as an initialiser would.
    pub(crate) fn new(cell: CellKind, shape: SequenceShape) -> Case<f32> {
        let SequenceShape {
            seq_len: t,
            batch_size: b,
            input_size: i,
            hidden_size: h,
        } = shape;
        let seed = [t, b, i, h].iter().fold(1, |seed: u64, &size| {
            seed.wrapping_mul(31).wrapping_add(size as u64)
        });
        let mut numbers = Numbers(seed);
        let scale = 1.0 / (h.max(1) as f32).sqrt();
        Case {
            cell,
            shape,
            direction: Direction::Forward,
            products: Products::F32,
            lengths: None,
            w_ih: numbers.vec(cell.num_gates() * h * i, scale),
            w_hh: numbers.vec(cell.w_hh_len(h), scale),
            vectors: numbers.vec(cell.num_vectors() * h, 0.5),
            x: numbers.vec(t * b * i, 1.0),
            state: numbers.vec(cell.num_states() * b * h, 1.0),
            d_outputs: Some(numbers.vec(t * b * h, 1.0)),
            d_final_state: Some(numbers.vec(cell.num_states() * b * h, 1.0)),
        }
    }

    pub(crate) fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Lengths 0 to T over the batch, the first of them T.
    pub(crate) fn with_lengths(mut self) -> Self {
        let t = self.shape.seq_len;
        let length = |row: usize| if row == 0 { t } else { row * 7 % (t + 1) };
        self.lengths = Some((0..self.shape.batch_size).map(length).collect());
        self
    }

    pub(crate) fn to_f64(&self) -> Case<f64> {
        let wide = |v: &Vec<f32>| v.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        Case {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: self.products,
            lengths: self.lengths.clone(),
            w_ih: wide(&self.w_ih),
            w_hh: wide(&self.w_hh),
            vectors: wide(&self.vectors),
            x: wide(&self.x),
            state: wide(&self.state),
            d_outputs: self.d_outputs.as_ref().map(wide),
            d_final_state: self.d_final_state.as_ref().map(wide),
        }
    }

    /// Forward with and without saving (which must agree to the bit), then backward.
    pub(crate) fn run(&self, isa: Isa) -> Results {
        let mut results = self.empty_results();
        sequence_forward_on(isa, self.forward(&mut results)).unwrap();
        let inferred = results.clone();
        let saved = sequence_forward_saving_on(isa, self.forward(&mut results)).unwrap();
        assert_eq!(bits(&inferred.outputs), bits(&results.outputs));
        assert_eq!(bits(&inferred.final_state), bits(&results.final_state));
        sequence_backward(self.backward(saved, &mut results)).unwrap();
        results
    }
}

impl<R: Real> Case<R> {
    pub(crate) fn weights(&self) -> Weights<'_, R> {
        Weights {
            w_ih: &self.w_ih,
            w_hh: &self.w_hh,
            vectors: &self.vectors,
        }
    }

    /// Results of the right sizes, filled with numbers that must not survive.
    pub(crate) fn empty_results(&self) -> Results<R> {
        let junk = |n: usize| vec![R::from_f32(777.0); n];
        let s = self.shape;
        Results {
            outputs: junk(s.seq_len * s.batch_size * s.hidden_size),
            final_state: junk(self.state.len()),
            d_x: junk(self.x.len()),
            d_w_ih: junk(self.w_ih.len()),
            d_w_hh: junk(self.w_hh.len()),
            d_vectors: junk(self.vectors.len()),
            d_state: junk(self.state.len()),
        }
    }

    pub(crate) fn forward<'a>(&'a self, results: &'a mut Results<R>) -> SequenceForward<'a, R> {
        SequenceForward {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: self.products,
            weights: self.weights(),
            x: &self.x,
            lengths: self.lengths.as_deref(),
            state: &self.state,
            outputs: &mut results.outputs,
            final_state: &mut results.final_state,
        }
    }

    pub(crate) fn backward<'a>(
        &'a self,
        saved: recurra_kernels::Saved<R>,
        results: &'a mut Results<R>,
    ) -> SequenceBackward<'a, R> {
        SequenceBackward {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: self.products,
            weights: self.weights(),
            x: &self.x,
            lengths: self.lengths.as_deref(),
            state: &self.state,
            saved,
            d_outputs: self.d_outputs.as_deref(),
            d_final_state: self.d_final_state.as_deref(),
            d_x: Some(&mut results.d_x),
            d_w_ih: &mut results.d_w_ih,
            d_w_hh: &mut results.d_w_hh,
            d_vectors: &mut results.d_vectors,
            d_state: &mut results.d_state,
        }
    }

    pub(crate) fn oracle(&self) -> Results<R> {
        let mut results = self.empty_results();
        let saved = scalar::sequence_forward_saving(self.forward(&mut results)).unwrap();
        scalar::sequence_backward(self.backward(saved, &mut results)).unwrap();
        results
    }
}

impl<R: Copy> Results<R> {
    pub(crate) fn named(&self) -> [(&'static str, &[R]); 7] {
        [
            ("outputs", &self.outputs),
            ("final_state", &self.final_state),
            ("d_x", &self.d_x),
            ("d_w_ih", &self.d_w_ih),
            ("d_w_hh", &self.d_w_hh),
            ("d_vectors", &self.d_vectors),
            ("d_state", &self.d_state),
        ]
    }
}

/// Compares all results. The allowed error is `tol` times the largest value of an array: an
/// element may be a difference of large terms, whose rounding it cannot escape.
#[track_caller]
pub(crate) fn assert_results_close(actual: &Results<f32>, expected: &Results<f64>, tol: f64) {
    for ((name, actual), (_, expected)) in actual.named().into_iter().zip(expected.named()) {
        let largest = expected.iter().fold(1.0f64, |most, x| most.max(x.abs()));
        let outcome = std::panic::catch_unwind(|| {
            let abs = tol * largest;
            assert_close(actual, expected, Tol { rel: 0.0, abs });
        });
        if let Err(panic) = outcome {
            let message = panic.downcast_ref::<String>().unwrap();
            panic!("{name}: {message}");
        }
    }
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
