//! Bad arguments: each is refused by name, and nothing is written.

use super::Case;
use recurra_kernels::{
    CellKind, Isa, KernelError, MatrixRows, PackedCell, PackedMatrix, Precision, Step, StepShape,
    StepWorkspace, Weights, multiply_add, step,
};

fn case() -> Case {
    let lstm = CellKind::Lstm {
        peepholes: false,
        coupled: false,
        clip: None,
    };
    Case::new(lstm, 4, 5)
}

#[test]
fn every_argument_of_a_step_is_named() {
    let cell = case().pack(Precision::Int8);
    let refused = |x: usize, state: usize| {
        let mut values = vec![777.0; state];
        let error = step(Step {
            cell: &cell,
            batch_size: 1,
            x: &vec![0.0; x],
            state: &mut values,
            workspace: &mut StepWorkspace::new(),
        })
        .unwrap_err();
        assert!(
            values.iter().all(|&value| value == 777.0),
            "nothing is written"
        );
        error.to_string()
    };
    assert_eq!(refused(3, 10), "step: `x` [B, I] needs 4 values, got 3");
    assert_eq!(
        refused(4, 5),
        "step: `state` [B, S, H] needs 10 values, got 5"
    );
}

#[test]
fn every_argument_of_packing_is_named() {
    let case = case();
    let pack = |change: fn(&mut Weights<'_>)| {
        let mut weights = case.weights();
        change(&mut weights);
        let packed = PackedCell::pack(case.cell, case.shape, weights, Precision::F32);
        packed.unwrap_err().to_string()
    };
    let messages = [
        pack(|weights| weights.w_ih = &weights.w_ih[1..]),
        pack(|weights| weights.w_hh = &weights.w_hh[1..]),
        pack(|weights| weights.vectors = &[]),
    ];
    let expected = [
        "PackedCell::pack: `weights.w_ih` [G·H, I] needs 80 values, got 79",
        "PackedCell::pack: `weights.w_hh` [G·H, H] needs 100 values, got 99",
        "PackedCell::pack: `weights.vectors` [V, H] needs 20 values, got 0",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn sizes_beyond_memory_and_beyond_int8_are_errors() {
    let rnn = CellKind::Rnn {
        activation: recurra_kernels::Activation::Relu,
    };
    let weights = Weights {
        w_ih: &[],
        w_hh: &[],
        vectors: &[],
    };
    let shape = StepShape {
        input_size: usize::MAX,
        hidden_size: 2,
    };
    let error = PackedCell::pack(rnn, shape, weights, Precision::F32).unwrap_err();
    assert!(matches!(error, KernelError::TooLarge { .. }), "{error}");

    let columns = (1 << 17) + 1;
    let values = vec![0.5; columns];
    PackedMatrix::pack(&values, [1, columns], Precision::Bf16).unwrap();
    let error = PackedMatrix::pack(&values, [1, columns], Precision::Int8).unwrap_err();
    assert_eq!(
        error.to_string(),
        "PackedMatrix::pack: `columns` must be at most 131072 in int8, got 131073; use bf16"
    );
}

#[test]
fn every_argument_of_a_product_is_named() {
    let matrix = PackedMatrix::pack(&[1.0; 6], [2, 3], Precision::F32).unwrap();
    let refused = |x: usize, bias: Option<&[f32]>, y: usize| {
        multiply_add(MatrixRows {
            matrix: &matrix,
            batch_size: 1,
            x: &vec![0.0; x],
            bias,
            y: &mut vec![0.0; y],
            workspace: &mut StepWorkspace::new(),
        })
        .unwrap_err()
        .to_string()
    };
    assert_eq!(
        refused(2, None, 2),
        "multiply_add: `x` [B, columns] needs 3 values, got 2"
    );
    assert_eq!(
        refused(3, None, 1),
        "multiply_add: `y` [B, rows] needs 2 values, got 1"
    );
    assert_eq!(
        refused(3, Some(&[0.0; 3]), 2),
        "multiply_add: `bias` [rows] needs 2 values, got 3"
    );
    let error = PackedMatrix::pack(&[1.0], [2, 3], Precision::F32).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("[rows, columns] needs 6 values, got 1")
    );
}

#[test]
fn an_instruction_set_that_is_not_there_is_an_error() {
    let Some(missing) = [Isa::Avx2, Isa::Avx512]
        .into_iter()
        .find(|isa| !isa.is_available())
    else {
        return;
    };
    let case = case();
    let (shape, weights) = (case.shape, case.weights());
    let packed = PackedCell::pack_on(missing, case.cell, shape, weights, Precision::F32);
    assert!(matches!(packed, Err(KernelError::IsaUnavailable { .. })));
}
