//! Losses and their gradients, as PyTorch computes them.

use super::case::{TOL, close, tensor};
use recurra_nn::loss::{
    Labels, binary_cross_entropy, cross_entropy, linear_cross_entropy, mse, smoothed_cross_entropy,
};
use recurra_nn::weights::values;
use recurra_nn::{Linear, NnError, Tensor, rng};
use recurra_testkit::{Golden, assert_close};

fn check<const D: usize>(
    golden: &Golden,
    input: &str,
    loss: impl FnOnce(Tensor<D>) -> Result<Tensor<1>, NnError>,
) {
    let x = tensor::<D>(golden, input).require_grad();
    let loss = loss(x.clone()).unwrap();
    assert_close(&values(&loss), &golden.f32("loss").values, TOL);
    let mut gradients = loss.backward();
    let gradient = x.grad_remove(&mut gradients).unwrap();
    close(golden, &format!("grad.{input}"), &values(&gradient));
}

#[test]
fn mean_squared_error() {
    for file in ["losses/mse", "losses/mse_lengths"] {
        let golden = Golden::open(file);
        let lengths = super::case::lengths(&golden);
        check::<3>(&golden, "prediction", |x| {
            mse(x, tensor(&golden, "target"), lengths.as_deref())
        });
    }
}

#[test]
fn binary_cross_entropy_of_logits() {
    for file in [
        "losses/bce_with_logits",
        "losses/bce_with_logits_large_logits",
        "losses/bce_with_logits_lengths",
    ] {
        let golden = Golden::open(file);
        let lengths = super::case::lengths(&golden);
        check::<2>(&golden, "logits", |x| {
            binary_cross_entropy(x, tensor(&golden, "target"), lengths.as_deref())
        });
    }
}

#[test]
fn binary_cross_entropy_has_a_gradient_where_the_logit_is_zero() {
    // σ(0) - y, divided by the number of elements.
    let zeros = || Tensor::<2>::zeros([1, 2], &super::case::device());
    let logits = zeros().require_grad();
    let target = zeros().slice_fill([0..1, 1..2], 1.0);
    let loss = binary_cross_entropy(logits.clone(), target, None).unwrap();
    let gradient = logits.grad_remove(&mut loss.backward()).unwrap();
    assert_close(&values(&gradient), &[0.25, -0.25], TOL);
}

#[test]
fn sequence_cross_entropy_is_over_real_tokens() {
    for (file, smoothing) in [
        ("losses/cross_entropy", 0.0),
        ("losses/cross_entropy_lengths", 0.0),
        ("losses/cross_entropy_large_logits", 0.0),
        ("losses/cross_entropy_smoothed", 0.1),
        ("losses/cross_entropy_smoothed_lengths", 0.1),
    ] {
        let golden = Golden::open(file);
        let labels = golden.i64("labels");
        // Padding is -1 there; ours may be anything.
        let ids: Vec<u32> = labels.values.iter().map(|&id| id.max(0) as u32).collect();
        let lengths =
            super::case::lengths(&golden).unwrap_or_else(|| vec![labels.shape[1]; labels.shape[0]]);
        check::<3>(&golden, "logits", |x| {
            let labels = Labels {
                ids: &ids,
                lengths: &lengths,
            };
            smoothed_cross_entropy(x, labels, smoothing)
        });
    }
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let logits = || Tensor::<3>::zeros([1, 2, 3], &super::case::device());
    let refused = |ids: &[u32], lengths: &[usize]| {
        cross_entropy(logits(), Labels { ids, lengths })
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&[0, 3], &[2]).contains("ids below 3, got 3 in row 0, step 1"));
    assert!(refused(&[0], &[1]).contains("labels.ids"));
    assert!(refused(&[0, 0], &[3]).contains("lengths"));
    assert!(refused(&[0, 0], &[0]).contains("real step"));
    let labels = Labels {
        ids: &[0, 0],
        lengths: &[2],
    };
    let error = smoothed_cross_entropy(logits(), labels, 1.5).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`smoothing`: expected from 0 to 1, got 1.5")
    );
}

#[test]
fn a_loss_that_is_one_of_several_passes_its_gradient_on() {
    let logits = || Tensor::<3>::from_data([[[1.0, -2.0, 0.5]]], &super::case::device());
    let labels = Labels {
        ids: &[2],
        lengths: &[1],
    };
    let gradient = |factor: f32| {
        let x = logits().require_grad();
        // The logits are used twice, so the loss must not change them where they lie.
        let loss = cross_entropy(x.clone(), labels).unwrap().mul_scalar(factor);
        let total = loss + x.clone().sum().mul_scalar(0.0);
        assert_eq!(values(&x), values(&logits()));
        values(&x.grad_remove(&mut total.backward()).unwrap())
    };
    let tripled: Vec<f32> = gradient(1.0).iter().map(|g| 3.0 * g).collect();
    assert_close(&gradient(3.0), &tripled, TOL);
}

#[test]
fn a_head_and_its_loss_are_one_as_they_are_two() {
    let head = Linear::new(3, 5, &mut rng(0, 0), &super::case::device());
    let x = || {
        Tensor::<3>::from_data(
            [[[1.0, -2.0, 0.5], [0.3, 0.2, 0.1]]],
            &super::case::device(),
        )
    };
    let labels = Labels {
        ids: &[4, 1],
        lengths: &[2],
    };
    type Loss<'a> = &'a dyn Fn(Tensor<3>) -> Tensor<1>;
    let run = |loss: Loss<'_>| {
        let x = x().require_grad();
        let loss = loss(x.clone()).mul_scalar(2.0);
        let mut gradients = loss.backward();
        let d_x = x.grad_remove(&mut gradients).unwrap();
        let d_weight = head.weight.val().grad_remove(&mut gradients).unwrap();
        let d_bias = head.bias.val().grad_remove(&mut gradients).unwrap();
        [
            values(&loss),
            values(&d_x),
            values(&d_weight),
            values(&d_bias),
        ]
        .concat()
    };
    let as_one = run(&|x| linear_cross_entropy(x, &head, labels, 0.1).unwrap());
    let as_two = run(&|x| smoothed_cross_entropy(head.forward(x), labels, 0.1).unwrap());
    assert_close(&as_one, &as_two, TOL);
    let narrow = linear_cross_entropy(x().narrow(2, 0, 2), &head, labels, 0.0);
    assert!(
        narrow
            .unwrap_err()
            .to_string()
            .contains("`x` should be [1, 2, 3], got [1, 2, 2]")
    );
}
