//! Scanning cells: one unit of one row after another, each through its own steps.

use super::Real;
use crate::{
    Candidate, Highway, KernelError, Pooling, ScanBackward, ScanForward, ScanKind, ScanShape,
};

/// As [`crate::scan_forward`], in the precision of `R`.
///
/// # Errors
/// As [`crate::scan_forward`].
pub fn scan_forward<R: Real>(mut call: ScanForward<'_, R>) -> Result<(), KernelError> {
    call.check("scalar::scan_forward")?;
    let places = Places::new(call.cell, call.shape);
    call.outputs.fill(R::ZERO);
    if let Some(cells) = &mut call.cells {
        cells.fill(R::ZERO);
    }
    call.final_state.copy_from_slice(call.state);
    for (row, unit) in places.rows_and_units() {
        let length = call
            .lengths
            .map_or(call.shape.seq_len, |lengths| lengths[row]);
        let mut cell = call.state[places.cell(row, unit)];
        for time in call.direction.times(length) {
            let at = places.step(row, time, unit);
            let step = UnitStep {
                kind: call.cell,
                products: places.products(call.products, row, time, unit),
                vectors: places.vectors(call.vectors, unit),
                skip: call.skip.map_or(R::ZERO, |skip| skip[at]),
                previous: cell,
            };
            let gates = step.open();
            cell = gates.cell;
            call.outputs[at] = gates.output;
            if let Some(cells) = &mut call.cells {
                cells[at] = cell;
            }
            call.final_state[places.hidden(row, unit)] = gates.output;
        }
        call.final_state[places.cell(row, unit)] = cell;
    }
    Ok(())
}

/// As [`crate::scan_backward`], in the precision of `R`.
///
/// # Errors
/// As [`crate::scan_backward`].
pub fn scan_backward<R: Real>(mut call: ScanBackward<'_, R>) -> Result<(), KernelError> {
    call.check("scalar::scan_backward")?;
    let places = Places::new(call.cell, call.shape);
    call.d_products.fill(R::ZERO);
    call.d_vectors.fill(R::ZERO);
    if let Some(d_skip) = &mut call.d_skip {
        d_skip.fill(R::ZERO);
    }
    match call.d_final_state {
        Some(d_final_state) => call.d_state.copy_from_slice(d_final_state),
        None => call.d_state.fill(R::ZERO),
    }
    for (row, unit) in places.rows_and_units() {
        let length = call
            .lengths
            .map_or(call.shape.seq_len, |lengths| lengths[row]);
        let mut d_cell = call.d_state[places.cell(row, unit)];
        // Of a cell with two states the first is the last output.
        let mut d_hidden = R::ZERO;
        if call.cell.num_states() > 1 && length > 0 {
            std::mem::swap(&mut d_hidden, &mut call.d_state[places.hidden(row, unit)]);
        }
        let mut times = call.direction.times(length).rev().peekable();
        while let Some(time) = times.next() {
            let at = places.step(row, time, unit);
            let step = UnitStep {
                kind: call.cell,
                products: places.products(call.products, row, time, unit),
                vectors: places.vectors(call.vectors, unit),
                skip: call.skip.map_or(R::ZERO, |skip| skip[at]),
                previous: match times.peek() {
                    Some(&earlier) => call.cells[places.step(row, earlier, unit)],
                    None => call.state[places.cell(row, unit)],
                },
            };
            let d_output = call.d_outputs.map_or(R::ZERO, |d_outputs| d_outputs[at]) + d_hidden;
            d_hidden = R::ZERO;
            let back = step.close(d_output, d_cell);
            d_cell = back.d_previous;
            for gate in 0..call.cell.num_gates() {
                call.d_products[places.product(row, time, gate, unit)] = back.d_products[gate];
            }
            for vector in 0..call.cell.num_vectors() {
                call.d_vectors[vector * call.shape.hidden_size + unit] += back.d_vectors[vector];
            }
            if let Some(d_skip) = &mut call.d_skip {
                d_skip[at] = back.d_skip;
            }
        }
        call.d_state[places.cell(row, unit)] = d_cell;
    }
    Ok(())
}

/// One unit of a minGRU or minLSTM as the paper computes it: `h_t` of `h_t = e^log_a h_t-1 +
/// e^log_b` for all steps, by cumulative sums of logarithms.
///
/// `h_0` and hence all `h` are positive. This is not how anything runs; it is what the recurrence
/// is compared with.
///
/// # Source
/// Feng et al. 2024, "Were RNNs all we needed?", appendix B; Heinsen 2023, "Efficient
/// parallelization of a ubiquitous sequential computation".
/// # Example
/// ```
/// // h = h/2 + 1, from 4.
/// let h = recurra_kernels::scalar::scan_log_space(&[0.5f64.ln(); 2], &[0.0; 2], 4.0);
/// assert!((h[0] - 3.0).abs() < 1e-12 && (h[1] - 2.5).abs() < 1e-12);
/// ```
pub fn scan_log_space<R: Real>(log_keep: &[R], log_add: &[R], initial: R) -> Vec<R> {
    let (mut sum_of_keep, mut log_sum) = (R::ZERO, initial.ln());
    let steps = log_keep.iter().zip(log_add);
    steps
        .map(|(&log_keep, &log_add)| {
            sum_of_keep += log_keep;
            log_sum = ln_of_sum(log_sum, log_add - sum_of_keep);
            (sum_of_keep + log_sum).exp()
        })
        .collect()
}

