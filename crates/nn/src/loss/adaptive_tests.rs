use super::*;
use crate::loss::tied_cross_entropy;
use crate::weights::values;
use burn::tensor::TensorData;
use burn::tensor::activation::log_softmax;

const VOCAB: usize = 9;
const WIDTH: usize = 4;
const INIT: Initialiser = Initialiser::Uniform(0.5);

struct Case {
    x: Tensor<3>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    softmax: AdaptiveSoftmax,
}

fn case(cutoffs: &[usize], device: &Device) -> Case {
    let wave = |n: usize, by: f32| (0..n).map(|i| (i as f32 * by).sin()).collect::<Vec<_>>();
    let softmax =
        AdaptiveSoftmax::new(cutoffs, INIT, [VOCAB, WIDTH], &mut crate::rng(4, 0), device);
    Case {
        x: Tensor::from_data(TensorData::new(wave(6 * WIDTH, 1.3), [2, 3, WIDTH]), device),
        weight: Tensor::from_data(
            TensorData::new(wave(VOCAB * WIDTH, 0.7), [VOCAB, WIDTH]),
            device,
        ),
        bias: Tensor::from_data(TensorData::new(wave(VOCAB, 2.1), [VOCAB]), device),
        softmax: softmax.unwrap(),
    }
}

// One label of each part, one that is padded.
const LABELS: Labels<'_> = Labels {
    ids: &[0, 8, 4, 2, 3, 77],
    lengths: &[3, 2],
};

/// The definition, in tensors that differentiate themselves.
fn plain(case: &Case, cutoffs: &[usize]) -> Tensor<1> {
    let x = case.x.clone().reshape([6, WIDTH]);
    let logits = |weight: Tensor<2>, bias: Tensor<1>| {
        x.clone().matmul(weight.transpose()) + bias.unsqueeze()
    };
    let tokens = logits(case.weight.clone(), case.bias.clone());
    let clusters = &case.softmax.clusters;
    let clusters = logits(clusters.weight.val(), clusters.bias.val());
    let head = vec![tokens.clone().narrow(1, 0, cutoffs[0]), clusters];
    let head = log_softmax(Tensor::cat(head, 1), 1);
    let at = |table: &Tensor<2>, row: usize, column: usize| {
        table
            .clone()
            .narrow(0, row, 1)
            .narrow(1, column, 1)
            .reshape([1])
    };
    let ends: Vec<usize> = cutoffs[1..].iter().copied().chain([VOCAB]).collect();
    let rows = [0, 1, 2, 3, 4];
    let log_probs = rows.map(|row| {
        let label = LABELS.ids[row] as usize;
        match cutoffs.iter().rposition(|&cutoff| cutoff <= label) {
            None => at(&head, row, label),
            Some(k) => {
                let tail = tokens.clone().narrow(1, cutoffs[k], ends[k] - cutoffs[k]);
                let tail = log_softmax(tail, 1);
                at(&head, row, cutoffs[0] + k) + at(&tail, row, label - cutoffs[k])
            }
        }
    });
    Tensor::cat(log_probs.to_vec(), 0).mean().neg()
}

#[test]
fn loss_and_gradients_are_those_of_the_definition() {
    for cutoffs in [&[3][..], &[2, 4], &[1, 2, 8]] {
        let gradients = |fused: bool| {
            let device = Device::flex().autodiff();
            let mut case = case(cutoffs, &device);
            case.x = case.x.require_grad();
            case.weight = case.weight.require_grad();
            case.bias = case.bias.require_grad();
            let (x, weight, bias) = (case.x.clone(), case.weight.clone(), case.bias.clone());
            let loss = match fused {
                true => case.softmax.cross_entropy(x, weight, bias, LABELS).unwrap(),
                false => plain(&case, cutoffs),
            };
            let mut all = values(&loss);
            let found = loss.backward();
            all.extend(values(&case.x.grad(&found).unwrap()));
            all.extend(values(&case.weight.grad(&found).unwrap()));
            all.extend(values(&case.bias.grad(&found).unwrap()));
            let clusters = &case.softmax.clusters;
            all.extend(values(&clusters.weight.grad(&found).unwrap()));
            all.extend(values(&clusters.bias.grad(&found).unwrap()));
            all
        };
        let (fused, plain) = (gradients(true), gradients(false));
        assert_eq!(fused.len(), plain.len());
        for (a, b) in fused.iter().zip(&plain) {
            assert!((a - b).abs() < 2e-6, "{cutoffs:?}: {a} {b}");
        }
    }
}

#[test]
fn log_probs_of_one_map_are_those_of_the_loss() {
    let device = Device::flex();
    let case = case(&[2, 4], &device);
    let Case { weight, bias, .. } = &case;
    let tokens = Linear {
        weight: burn::module::Param::from_tensor(weight.clone()),
        bias: burn::module::Param::from_tensor(bias.clone()),
    };
    let x = case.x.clone().narrow(0, 0, 1).narrow(1, 0, 1);
    let mut log_probs = values(&case.softmax.whole(&tokens).forward(x.clone()));
    case.softmax.cutoffs().log_probs(&mut log_probs).unwrap();
    assert!(case.softmax.cutoffs().log_probs(&mut vec![0.0; 6]).is_err());
    assert_eq!(log_probs.len(), VOCAB);
    for (id, log_prob) in (0..).zip(log_probs) {
        let labels = Labels {
            ids: &[id],
            lengths: &[1],
        };
        let (x, weight, bias) = (x.clone(), weight.clone(), bias.clone());
        let loss = case.softmax.cross_entropy(x, weight, bias, labels);
        let loss = values(&loss.unwrap())[0];
        assert!((loss + log_prob).abs() < 1e-5, "{id}: {loss} {log_prob}");
    }
}

#[test]
fn cutoffs_and_tensors_that_do_not_fit_are_refused() {
    let device = Device::flex();
    for cutoffs in [&[][..], &[0], &[9], &[4, 4], &[5, 2]] {
        let refused = AdaptiveSoftmax::new(cutoffs, INIT, [9, 4], &mut crate::rng(0, 0), &device);
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("ascending numbers from 1 to 8"), "{told}");
    }
    let case = case(&[2, 4], &device);
    let narrow = case.x.clone().narrow(2, 0, 3);
    let refused =
        (case.softmax).cross_entropy(narrow, case.weight.clone(), case.bias.clone(), LABELS);
    assert!(refused.is_err());
    let few = (
        case.weight.clone().narrow(0, 0, 4),
        case.bias.clone().narrow(0, 0, 4),
    );
    let refused = case
        .softmax
        .cross_entropy(case.x.clone(), few.0, few.1, LABELS);
    assert!(refused.is_err());
    // The same tensors are fine for a softmax over all.
    let whole = tied_cross_entropy(case.x, case.weight, case.bias, LABELS, 0.0);
    assert!(whole.is_ok());
}
