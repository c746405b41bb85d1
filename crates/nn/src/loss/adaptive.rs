//! A softmax in two levels, for vocabularies in which few tokens are frequent and most are rare.

use super::cross_entropy::Labels;
use crate::ops::{AdaptiveSpec, mean_adaptive_cross_entropy};
use crate::{Device, Initialiser, Linear, NnError, Rng};
use burn::module::Module;
use burn::tensor::{DType, Tensor};

/// Where the vocabulary is cut, and what chooses among its parts.
///
/// The tokens below the first cutoff are the shortlist; from each cutoff to the next, or to the end,
/// goes a cluster. With `s = x·Wᵀ + b` over the tokens and `c` over the clusters,
///
/// `p(v) = softmax([s over the shortlist, c])[v]` for a token of the shortlist, and
/// `p(v) = softmax([s over the shortlist, c])[k] · softmax(s over cluster k)[v]` for one of cluster k.
///
/// So a step whose label is frequent costs as much as the shortlist is long, and the rare tokens are
/// looked at only where one of them is the label: faster the more the first tokens are the frequent
/// ones, and a distribution over all tokens in any case. The rows of a cluster are as wide as the
/// shortlist's, so that they can be an embedding's.
///
/// # Source
/// Grave et al. 2017, "Efficient softmax approximation for GPUs", without their narrower clusters;
/// Goodman 2001, "Classes for fast maximum entropy training".
///
/// # Example
/// ```
/// use recurra_nn::loss::{AdaptiveSoftmax, Labels};
/// use recurra_nn::{Device, Initialiser, Linear, Tensor, rng, weights::values};
/// let (device, mut rng) = (Device::flex(), rng(0, 0));
/// let head = Linear::new(3, 6, &mut rng, &device);
/// let softmax = AdaptiveSoftmax::new(&[2, 4], Initialiser::Uniform(0.1), [6, 3], &mut rng, &device)?;
/// let x = Tensor::<3>::ones([1, 1, 3], &device);
/// let loss = |id: u32| {
///     let labels = Labels { ids: &[id], lengths: &[1] };
///     let (weight, bias) = (head.weight.val(), head.bias.val());
///     softmax.cross_entropy(x.clone(), weight, bias, labels).map(|loss| values(&loss)[0])
/// };
/// let total = (0..6).map(|id| Ok((-loss(id)?).exp())).sum::<Result<f32, recurra_nn::NnError>>()?;
/// assert!((total - 1.0).abs() < 1e-5);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct AdaptiveSoftmax {
    /// From the top layer to the clusters' logits.
    clusters: Linear,
    #[module(skip)]
    cutoffs: Vec<usize>,
}

