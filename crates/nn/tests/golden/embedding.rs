//! Embeddings and their gradients, as PyTorch computes them.

use super::case::{close, device, tensor};
use burn::module::Param;
use recurra_nn::weights::values;
use recurra_nn::{Embedding, rng};
use recurra_testkit::Golden;

#[test]
fn rows_and_gradients_are_pytorchs() {
    for (file, padding_id) in [
        ("embedding/embedding", None),
        ("embedding/embedding_padding", Some(2)),
    ] {
        let golden = Golden::open(file);
        let mut embedding = Embedding::new(7, 4, &mut rng(0, 0), &device());
        embedding.weight = Param::from_tensor(tensor(&golden, "weight"));
        embedding.padding_id = padding_id;
        let ids: Vec<u32> = golden
            .i64("ids")
            .values
            .iter()
            .map(|&id| id as u32)
            .collect();
        let output = embedding.forward(&ids, [3, 5]).unwrap();
        close(&golden, "output", &values(&output));
        let loss = (output * tensor(&golden, "d_output")).sum();
        let gradient = embedding.weight.val().grad_remove(&mut loss.backward());
        close(&golden, "grad.weight", &values(&gradient.unwrap()));
    }
}

#[test]
fn a_padding_id_starts_with_zeros() {
    let embedding = Embedding::new(3, 2, &mut rng(0, 0), &device());
    let before = values(&embedding.weight.val());
    assert!(embedding.clone().with_padding_id(3).is_err());
    let embedding = embedding.with_padding_id(1).unwrap();
    let after = values(&embedding.weight.val());
    assert_eq!(after[2..4], [0.0; 2]);
    assert_eq!([&after[..2], &after[4..]], [&before[..2], &before[4..]]);
    assert!(embedding.weight.val().is_require_grad());
}
