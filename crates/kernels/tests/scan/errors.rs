//! Bad arguments: each is refused by name, and nothing is written.

use recurra_kernels::{
    Candidate, Highway, Isa, ScanBackward, ScanForward, ScanKind, scan_backward, scan_forward,
    scan_forward_on,
};

use super::case::{Case, shape};

fn case() -> Case {
    let cell = ScanKind::Sru {
        peepholes: true,
        highway: Highway::Input,
        scale: 1.0,
    };
    Case::new(cell, shape(3, 2, 5))
}

fn forward_error(change: impl FnOnce(&mut ScanForward<'_>)) -> String {
    let case = case();
    let mut results = case.empty_results();
    let before = results.clone();
    let mut call = case.forward(&mut results);
    change(&mut call);
    let error = scan_forward(call).unwrap_err();
    assert_eq!(results, before, "a refused call must not write");
    error.to_string()
}

#[test]
fn every_forward_argument_is_named() {
    let messages = [
        forward_error(|call| call.products = &call.products[1..]),
        forward_error(|call| call.vectors = &call.vectors[1..]),
        forward_error(|call| call.skip = None),
        forward_error(|call| call.lengths = Some(&[3])),
        forward_error(|call| call.lengths = Some(&[3, 4])),
        forward_error(|call| call.state = &call.state[1..]),
        forward_error(|call| call.outputs = &mut []),
        forward_error(|call| call.cells = Some(&mut [])),
        forward_error(|call| call.final_state = &mut []),
    ];
    let expected = [
        "`products` [B, T, G·H] needs 90 values, got 89",
        "`vectors` [V, H] needs 20 values, got 19",
        "`skip` [B, T, H] needs 30 values, got 0",
        "`lengths` [B] needs 2 values, got 1",
        "`lengths[1]` must be at most `seq_len` 3, got 4",
        "`state` [S, B, H] needs 20 values, got 19",
        "`outputs` [B, T, H] needs 30 values, got 0",
        "`cells` [B, T, H] needs 30 values, got 0",
        "`final_state` [S, B, H] needs 20 values, got 0",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.ends_with(expected), "{message}");
        assert!(message.contains("scan_forward: "), "{message}");
    }
}

#[test]
fn every_backward_argument_is_named() {
    let case = case();
    type Change = fn(&mut ScanBackward<'_>);
    let changes: [(Change, &str); 7] = [
        (
            |call| call.cells = &[],
            "`cells` [B, T, H] needs 30 values, got 0",
        ),
        (
            |call| call.d_outputs = Some(&[]),
            "`d_outputs` [B, T, H] needs 30 values, got 0",
        ),
        (
            |call| call.d_final_state = Some(&[]),
            "`d_final_state` [S, B, H] needs 20 values, got 0",
        ),
        (
            |call| call.d_products = &mut [],
            "`d_products` [B, T, G·H] needs 90 values, got 0",
        ),
        (
            |call| call.d_vectors = &mut [],
            "`d_vectors` [V, H] needs 20 values, got 0",
        ),
        (
            |call| call.d_skip = Some(&mut []),
            "`d_skip` [B, T, H] needs 30 values, got 0",
        ),
        (
            |call| call.d_state = &mut [],
            "`d_state` [S, B, H] needs 20 values, got 0",
        ),
    ];
    for (change, expected) in changes {
        let mut results = case.empty_results();
        scan_forward(case.forward(&mut results)).unwrap();
        let cells = results.cells.clone();
        let before = results.clone();
        let mut call = case.backward(&cells, &mut results);
        change(&mut call);
        let message = scan_backward(call).unwrap_err().to_string();
        assert!(message.ends_with(expected), "{message}");
        assert_eq!(results, before, "a refused call must not write");
    }
}

#[test]
fn a_skip_that_the_cell_does_not_read_is_refused() {
    let candidate = Candidate::Linear;
    let case = Case::new(ScanKind::MinGru { candidate }, shape(3, 2, 5));
    let mut results = case.empty_results();
    let skip = [0.0; 30];
    let mut call = case.forward(&mut results);
    call.skip = Some(&skip);
    let message = scan_forward(call).unwrap_err().to_string();
    assert!(
        message.ends_with("`skip` [0] needs 0 values, got 30"),
        "{message}"
    );
}

#[test]
fn a_product_past_usize_is_no_wrapped_one() {
    let message = forward_error(|call| call.shape.seq_len = usize::MAX / 2);
    assert!(message.contains("`products` [B, T, G·H] has more values than can be addressed"));
}

#[test]
fn an_instruction_set_that_is_not_there_is_refused() {
    let case = case();
    for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
        let mut results = case.empty_results();
        let outcome = scan_forward_on(isa, case.forward(&mut results));
        match outcome {
            Ok(()) => assert!(isa.is_available()),
            Err(error) => {
                assert!(!isa.is_available());
                assert!(error.to_string().contains(isa.name()), "{error}");
            }
        }
    }
}
