//! Cross-entropy: how surprised a model is by the truth, in nats, bits or choices.

use super::{Better, MetricInfo};

/// Mean cross-entropy.
pub const CROSS_ENTROPY: MetricInfo = MetricInfo {
    name: "cross_entropy",
    title: "cross-entropy",
    unit: "nats",
    better: Better::Lower,
};

/// Perplexity.
pub const PERPLEXITY: MetricInfo = MetricInfo {
    name: "perplexity",
    title: "perplexity",
    unit: "",
    better: Better::Lower,
};

/// Cross-entropy per letter.
pub const BITS_PER_CHAR: MetricInfo = MetricInfo {
    name: "bits_per_char",
    title: "bits per letter",
    unit: "bits",
    better: Better::Lower,
};

/// `−1/n · Σ ln p(label)` over all labels seen, however they were batched.
///
/// # Example
/// ```
/// use recurra_train::metric::CrossEntropy;
/// let mut entropy = CrossEntropy::default();
/// entropy.add_log_probs(&[0.25_f32.ln(), 0.25_f32.ln()]);
/// assert!((entropy.bits().unwrap() - 2.0).abs() < 1e-6);
/// assert!((entropy.perplexity().unwrap() - 4.0).abs() < 1e-6);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CrossEntropy {
    nats: f64,
    count: u64,
}

impl CrossEntropy {
    /// Takes the natural logarithms of the probabilities that the labels were given.
    pub fn add_log_probs(&mut self, log_probs: &[f32]) {
        self.nats -= log_probs.iter().map(|&p| f64::from(p)).sum::<f64>();
        self.count += log_probs.len() as u64;
    }

    /// Mean nats per label; `None` before the first label.
    pub fn nats(&self) -> Option<f64> {
        (self.count > 0).then(|| self.nats / self.count as f64)
    }

    /// Mean bits per label, `nats / ln 2`.
    pub fn bits(&self) -> Option<f64> {
        self.nats().map(|nats| nats / std::f64::consts::LN_2)
    }

    /// `exp(nats)`: the number of equally likely choices that are as surprising.
    pub fn perplexity(&self) -> Option<f64> {
        self.nats().map(f64::exp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_split_gives_the_same_figure() {
        let mut entropy = CrossEntropy::default();
        assert_eq!(entropy.nats(), None);
        entropy.add_log_probs(&[-1.0]);
        entropy.add_log_probs(&[-2.0, -2.0, -2.0]);
        assert_eq!(entropy.nats(), Some(1.75));
    }

    #[test]
    fn a_fair_coin_costs_one_bit() {
        let mut entropy = CrossEntropy::default();
        entropy.add_log_probs(&[-std::f32::consts::LN_2; 7]);
        assert!((entropy.bits().unwrap() - 1.0).abs() < 1e-7);
        assert!((entropy.perplexity().unwrap() - 2.0).abs() < 1e-6);
    }
}
