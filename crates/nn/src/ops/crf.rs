//! A linear-chain conditional random field over plain numbers, and inside Burn.
//!
//! The forward-backward algorithm gives the loss and all its gradients in one pass over f64, so the
//! forward pass in training already holds what the backward pass scales.

use crate::likeliest;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use std::sync::Arc;

/// Scores of a chain of tags.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// `[num_tags]`
    pub(crate) start: Vec<f64>,
    /// `[num_tags]`
    pub(crate) end: Vec<f64>,
    /// `[num_tags, num_tags]`, from and to.
    pub(crate) transitions: Vec<f64>,
}

/// Gradients of the summed negative log-likelihood.
#[derive(Debug, Clone)]
pub(crate) struct ChainGradients {
    pub(crate) emissions: Vec<f64>,
    pub(crate) chain: Chain,
}

impl Chain {
    pub(crate) fn num_tags(&self) -> usize {
        self.start.len()
    }

    fn zeros(num_tags: usize) -> Self {
        Self {
            start: vec![0.0; num_tags],
            end: vec![0.0; num_tags],
            transitions: vec![0.0; num_tags * num_tags],
        }
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.start, &other.start),
            (&mut self.end, &other.end),
            (&mut self.transitions, &other.transitions),
        ];
        for (sums, terms) in pairs {
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += term;
            }
        }
    }

    /// `log Z − score` of one path. With `slopes`, which are zeros, its gradients by emission are
    /// added to them and those of the chain are returned; without, a chain of no tags is.
    fn row_loss(&self, emissions: &[f32], tags: &[u32], slopes: Option<&mut [f64]>) -> (f64, Self) {
        let k = self.num_tags();
        let (Some(&first), Some(&last)) = (tags.first(), tags.last()) else {
            return (0.0, Self::zeros(k));
        };
        let score = self.path_score(emissions, tags);
        let Some(slopes) = slopes else {
            let loss = self.log_partition(emissions, None) - score;
            return (loss, Self::zeros(0));
        };
        let mut chain = Self::zeros(k);
        let total = self.log_partition(emissions, Some((&mut *slopes, &mut chain)));
        // Less the counts of the path that was asked for.
        for (t, &tag) in tags.iter().enumerate() {
            slopes[t * k + tag as usize] -= 1.0;
        }
        for pair in tags.windows(2) {
            chain.transitions[pair[0] as usize * k + pair[1] as usize] -= 1.0;
        }
        chain.start[first as usize] -= 1.0;
        chain.end[last as usize] -= 1.0;
        (total - score, chain)
    }

    /// The probability of each tag at each step of a row, `[len, num_tags]`.
    pub(crate) fn marginals(&self, emissions: &[f32]) -> Vec<f32> {
        if emissions.is_empty() {
            return Vec::new();
        }
        let mut shares = vec![0.0; emissions.len()];
        let mut transitions = Self::zeros(self.num_tags());
        self.log_partition(emissions, Some((&mut shares, &mut transitions)));
        shares.into_iter().map(|share| share as f32).collect()
    }

    fn step(&self, from: usize, to: usize) -> f64 {
        self.transitions[from * self.num_tags() + to]
    }

    /// The score of one path, `emissions [len, num_tags]`.
    pub(crate) fn path_score(&self, emissions: &[f32], tags: &[u32]) -> f64 {
        let num_tags = self.num_tags();
        let (Some(&first), Some(&last)) = (tags.first(), tags.last()) else {
            return 0.0;
        };
        let emitted: f64 = emissions
            .chunks(num_tags)
            .zip(tags)
            .map(|(row, &tag)| f64::from(row[tag as usize]))
            .sum();
        let moved: f64 = tags
            .windows(2)
            .map(|pair| self.step(pair[0] as usize, pair[1] as usize))
            .sum();
        self.start[first as usize] + emitted + moved + self.end[last as usize]
    }

    /// `log Z`, `Σ over paths of exp(score)`; adds the expected counts, which are its gradients, to
    /// `expected` when that is given.
    fn log_partition(&self, emissions: &[f32], expected: Option<(&mut [f64], &mut Chain)>) -> f64 {
        let k = self.num_tags();
        let len = emissions.len() / k;
        let mut forward = vec![0.0; len * k];
        let mut terms = vec![0.0; k];
        for tag in 0..k {
            forward[tag] = self.start[tag] + f64::from(emissions[tag]);
        }
        for t in 1..len {
            let (before, now) = forward[(t - 1) * k..].split_at_mut(k);
            for to in 0..k {
                for from in 0..k {
                    terms[from] = before[from] + self.step(from, to);
                }
                now[to] = log_sum_exp(&terms) + f64::from(emissions[t * k + to]);
            }
        }
        for tag in 0..k {
            terms[tag] = forward[(len - 1) * k + tag] + self.end[tag];
        }
        let total = log_sum_exp(&terms);
        let Some((d_emissions, d_chain)) = expected else {
            return total;
        };
        let mut backward = self.end.clone();
        for t in (0..len).rev() {
            for tag in 0..k {
                let share = (forward[t * k + tag] + backward[tag] - total).exp();
                d_emissions[t * k + tag] += share;
                if t == 0 {
                    d_chain.start[tag] += share;
                }
                if t + 1 == len {
                    d_chain.end[tag] += share;
                }
            }
            if t == 0 {
                break;
            }
            let before = &forward[(t - 1) * k..t * k];
            let onward: Vec<f64> = (0..k)
                .map(|to| f64::from(emissions[t * k + to]) + backward[to])
                .collect();
            for from in 0..k {
                for to in 0..k {
                    terms[to] = self.step(from, to) + onward[to];
                    d_chain.transitions[from * k + to] += (before[from] + terms[to] - total).exp();
                }
                backward[from] = log_sum_exp(&terms);
            }
        }
        total
    }

    /// The likeliest path, the one with smaller tags of equally likely ones.
    pub(crate) fn best_path(&self, emissions: &[f32]) -> Vec<u32> {
        let k = self.num_tags();
        let len = emissions.len() / k;
        if len == 0 {
            return Vec::new();
        }
        let emission = |t: usize, tag: usize| f64::from(emissions[t * k + tag]);
        let mut scores: Vec<f64> = (0..k)
            .map(|tag| self.start[tag] + emission(0, tag))
            .collect();
        let mut origins = vec![0_u32; len * k];
        for t in 1..len {
            let mut next = Vec::with_capacity(k);
            for to in 0..k {
                let from = likeliest((0..k).map(|from| scores[from] + self.step(from, to)));
                origins[t * k + to] = from as u32;
                next.push(scores[from] + self.step(from, to) + emission(t, to));
            }
            scores = next;
        }
        let mut tag = likeliest((0..k).map(|tag| scores[tag] + self.end[tag])) as u32;
        let mut path = vec![tag];
        for t in (1..len).rev() {
            tag = origins[t * k + tag as usize];
            path.push(tag);
        }
        path.reverse();
        path
    }
}

fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest
        + values
            .iter()
            .map(|value| (value - largest).exp())
            .sum::<f64>()
            .ln()
}

/// What the operation needs besides its tensors; everything has been checked to fit.
#[derive(Debug, Clone)]
pub(crate) struct CrfSpec {
    /// `[batch, seq_len]`
    pub(crate) tags: Arc<[u32]>,
    /// `[batch]`
    pub(crate) lengths: Arc<[usize]>,
}

/// `Σ over rows of (log Z − score of the row's path)`, shape `[1]`.
///
/// `emissions [batch, seq_len, num_tags]`, `start [num_tags]`, `end [num_tags]`,
/// `transitions [num_tags, num_tags]`.
pub(crate) fn crf_loss(
    emissions: Tensor<3>,
    start: Tensor<1>,
    end: Tensor<1>,
    transitions: Tensor<2>,
    spec: CrfSpec,
) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as CrfOps>::crf_loss(
        emissions.into_dispatch(),
        start.into_dispatch(),
        end.into_dispatch(),
        transitions.into_dispatch(),
        spec,
    ))
}

/// Backends that compute the loss of a conditional random field.
#[backend_extension(Flex, Autodiff)]
trait CrfOps: Backend {
    fn crf_loss(
        emissions: FloatTensor<Self>,
        start: FloatTensor<Self>,
        end: FloatTensor<Self>,
        transitions: FloatTensor<Self>,
        spec: CrfSpec,
    ) -> FloatTensor<Self>;
}

type Primitive = FloatTensor<Flex>;

