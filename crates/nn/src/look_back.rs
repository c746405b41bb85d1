//! Inputs beside their predecessors: what a convolution over time sees.

use burn::tensor::{Int, Tensor, TensorData};
use recurra_kernels::Direction;

use crate::lengths::silence_padding;

/// `x [batch, seq_len, input_size]` with the `earlier` inputs (at least one) before each step beside it, and the
/// window that the next call starts with.
///
/// Before means in the order of reading. The first steps see `window [batch, earlier,
/// input_size]`, or zeros.
///
/// # Shapes
/// `[batch, seq_len, (earlier + 1) * input_size]`, the oldest input first, and
/// `[batch, earlier, input_size]`, the oldest first.
pub(crate) fn look_back(
    x: Tensor<3>,
    window: Option<Tensor<3>>,
    earlier: usize,
    lengths: Option<&[usize]>,
    direction: Direction,
) -> (Tensor<3>, Tensor<3>) {
    let [batch_size, seq_len, input_size] = x.dims();
    let window_shape = [batch_size, earlier, input_size];
    let zeros = || Tensor::zeros(window_shape, (&x.device(), x.dtype()));
    let read = match direction {
        Direction::Forward => {
            let window = window.unwrap_or_else(zeros);
            Tensor::cat(vec![window, x], 1)
        }
        // A row's predecessors stand behind its own end, whatever lies in the padding.
        Direction::Backward => match (window, lengths) {
            (None, None) => Tensor::cat(vec![x.clone(), zeros()], 1),
            (None, Some(lengths)) => {
                let zeros = zeros();
                Tensor::cat(vec![silence_padding(x, lengths), zeros], 1)
            }
            (Some(window), None) => Tensor::cat(vec![x, window.flip([1])], 1),
            (Some(window), Some(lengths)) => {
                let padded = Tensor::cat(vec![x, window.flip([1])], 1);
                let place = |row: usize, at: usize| match at.checked_sub(lengths[row]) {
                    None => at,
                    Some(behind) => seq_len + behind.min(earlier - 1),
                };
                pick(padded, seq_len + earlier, place)
            }
        },
    };
    let shifted = (0..=earlier).map(|tap| {
        let from = match direction {
            Direction::Forward => tap,
            Direction::Backward => earlier - tap,
        };
        read.clone().narrow(1, from, seq_len)
    });
    let seen = Tensor::cat(shifted.collect(), 2);
    let window = match (direction, lengths) {
        (Direction::Forward, None) => read.narrow(1, seq_len, earlier),
        (Direction::Forward, Some(lengths)) => pick(read, earlier, |row, at| lengths[row] + at),
        (Direction::Backward, _) => read.narrow(1, 0, earlier).flip([1]),
    };
    (seen, window)
}

/// `count` steps of each row of `x`; step `at` of row `row` is the one at `place(row, at)`.
fn pick(x: Tensor<3>, count: usize, place: impl Fn(usize, usize) -> usize) -> Tensor<3> {
    let [batch_size, _, input_size] = x.dims();
    let mut places = Vec::with_capacity(batch_size * count);
    for row in 0..batch_size {
        places.extend((0..count).map(|at| place(row, at) as i64));
    }
    let places = TensorData::new::<i64, _>(places, [batch_size, count, 1]);
    let places = Tensor::<3, Int>::from_data(places, &x.device());
    x.gather(1, places.expand([batch_size, count, input_size]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;
    use crate::weights::values;

    fn tensor(values: &[f32], shape: [usize; 3]) -> Tensor<3> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
    }

    #[test]
    fn a_step_sees_what_was_read_before_it() {
        let x = || tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, f32::NAN], [2, 3, 1]);
        let window = || Some(tensor(&[-2.0, -1.0, -4.0, -3.0], [2, 2, 1]));
        let lengths = Some(&[3, 2][..]);

        let (seen, next) = look_back(x(), window(), 2, lengths, Direction::Forward);
        let first = [-2.0, -1.0, 1.0, -1.0, 1.0, 2.0, 1.0, 2.0, 3.0];
        assert_eq!(values(&seen)[..9], first);
        assert_eq!(values(&seen)[9..15], [-4.0, -3.0, 4.0, -3.0, 4.0, 5.0]);
        assert_eq!(values(&next), [2.0, 3.0, 4.0, 5.0]);

        let (seen, next) = look_back(x(), window(), 2, lengths, Direction::Backward);
        let first = [3.0, 2.0, 1.0, -1.0, 3.0, 2.0, -2.0, -1.0, 3.0];
        assert_eq!(values(&seen)[..9], first);
        assert_eq!(values(&seen)[9..15], [-3.0, 5.0, 4.0, -4.0, -3.0, 5.0]);
        assert_eq!(values(&next), [2.0, 1.0, 5.0, 4.0]);
    }

    #[test]
    fn without_a_window_the_first_steps_see_zeros() {
        let x = || tensor(&[1.0, 2.0, f32::NAN], [1, 3, 1]);
        for (direction, expected) in [
            (Direction::Forward, [0.0, 1.0, 1.0, 2.0]),
            (Direction::Backward, [2.0, 1.0, 0.0, 2.0]),
        ] {
            let (seen, _) = look_back(x(), None, 1, Some(&[2]), direction);
            assert_eq!(values(&seen)[..4], expected);
        }
    }

    #[test]
    fn a_row_shorter_than_the_window_keeps_part_of_the_old_one() {
        let x = tensor(&[9.0, 7.0], [2, 1, 1]);
        let window = Some(tensor(&[1.0, 2.0, 3.0, 4.0], [2, 2, 1]));
        let (_, next) = look_back(x, window, 2, Some(&[1, 0]), Direction::Forward);
        assert_eq!(values(&next), [2.0, 9.0, 3.0, 4.0]);
    }
}
