//! The beginnings of one row in a beam search, and how they came about.

use super::hypothesis::Hypothesis;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A beginning that goes on.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    pub(super) ids: Vec<u32>,
    pub(super) log_prob: f64,
    /// Its last step in the [`History`]; none before the first.
    pub(super) step: Option<usize>,
}

/// One more token for one of the beginnings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Index of the beginning.
    pub(super) parent: usize,
    pub(super) id: u32,
    /// Of the beginning with the token.
    pub(super) log_prob: f64,
    /// Of the token alone.
    pub(super) token_log_prob: f32,
}

impl Candidate {
    /// Likelier first; equally likely ones by their beginnings' rank, then by token.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let by_place = || (self.parent, self.id).cmp(&(other.parent, other.id));
        other.log_prob.total_cmp(&self.log_prob).then_with(by_place)
    }
}

/// A candidate among others, the worst of which is the greatest.
#[derive(Debug)]
struct Ranked(Candidate);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// The `capacity` best candidates of a stream that comes in order of `(parent, id)`.
#[derive(Debug)]
pub(super) struct Best {
    capacity: usize,
    candidates: BinaryHeap<Ranked>,
    /// What a candidate must exceed to be looked at.
    threshold: Option<f64>,
}

impl Best {
    /// Looks only at candidates above `bound`.
    pub(super) fn new(capacity: usize, bound: Option<f64>) -> Self {
        Self {
            capacity,
            candidates: BinaryHeap::new(),
            threshold: bound,
        }
    }

    /// Whether a candidate of this log-probability may still be among them.
    pub(super) fn takes(&self, log_prob: f64) -> bool {
        // One that only equals the worst kept one comes later, so it ranks behind it.
        self.threshold.is_none_or(|least| log_prob > least)
    }

    pub(super) fn offer(&mut self, candidate: Candidate) {
        if !self.takes(candidate.log_prob) {
            return;
        }
        self.candidates.push(Ranked(candidate));
        if self.candidates.len() > self.capacity {
            self.candidates.pop();
        }
        if self.candidates.len() == self.capacity {
            self.threshold = self.candidates.peek().map(|worst| worst.0.log_prob);
        }
    }

    /// The best, best first.
    pub(super) fn ranked(self) -> Vec<Candidate> {
        let candidates = self.candidates.into_sorted_vec().into_iter();
        candidates.map(|one| one.0).collect()
    }
}

/// A token that was said somewhere in a search.
#[derive(Debug)]
struct Said {
    before: Option<usize>,
    token_log_prob: f32,
    alignment: Vec<f32>,
}

/// All steps of one row's search as a tree, so that beginnings share what they have in common.
#[derive(Debug, Default)]
pub(super) struct History(Vec<Said>);

impl History {
    /// Records a step behind `before`, and tells its place.
    pub(super) fn push(
        &mut self,
        before: Option<usize>,
        token_log_prob: f32,
        alignment: Vec<f32>,
    ) -> usize {
        self.0.push(Said {
            before,
            token_log_prob,
            alignment,
        });
        self.0.len() - 1
    }

    /// The whole hypothesis that ends with `step`, its score still to come.
    pub(super) fn hypothesis(&self, ids: Vec<u32>, log_prob: f64, step: usize) -> Hypothesis {
        let steps = std::iter::successors(Some(&self.0[step]), |said| {
            said.before.map(|before| &self.0[before])
        });
        let (mut token_log_probs, mut alignment): (Vec<f32>, Vec<Vec<f32>>) = steps
            .map(|said| (said.token_log_prob, said.alignment.clone()))
            .unzip();
        token_log_probs.reverse();
        alignment.reverse();
        Hypothesis {
            ids,
            log_prob,
            score: log_prob,
            token_log_probs,
            alignment,
        }
    }
}