/// The summed loss, and with `wants_gradients` its gradients.
fn loss(
    tensors: &[Primitive; 4],
    spec: &CrfSpec,
    wants_gradients: bool,
) -> (f64, Option<ChainGradients>) {
    let contiguous = tensors.each_ref().map(|tensor| tensor.to_contiguous());
    let [emissions, start, end, transitions] = contiguous.each_ref().map(values);
    let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<f64>>();
    let chain = Chain {
        start: wide(start),
        end: wide(end),
        transitions: wide(transitions),
    };
    let k = chain.num_tags();
    let width = spec.tags.len() / spec.lengths.len();
    let row = |row: usize, len: usize, slopes: Option<&mut [f64]>| {
        let tags = &spec.tags[row * width..][..len];
        let emissions = &emissions[row * width * k..][..len * k];
        chain.row_loss(emissions, tags, slopes)
    };
    if !wants_gradients {
        let rows = spec.lengths.par_iter().enumerate();
        let losses: Vec<f64> = rows.map(|(index, &len)| row(index, len, None).0).collect();
        return (losses.iter().sum(), None);
    }
    let mut d_emissions = vec![0.0; emissions.len()];
    let slopes = d_emissions.par_chunks_mut((width * k).max(1));
    let rows = slopes.zip(spec.lengths.par_iter()).enumerate();
    let found: Vec<(f64, Chain)> = rows
        .map(|(index, (slopes, &len))| row(index, len, Some(&mut slopes[..len * k])))
        .collect();
    // In the order of the rows, whichever was done first.
    let mut sum = Chain::zeros(k);
    let mut total = 0.0;
    for (loss, slopes) in &found {
        total += loss;
        sum.add(slopes);
    }
    let gradients = ChainGradients {
        emissions: d_emissions,
        chain: sum,
    };
    (total, Some(gradients))
}

fn values(tensor: &Primitive) -> &[f32] {
    tensor
        .as_slice::<f32>()
        .expect("emissions and weights are f32, and have been made contiguous")
}

fn primitive(values: Vec<f32>, shape: impl Into<Vec<usize>>) -> Primitive {
    Primitive::from_data(TensorData::new(values, shape.into()))
}

impl CrfOps for Flex {
    fn crf_loss(
        emissions: Primitive,
        start: Primitive,
        end: Primitive,
        transitions: Primitive,
        spec: CrfSpec,
    ) -> Primitive {
        let (total, _) = loss(&[emissions, start, end, transitions], &spec, false);
        primitive(vec![total as f32], [1])
    }
}

#[derive(Debug)]
struct CrfBackward;

#[derive(Debug, Clone)]
struct Found {
    gradients: Arc<ChainGradients>,
    shapes: [Vec<usize>; 4],
}

impl Backward<Flex, 4> for CrfBackward {
    type State = Found;

    fn backward(self, ops: Ops<Found, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let above = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let scale = f64::from(values(&above)[0]);
        let Found {
            gradients: found,
            shapes,
        } = ops.state;
        let of_inputs = [
            &found.emissions,
            &found.chain.start,
            &found.chain.end,
            &found.chain.transitions,
        ];
        for ((parent, gradient), shape) in ops.parents.into_iter().zip(of_inputs).zip(shapes) {
            if let Some(node) = parent {
                let scaled = gradient
                    .iter()
                    .map(|slope| (slope * scale) as f32)
                    .collect();
                gradients.register::<Flex>(node.id, primitive(scaled, shape));
            }
        }
    }
}

impl<C: CheckpointStrategy> CrfOps for Autodiff<Flex, C> {
    fn crf_loss(
        emissions: FloatTensor<Self>,
        start: FloatTensor<Self>,
        end: FloatTensor<Self>,
        transitions: FloatTensor<Self>,
        spec: CrfSpec,
    ) -> FloatTensor<Self> {
        let tensors = [emissions, start, end, transitions];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let tensors = tensors.map(|tensor| tensor.into_primitive());
        match CrfBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(_) => {
                let (total, _) = loss(&tensors, &spec, false);
                <Self as AutodiffBackend>::from_inner(primitive(vec![total as f32], [1]))
            }
            OpsKind::Tracked(prepared) => {
                let (total, gradients) = loss(&tensors, &spec, true);
                let found = Found {
                    gradients: Arc::new(gradients.expect("they were asked for")),
                    shapes: tensors.each_ref().map(|tensor| tensor.shape().to_vec()),
                };
                prepared.finish(found, primitive(vec![total as f32], [1]))
            }
        }
    }
}
