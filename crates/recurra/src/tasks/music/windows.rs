//! From tunes to what the network reads and what it should say.

use burn::tensor::TensorData;
use recurra_data::music::{NUM_KEYS, Roll, key_of};
use recurra_nn::{Device, Tensor};

/// A piece of a tune: `len` steps, each with the step after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) tune: usize,
    pub(super) start: usize,
    pub(super) len: usize,
}

/// Cuts tunes into pieces of at most `most` steps, so that every step but a tune's first is
/// asked for once.
pub(super) fn cut<'a>(rolls: impl Iterator<Item = &'a Roll>, most: Option<usize>) -> Vec<Window> {
    let mut windows = Vec::new();
    for (tune, roll) in rolls.enumerate() {
        let all = roll.len().saturating_sub(1);
        let most = most.unwrap_or(all).max(1);
        for start in (0..all).step_by(most) {
            let len = most.min(all - start);
            windows.push(Window { tune, start, len });
        }
    }
    windows
}

/// Pieces side by side.
#[derive(Debug)]
pub(super) struct RollBatch {
    /// `[batch, seq_len, 88]`: ones where a key sounds.
    pub(super) inputs: Tensor<3>,
    /// The same one step later.
    pub(super) targets: Tensor<3>,
    /// Steps of each row.
    pub(super) lengths: Vec<usize>,
}

/// A piece and by how many semitones it is shifted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) roll: &'a Roll,
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) shift: i32,
}

impl RollBatch {
    /// Pads pieces with silence.
    pub(super) fn pad(pieces: &[Piece<'_>], device: &Device) -> Self {
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len).collect();
        let seq_len = lengths.iter().copied().max().unwrap_or(0);
        let shape = [pieces.len(), seq_len, NUM_KEYS];
        let rows = |offset: usize| {
            let mut values = vec![0.0_f32; shape.iter().product()];
            for (row, piece) in pieces.iter().enumerate() {
                let steps = &piece.roll.steps()[piece.start + offset..][..piece.len];
                for (t, pitches) in steps.iter().enumerate() {
                    let at = (row * seq_len + t) * NUM_KEYS;
                    for &pitch in pitches {
                        // What a shift pushes off the keyboard is not played.
                        let key = key_of(pitch) as i32 + piece.shift;
                        if let Ok(key) = usize::try_from(key)
                            && key < NUM_KEYS
                        {
                            values[at + key] = 1.0;
                        }
                    }
                }
            }
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        Self {
            inputs: rows(0),
            targets: rows(1),
            lengths,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_but_the_first_is_asked_for_once_and_of_no_tune_nothing() {
        let roll = |len: usize| Roll::new(vec![vec![60]; len]).0;
        let rolls = [roll(6), roll(1), roll(0), roll(2)];
        let cut_into = |most| -> Vec<[usize; 3]> {
            let windows = cut(rolls.iter(), most).into_iter();
            windows.map(|one| [one.tune, one.start, one.len]).collect()
        };
        assert_eq!(
            cut_into(Some(2)),
            [[0, 0, 2], [0, 2, 2], [0, 4, 1], [3, 0, 1]]
        );
        assert_eq!(cut_into(None), [[0, 0, 5], [3, 0, 1]]);
    }
}
