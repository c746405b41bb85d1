//! Rows do not influence each other: padding, order and neighbours never change a bit.

use proptest::prelude::*;
use recurra_kernels::{Direction, Isa};

use super::case::{Case, bits, cells, plain_cells, shape};

/// The case that holds only row `row`, cut to its length.
fn alone(case: &Case, row: usize) -> Case {
    select(
        case,
        &[row],
        case.lengths.as_ref().map_or(case.shape.seq_len, |l| l[row]),
        None,
    )
}

/// The case made of some rows of another, in that order, over `seq_len` steps.
fn select(case: &Case, rows: &[usize], seq_len: usize, lengths: Option<Vec<usize>>) -> Case {
    let s = case.shape;
    let pick = |values: &[f32], blocks: usize, width: usize| -> Vec<f32> {
        let row =
            |block: usize, row: usize| &values[(block * s.batch_size + row) * width..][..width];
        (0..blocks)
            .flat_map(|block| rows.iter().map(move |&r| (block, r)))
            .flat_map(|(block, r)| row(block, r).to_vec())
            .collect()
    };
    let states = case.cell.num_states();
    Case {
        shape: shape(seq_len, rows.len(), s.input_size, s.hidden_size),
        lengths,
        x: pick(&case.x, seq_len, s.input_size),
        state: pick(&case.state, states, s.hidden_size),
        d_outputs: case
            .d_outputs
            .as_ref()
            .map(|d| pick(d, seq_len, s.hidden_size)),
        d_final_state: case
            .d_final_state
            .as_ref()
            .map(|d| pick(d, states, s.hidden_size)),
        ..case.clone()
    }
}

/// The values of one row in a `[blocks, B, width]` array.
fn row_of(values: &[f32], batch_size: usize, width: usize, row: usize) -> Vec<f32> {
    let rows = values.chunks_exact(width).skip(row).step_by(batch_size);
    rows.flatten().copied().collect()
}

#[track_caller]
fn assert_rows_run_as_if_alone(case: &Case, isa: Isa) {
    let s = case.shape;
    let together = case.run(isa);
    for row in 0..s.batch_size {
        let lonely = alone(case, row);
        let expected = lonely.run(isa);
        let length = lonely.shape.seq_len;
        for (name, values, expected, width) in [
            (
                "outputs",
                &together.outputs,
                &expected.outputs,
                s.hidden_size,
            ),
            ("d_x", &together.d_x, &expected.d_x, s.input_size),
        ] {
            let values = row_of(values, s.batch_size, width, row);
            let (real, padding) = values.split_at(length * width);
            assert_eq!(
                bits(real),
                bits(expected),
                "{isa}, {:?}: {name} of row {row}",
                case.cell
            );
            let padding = bits(padding);
            assert!(
                padding.iter().all(|&b| b == 0),
                "{isa}, {:?}: {name} at padding",
                case.cell
            );
        }
        for (name, values, expected) in [
            ("final_state", &together.final_state, &expected.final_state),
            ("d_state", &together.d_state, &expected.d_state),
        ] {
            let values = row_of(values, s.batch_size, s.hidden_size, row);
            assert_eq!(
                bits(&values),
                bits(expected),
                "{isa}, {:?}: {name} of row {row}",
                case.cell
            );
        }
    }
}

#[test]
fn a_padded_row_is_the_row_run_alone() {
    for cell in cells() {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut case = Case::new(cell, shape(6, 9, 3, 18))
                .with_lengths()
                .direction(direction);
            // What lies in the padding is never read.
            let lengths = case.lengths.clone().unwrap();
            for (index, x) in case.x.chunks_exact_mut(3).enumerate() {
                if index / 9 >= lengths[index % 9] {
                    x.fill(f32::NAN);
                }
            }
            for isa in Isa::available() {
                assert_rows_run_as_if_alone(&case, isa);
            }
        }
    }
}

#[test]
fn the_weights_learn_nothing_from_padding() {
    for cell in plain_cells() {
        let long = Case::new(cell, shape(8, 3, 2, 5));
        let short = select(&long, &[0, 1, 2], 5, None);
        let padded = Case {
            lengths: Some(vec![5; 3]),
            ..long
        };
        for isa in Isa::available() {
            let (expected, actual) = (short.run(isa), padded.run(isa));
            assert_eq!(bits(&actual.d_w_ih), bits(&expected.d_w_ih));
            assert_eq!(bits(&actual.d_w_hh), bits(&expected.d_w_hh));
            assert_eq!(bits(&actual.d_vectors), bits(&expected.d_vectors));
        }
    }
}

#[test]
fn a_row_of_length_zero_keeps_its_state() {
    for cell in cells() {
        let mut case = Case::new(cell, shape(4, 2, 3, 5));
        case.lengths = Some(vec![0, 4]);
        for isa in Isa::available() {
            let results = case.run(isa);
            let row = |values: &[f32]| row_of(values, 2, 5, 0);
            assert_eq!(row(&results.final_state), row(&case.state));
            assert_eq!(
                row(&results.d_state),
                row(case.d_final_state.as_ref().unwrap())
            );
            assert!(row(&results.outputs).iter().all(|&h| h == 0.0));
        }
    }
}

#[test]
fn order_of_the_rows_does_not_matter() {
    for cell in plain_cells() {
        let case = Case::new(cell, shape(5, 7, 3, 9)).with_lengths();
        let order = [4, 0, 6, 2, 5, 1, 3];
        let lengths = case.lengths.as_ref().unwrap();
        let lengths = order.iter().map(|&row| lengths[row]).collect();
        let shuffled = select(&case, &order, 5, Some(lengths));
        for isa in Isa::available() {
            let (before, after) = (case.run(isa), shuffled.run(isa));
            for (new, old) in order.into_iter().enumerate() {
                for (before, after, width) in [
                    (&before.outputs, &after.outputs, 9),
                    (&before.d_x, &after.d_x, 3),
                    (&before.final_state, &after.final_state, 9),
                    (&before.d_state, &after.d_state, 9),
                ] {
                    let (old, new) = (row_of(before, 7, width, old), row_of(after, 7, width, new));
                    assert_eq!(bits(&old), bits(&new));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_shape_and_any_lengths(
        cell in prop::sample::select(cells()),
        backward in any::<bool>(),
        (t, lengths) in (0usize..9).prop_flat_map(|t| (Just(t), prop::collection::vec(0..=t, 0..12))),
        i in 0usize..20,
        h in 1usize..40,
    ) {
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        let mut case = Case::new(cell, shape(t, lengths.len(), i, h)).direction(direction);
        case.lengths = Some(lengths);
        // `row_of` cannot cut rows without width.
        if i > 0 {
            assert_rows_run_as_if_alone(&case, Isa::active());
        }
        super::agree::agree(&case);
    }
}
