//! Bad arguments: each is refused by name, and nothing is written.

use recurra_kernels::{
    CellKind, Direction, Isa, KernelError, Products, SequenceForward, sequence_backward,
    sequence_forward, sequence_forward_on, sequence_forward_saving,
};

use super::case::{Case, lstm, shape};

fn case() -> Case {
    Case::new(lstm(), shape(3, 2, 4, 5))
}

fn forward_error(change: impl FnOnce(&mut SequenceForward<'_>)) -> String {
    let case = case();
    let mut results = case.empty_results();
    let before = results.clone();
    let mut call = case.forward(&mut results);
    change(&mut call);
    let error = sequence_forward(call).unwrap_err();
    assert_eq!(results, before, "a refused call must not write");
    error.to_string()
}

#[test]
fn every_forward_argument_is_named() {
    let messages = [
        forward_error(|call| call.weights.w_ih = &call.weights.w_ih[1..]),
        forward_error(|call| call.weights.w_hh = &call.weights.w_hh[1..]),
        forward_error(|call| call.weights.vectors = &call.weights.vectors[1..]),
        forward_error(|call| call.x = &call.x[1..]),
        forward_error(|call| call.lengths = Some(&[3])),
        forward_error(|call| call.lengths = Some(&[3, 4])),
        forward_error(|call| call.state = &call.state[1..]),
        forward_error(|call| call.outputs = &mut []),
        forward_error(|call| call.final_state = &mut []),
    ];
    let expected = [
        "`weights.w_ih` [G·H, I] needs 80 values, got 79",
        "`weights.w_hh` [G·H, H] needs 100 values, got 99",
        "`weights.vectors` [V, H] needs 20 values, got 19",
        "`x` [T, B, I] needs 24 values, got 23",
        "`lengths` [B] needs 2 values, got 1",
        "`lengths[1]` must be at most `seq_len` 3, got 4",
        "`state` [S, B, H] needs 20 values, got 19",
        "`outputs` [T, B, H] needs 30 values, got 0",
        "`final_state` [S, B, H] needs 20 values, got 0",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.ends_with(expected), "{message}");
        assert!(message.contains("sequence_forward: "), "{message}");
    }
}

#[test]
fn every_backward_argument_is_named() {
    let case = case();
    type Change = fn(&mut recurra_kernels::SequenceBackward<'_>);
    let changes: [(Change, &str); 7] = [
        (
            |call| call.d_outputs = Some(&[]),
            "`d_outputs` [T, B, H] needs 30 values, got 0",
        ),
        (
            |call| call.d_final_state = Some(&[]),
            "`d_final_state` [S, B, H] needs 20 values, got 0",
        ),
        (
            |call| call.d_x = Some(&mut []),
            "`d_x` [T, B, I] needs 24 values, got 0",
        ),
        (
            |call| call.d_w_ih = &mut [],
            "`d_w_ih` [G·H, I] needs 80 values, got 0",
        ),
        (
            |call| call.d_w_hh = &mut [],
            "`d_w_hh` [G·H, H] needs 100 values, got 0",
        ),
        (
            |call| call.d_vectors = &mut [],
            "`d_vectors` [V, H] needs 20 values, got 0",
        ),
        (
            |call| call.d_state = &mut [],
            "`d_state` [S, B, H] needs 20 values, got 0",
        ),
    ];
    for (change, expected) in changes {
        let mut results = case.empty_results();
        let saved = sequence_forward_saving(case.forward(&mut results)).unwrap();
        let before = results.clone();
        let mut call = case.backward(saved, &mut results);
        change(&mut call);
        let message = sequence_backward(call).unwrap_err().to_string();
        assert!(message.ends_with(expected), "{message}");
        assert_eq!(results, before, "a refused call must not write");
    }
}

#[test]
fn a_backward_pass_of_something_else_is_refused() {
    let case = case();
    let mut results = case.empty_results();
    let mut refuse = |other: &Case| {
        let mut other_results = other.empty_results();
        let saved = sequence_forward_saving(other.forward(&mut other_results)).unwrap();
        let error = sequence_backward(case.backward(saved, &mut results)).unwrap_err();
        assert!(
            matches!(error, KernelError::SavedMismatch { .. }),
            "{error}"
        );
    };
    refuse(&case.clone().direction(Direction::Backward));
    refuse(&case.clone().with_lengths());
    let products = Products::Bf16;
    refuse(&Case {
        products,
        ..case.clone()
    });
    refuse(&Case::new(lstm(), shape(3, 2, 4, 6)));
    let coupled = CellKind::Lstm {
        peepholes: false,
        coupled: true,
        clip: None,
    };
    refuse(&Case::new(coupled, case.shape));
}

#[test]
fn a_product_past_usize_is_no_wrapped_one() {
    let message = forward_error(|call| call.shape.input_size = usize::MAX / 2);
    assert!(message.contains("`weights.w_ih` [G·H, I] has more values than can be addressed"));
}

#[test]
fn a_clip_must_be_positive() {
    for got in [0.0, -1.0, f32::NAN] {
        let message = forward_error(|call| {
            call.cell = CellKind::Lstm {
                peepholes: false,
                coupled: false,
                clip: Some(got),
            };
        });
        assert!(
            message.contains("`clip` must be greater than zero"),
            "{message}"
        );
    }
}

#[test]
fn an_instruction_set_that_is_not_there_is_refused() {
    let case = case();
    for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
        let mut results = case.empty_results();
        let outcome = sequence_forward_on(isa, case.forward(&mut results));
        match outcome {
            Ok(()) => assert!(isa.is_available()),
            Err(error) => {
                assert!(!isa.is_available());
                assert!(error.to_string().contains(isa.name()), "{error}");
            }
        }
    }
}
