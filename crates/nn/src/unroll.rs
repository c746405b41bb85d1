//! Time: a cell applied along a sequence.
//!
//! Direction, lengths, initial and final state live here. The fused kernel runs the
//! whole sequence where it can; everywhere else a loop of [`Cell::step`]s does, and
//! tests hold the two equal.

use crate::cell::{Cell, FusedCell, ScannedCell, State};
use crate::dropout::keep_mask;
use crate::look_back::look_back;
use crate::ops::{
    ScanInputs, ScanSpec, SequenceInputs, SequenceSpec, linear_map, recurrent_scan,
    recurrent_sequence,
};
use crate::{Mode, NnError, lengths};
use burn::tensor::{Bool, DType, Device, Tensor};
use recurra_kernels::Direction;

/// How a cell is unrolled, apart from its input.
#[derive(Debug)]
pub struct Unroll<'a> {
    /// True length of each row; `None` when every row is full.
    ///
    /// Past its length a row's state is frozen and its output zero. With
    /// [`Direction::Backward`] a row starts at its own last step.
    pub lengths: Option<&'a [usize]>,
    /// The state before the first step; zeros when `None`.
    pub state: Option<State>,
    /// Which way the sequence is read.
    pub direction: Direction,
    /// Noise on the recurrence.
    pub noise: RecurrentNoise,
    /// Whether that noise acts.
    pub mode: Mode<'a>,
}

/// Regularising noise between one step and the next.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RecurrentNoise {
    /// Probability that the recurrent weights do not see a unit, the same units at
    /// every step of a sequence (Gal and Ghahramani 2016).
    pub dropout: f64,
    /// Probability that a hidden unit keeps its old value (Krueger et al. 2017).
    pub zoneout_hidden: f64,
    /// The same for a unit of the cell state.
    pub zoneout_cell: f64,
    /// Probability that a recurrent weight is zero, the same ones at every step of a sequence; a
    /// layer thins its cell with it before it is unrolled.
    pub weight_drop: f64,
}

