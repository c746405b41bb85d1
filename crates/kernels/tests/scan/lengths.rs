//! Padding, neighbours and order do not exist for a row.

use super::case::{Case, bits, cells, shape};
use recurra_kernels::{Direction, Isa, ScanShape};

/// Row `row` of `case`, cut to its length.
fn alone(case: &Case, row: usize) -> Case {
    let ScanShape {
        seq_len,
        hidden_size: h,
        batch_size: b,
    } = case.shape;
    let length = case
        .lengths
        .as_ref()
        .map_or(seq_len, |lengths| lengths[row]);
    let steps =
        |values: &Vec<f32>, size: usize| values[row * seq_len * size..][..length * size].to_vec();
    let state = |values: &Vec<f32>| {
        (values.chunks(b * h))
            .flat_map(|part| part[row * h..][..h].to_vec())
            .collect()
    };
    Case {
        cell: case.cell,
        shape: shape(length, 1, h),
        direction: case.direction,
        lengths: None,
        products: steps(&case.products, case.cell.num_gates() * h),
        vectors: case.vectors.clone(),
        skip: case.skip.as_ref().map(|skip| steps(skip, h)),
        state: state(&case.state),
        d_outputs: case.d_outputs.as_ref().map(|d| steps(d, h)),
        d_final_state: case.d_final_state.as_ref().map(state),
    }
}

#[test]
fn a_padded_row_is_the_row_alone_to_the_bit() {
    for cell in cells() {
        for direction in [Direction::Forward, Direction::Backward] {
            let case = Case::new(cell, shape(290, 5, 18)).direction(direction);
            let mut case = case.with_lengths();
            // What lies in the padding is never read.
            let lengths = case.lengths.clone().unwrap();
            let width = cell.num_gates() * 18;
            for (row, &length) in lengths.iter().enumerate() {
                case.products[(row * 290 + length) * width..(row + 1) * 290 * width].fill(f32::NAN);
            }
            for isa in Isa::available() {
                let together = case.run(isa);
                for (row, &length) in lengths.iter().enumerate() {
                    let own = alone(&case, row).run(isa);
                    let part = |values: &[f32], size: usize| {
                        let row = &values[row * 290 * size..][..290 * size];
                        let (real, padding) = row.split_at(length * size);
                        assert!(padding.iter().all(|&x| x == 0.0), "{isa}, {cell:?}");
                        bits(real)
                    };
                    let state = |values: &[f32]| -> Vec<u32> {
                        (values.chunks(5 * 18))
                            .flat_map(|part| bits(&part[row * 18..][..18]))
                            .collect()
                    };
                    assert_eq!(part(&together.outputs, 18), bits(&own.outputs));
                    assert_eq!(part(&together.d_products, width), bits(&own.d_products));
                    assert_eq!(state(&together.final_state), bits(&own.final_state));
                    assert_eq!(state(&together.d_state), bits(&own.d_state));
                    if case.skip.is_some() {
                        assert_eq!(part(&together.d_skip, 18), bits(&own.d_skip));
                    }
                }
            }
        }
    }
}

#[test]
fn reading_backward_is_reading_the_reversed_row() {
    for cell in cells() {
        let case = Case::new(cell, shape(150, 1, 5));
        let reverse = |values: &[f32], size: usize| -> Vec<f32> {
            values.chunks(size).rev().flatten().copied().collect()
        };
        let width = cell.num_gates() * 5;
        let mut reversed = case.direction(Direction::Backward);
        reversed.products = reverse(&case.products, width);
        reversed.skip = case.skip.as_ref().map(|skip| reverse(skip, 5));
        reversed.d_outputs = case.d_outputs.as_ref().map(|d| reverse(d, 5));
        let (ahead, back) = (case.run(Isa::active()), reversed.run(Isa::active()));
        assert_eq!(ahead.outputs, reverse(&back.outputs, 5));
        assert_eq!(ahead.final_state, back.final_state);
        assert_eq!(ahead.d_products, reverse(&back.d_products, width));
        assert_eq!(ahead.d_vectors, back.d_vectors);
        assert_eq!(ahead.d_state, back.d_state);
    }
}
