use proptest::prelude::*;
use recurra_kernels::{
    Embed, EmbedBackward, EmbeddingShape, Isa, KernelError, embed, embed_backward,
    embed_backward_on, embed_on, scalar,
};
use recurra_testkit::{Tol, assert_close};

use super::case::{assert_same_on_any_number_of_threads, ids, values, wide};

fn shape(vocab_size: usize, embed_size: usize) -> EmbeddingShape {
    EmbeddingShape {
        vocab_size,
        embed_size,
    }
}

fn gather(isa: Isa, shape: EmbeddingShape, ids: &[u32]) -> Vec<f32> {
    let mut outputs = vec![9.0; ids.len() * shape.embed_size];
    let call = Embed {
        shape,
        weight: &values(shape.vocab_size * shape.embed_size, 1.0),
        ids,
        outputs: &mut outputs,
    };
    embed_on(isa, call).unwrap();
    outputs
}

fn scatter(isa: Isa, shape: EmbeddingShape, ids: &[u32], padding_id: Option<u32>) -> Vec<f32> {
    let mut d_weight = vec![9.0; shape.vocab_size * shape.embed_size];
    let call = EmbedBackward {
        shape,
        ids,
        padding_id,
        d_outputs: &values(ids.len() * shape.embed_size, 1.0),
        d_weight: &mut d_weight,
    };
    embed_backward_on(isa, call).unwrap();
    d_weight
}

#[test]
fn rows_are_gathered_and_their_gradients_come_back() {
    for isa in Isa::available() {
        let shape = shape(3, 2);
        let weight = values(6, 1.0);
        let outputs = gather(isa, shape, &[2, 0, 2]);
        assert_eq!(outputs, [&weight[4..], &weight[..2], &weight[4..]].concat());
        let mut d_weight = [9.0; 6];
        let call = EmbedBackward {
            shape,
            ids: &[2, 0, 2],
            padding_id: None,
            d_outputs: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            d_weight: &mut d_weight,
        };
        embed_backward_on(isa, call).unwrap();
        assert_eq!(d_weight, [3.0, 4.0, 0.0, 0.0, 6.0, 8.0]);
    }
}

#[test]
fn padding_does_not_learn() {
    for isa in Isa::available() {
        let with = scatter(isa, shape(4, 3), &[1, 0, 3, 1, 2], Some(1));
        let without = scatter(isa, shape(4, 3), &[1, 0, 3, 1, 2], None);
        assert_eq!(with[3..6], [0.0; 3]);
        assert_eq!([&with[..3], &with[6..]], [&without[..3], &without[6..]]);
        assert_ne!(without[3..6], [0.0; 3]);
    }
}

#[test]
fn threads_never_change_a_bit() {
    let (shape, ids) = (shape(3000, 70), ids(5000, 3000));
    assert_same_on_any_number_of_threads(|| {
        let outputs = gather(Isa::active(), shape, &ids);
        [outputs, scatter(Isa::active(), shape, &ids, Some(0))].concat()
    });
}

#[test]
fn bad_arguments_are_named() {
    let refuse = |change: fn(&mut Embed<'_>)| {
        let mut outputs = [0.0; 4];
        let mut call = Embed {
            shape: shape(3, 2),
            weight: &[0.0; 6],
            ids: &[0, 2],
            outputs: &mut outputs,
        };
        change(&mut call);
        embed(call).unwrap_err().to_string()
    };
    assert_eq!(
        refuse(|call| call.shape.vocab_size = 4),
        "embed: `weight` [V, E] needs 8 values, got 6"
    );
    assert_eq!(
        refuse(|call| call.ids = &[0, 3]),
        "embed: `ids[1]` must be below 3, got 3"
    );
    assert_eq!(
        refuse(|call| call.ids = &[0]),
        "embed: `outputs` [N, E] needs 2 values, got 4"
    );
    let refuse = |d_outputs: &[f32], ids: &[u32], d_weight: &mut [f32]| {
        let call = EmbedBackward {
            shape: shape(3, 2),
            ids,
            padding_id: None,
            d_outputs,
            d_weight,
        };
        embed_backward(call).unwrap_err()
    };
    assert!(matches!(
        refuse(&[0.0; 2], &[3], &mut [0.0; 6]),
        KernelError::Id { row: 0, .. }
    ));
    let error = refuse(&[0.0; 1], &[2], &mut [0.0; 6]).to_string();
    assert!(
        error.contains("`d_outputs` [N, E] needs 2 values, got 1"),
        "{error}"
    );
    let error = refuse(&[0.0; 2], &[2], &mut [0.0; 5]).to_string();
    assert!(
        error.contains("`d_weight` [V, E] needs 6 values, got 5"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn any_shape_agrees_with_the_oracle(
        vocab_size in 1usize..30,
        embed_size in 0usize..40,
        num_ids in 0usize..60,
        padding in proptest::option::of(0u32..30),
    ) {
        let (shape, ids) = (shape(vocab_size, embed_size), ids(num_ids, vocab_size as u32));
        let mut d_weight = vec![9.0; vocab_size * embed_size];
        scalar::embed_backward(EmbedBackward {
            shape,
            ids: &ids,
            padding_id: padding,
            d_outputs: &wide(&values(num_ids * embed_size, 1.0)),
            d_weight: &mut d_weight,
        })
        .unwrap();
        for isa in Isa::available() {
            assert_close(&scatter(isa, shape, &ids, padding), &d_weight, Tol::both(1e-5));
            prop_assert_eq!(gather(isa, shape, &ids), gather(Isa::Scalar, shape, &ids));
        }
    }
}