impl RecurrentNoise {
    /// The option that keeps this from the fused kernels in this mode, if any.
    fn obstacle(&self, mode: &Mode<'_>) -> Option<&'static str> {
        // In evaluation zoneout mixes old and new by expectation, so it stays.
        if self.zoneout_hidden > 0.0 || self.zoneout_cell > 0.0 {
            return Some("zoneout");
        }
        (self.dropout > 0.0 && matches!(mode, Mode::Train { .. })).then_some("recurrent_dropout")
    }
}

/// Which implementation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// One kernel for the whole sequence.
    Fused,
    /// One product for the whole sequence, then a scan over time.
    Scan,
    /// A loop of steps, because of the option or property that is named.
    Generic(&'static str),
}

/// What unrolling a cell gives.
#[derive(Debug, Clone)]
pub struct Unrolled {
    /// The hidden state of every step, `[batch, seq_len, hidden_size]`.
    pub outputs: Tensor<3>,
    /// The state behind each row's last step.
    pub state: State,
}

/// The path that `cell` takes in this mode on the CPU with 32-bit floats.
pub(crate) fn path<C: Cell>(cell: &C, noise: RecurrentNoise, mode: &Mode<'_>) -> Path {
    let scans = cell.scanned().is_some();
    match (cell.fused(), noise.obstacle(mode)) {
        (_, None) if scans => Path::Scan,
        (_, Some(option)) if scans => Path::Generic(option),
        (Err(option), _) | (Ok(_), Some(option)) => Path::Generic(option),
        (Ok(_), None) => Path::Fused,
    }
}

/// Applies `cell` along the sequence `x`.
///
/// # Shapes
/// `x [batch, seq_len, input_size]`; see [`Unrolled`] for the result.
///
/// # Errors
/// [`NnError::Shape`] when `x`, the lengths or the state do not fit the cell.
pub fn unroll<C: Cell>(cell: &C, x: Tensor<3>, call: Unroll<'_>) -> Result<Unrolled, NnError> {
    let on_cpu = x.device() == Device::flex() && x.dtype() == DType::F32;
    if on_cpu && call.noise.obstacle(&call.mode).is_none() {
        if let Some(scanned) = cell.scanned() {
            check(cell, &x, &call)?;
            return Ok(unroll_scanned(cell, scanned, x, call));
        }
        if let Ok(fused) = cell.fused() {
            check(cell, &x, &call)?;
            return Ok(unroll_fused(cell, fused, x, call));
        }
    }
    unroll_by_steps(cell, x, call)
}

/// The loop of steps even where a fused kernel exists: any device, any float type.
///
/// # Errors
/// As [`unroll`].
pub fn unroll_by_steps<C: Cell>(
    cell: &C,
    x: Tensor<3>,
    mut call: Unroll<'_>,
) -> Result<Unrolled, NnError> {
    check(cell, &x, &call)?;
    let [batch_size, seq_len, _] = x.dims();
    let mut state = initial_state(cell, &x, call.state.take());
    let (x, window) = widened(cell, x, state.window.take(), call.lengths, call.direction);
    let mut noise = StepNoise::new(call.noise, &state, call.mode);
    let active = call
        .lengths
        .map(|lengths| lengths::mask(lengths, seq_len, &x.device()));
    let projected = cell.project(x);
    let gates = projected.dims()[2];
    let mut outputs = Vec::with_capacity(seq_len);
    for position in 0..seq_len {
        let t = match call.direction {
            Direction::Forward => position,
            Direction::Backward => seq_len - 1 - position,
        };
        let at_t = projected
            .clone()
            .narrow(1, t, 1)
            .reshape([batch_size, gates]);
        let recurrent = noise.thin(state.hidden.clone());
        let next = noise.zone_out(state.clone(), cell.step(at_t, recurrent, state.clone()));
        let (next, output) = match &active {
            None => (next.clone(), next.hidden),
            Some(active) => {
                let active: Tensor<2, Bool> = active.clone().narrow(1, t, 1);
                let frozen = state.zip(next, |old, new| select(&active, new, old));
                let output = frozen.hidden.clone();
                let silent = output.zeros_like();
                (frozen, select(&active, output, silent))
            }
        };
        state = next;
        outputs.push(output);
    }
    if call.direction == Direction::Backward {
        outputs.reverse();
    }
    state.window = window;
    Ok(Unrolled {
        outputs: Tensor::stack(outputs, 1),
        state,
    })
}

fn initial_state<C: Cell>(cell: &C, x: &Tensor<3>, state: Option<State>) -> State {
    state.unwrap_or_else(|| cell.zero_state(x.dims()[0], x))
}

/// The input as [`Cell::project`] takes it, and the window behind it for cells that have one.
fn widened<C: Cell>(
    cell: &C,
    x: Tensor<3>,
    window: Option<Tensor<3>>,
    lengths: Option<&[usize]>,
    direction: Direction,
) -> (Tensor<3>, Option<Tensor<3>>) {
    match cell.look_back() {
        0 => (x, None),
        earlier => {
            let (seen, window) = look_back(x, window, earlier, lengths, direction);
            (seen, Some(window))
        }
    }
}

fn unroll_scanned<C: Cell>(
    cell: &C,
    scanned: ScannedCell,
    x: Tensor<3>,
    mut call: Unroll<'_>,
) -> Unrolled {
    let state = initial_state(cell, &x, call.state.take());
    let parts: Vec<Tensor<2>> = std::iter::once(state.hidden).chain(state.cell).collect();
    let has_cell = parts.len() == 2;
    let (seen, window) = widened(cell, x.clone(), state.window, call.lengths, call.direction);
    let (outputs, state) = recurrent_scan(
        ScanInputs {
            products: linear_map(seen, scanned.w_ih, None),
            vectors: scanned.vectors,
            state: Tensor::stack(parts, 0),
            skip: x,
        },
        ScanSpec {
            cell: scanned.kind,
            direction: call.direction,
            lengths: call.lengths.map(Into::into),
        },
    );
    let part = |index: usize| state.clone().narrow(0, index, 1).squeeze_dim::<2>(0);
    Unrolled {
        outputs,
        state: State {
            hidden: part(0),
            cell: has_cell.then(|| part(1)),
            window,
        },
    }
}

fn unroll_fused<C: Cell>(
    cell: &C,
    fused: FusedCell,
    x: Tensor<3>,
    mut call: Unroll<'_>,
) -> Unrolled {
    let state = initial_state(cell, &x, call.state.take());
    let parts: Vec<Tensor<2>> = std::iter::once(state.hidden).chain(state.cell).collect();
    let has_cell = parts.len() == 2;
    let (outputs, state) = recurrent_sequence(
        SequenceInputs {
            x: x.swap_dims(0, 1),
            w_ih: fused.w_ih,
            w_hh: fused.w_hh,
            vectors: fused.vectors,
            state: Tensor::stack(parts, 0),
        },
        SequenceSpec {
            cell: fused.kind,
            direction: call.direction,
            products: call.mode.products(),
            lengths: call.lengths.map(Into::into),
        },
    );
    let part = |index: usize| state.clone().narrow(0, index, 1).squeeze_dim::<2>(0);
    Unrolled {
        outputs: outputs.swap_dims(0, 1),
        state: State {
            hidden: part(0),
            cell: has_cell.then(|| part(1)),
            window: None,
        },
    }
}

/// The noise of one sequence.
struct StepNoise<'a> {
    noise: RecurrentNoise,
    /// Kept units over `1 - dropout`, `[batch, hidden_size]`, the same at every step.
    hidden_mask: Option<Tensor<2>>,
    mode: Mode<'a>,
}

