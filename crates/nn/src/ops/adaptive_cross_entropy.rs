//! The cross-entropy of a softmax in two levels as one differentiable operation.

use super::cross_entropy::{CrossEntropySpec, MeanLossNode};
use super::primitive::{Primitive, primitive, slice};
use super::spare::buffer;
use burn::backend::autodiff::{
    checkpoint::strategy::CheckpointStrategy,
    ops::{Backward, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use recurra_kernels::{
    LinearCrossEntropy, LinearGradients, LinearLogitsShape, linear_cross_entropy,
};
use std::ops::Range;

/// What the rows are compared with, and where clusters begin; the caller has checked both.
#[derive(Debug, Clone)]
pub(crate) struct AdaptiveSpec {
    pub(crate) targets: CrossEntropySpec,
    /// Ascending, each below the size of the vocabulary.
    pub(crate) cutoffs: Vec<usize>,
}

/// The mean cross-entropy over the rows that count, shape `[1]`; all are f32.
///
/// `x [.., input_size]`; `weight [vocab_size, input_size]` and `bias [vocab_size]` of tokens, then the
/// same of clusters.
pub(crate) fn mean_adaptive_cross_entropy<const D: usize>(
    x: Tensor<D>,
    tokens: (Tensor<2>, Tensor<1>),
    clusters: (Tensor<2>, Tensor<1>),
    spec: AdaptiveSpec,
) -> Tensor<1> {
    Tensor::from_dispatch(
        <Dispatch as AdaptiveCrossEntropyOps>::mean_adaptive_cross_entropy(
            x.into_dispatch(),
            tokens.0.into_dispatch(),
            tokens.1.into_dispatch(),
            clusters.0.into_dispatch(),
            clusters.1.into_dispatch(),
            spec,
        ),
    )
}

/// Backends with this loss as kernels.
#[backend_extension(Flex, Autodiff)]
trait AdaptiveCrossEntropyOps: Backend {
    fn mean_adaptive_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        cluster_weight: FloatTensor<Self>,
        cluster_bias: FloatTensor<Self>,
        spec: AdaptiveSpec,
    ) -> FloatTensor<Self>;
}

/// Weights, or their gradients: `[outputs, input_size]` and `[outputs]`.
struct Map<T> {
    weight: T,
    bias: T,
}

impl Map<Vec<f32>> {
    /// A part of the outputs.
    fn part(&mut self, outputs: Range<usize>, input_size: usize) -> Map<&mut [f32]> {
        Map {
            weight: &mut self.weight[outputs.start * input_size..outputs.end * input_size],
            bias: &mut self.bias[outputs],
        }
    }
}

/// What all parts of a call share.
struct Call<'a> {
    input_size: usize,
    /// What the loss of a row counts.
    scale: f64,
    /// `[rows]`, a sum over both levels.
    losses: &'a mut [f32],
    /// `[rows, input_size]`, likewise; nothing where nothing is differentiated.
    d_x: Option<&'a mut [f32]>,
}

impl Call<'_> {
    /// One softmax, of some rows of `x`: adds to their losses and gradients; `d_map` is written.
    fn add(
        &mut self,
        x: &[f32],
        map: Map<&[f32]>,
        rows: &[usize],
        labels: &[u32],
        d_map: Option<Map<&mut [f32]>>,
    ) {
        let size = self.input_size;
        if rows.is_empty() {
            if let Some(d_map) = d_map {
                d_map.weight.fill(0.0);
                d_map.bias.fill(0.0);
            }
            return;
        }
        let row = |row: usize| row * size..(row + 1) * size;
        let mut some = Vec::with_capacity(rows.len() * size);
        rows.iter()
            .for_each(|&at| some.extend_from_slice(&x[row(at)]));
        let mut losses = vec![0.0; rows.len()];
        let mut d_some = vec![0.0; if d_map.is_some() { some.len() } else { 0 }];
        linear_cross_entropy(LinearCrossEntropy {
            shape: LinearLogitsShape {
                rows: rows.len(),
                input_size: size,
                vocab_size: map.bias.len(),
            },
            x: &some,
            weight: map.weight,
            bias: map.bias,
            labels,
            mask: None,
            smoothing: 0.0,
            losses: &mut losses,
            gradients: d_map.map(|d_map| LinearGradients {
                scale: self.scale,
                d_x: &mut d_some,
                d_weight: d_map.weight,
                d_bias: d_map.bias,
            }),
        })
        .expect("the caller has checked labels and shapes");
        for (&at, loss) in rows.iter().zip(losses) {
            self.losses[at] += loss;
        }
        if let Some(d_x) = &mut self.d_x {
            for (&at, gradient) in rows.iter().zip(d_some.chunks_exact(size)) {
                for (sum, value) in d_x[row(at)].iter_mut().zip(gradient) {
                    *sum += value;
                }
            }
        }
    }
}

