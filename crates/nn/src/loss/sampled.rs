//! Softmax cross-entropy over a part of a large vocabulary.

use super::cross_entropy::{Labels, tied_cross_entropy};
use crate::ops::{EmbedSpec, embedded};
use crate::{NnError, Rng};
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

/// [`tied_cross_entropy`] where the softmax of every step runs over the labels of all steps, and
/// over `sample` other tokens, drawn with equal probability, that stand for all the others.
///
/// `-mean(s[label] - ln Z)` with `Z = Σ_{v ∈ L} eˢᵛ + (V - |L|)/|S| · Σ_{v ∈ S} eˢᵛ`, where `L` are
/// the tokens among the labels, `S` those that were drawn, `V` the size of the vocabulary: the
/// expectation of `Z` over `S` is that of the whole softmax. A sample that leaves none out is exact.
///
/// # Shapes
/// `x [batch, seq_len, input_size]`, `weight [vocab_size, input_size]`, `bias [vocab_size]`; in
/// nats, shape `[1]`.
///
/// # Errors
/// As [`tied_cross_entropy`]; [`NnError::Config`] for a sample of 0.
///
/// # Source
/// Jean et al. 2015, "On using very large target vocabulary for neural machine translation", with
/// the labels counted in full instead of an importance weight for each token.
///
/// # Example
/// ```
/// use recurra_nn::loss::{Labels, sampled_cross_entropy, tied_cross_entropy};
/// use recurra_nn::{Device, Tensor, rng, weights::values};
/// let device = Device::flex();
/// let x = Tensor::<3>::ones([1, 2, 2], &device);
/// let weight = Tensor::from_data([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6], [-0.7, 0.8]], &device);
/// let bias = Tensor::from_data([0.1, 0.2, 0.3, 0.4], &device);
/// let labels = Labels { ids: &[3, 1], lengths: &[2] };
/// let all = tied_cross_entropy(x.clone(), weight.clone(), bias.clone(), labels, 0.0)?;
/// let two = sampled_cross_entropy(x, weight, bias, labels, 2, &mut rng(1, 0))?;
/// assert!((values(&all)[0] - values(&two)[0]).abs() < 1e-6, "two and the labels are all four");
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn sampled_cross_entropy(
    x: Tensor<3>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    labels: Labels<'_>,
    sample: usize,
    rng: &mut Rng,
) -> Result<Tensor<1>, NnError> {
    let [vocab_size, _] = weight.dims();
    if sample == 0 {
        return Err(NnError::config("sample", "at least 1", sample));
    }
    if bias.dims() != [vocab_size] {
        const OP: &str = "sampled_cross_entropy";
        return Err(NnError::shape(OP, "bias", [vocab_size], bias.dims()));
    }
    // Also finds labels that the vocabulary does not have.
    let [batch_size, seq_len, _] = x.dims();
    labels.spec(
        "sampled_cross_entropy",
        [batch_size, seq_len, vocab_size],
        0.0,
    )?;
    let mut among_labels = vec![false; vocab_size];
    for (row, &length) in labels.ids.chunks(seq_len).zip(labels.lengths) {
        for &id in &row[..length] {
            among_labels[id as usize] = true;
        }
    }
    let (mut tokens, mut others): (Vec<u32>, Vec<u32>) =
        (0..vocab_size as u32).partition(|&id| among_labels[id as usize]);
    let (num_labels, num_others) = (tokens.len(), others.len());
    let sample = sample.min(num_others);
    for place in 0..sample {
        let drawn = rng.random_range(place..num_others);
        others.swap(place, drawn);
    }
    tokens.extend(&others[..sample]);
    let mut place_of = vec![0; vocab_size];
    for (place, &id) in (0..).zip(&tokens) {
        place_of[id as usize] = place;
    }
    // What stands past a row's length is not looked at.
    let ids = labels.ids.iter();
    let ids = ids.map(|&id| place_of.get(id as usize).copied().unwrap_or(0));
    let ids: Vec<u32> = ids.collect();

    let count = tokens.len();
    let stands_for = (num_others as f32 / sample.max(1) as f32).ln();
    let mut shifts = vec![0.0; num_labels];
    shifts.resize(count, stands_for);
    let shifts = TensorData::new::<f32, _>(shifts, [count]);
    let shifts = Tensor::<1>::from_data(shifts, (&bias.device(), bias.dtype()));
    let spec = EmbedSpec {
        ids: tokens,
        padding_id: None,
    };
    let bias = embedded(bias.reshape([vocab_size, 1]), spec.clone()).reshape([count]);
    let labels = Labels {
        ids: &ids,
        lengths: labels.lengths,
    };
    tied_cross_entropy(x, embedded(weight, spec), bias + shifts, labels, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;
    use crate::weights::values;

    const VOCAB: usize = 7;

    fn inputs(device: &Device) -> (Tensor<3>, Tensor<2>, Tensor<1>) {
        let wave = |n: usize, by: f32| (0..n).map(|i| (i as f32 * by).sin()).collect::<Vec<_>>();
        let x = TensorData::new(wave(6, 1.3), [1, 3, 2]);
        let weight = TensorData::new(wave(2 * VOCAB, 0.7), [VOCAB, 2]);
        let bias = TensorData::new(wave(VOCAB, 2.1), [VOCAB]);
        (
            Tensor::from_data(x, device),
            Tensor::from_data(weight, device),
            Tensor::from_data(bias, device),
        )
    }

    #[test]
    fn the_sum_of_exponentials_has_the_expectation_of_the_whole() {
        let (x, weight, bias) = inputs(&Device::flex());
        let labels = Labels {
            ids: &[2, 5, 2],
            lengths: &[3],
        };
        // One step, so that exp(loss) is Z over one exponential.
        let (one, first) = (x.narrow(1, 0, 1), &[2]);
        let first = Labels {
            ids: first,
            lengths: &[1],
        };
        let whole = tied_cross_entropy(one.clone(), weight.clone(), bias.clone(), first, 0.0);
        let whole = f64::from(values(&whole.unwrap())[0]).exp();
        let mut rng = crate::rng(3, 0);
        let draws = 4000;
        let mean = (0..draws).map(|_| {
            let (x, weight, bias) = (one.clone(), weight.clone(), bias.clone());
            let loss = sampled_cross_entropy(x, weight, bias, first, 2, &mut rng).unwrap();
            f64::from(values(&loss)[0]).exp()
        });
        let mean = mean.sum::<f64>() / f64::from(draws);
        assert!((mean / whole - 1.0).abs() < 0.02, "{mean} {whole}");
        let (x, weight, bias) = inputs(&Device::flex());
        let refused = sampled_cross_entropy(x, weight, bias, labels, 0, &mut rng);
        assert!(refused.is_err());
    }

    #[test]
    fn gradients_of_a_sample_of_all_are_those_of_the_whole_softmax() {
        let labels = Labels {
            ids: &[2, 5, 2],
            lengths: &[3],
        };
        let gradients = |sample: Option<usize>| {
            let device = Device::flex().autodiff();
            let (x, weight, bias) = inputs(&device);
            let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
            let inputs = (x.clone(), weight.clone(), bias.clone());
            let loss = match sample {
                Some(sample) => {
                    let mut rng = crate::rng(1, 0);
                    sampled_cross_entropy(inputs.0, inputs.1, inputs.2, labels, sample, &mut rng)
                }
                None => tied_cross_entropy(inputs.0, inputs.1, inputs.2, labels, 0.0),
            };
            let found = loss.unwrap().backward();
            let mut all = values(&x.grad(&found).unwrap());
            all.extend(values(&weight.grad(&found).unwrap()));
            all.extend(values(&bias.grad(&found).unwrap()));
            all
        };
        let (sampled, whole) = (gradients(Some(100)), gradients(None));
        for (a, b) in sampled.iter().zip(&whole) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        let some = gradients(Some(1));
        let rows = some[6..6 + 2 * VOCAB].chunks(2);
        let learning = rows.filter(|row| row.iter().any(|value| *value != 0.0));
        assert_eq!(learning.count(), 3, "two labels and one that was drawn");
    }
}
