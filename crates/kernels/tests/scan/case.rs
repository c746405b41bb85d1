//! Calls with owned arguments: made of pseudo-random numbers, run on any path, results compared.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

use recurra_kernels::scalar::{self, Real};
use recurra_kernels::{
    Candidate, Direction, Highway, Isa, Pooling, ScanBackward, ScanForward, ScanKind, ScanShape,
    scan_backward_on, scan_forward_on,
};
use recurra_testkit::Numbers;

/// Every cell with every option.
pub(crate) fn cells() -> Vec<ScanKind> {
    let mut cells = Vec::new();
    for candidate in [Candidate::Positive, Candidate::Linear] {
        cells.push(ScanKind::MinGru { candidate });
        cells.push(ScanKind::MinLstm { candidate });
    }
    for peepholes in [false, true] {
        for highway in [Highway::Input, Highway::Projected] {
            cells.push(ScanKind::Sru {
                peepholes,
                highway,
                scale: 1.75,
            });
        }
    }
    for pooling in [Pooling::F, Pooling::Fo, Pooling::Ifo] {
        cells.push(ScanKind::Qrnn { pooling });
    }
    cells
}

pub(crate) fn shape(seq_len: usize, batch_size: usize, hidden_size: usize) -> ScanShape {
    ScanShape {
        seq_len,
        batch_size,
        hidden_size,
    }
}

/// All arguments of a forward and a backward call.
#[derive(Clone, Debug)]
pub(crate) struct Case<R = f32> {
    pub(crate) cell: ScanKind,
    pub(crate) shape: ScanShape,
    pub(crate) direction: Direction,
    pub(crate) lengths: Option<Vec<usize>>,
    pub(crate) products: Vec<R>,
    pub(crate) vectors: Vec<R>,
    pub(crate) skip: Option<Vec<R>>,
    pub(crate) state: Vec<R>,
    pub(crate) d_outputs: Option<Vec<R>>,
    pub(crate) d_final_state: Option<Vec<R>>,
}

/// All that they return.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Results<R = f32> {
    pub(crate) outputs: Vec<R>,
    pub(crate) cells: Vec<R>,
    pub(crate) final_state: Vec<R>,
    pub(crate) d_products: Vec<R>,
    pub(crate) d_vectors: Vec<R>,
    pub(crate) d_skip: Vec<R>,
    pub(crate) d_state: Vec<R>,
}

impl<R> Results<R> {
    pub(crate) fn named(&self) -> [(&'static str, &[R]); 7] {
        [
            ("outputs", &self.outputs),
            ("cells", &self.cells),
            ("final_state", &self.final_state),
            ("d_products", &self.d_products),
            ("d_vectors", &self.d_vectors),
            ("d_skip", &self.d_skip),
            ("d_state", &self.d_state),
        ]
    }
}

impl Case {
    pub(crate) fn new(cell: ScanKind, shape: ScanShape) -> Case {
        let ScanShape {
            seq_len,
            batch_size,
            hidden_size,
        } = shape;
        let state = batch_size * hidden_size;
        let steps = if state == 0 { 0 } else { seq_len * state };
        let mut numbers = Numbers(steps as u64 + 17);
        Case {
            cell,
            shape,
            direction: Direction::Forward,
            lengths: None,
            products: numbers.vec(cell.num_gates() * steps, 2.0),
            vectors: numbers.vec(cell.num_vectors() * hidden_size, 2.0),
            skip: cell.reads_skip().then(|| numbers.vec(steps, 2.0)),
            state: numbers.vec(cell.num_states() * state, 2.0),
            d_outputs: Some(numbers.vec(steps, 2.0)),
            d_final_state: Some(numbers.vec(cell.num_states() * state, 2.0)),
        }
    }

    /// A full row, an empty one, and others.
    pub(crate) fn with_lengths(&self) -> Case {
        let seq_len = self.shape.seq_len;
        let length = |row: usize| match row {
            0 => seq_len,
            1 => 0,
            row => (row.wrapping_mul(2_654_435_761)) % (seq_len + 1),
        };
        let lengths = (0..self.shape.batch_size).map(length).collect();
        Case {
            lengths: Some(lengths),
            ..self.clone()
        }
    }

    pub(crate) fn to_f64(&self) -> Case<f64> {
        let wide = |values: &Vec<f32>| values.iter().copied().map(f64::from).collect();
        Case {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            lengths: self.lengths.clone(),
            products: wide(&self.products),
            vectors: wide(&self.vectors),
            skip: self.skip.as_ref().map(wide),
            state: wide(&self.state),
            d_outputs: self.d_outputs.as_ref().map(wide),
            d_final_state: self.d_final_state.as_ref().map(wide),
        }
    }

    pub(crate) fn run(&self, isa: Isa) -> Results {
        let mut results = self.empty_results();
        scan_forward_on(isa, self.forward(&mut results)).unwrap();
        let states = results.states(self.cell);
        scan_backward_on(isa, self.backward(&states, &mut results)).unwrap();
        results
    }
}

impl<R: Real> Case<R> {
    pub(crate) fn direction(&self, direction: Direction) -> Case<R> {
        Case {
            direction,
            ..self.clone()
        }
    }

    /// Results that nothing has been written to, recognisable.
    pub(crate) fn empty_results(&self) -> Results<R> {
        let untouched = |count: usize| vec![R::from_f32(7.0); count];
        Results {
            outputs: untouched(self.steps()),
            cells: untouched(self.steps()),
            final_state: untouched(self.state.len()),
            d_products: untouched(self.products.len()),
            d_vectors: untouched(self.vectors.len()),
            d_skip: untouched(self.skip.as_ref().map_or(0, Vec::len)),
            d_state: untouched(self.state.len()),
        }
    }

    fn steps(&self) -> usize {
        self.products.len() / self.cell.num_gates()
    }

    pub(crate) fn forward<'a>(&'a self, results: &'a mut Results<R>) -> ScanForward<'a, R> {
        ScanForward {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: &self.products,
            vectors: &self.vectors,
            skip: self.skip.as_deref(),
            lengths: self.lengths.as_deref(),
            state: &self.state,
            outputs: &mut results.outputs,
            cells: Some(&mut results.cells),
            final_state: &mut results.final_state,
        }
    }

    pub(crate) fn backward<'a>(
        &'a self,
        cells: &'a [R],
        results: &'a mut Results<R>,
    ) -> ScanBackward<'a, R> {
        ScanBackward {
            cell: self.cell,
            shape: self.shape,
            direction: self.direction,
            products: &self.products,
            vectors: &self.vectors,
            skip: self.skip.as_deref(),
            lengths: self.lengths.as_deref(),
            state: &self.state,
            cells,
            d_outputs: self.d_outputs.as_deref(),
            d_final_state: self.d_final_state.as_deref(),
            d_products: &mut results.d_products,
            d_vectors: &mut results.d_vectors,
            d_skip: self.skip.is_some().then_some(&mut results.d_skip[..]),
            d_state: &mut results.d_state,
        }
    }

    pub(crate) fn oracle(&self) -> Results<R> {
        let mut results = self.empty_results();
        scalar::scan_forward(self.forward(&mut results)).unwrap();
        let states = results.states(self.cell);
        scalar::scan_backward(self.backward(&states, &mut results)).unwrap();
        results
    }
}

impl<R: Clone> Results<R> {
    /// What the backward pass takes as `cells`.
    pub(crate) fn states(&self, cell: ScanKind) -> Vec<R> {
        if cell.num_states() == 1 {
            self.outputs.clone()
        } else {
            self.cells.clone()
        }
    }
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
