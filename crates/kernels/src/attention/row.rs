//! One row of the batch, forward and backward.

use super::call::{AttentionShape, Score};
use super::dot::MANY_QUERIES;
use super::vectors::{TanhGradient, add, dot, dot_tanh};
use crate::arch::{Machine, Work};
use crate::elementwise::exponential::exp_below_zero;

/// What both passes read; `[Q, ..]` and `[K, ..]` of one row.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) shape: AttentionShape,
    pub(super) score: Score<'a>,
    pub(super) queries: &'a [f32],
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
    /// Real keys.
    pub(super) length: usize,
}

impl<'a> Inputs<'a> {
    /// The scale of the scores, where products of matrices make them.
    fn by_products(&self) -> Option<f32> {
        match self.score {
            Score::Dot { scale } if self.shape.query_len >= MANY_QUERIES => Some(scale as f32),
            _ => None,
        }
    }

    #[inline(always)]
    pub(super) fn query(&self, index: usize) -> &'a [f32] {
        &self.queries[index * self.shape.key_size..][..self.shape.key_size]
    }

    #[inline(always)]
    pub(super) fn key(&self, index: usize) -> &'a [f32] {
        &self.keys[index * self.shape.key_size..][..self.shape.key_size]
    }

    #[inline(always)]
    pub(super) fn value(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.shape.value_size..][..self.shape.value_size]
    }
}

/// The forward pass of a row.
pub(super) struct Forward<'a> {
    pub(super) inputs: Inputs<'a>,
    /// `[Q, K]`
    pub(super) alignment: &'a mut [f32],
    /// `[Q, D]`
    pub(super) context: &'a mut [f32],
}

impl Forward<'_> {
    pub(super) fn carry_out(self, machine: Machine) {
        match self.inputs.by_products() {
            Some(scale) => self.by_products(machine, scale),
            None => machine.run(self),
        }
    }
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Forward {
            inputs,
            alignment,
            context,
        } = self;
        let AttentionShape {
            query_len,
            key_len,
            value_size,
            ..
        } = inputs.shape;
        for index in 0..query_len {
            let query = inputs.query(index);
            let alignment = &mut alignment[index * key_len..][..key_len];
            let (alignment, padding) = alignment.split_at_mut(inputs.length);
            padding.fill(0.0);
            match inputs.score {
                Score::Additive { vector } => {
                    for (key, score) in alignment.iter_mut().enumerate() {
                        *score = dot_tanh::<FUSED>(vector, query, inputs.key(key));
                    }
                }
                Score::Dot { scale } => {
                    for (key, score) in alignment.iter_mut().enumerate() {
                        *score = dot::<FUSED>(query, inputs.key(key)) * scale as f32;
                    }
                }
            }
            softmax::<FUSED>(alignment);
            let context = &mut context[index * value_size..][..value_size];
            context.fill(0.0);
            for (key, &share) in alignment.iter().enumerate() {
                add::<FUSED>(context, share, inputs.value(key));
            }
        }
    }
}

/// NaN among the scores makes every share NaN, and so does a row of `−∞`.
#[inline(always)]
pub(super) fn softmax<const FUSED: bool>(scores: &mut [f32]) {
    let greater = |a: f32, &b: &f32| if b > a { b } else { a };
    let max = scores.iter().fold(f32::NEG_INFINITY, greater);
    for score in scores.iter_mut() {
        *score = exp_below_zero::<FUSED>(*score - max);
    }
    let factor = 1.0 / scores.iter().sum::<f32>();
    for score in scores {
        *score *= factor;
    }
}

/// The backward pass of a row; all gradients are overwritten.
pub(super) struct Backward<'a> {
    pub(super) inputs: Inputs<'a>,
    /// `[Q, K]`
    pub(super) alignment: &'a [f32],
    /// `[Q, D]`
    pub(super) d_context: &'a [f32],
    /// `[Q, K]`
    pub(super) d_alignment: Option<&'a [f32]>,
    /// `[Q, H]`
    pub(super) d_queries: &'a mut [f32],
    /// `[K, H]`
    pub(super) d_keys: &'a mut [f32],
    /// `[K, D]`
    pub(super) d_values: &'a mut [f32],
    /// `[H]`, empty for a score without weights.
    pub(super) d_vector: &'a mut [f32],
    /// Room for `[K]`.
    pub(super) d_scores: &'a mut [f32],
}

impl Backward<'_> {
    pub(super) fn carry_out(self, machine: Machine) {
        match self.inputs.by_products() {
            Some(scale) => self.by_products(machine, scale),
            None => machine.run(self),
        }
    }
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let inputs = self.inputs;
        let AttentionShape {
            query_len,
            key_len,
            key_size,
            value_size,
            ..
        } = inputs.shape;
        self.d_queries.fill(0.0);
        self.d_keys.fill(0.0);
        self.d_values.fill(0.0);
        self.d_vector.fill(0.0);
        let d_scores = &mut self.d_scores[..inputs.length];
        for index in 0..query_len {
            let alignment = &self.alignment[index * key_len..][..inputs.length];
            let d_context = &self.d_context[index * value_size..][..value_size];
            let mut mean = 0.0;
            for (key, (d_score, &share)) in d_scores.iter_mut().zip(alignment).enumerate() {
                let mut d_share = dot::<FUSED>(d_context, inputs.value(key));
                if let Some(d_alignment) = self.d_alignment {
                    d_share += d_alignment[index * key_len + key];
                }
                let d_value = &mut self.d_values[key * value_size..][..value_size];
                add::<FUSED>(d_value, share, d_context);
                *d_score = d_share;
                mean += share * d_share;
            }
            for (d_score, &share) in d_scores.iter_mut().zip(alignment) {
                *d_score = share * (*d_score - mean);
            }
            let query = inputs.query(index);
            let d_query = &mut self.d_queries[index * key_size..][..key_size];
            for (key, &d_score) in d_scores.iter().enumerate() {
                let d_key = &mut self.d_keys[key * key_size..][..key_size];
                let key = inputs.key(key);
                match inputs.score {
                    Score::Additive { vector } => {
                        let gradient = TanhGradient {
                            d_v: &mut *self.d_vector,
                            d_q: &mut *d_query,
                            d_k: d_key,
                        };
                        gradient.add::<FUSED>(d_score, vector, query, key);
                    }
                    Score::Dot { scale } => {
                        let d_score = d_score * scale as f32;
                        add::<FUSED>(d_query, d_score, key);
                        add::<FUSED>(d_key, d_score, query);
                    }
                }
            }
        }
    }
}