impl<'a> StepNoise<'a> {
    fn new(noise: RecurrentNoise, state: &State, mut mode: Mode<'a>) -> Self {
        let hidden_mask = match &mut mode {
            Mode::Train { rng, .. } if noise.dropout > 0.0 => {
                let like = &state.hidden;
                let mask = keep_mask(
                    like.dims(),
                    noise.dropout,
                    rng,
                    &like.device(),
                    like.dtype(),
                );
                Some(mask.div_scalar(1.0 - noise.dropout))
            }
            _ => None,
        };
        Self {
            noise,
            hidden_mask,
            mode,
        }
    }

    /// What the recurrent weights see of `hidden`.
    fn thin(&self, hidden: Tensor<2>) -> Tensor<2> {
        match &self.hidden_mask {
            Some(mask) => hidden * mask.clone(),
            None => hidden,
        }
    }

    /// `new`, with some units left as they were in `old`.
    fn zone_out(&mut self, old: State, new: State) -> State {
        let RecurrentNoise {
            zoneout_hidden,
            zoneout_cell,
            ..
        } = self.noise;
        let hidden = self.keep_old(zoneout_hidden, old.hidden, new.hidden);
        let cell = old
            .cell
            .zip(new.cell)
            .map(|(old, new)| self.keep_old(zoneout_cell, old, new));
        State {
            hidden,
            cell,
            window: None,
        }
    }

    fn keep_old(&mut self, probability: f64, old: Tensor<2>, new: Tensor<2>) -> Tensor<2> {
        if probability == 0.0 {
            return new;
        }
        match &mut self.mode {
            Mode::Train { rng, .. } => {
                let fresh = keep_mask(new.dims(), probability, rng, &new.device(), new.dtype());
                old.clone() + fresh * (new - old)
            }
            // The expectation, as the paper evaluates.
            Mode::Eval => old.mul_scalar(probability) + new.mul_scalar(1.0 - probability),
        }
    }
}

/// `yes` in the rows that `mask [batch, 1]` marks, `no` in the others.
fn select(mask: &Tensor<2, Bool>, yes: Tensor<2>, no: Tensor<2>) -> Tensor<2> {
    let mask = mask.clone().expand(yes.dims());
    no.mask_where(mask, yes)
}

fn check<C: Cell>(cell: &C, x: &Tensor<3>, call: &Unroll<'_>) -> Result<(), NnError> {
    let [batch_size, seq_len, input_size] = x.dims();
    if batch_size == 0 || seq_len == 0 || input_size != cell.input_size() {
        let want = format!("[batch > 0, seq_len > 0, {}]", cell.input_size());
        return Err(NnError::Shape {
            op: "unroll",
            arg: "x",
            want,
            got: format!("{:?}", x.dims()),
        });
    }
    if let Some(lengths) = call.lengths {
        lengths::check("unroll", lengths, [batch_size, seq_len])?;
    }
    if let Some(state) = &call.state {
        let want = [batch_size, cell.hidden_size()];
        if state.hidden.dims() != want {
            return Err(NnError::shape(
                "unroll",
                "state.hidden",
                want,
                state.hidden.dims(),
            ));
        }
        let want = cell.cell_size().map(|size| [batch_size, size]);
        let got = state.cell.as_ref().map(Tensor::dims);
        if want != got {
            return Err(NnError::shape("unroll", "state.cell", want, got));
        }
        let want = [batch_size, cell.look_back(), input_size];
        let got = state.window.as_ref().map(Tensor::dims);
        if got.is_some_and(|got| got != want) {
            return Err(NnError::shape("unroll", "state.window", want, got));
        }
    }
    Ok(())
}