/// `ln(e^a + e^b)`
fn ln_of_sum<R: Real>(a: R, b: R) -> R {
    let (greater, less) = if a < b { (b, a) } else { (a, b) };
    greater - (greater - less).ln_sigmoid()
}

/// Where things lie.
#[derive(Clone, Copy)]
struct Places {
    kind: ScanKind,
    shape: ScanShape,
}

impl Places {
    fn new(kind: ScanKind, shape: ScanShape) -> Self {
        Self { kind, shape }
    }

    fn rows_and_units(self) -> impl Iterator<Item = (usize, usize)> {
        let ScanShape {
            batch_size,
            hidden_size,
            ..
        } = self.shape;
        // Rows without units are nothing to walk through, however many they are.
        let rows = if hidden_size == 0 { 0 } else { batch_size };
        (0..rows).flat_map(move |row| (0..hidden_size).map(move |unit| (row, unit)))
    }

    /// In `[B, T, H]`.
    fn step(self, row: usize, time: usize, unit: usize) -> usize {
        (row * self.shape.seq_len + time) * self.shape.hidden_size + unit
    }

    /// In `[B, T, G, H]`.
    fn product(self, row: usize, time: usize, gate: usize, unit: usize) -> usize {
        let step = row * self.shape.seq_len + time;
        (step * self.kind.num_gates() + gate) * self.shape.hidden_size + unit
    }

    /// The first state in `[S, B, H]`.
    fn hidden(self, row: usize, unit: usize) -> usize {
        row * self.shape.hidden_size + unit
    }

    /// The state that the recurrence carries, the last in `[S, B, H]`.
    fn cell(self, row: usize, unit: usize) -> usize {
        ((self.kind.num_states() - 1) * self.shape.batch_size + row) * self.shape.hidden_size + unit
    }

    /// The products of one unit and step; zeros past the last gate.
    fn products<R: Real>(self, products: &[R], row: usize, time: usize, unit: usize) -> [R; 4] {
        std::array::from_fn(|gate| {
            if gate < self.kind.num_gates() {
                products[self.product(row, time, gate, unit)]
            } else {
                R::ZERO
            }
        })
    }

    /// The vectors of one unit; zeros past the last.
    fn vectors<R: Real>(self, vectors: &[R], unit: usize) -> [R; 4] {
        std::array::from_fn(|vector| {
            if vector < self.kind.num_vectors() {
                vectors[vector * self.shape.hidden_size + unit]
            } else {
                R::ZERO
            }
        })
    }
}

/// One unit at one step.
struct UnitStep<R> {
    kind: ScanKind,
    products: [R; 4],
    vectors: [R; 4],
    skip: R,
    /// The state before the step.
    previous: R,
}

/// `c' = keep · c + take · candidate` and `h' = shown · c' + (rest)`.
struct Gates<R> {
    keep: R,
    take: R,
    candidate: R,
    /// The state after the step.
    cell: R,
    shown: R,
    output: R,
}

/// Gradients of everything that one step of one unit reads.
struct Back<R> {
    d_products: [R; 4],
    d_vectors: [R; 4],
    d_skip: R,
    d_previous: R,
}

impl<R: Real> UnitStep<R> {
    /// The product of a gate with its bias.
    fn sum(&self, gate: usize) -> R {
        self.products[gate] + self.vectors[gate]
    }

    /// An SRU's gate 1 or 2: the vectors are two biases, then two peepholes.
    fn sru_sum(&self, gate: usize) -> R {
        self.products[gate] + self.vectors[gate - 1] + self.vectors[gate + 1] * self.previous
    }

    /// Where the highway of an SRU starts, scaled.
    fn highway(&self, highway: Highway, scale: f32) -> R {
        let start = match highway {
            Highway::Input => self.skip,
            Highway::Projected => self.products[3],
        };
        R::from_f32(scale) * start
    }

