//! The passes over logits in panels, many rows at once.

use super::door::Targets;
use super::row::{LogSum, greater, total};
use crate::arch::{LANES, Lanes, Line, Work};
use crate::elementwise::exponential::exp_below_zero;
use crate::matrix::ViewMut;

/// Losses of some rows; the gradients of the logits take the place of the logits.
///
/// The lanes past the last token hold `−∞`, which no maximum and no sum of exponentials sees;
/// their gradients are any.
pub(super) struct GradientsInPanels<'a> {
    /// Of these rows, all of which count.
    pub(super) targets: Targets<'a>,
    /// The gradient of each row's loss.
    pub(super) scale: f64,
    pub(super) logits: ViewMut<'a>,
    pub(super) losses: &'a mut [f32],
}

impl Work for GradientsInPanels<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let Targets {
            labels,
            smoothing,
            vocab_size,
            ..
        } = self.targets;
        let num_rows = labels.len();
        let panels = 0..vocab_size.div_ceil(LANES);
        let place = |label: u32| (label as usize / LANES, label as usize % LANES);

        // Of the logits themselves, before their exponentials take their place.
        let mut of_labels = vec![0.0; num_rows];
        for (row, (logit, &label)) in of_labels.iter_mut().zip(labels).enumerate() {
            let (panel, lane) = place(label);
            *logit = self.logits.rows(panel, row, 1)[0].0[lane];
        }
        let mut means = vec![Lanes::ZERO; num_rows];
        let mut maxima = vec![Line([f32::NEG_INFINITY; LANES]); num_rows];
        for panel in panels.clone() {
            let real = LANES.min(vocab_size - panel * LANES);
            let logits = self.logits.rows(panel, 0, num_rows);
            let logits_and_maxima = Lanes::flatten(logits)
                .iter()
                .zip(Lanes::flatten_mut(&mut maxima));
            for (&logit, max) in logits_and_maxima {
                *max = greater(*max, logit);
            }
            if smoothing > 0.0 {
                for (logits, means) in logits.iter().zip(&mut means) {
                    for (mean, logit) in means.0.iter_mut().zip(&logits.0[..real]) {
                        *mean += logit;
                    }
                }
            }
        }
        // The value of a row in all its lanes, so that the passes are loops over plain values.
        for maxima in &mut maxima {
            *maxima = Line([maxima.0.into_iter().fold(f32::NEG_INFINITY, greater); LANES]);
        }

        let mut sums = vec![Lanes::ZERO; num_rows];
        for panel in panels.clone() {
            let logits = Lanes::flatten_mut(self.logits.rows(panel, 0, num_rows));
            let sums_and_maxima = Lanes::flatten_mut(&mut sums)
                .iter_mut()
                .zip(Lanes::flatten(&maxima));
            for (logit, (sum, &max)) in logits.iter_mut().zip(sums_and_maxima) {
                *logit = exp_below_zero::<FUSED>(*logit - max);
                *sum += *logit;
            }
        }
        let mut factors = vec![Lanes::ZERO; num_rows];
        for row in 0..num_rows {
            let log_sum = LogSum {
                max: maxima[row].0[0],
                sum: total(sums[row].0),
            };
            let mean = || total(means[row].0) / vocab_size as f32;
            self.losses[row] = self.targets.loss(log_sum, of_labels[row], mean);
            factors[row] = Line([(self.scale / f64::from(log_sum.sum)) as f32; LANES]);
        }

        let shared = (self.scale * smoothing / vocab_size as f64) as f32;
        for panel in panels {
            let values = Lanes::flatten_mut(self.logits.rows(panel, 0, num_rows));
            for (value, &factor) in values.iter_mut().zip(Lanes::flatten(&factors)) {
                *value = *value * factor - shared;
            }
        }
        let of_label = (self.scale * (1.0 - smoothing)) as f32;
        for (row, &label) in labels.iter().enumerate() {
            let (panel, lane) = place(label);
            self.logits.rows(panel, row, 1)[0].0[lane] -= of_label;
        }
    }
}
