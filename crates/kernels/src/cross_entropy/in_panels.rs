//! Softmax and cross-entropy of many rows at once, whose logits come a block of panels after
//! another.
//!
//! A block is in the second-level cache when its product is done, and gone from it when all are:
//! so its exponentials are taken at once, relative to the maximum of the block, and made those of
//! the whole row when the gradient needs the block again.
//!
//! # Source
//! Milakov and Gimelshein 2018, "Online normalizer calculation for softmax".

use super::door::Targets;
use super::row::{LogSum, greater, total};
use crate::arch::{LANES, Lanes, Line, Work};
use crate::elementwise::exponential::exp_below_zero;
use crate::matrix::ViewMut;

/// What is known of some rows after the blocks so far.
#[derive(Debug)]
pub(super) struct Softmax {
    rows: Vec<Row>,
    /// The maximum of every row in every block, block after block.
    block_maxima: Vec<f32>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    max: f32,
    /// `Σ e^(x − max)`
    sum: f32,
    /// `Σ x`, where labels are smoothed.
    total: f32,
    of_label: f32,
}

impl Softmax {
    pub(super) fn of_rows(rows: usize) -> Softmax {
        let nothing = Row {
            max: f32::NEG_INFINITY,
            sum: 0.0,
            total: 0.0,
            of_label: f32::NAN,
        };
        Softmax {
            rows: vec![nothing; rows],
            block_maxima: Vec::new(),
        }
    }

    /// The losses of all rows, after the last block.
    pub(super) fn losses(&self, targets: Targets<'_>, losses: &mut [f32]) {
        for (loss, row) in losses.iter_mut().zip(&self.rows) {
            let log_sum = LogSum {
                max: row.max,
                sum: row.sum,
            };
            let mean = || row.total / targets.vocab_size as f32;
            *loss = targets.loss(log_sum, row.of_label, mean);
        }
    }
}

/// Some panels of logits.
pub(super) struct Block<'a> {
    /// The first of them.
    pub(super) first: usize,
    pub(super) count: usize,
    /// From the first one on.
    pub(super) logits: ViewMut<'a>,
}

impl Block<'_> {
    /// The logit of a token in a row, if the token is one of these.
    fn of_label(&mut self, row: usize, label: u32) -> Option<&mut f32> {
        let (panel, lane) = (label as usize / LANES, label as usize % LANES);
        let here = panel >= self.first && panel < self.first + self.count;
        here.then(|| &mut self.logits.rows(panel - self.first, row, 1)[0].0[lane])
    }
}

/// `−∞` as a number that can be subtracted from itself.
#[inline(always)]
fn finite(max: f32) -> f32 {
    greater(f32::MIN, max)
}

/// Exponentials in the place of the logits of the next block, relative to its maximum.
///
/// The lanes past the last token hold `−∞`, which no maximum and no sum of exponentials sees.
pub(super) struct Exponentials<'a> {
    pub(super) targets: Targets<'a>,
    pub(super) block: Block<'a>,
    pub(super) softmax: &'a mut Softmax,
}

impl Work for Exponentials<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let num_rows = self.softmax.rows.len();
        // The logits themselves, before their exponentials take their place.
        for (row, &label) in self.targets.labels.iter().enumerate() {
            if let Some(logit) = self.block.of_label(row, label) {
                self.softmax.rows[row].of_label = *logit;
            }
        }
        let mut maxima = vec![Line([f32::NEG_INFINITY; LANES]); num_rows];
        for panel in 0..self.block.count {
            let logits = self.block.logits.rows(panel, 0, num_rows);
            let logits_and_maxima = Lanes::flatten(logits)
                .iter()
                .zip(Lanes::flatten_mut(&mut maxima));
            for (&logit, max) in logits_and_maxima {
                *max = greater(*max, logit);
            }
            if self.targets.smoothing > 0.0 {
                let first = (self.block.first + panel) * LANES;
                let real = LANES.min(self.targets.vocab_size - first);
                for (logits, row) in logits.iter().zip(&mut self.softmax.rows) {
                    row.total += logits.0[..real].iter().sum::<f32>();
                }
            }
        }
        // The value of a row in all its lanes, so that the passes are loops over plain values.
        for maxima in &mut maxima {
            let max = maxima.0.into_iter().fold(f32::NEG_INFINITY, greater);
            self.softmax.block_maxima.push(max);
            *maxima = Line([finite(max); LANES]);
        }
        let mut sums = vec![Lanes::ZERO; num_rows];
        for panel in 0..self.block.count {
            let logits = Lanes::flatten_mut(self.block.logits.rows(panel, 0, num_rows));
            let sums_and_maxima = Lanes::flatten_mut(&mut sums)
                .iter_mut()
                .zip(Lanes::flatten(&maxima));
            for (logit, (sum, &max)) in logits.iter_mut().zip(sums_and_maxima) {
                *logit = exp_below_zero::<FUSED>(*logit - max);
                *sum += *logit;
            }
        }
        let first = self.softmax.block_maxima.len() - num_rows;
        let of_block = self.softmax.block_maxima[first..].iter().zip(&sums);
        for (row, (&max, sums)) in self.softmax.rows.iter_mut().zip(of_block) {
            let greatest = greater(row.max, max);
            let share = |max: f32| exp_below_zero::<FUSED>(max - finite(greatest));
            row.sum = row.sum * share(row.max) + total(sums.0) * share(max);
            row.max = greatest;
        }
    }
}

/// Gradients in the place of the exponentials of a block, once all blocks are known.
///
/// Those of the lanes past the last token are any numbers.
pub(super) struct BlockGradients<'a> {
    /// Of these rows, all of which count.
    pub(super) targets: Targets<'a>,
    /// The gradient of each row's loss.
    pub(super) scale: f64,
    /// How many blocks are before this one.
    pub(super) index: usize,
    pub(super) block: Block<'a>,
    pub(super) softmax: &'a Softmax,
}

impl Work for BlockGradients<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let rows = &self.softmax.rows;
        let Targets {
            labels,
            smoothing,
            vocab_size,
            ..
        } = self.targets;
        let maxima = &self.softmax.block_maxima[self.index * rows.len()..];
        let factor = |(row, &max): (&Row, &f32)| {
            let share = exp_below_zero::<FUSED>(max - finite(row.max));
            Line([(self.scale / f64::from(row.sum)) as f32 * share; LANES])
        };
        let factors: Vec<Lanes> = rows.iter().zip(maxima).map(factor).collect();
        let shared = (self.scale * smoothing / vocab_size as f64) as f32;
        for panel in 0..self.block.count {
            let values = Lanes::flatten_mut(self.block.logits.rows(panel, 0, rows.len()));
            for (value, &factor) in values.iter_mut().zip(Lanes::flatten(&factors)) {
                *value = *value * factor - shared;
            }
        }
        let of_label = (self.scale * (1.0 - smoothing)) as f32;
        for (row, &label) in labels.iter().enumerate() {
            if let Some(value) = self.block.of_label(row, label) {
                *value -= of_label;
            }
        }
    }
}