/// The mean loss; with `differentiate`, the gradients of the inputs for a loss whose own is 1.
fn run(
    inputs: [Primitive; 5],
    spec: &AdaptiveSpec,
    differentiate: bool,
) -> (Primitive, Option<[Primitive; 5]>) {
    let inputs = inputs.map(|tensor| tensor.to_contiguous());
    let [x, weight, bias, cluster_weight, cluster_bias] = inputs.each_ref().map(slice);
    let shapes = inputs.each_ref().map(|tensor| tensor.shape().to_vec());
    let (vocab_size, input_size) = (shapes[1][0], shapes[1][1]);
    let (num_clusters, shortlist) = (spec.cutoffs.len(), spec.cutoffs[0]);
    let AdaptiveSpec { targets, cutoffs } = spec;

    let mut losses = vec![0.0; targets.labels.len()];
    let mut d_x = vec![0.0; if differentiate { x.len() } else { 0 }];
    let map = |outputs: usize| {
        differentiate.then(|| Map {
            weight: buffer(outputs * input_size),
            bias: buffer(outputs),
        })
    };
    let (mut d_tokens, mut d_head) = (map(vocab_size), map(shortlist + num_clusters));
    let mut call = Call {
        input_size,
        scale: 1.0 / targets.count(),
        losses: &mut losses,
        d_x: differentiate.then_some(&mut d_x[..]),
    };

    let counted: Vec<usize> = (0..targets.labels.len())
        .filter(|&row| targets.mask[row])
        .collect();
    let label = |row: usize| targets.labels[row] as usize;
    let cluster_of = |token: usize| {
        cutoffs
            .partition_point(|&cutoff| cutoff <= token)
            .checked_sub(1)
    };
    // The first level: the shortlist, and behind it the clusters.
    let head_weight = [&weight[..shortlist * input_size], cluster_weight].concat();
    let head_bias = [&bias[..shortlist], cluster_bias].concat();
    let labels = counted.iter().map(|&row| match cluster_of(label(row)) {
        None => label(row) as u32,
        Some(cluster) => (shortlist + cluster) as u32,
    });
    let labels: Vec<u32> = labels.collect();
    let head = Map {
        weight: &head_weight[..],
        bias: &head_bias[..],
    };
    let d_part = d_head
        .as_mut()
        .map(|d_head| d_head.part(0..shortlist + num_clusters, input_size));
    call.add(x, head, &counted, &labels, d_part);
    // The second: each cluster's tokens, for the rows whose label is among them.
    let ends = cutoffs[1..].iter().copied().chain([vocab_size]);
    for (cluster, (&start, end)) in cutoffs.iter().zip(ends).enumerate() {
        let inside = |&row: &usize| cluster_of(label(row)) == Some(cluster);
        let rows: Vec<usize> = counted.iter().copied().filter(inside).collect();
        let labels: Vec<u32> = rows
            .iter()
            .map(|&row| (label(row) - start) as u32)
            .collect();
        let tail = Map {
            weight: &weight[start * input_size..end * input_size],
            bias: &bias[start..end],
        };
        let d_part = d_tokens
            .as_mut()
            .map(|d_tokens| d_tokens.part(start..end, input_size));
        call.add(x, tail, &rows, &labels, d_part);
    }

    let gradients = d_tokens.zip(d_head).map(|(mut d_tokens, d_head)| {
        let d_shortlist = d_tokens.part(0..shortlist, input_size);
        let (of_tokens, of_clusters) = d_head.weight.split_at(shortlist * input_size);
        d_shortlist.weight.copy_from_slice(of_tokens);
        let d_cluster_weight = of_clusters.to_vec();
        let (of_tokens, of_clusters) = d_head.bias.split_at(shortlist);
        d_shortlist.bias.copy_from_slice(of_tokens);
        let d_cluster_bias = of_clusters.to_vec();
        super::spare::give_back(d_head.weight);
        let [
            x_shape,
            weight_shape,
            bias_shape,
            cluster_shape,
            cluster_bias_shape,
        ] = shapes;
        [
            primitive(d_x, x_shape),
            primitive(d_tokens.weight, weight_shape),
            primitive(d_tokens.bias, bias_shape),
            primitive(d_cluster_weight, cluster_shape),
            primitive(d_cluster_bias, cluster_bias_shape),
        ]
    });
    (targets.mean(&losses), gradients)
}

impl AdaptiveCrossEntropyOps for Flex {
    fn mean_adaptive_cross_entropy(
        x: Primitive,
        weight: Primitive,
        bias: Primitive,
        cluster_weight: Primitive,
        cluster_bias: Primitive,
        spec: AdaptiveSpec,
    ) -> Primitive {
        run(
            [x, weight, bias, cluster_weight, cluster_bias],
            &spec,
            false,
        )
        .0
    }
}

impl<C: CheckpointStrategy> AdaptiveCrossEntropyOps for Autodiff<Flex, C> {
    fn mean_adaptive_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        cluster_weight: FloatTensor<Self>,
        cluster_bias: FloatTensor<Self>,
        spec: AdaptiveSpec,
    ) -> FloatTensor<Self> {
        let tensors = [x, weight, bias, cluster_weight, cluster_bias];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = tensors.map(|tensor| tensor.into_primitive());
        let node = MeanLossNode.prepare::<C>(nodes);
        match node.compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (loss, gradients) = run(inputs, &spec, true);
                prepared.finish(gradients, loss)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(run(inputs, &spec, false).0),
        }
    }
}
