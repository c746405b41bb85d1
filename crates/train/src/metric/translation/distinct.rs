//! Distinct n-grams: how much a system repeats itself.

use std::collections::HashSet;

use crate::metric::{Better, MetricInfo};

/// Distinct single tokens.
pub const DISTINCT_1: MetricInfo = MetricInfo {
    name: "distinct_1",
    title: "distinct-1",
    unit: "",
    better: Better::Higher,
};

/// Distinct pairs of tokens.
pub const DISTINCT_2: MetricInfo = MetricInfo {
    name: "distinct_2",
    title: "distinct-2",
    unit: "",
    better: Better::Higher,
};

/// Distinct runs of n tokens over all of them, a fraction between 0 and 1.
///
/// # Source
/// Li et al. 2016, "A diversity-promoting objective function for neural conversation models".
///
/// # Example
/// ```
/// use recurra_train::metric::translation::Distinct;
///
/// let mut distinct = Distinct::new(2);
/// distinct.add(&["i", "do", "not", "know"]);
/// distinct.add(&["i", "do"]);
/// assert_eq!(distinct.value(), Some(0.75));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distinct {
    order: usize,
    seen: HashSet<Vec<String>>,
    count: u64,
}

impl Distinct {
    /// Of runs of `order` tokens; 0 is taken as 1.
    pub fn new(order: usize) -> Self {
        Self {
            order: order.max(1),
            seen: HashSet::new(),
            count: 0,
        }
    }

    /// Takes the tokens of an answer.
    pub fn add<S: AsRef<str>>(&mut self, tokens: &[S]) {
        for run in tokens.windows(self.order) {
            self.count += 1;
            let run = run.iter().map(|token| token.as_ref().to_owned());
            self.seen.insert(run.collect());
        }
    }

    /// The share so far; `None` before the first run.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.seen.len() as f64 / self.count as f64)
    }
}