impl AdaptiveSoftmax {
    /// Draws the weights of the clusters; each cutoff is the first token of one. The shape is that of
    /// the tokens' weights.
    ///
    /// # Errors
    /// [`NnError::Config`] for cutoffs that do not ascend from 1 to below `vocab_size`, or none.
    pub fn new(
        cutoffs: &[usize],
        init: Initialiser,
        [vocab_size, input_size]: [usize; 2],
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Self, NnError> {
        let ascend = cutoffs.is_sorted_by(|a, b| a < b);
        let inside = cutoffs
            .iter()
            .all(|cutoff| (1..vocab_size).contains(cutoff));
        if cutoffs.is_empty() || !ascend || !inside {
            let want = format!(
                "ascending numbers from 1 to {}",
                vocab_size.saturating_sub(1)
            );
            return Err(NnError::config(
                "cutoffs",
                want,
                format_args!("{cutoffs:?}"),
            ));
        }
        Ok(Self {
            clusters: Linear::drawn(init, input_size, cutoffs.len(), rng, device),
            cutoffs: cutoffs.to_vec(),
        })
    }

    /// `-mean(ln p(label))` over real tokens in nats, shape `[1]`.
    ///
    /// # Shapes
    /// `x [batch, seq_len, input_size]`, `weight [vocab_size, input_size]`, `bias [vocab_size]`.
    ///
    /// # Errors
    /// As [`tied_cross_entropy`](super::tied_cross_entropy); [`NnError::Shape`] for tensors that are
    /// not of f32.
    pub fn cross_entropy(
        &self,
        x: Tensor<3>,
        weight: Tensor<2>,
        bias: Tensor<1>,
        labels: Labels<'_>,
    ) -> Result<Tensor<1>, NnError> {
        const OP: &str = "adaptive_cross_entropy";
        let ([batch_size, seq_len, width], [vocab_size, input_size]) = (x.dims(), weight.dims());
        let [_, of_clusters] = self.clusters.weight.dims();
        if width != of_clusters {
            let want = [batch_size, seq_len, of_clusters];
            return Err(NnError::shape(OP, "x", want, x.dims()));
        }
        let least = self.cutoffs.last().map_or(0, |last| last + 1);
        if input_size != width || vocab_size < least {
            let want = format!("[at least {least}, {width}]");
            return Err(NnError::Shape {
                op: OP,
                arg: "weight",
                want,
                got: format!("{:?}", weight.dims()),
            });
        }
        if bias.dims() != [vocab_size] {
            return Err(NnError::shape(OP, "bias", [vocab_size], bias.dims()));
        }
        for (arg, dtype) in [
            ("x", x.dtype()),
            ("weight", weight.dtype()),
            ("bias", bias.dtype()),
        ] {
            if dtype != DType::F32 {
                return Err(NnError::shape(OP, arg, DType::F32, dtype));
            }
        }
        let spec = AdaptiveSpec {
            targets: labels.spec(OP, [batch_size, seq_len, vocab_size], 0.0)?,
            cutoffs: self.cutoffs.clone(),
        };
        let clusters = (self.clusters.weight.val(), self.clusters.bias.val());
        Ok(mean_adaptive_cross_entropy(
            x,
            (weight, bias),
            clusters,
            spec,
        ))
    }

    /// From the top layer to the clusters' logits.
    pub fn clusters(&self) -> &Linear {
        &self.clusters
    }

    /// One linear map to the logits of all tokens, and behind them of the clusters, `[vocab_size +
    /// clusters]`: what [`Cutoffs::log_probs`] takes.
    pub fn whole(&self, tokens: &Linear) -> Linear {
        use burn::module::Param;
        let join = |a: Tensor<2>, b: Tensor<2>| Tensor::cat(vec![a, b], 0);
        let bias = Tensor::cat(vec![tokens.bias.val(), self.clusters.bias.val()], 0);
        Linear {
            weight: Param::from_tensor(join(tokens.weight.val(), self.clusters.weight.val())),
            bias: Param::from_tensor(bias),
        }
    }

    /// Where the vocabulary is cut.
    pub fn cutoffs(&self) -> Cutoffs {
        Cutoffs(self.cutoffs.clone())
    }
}

/// Where a vocabulary is cut into a shortlist and clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoffs(Vec<usize>);

impl Cutoffs {
    /// How many clusters there are, at least one.
    pub fn num_clusters(&self) -> usize {
        self.0.len()
    }

    /// `ln p` of every token, in the place of the logits of all tokens and, behind them, of the
    /// clusters, which are taken off.
    ///
    /// # Errors
    /// [`NnError::Shape`] for fewer logits than the cutoffs are of.
    ///
    /// # Example
    /// ```
    /// # use recurra_nn::loss::AdaptiveSoftmax;
    /// # use recurra_nn::{Device, Initialiser, rng};
    /// # let (init, device) = (Initialiser::Uniform(0.1), Device::flex());
    /// # let softmax = AdaptiveSoftmax::new(&[1], init, [3, 4], &mut rng(0, 0), &device)?;
    /// // A token that is as likely as the cluster of two equal ones.
    /// let mut logits = vec![0.5, 2.0, 2.0, 0.5];
    /// softmax.cutoffs().log_probs(&mut logits)?;
    /// let probs: Vec<f32> = logits.iter().map(|log_prob| log_prob.exp()).collect();
    /// assert!(probs.iter().zip([0.5, 0.25, 0.25]).all(|(a, b)| (a - b).abs() < 1e-6));
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn log_probs(&self, logits: &mut Vec<f32>) -> Result<(), NnError> {
        let shortlist = self.0[0];
        let least = self.0[self.0.len() - 1] + 1 + self.0.len();
        if logits.len() < least {
            let want = format!("at least {least}");
            return Err(NnError::Shape {
                op: "adaptive_log_probs",
                arg: "logits",
                want,
                got: logits.len().to_string(),
            });
        }
        let vocab_size = logits.len() - self.0.len();
        let clusters = logits.split_off(vocab_size);
        let first = log_sum_exp(logits[..shortlist].iter().chain(&clusters));
        logits[..shortlist]
            .iter_mut()
            .for_each(|logit| *logit -= first);
        let ends = self.0[1..].iter().copied().chain([vocab_size]);
        for ((&start, end), cluster) in self.0.iter().zip(ends).zip(&clusters) {
            let tokens = &mut logits[start..end];
            let shift = cluster - first - log_sum_exp(tokens.iter());
            tokens.iter_mut().for_each(|logit| *logit += shift);
        }
        Ok(())
    }
}

fn log_sum_exp<'a>(logits: impl Iterator<Item = &'a f32> + Clone) -> f32 {
    let max = logits.clone().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.map(|&logit| f64::from(logit - max).exp()).sum();
    max + sum.ln() as f32
}

#[cfg(test)]
#[path = "adaptive_tests.rs"]
mod tests;
