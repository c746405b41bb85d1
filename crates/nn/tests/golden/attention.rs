//! Attention and its gradients, as PyTorch computes them.

use super::case::{close, device, tensor};
use burn::module::Param;
use recurra_nn::attention::{AdditiveAttention, Attended, DotAttention};
use recurra_nn::weights::values;
use recurra_nn::{NnError, Tensor, rng};
use recurra_testkit::Golden;

type Gradients = burn::tensor::Gradients;

/// A name, and how to take its gradient.
type Leaf<'a> = (&'a str, &'a dyn Fn(&mut Gradients) -> Vec<f32>);

/// Compares the results, and gives the gradients of `leaves` from behind them.
fn check(golden: &Golden, attended: Attended, leaves: &[Leaf<'_>]) {
    close(golden, "context", &values(&attended.context));
    close(golden, "alignment", &values(&attended.alignment));
    let of_context = attended.context * tensor(golden, "d_context");
    let of_alignment = attended.alignment * tensor(golden, "d_alignment");
    let loss = of_context.sum() + of_alignment.sum();
    close(golden, "loss", &values(&loss));
    let mut gradients = loss.backward();
    for (name, gradient) in leaves {
        close(golden, &format!("grad.{name}"), &gradient(&mut gradients));
    }
}

fn gradient<const D: usize>(x: &Tensor<D>, gradients: &mut Gradients) -> Vec<f32> {
    values(&x.grad_remove(gradients).unwrap())
}

fn leaf<const D: usize>(golden: &Golden, name: &str) -> Tensor<D> {
    tensor::<D>(golden, name).require_grad()
}

fn check_additive(file: &str, normed: bool) {
    let golden = Golden::open(file);
    let mut attention = AdditiveAttention::new(7, 8, 6, &mut rng(0, 0), &device());
    attention.w_query = Param::from_tensor(tensor(&golden, "w_query"));
    attention.w_memory = Param::from_tensor(tensor(&golden, "w_memory"));
    attention.vector = Param::from_tensor(tensor(&golden, "vector"));
    if normed {
        attention = attention.normed();
        attention.gain = Some(Param::from_tensor(tensor(&golden, "gain")));
        attention.bias = Some(Param::from_tensor(tensor(&golden, "bias")));
    }
    let (query, memory) = (leaf::<3>(&golden, "query"), leaf::<3>(&golden, "memory"));
    let lengths = golden.usize("lengths").values;
    let keys = attention.project(memory.clone(), Some(&lengths)).unwrap();
    let attended = attention.attend(query.clone(), &keys).unwrap();
    let (w_query, w_memory) = (attention.w_query.val(), attention.w_memory.val());
    let vector = attention.vector.val();
    check(
        &golden,
        attended,
        &[
            ("query", &|g| gradient(&query, g)),
            ("memory", &|g| gradient(&memory, g)),
            ("w_query", &|g| gradient(&w_query, g)),
            ("w_memory", &|g| gradient(&w_memory, g)),
            ("vector", &|g| gradient(&vector, g)),
        ],
    );
}

#[test]
fn additive_attention() {
    check_additive("attention/additive", false);
}

#[test]
fn normed_additive_attention() {
    check_additive("attention/additive_normed", true);
}

#[test]
fn the_gain_and_the_bias_of_the_normed_form_learn() {
    let golden = Golden::open("attention/additive_normed");
    let mut attention = AdditiveAttention::new(7, 8, 6, &mut rng(0, 0), &device()).normed();
    attention.w_query = Param::from_tensor(tensor(&golden, "w_query"));
    attention.w_memory = Param::from_tensor(tensor(&golden, "w_memory"));
    attention.vector = Param::from_tensor(tensor(&golden, "vector"));
    let (gain, bias) = (leaf::<1>(&golden, "gain"), leaf::<1>(&golden, "bias"));
    attention.gain = Some(Param::from_tensor(gain));
    attention.bias = Some(Param::from_tensor(bias));
    let lengths = golden.usize("lengths").values;
    let keys = attention
        .project(tensor(&golden, "memory"), Some(&lengths))
        .unwrap();
    let attended = attention.attend(tensor(&golden, "query"), &keys).unwrap();
    let (gain, bias) = (attention.gain.unwrap().val(), attention.bias.unwrap().val());
    check(
        &golden,
        attended,
        &[
            ("gain", &|g| gradient(&gain, g)),
            ("bias", &|g| gradient(&bias, g)),
        ],
    );
}

#[test]
fn dot_attention() {
    for (file, attention) in [
        ("attention/dot", DotAttention::Plain),
        ("attention/dot_scaled", DotAttention::Scaled),
    ] {
        let golden = Golden::open(file);
        let (query, memory) = (leaf::<3>(&golden, "query"), leaf::<3>(&golden, "memory"));
        let lengths = golden.usize("lengths").values;
        let keys = attention.project(memory.clone(), Some(&lengths)).unwrap();
        let attended = attention.attend(query.clone(), &keys).unwrap();
        check(
            &golden,
            attended,
            &[
                ("query", &|g| gradient(&query, g)),
                ("memory", &|g| gradient(&memory, g)),
            ],
        );
    }
}

#[test]
fn one_query_after_another_finds_what_all_find_at_once() {
    let golden = Golden::open("attention/additive");
    let attention = AdditiveAttention::new(7, 8, 6, &mut rng(0, 0), &device());
    let keys = attention.project(tensor(&golden, "memory"), None).unwrap();
    let query = tensor::<3>(&golden, "query");
    let at_once = attention.attend(query.clone(), &keys).unwrap();
    for step in 0..4 {
        let one = attention
            .attend(query.clone().narrow(1, step, 1), &keys)
            .unwrap();
        assert_eq!(
            values(&one.context),
            values(&at_once.context.clone().narrow(1, step, 1))
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let zeros = |shape: [usize; 3]| Tensor::<3>::zeros(shape, &device());
    let attention = AdditiveAttention::new(4, 3, 5, &mut rng(0, 0), &device());
    let message = |outcome: Result<Attended, NnError>| outcome.unwrap_err().to_string();
    let keys = attention.project(zeros([2, 6, 3]), Some(&[6, 0])).unwrap();
    assert!(attention.project(zeros([2, 6, 4]), None).is_err());
    assert!(attention.project(zeros([2, 6, 3]), Some(&[6])).is_err());
    assert!(attention.project(zeros([2, 6, 3]), Some(&[6, 7])).is_err());
    assert_eq!(
        message(attention.attend(zeros([2, 1, 5]), &keys)),
        "AdditiveAttention::attend: `query` should be [2, 1, 4], got [2, 1, 5]"
    );
    assert_eq!(
        message(attention.attend(zeros([3, 1, 4]), &keys)),
        "AdditiveAttention::attend: `query` should be [2, 1, 5], got [3, 1, 5]"
    );
    let keys = DotAttention::Plain.project(zeros([2, 6, 3]), None).unwrap();
    assert_eq!(
        message(DotAttention::Plain.attend(zeros([2, 1, 4]), &keys)),
        "DotAttention::attend: `query` should be [2, 1, 3], got [2, 1, 4]"
    );
}