    fn open(&self) -> Gates<R> {
        let gates = |keep: R, take: R, candidate: R, shown: R| {
            let cell = keep * self.previous + take * candidate;
            Gates {
                keep,
                take,
                candidate,
                cell,
                shown,
                output: shown * cell,
            }
        };
        match self.kind {
            ScanKind::MinGru { candidate } => {
                let z = self.sum(0);
                gates(
                    (-z).sigmoid(),
                    z.sigmoid(),
                    value(candidate, self.sum(1)),
                    R::ONE,
                )
            }
            ScanKind::MinLstm { candidate } => {
                // f/(f + i) = σ(ln f − ln i).
                let quotient = self.sum(0).ln_sigmoid() - self.sum(1).ln_sigmoid();
                gates(
                    quotient.sigmoid(),
                    (-quotient).sigmoid(),
                    value(candidate, self.sum(2)),
                    R::ONE,
                )
            }
            ScanKind::Sru { highway, scale, .. } => {
                let (f, r) = (self.sru_sum(1), self.sru_sum(2));
                let mut gates = gates(f.sigmoid(), (-f).sigmoid(), self.products[0], r.sigmoid());
                gates.output += (-r).sigmoid() * self.highway(highway, scale);
                gates
            }
            ScanKind::Qrnn { pooling } => {
                let f = self.sum(1);
                let take = match pooling {
                    Pooling::Ifo => self.sum(3).sigmoid(),
                    Pooling::F | Pooling::Fo => (-f).sigmoid(),
                };
                let shown = match pooling {
                    Pooling::F => R::ONE,
                    Pooling::Fo | Pooling::Ifo => self.sum(2).sigmoid(),
                };
                gates(f.sigmoid(), take, self.sum(0).tanh(), shown)
            }
        }
    }

    /// From the gradients of the output and, by way of later steps, of the state.
    fn close(&self, d_output: R, d_later: R) -> Back<R> {
        let gates = self.open();
        let d_cell = d_later + d_output * gates.shown;
        let d_keep = d_cell * self.previous;
        let d_take = d_cell * gates.candidate;
        let d_candidate = d_cell * gates.take;
        let mut back = Back {
            d_products: [R::ZERO; 4],
            d_vectors: [R::ZERO; 4],
            d_skip: R::ZERO,
            d_previous: d_cell * gates.keep,
        };
        match self.kind {
            ScanKind::MinGru { candidate } => {
                back.d_products[0] = (d_take - d_keep) * gates.take * gates.keep;
                back.d_products[1] = d_candidate * slope(candidate, self.sum(1));
                back.d_vectors = back.d_products;
            }
            ScanKind::MinLstm { candidate } => {
                let d_quotient = (d_keep - d_take) * gates.take * gates.keep;
                // The derivative of ln σ(x) is σ(−x).
                back.d_products[0] = d_quotient * (-self.sum(0)).sigmoid();
                back.d_products[1] = -d_quotient * (-self.sum(1)).sigmoid();
                back.d_products[2] = d_candidate * slope(candidate, self.sum(2));
                back.d_vectors = back.d_products;
            }
            ScanKind::Sru {
                peepholes,
                highway,
                scale,
            } => {
                let r = self.sru_sum(2);
                let d_shown = d_output * (gates.cell - self.highway(highway, scale));
                let d_highway = d_output * (-r).sigmoid() * R::from_f32(scale);
                let d_f = (d_keep - d_take) * gates.take * gates.keep;
                let d_r = d_shown * r.sigmoid() * (-r).sigmoid();
                back.d_products = [d_candidate, d_f, d_r, R::ZERO];
                match highway {
                    Highway::Input => back.d_skip = d_highway,
                    Highway::Projected => back.d_products[3] = d_highway,
                }
                back.d_vectors = [d_f, d_r, R::ZERO, R::ZERO];
                if peepholes {
                    back.d_vectors[2] = d_f * self.previous;
                    back.d_vectors[3] = d_r * self.previous;
                    back.d_previous += self.vectors[2] * d_f + self.vectors[3] * d_r;
                }
            }
            ScanKind::Qrnn { pooling } => {
                let z = gates.candidate;
                back.d_products[0] = d_candidate * (R::ONE - z * z);
                let not_f = (-self.sum(1)).sigmoid();
                let d_f = match pooling {
                    Pooling::F | Pooling::Fo => d_keep - d_take,
                    Pooling::Ifo => d_keep,
                };
                back.d_products[1] = d_f * gates.keep * not_f;
                if pooling != Pooling::F {
                    let not_o = (-self.sum(2)).sigmoid();
                    back.d_products[2] = d_output * gates.cell * gates.shown * not_o;
                }
                if pooling == Pooling::Ifo {
                    back.d_products[3] = d_take * gates.take * (-self.sum(3)).sigmoid();
                }
                back.d_vectors = back.d_products;
            }
        }
        back
    }
}

/// What the candidate is taken through.
fn value<R: Real>(candidate: Candidate, x: R) -> R {
    match candidate {
        Candidate::Positive if x < R::ZERO => x.sigmoid(),
        Candidate::Positive => x + R::from_f32(0.5),
        Candidate::Linear => x,
    }
}

/// Its derivative, at zero that from above.
fn slope<R: Real>(candidate: Candidate, x: R) -> R {
    match candidate {
        Candidate::Positive if x < R::ZERO => x.sigmoid() * (-x).sigmoid(),
        Candidate::Positive | Candidate::Linear => R::ONE,
    }
}
