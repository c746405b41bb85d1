//! What makes one hypothesis better than another of another length.

use super::config::{BeamConfig, LengthPenalty};

impl LengthPenalty {
    /// The divisor `lp` for `len` tokens, the end included; see the variants.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::decode::LengthPenalty;
    ///
    /// // (5 + 7) / 6 = 2, and 2^2 = 4.
    /// assert_eq!(LengthPenalty::Gnmt { alpha: 2.0 }.divisor(7), 4.0);
    /// ```
    pub fn divisor(self, len: usize) -> f64 {
        match self {
            Self::None {} => 1.0,
            Self::Gnmt { alpha } => ((5.0 + len as f64) / 6.0).powf(alpha),
            Self::Average {} => len.max(1) as f64,
        }
    }
}

/// How much of the source a hypothesis left unattended: at most 0, times a weight.
///
/// `cp = Σ_i ln min(Σ_j p_ij, 1)`, where `p_ij` is the weight of source position `i` at step
/// `j`; `alignment` holds a row for each step, the end's included. A position that no step
/// attended to counts as the least positive number, so that the sum stays finite.
///
/// # Source
/// Wu et al. 2016, "Google's neural machine translation system", equation 14.
///
/// # Example
/// ```
/// use recurra_nn::decode::coverage_penalty;
///
/// // Position 0 is attended to by 0.25 in all, position 1 by 1.75, which is enough.
/// let cp = coverage_penalty(&[vec![0.25, 0.75], vec![0.0, 1.0]]);
/// assert!((cp - 0.25_f64.ln()).abs() < 1e-12);
/// ```
pub fn coverage_penalty(alignment: &[Vec<f32>]) -> f64 {
    let positions = alignment.first().map_or(0, Vec::len);
    (0..positions)
        .map(|i| {
            let attended: f64 = alignment
                .iter()
                .filter_map(|weights| weights.get(i))
                .map(|&weight| f64::from(weight))
                .sum();
            attended.clamp(f64::from(f32::MIN_POSITIVE), 1.0).ln()
        })
        .sum()
}

impl BeamConfig {
    /// `log_prob / lp + coverage_penalty · cp`.
    pub(super) fn score(&self, log_prob: f64, alignment: &[Vec<f32>], len: usize) -> f64 {
        let coverage = match self.coverage_penalty {
            0.0 => 0.0,
            weight => weight * coverage_penalty(alignment),
        };
        log_prob / self.length_penalty.divisor(len) + coverage
    }

    /// The least log-probability at which a beginning may still score better than `score`:
    /// the rest would be certain, as long as may be, and cover everything.
    pub(super) fn least_log_prob(&self, score: f64, max_len: usize) -> f64 {
        score * self.length_penalty.divisor(max_len + 1)
    }
}
