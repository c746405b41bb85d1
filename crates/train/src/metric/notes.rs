//! Notes that sound together: how surprising a step of a tune is, and how much of it was right.

use super::{Better, MetricInfo};

/// Mean negative log-likelihood of a step, summed over all keys.
pub const NATS_PER_STEP: MetricInfo = MetricInfo {
    name: "nats_per_step",
    title: "nats a step",
    unit: "nats",
    better: Better::Lower,
};

/// Keys that were rightly thought to sound, over those that sounded or were thought to.
pub const FRAME_ACCURACY: MetricInfo = MetricInfo {
    name: "frame_accuracy",
    title: "frame accuracy",
    unit: "",
    better: Better::Higher,
};

/// `−Σ ln p(key)` a step over keys that are independent given what was heard before, and
/// `right / (right + missed + wrong)` of the keys with a probability of at least one half.
///
/// # Source
/// Boulanger-Lewandowski et al. 2012; frame accuracy: Bay, Ehmann and Downie 2009.
///
/// # Example
/// ```
/// use recurra_train::metric::Notes;
/// let mut notes = Notes::default();
/// notes.add([0.0, 0.0].into_iter(), [true, false].into_iter());
/// assert_eq!(notes.nats_per_step(), Some(2.0 * 2.0_f64.ln()));
/// assert_eq!(notes.frame_accuracy(), Some(0.5));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Notes {
    nats: f64,
    steps: u64,
    right: u64,
    wrong: u64,
}

impl Notes {
    /// Takes a step: the log-odds of each key, and whether it sounded.
    pub fn add(&mut self, logits: impl Iterator<Item = f64>, sounded: impl Iterator<Item = bool>) {
        for (logit, sounded) in logits.zip(sounded) {
            // -ln σ(x) of a key that sounded, -ln σ(-x) of one that did not.
            let x = if sounded { -logit } else { logit };
            self.nats += x.max(0.0) + (-x.abs()).exp().ln_1p();
            let said = logit >= 0.0;
            self.right += u64::from(said && sounded);
            self.wrong += u64::from(said != sounded);
        }
        self.steps += 1;
    }

    /// `None` before the first step.
    pub fn nats_per_step(&self) -> Option<f64> {
        (self.steps > 0).then(|| self.nats / self.steps as f64)
    }

    /// `None` where no key sounded or was thought to.
    pub fn frame_accuracy(&self) -> Option<f64> {
        let keys = self.right + self.wrong;
        (keys > 0).then(|| self.right as f64 / keys as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprise_is_the_sum_over_the_keys() {
        let mut notes = Notes::default();
        assert_eq!(notes.nats_per_step(), None);
        // Certain of one key, wrongly half sure of another, sure of the silence of the third.
        let sounded = [true, false, false];
        notes.add([3.0, 0.0, -50.0].into_iter(), sounded.into_iter());
        let want = (1.0 + (-3.0_f64).exp()).ln() + 2.0_f64.ln();
        assert!((notes.nats_per_step().unwrap() - want).abs() < 1e-12);
        assert_eq!(notes.frame_accuracy(), Some(0.5));
    }
}
