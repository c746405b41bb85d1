//! Batches as padded rectangles. Padding and shifting happen here and nowhere else.

use crate::error::DataError;
use crate::vocab::{Specials, TokenId};

/// Rows of token ids, padded to the longest.
///
/// # Shapes
/// `ids [batch_size, seq_len]`, row by row; `lengths [batch_size]`.
///
/// # Example
/// ```
/// use recurra_data::batch::TokenBatch;
///
/// let batch = TokenBatch::pad(&[vec![5, 6, 7], vec![8]], 0)?;
/// assert_eq!(batch.ids, [5, 6, 7, 8, 0, 0]);
/// assert_eq!(batch.lengths, [3, 1]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// The ids, row by row.
    pub ids: Vec<TokenId>,
    /// How many ids of each row are real.
    pub lengths: Vec<usize>,
    /// How many rows.
    pub batch_size: usize,
    /// How long each row is with its padding.
    pub seq_len: usize,
}

impl TokenBatch {
    /// Pads rows with `pad` up to the longest. A row may be empty, but not all of them.
    ///
    /// # Errors
    /// [`DataError::Batch`] without rows, or when all of them are empty.
    pub fn pad<R: AsRef<[TokenId]>>(rows: &[R], pad: TokenId) -> Result<Self, DataError> {
        let lengths: Vec<usize> = rows.iter().map(|row| row.as_ref().len()).collect();
        let seq_len = padded_len(&lengths)?;
        let mut ids = vec![pad; rows.len() * seq_len];
        for (place, row) in ids.chunks_exact_mut(seq_len).zip(rows) {
            let row = row.as_ref();
            place[..row.len()].copy_from_slice(row);
        }
        Ok(Self {
            ids,
            batch_size: rows.len(),
            lengths,
            seq_len,
        })
    }

    /// The real ids of each row.
    pub fn rows(&self) -> impl Iterator<Item = &[TokenId]> {
        let padded = self.ids.chunks_exact(self.seq_len);
        padded.zip(&self.lengths).map(|(row, &len)| &row[..len])
    }

    /// True for a real id, false for padding.
    ///
    /// # Shapes
    /// `[batch_size, seq_len]`, row by row.
    pub fn mask(&self) -> Vec<bool> {
        mask(&self.lengths, self.seq_len)
    }
}

/// What a decoder is fed and what it is to say, made from the same rows by teacher forcing.
///
/// For a row `a b c` the decoder input is `bos a b c` and the labels are `a b c eos`: at every
/// place it sees what is right so far and is to say what comes next. Both have the same lengths,
/// one more than the row's.
///
/// # Example
/// ```
/// use recurra_data::batch::Targets;
/// use recurra_data::vocab::Specials;
///
/// let targets = Targets::teacher_forced(&[vec![4, 5], vec![6]], Specials::STANDARD)?;
/// assert_eq!(targets.decoder_input().ids, [1, 4, 5, 1, 6, 0]);
/// assert_eq!(targets.labels().ids, [4, 5, 2, 6, 2, 0]);
/// assert_eq!(targets.labels().lengths, [3, 2]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    decoder_input: TokenBatch,
    labels: TokenBatch,
}

impl Targets {
    /// Makes both sides from rows without `bos` and `eos`. A row may be empty: then the decoder
    /// is to say `eos` at once.
    ///
    /// # Errors
    /// [`DataError::Batch`] without rows, or when a row has a `pad`, `bos` or `eos` already.
    pub fn teacher_forced<R: AsRef<[TokenId]>>(
        rows: &[R],
        specials: Specials,
    ) -> Result<Self, DataError> {
        let Specials { pad, bos, eos, .. } = specials;
        let mut inputs = Vec::with_capacity(rows.len());
        let mut labels = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if let Some(id) = row.iter().find(|id| [pad, bos, eos].contains(id)) {
                return Err(DataError::Batch {
                    what: format!("row {index}"),
                    expected: String::from("ids without pad, bos and eos, which are added here"),
                    got: format!("id {id}"),
                });
            }
            inputs.push([&[bos], row].concat());
            labels.push([row, &[eos]].concat());
        }
        Ok(Self {
            decoder_input: TokenBatch::pad(&inputs, pad)?,
            labels: TokenBatch::pad(&labels, pad)?,
        })
    }

    /// `bos`, then the row.
    pub fn decoder_input(&self) -> &TokenBatch {
        &self.decoder_input
    }

    /// The row, then `eos`.
    pub fn labels(&self) -> &TokenBatch {
        &self.labels
    }
}

/// One example of a [`SeriesBatch`], borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesRow<'a> {
    /// `[len, input_size]`, step by step.
    pub values: &'a [f32],
    /// `[target_size]`: what is to be said after the last step.
    pub target: &'a [f32],
}

/// Rows of numbers, padded with zeros to the longest, with a target each.
///
/// # Shapes
/// `values [batch_size, seq_len, input_size]`, row by row and step by step; `lengths
/// [batch_size]`; `targets [batch_size, target_size]`.
///
/// # Example
/// ```
/// use recurra_data::batch::{SeriesBatch, SeriesRow};
///
/// let rows = [
///     SeriesRow { values: &[1.0, 2.0, 3.0], target: &[4.0] },
///     SeriesRow { values: &[7.0], target: &[8.0] },
/// ];
/// let batch = SeriesBatch::pad(&rows, 1)?;
/// assert_eq!(batch.values, [1.0, 2.0, 3.0, 7.0, 0.0, 0.0]);
/// assert_eq!(batch.lengths, [3, 1]);
/// assert_eq!(batch.targets, [4.0, 8.0]);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesBatch {
    /// The numbers, row by row and step by step.
    pub values: Vec<f32>,
    /// How many steps of each row are real.
    pub lengths: Vec<usize>,
    /// What is to be said, row by row.
    pub targets: Vec<f32>,
    /// How many rows.
    pub batch_size: usize,
    /// How many steps each row has with its padding.
    pub seq_len: usize,
    /// How many numbers a step has.
    pub input_size: usize,
    /// How many numbers a target has.
    pub target_size: usize,
}

impl SeriesBatch {
    /// Pads rows with zeros up to the longest. A row may be empty, but not all of them.
    ///
    /// # Errors
    /// [`DataError::Batch`] without rows, when all of them are empty, when the values of a row do
    /// not divide into steps of `input_size`, or when targets differ in size.
    pub fn pad(rows: &[SeriesRow<'_>], input_size: usize) -> Result<Self, DataError> {
        if input_size == 0 {
            return Err(DataError::Batch {
                what: String::from("input_size"),
                expected: String::from("at least 1"),
                got: String::from("0"),
            });
        }
        let target_size = rows.first().map_or(0, |row| row.target.len());
        for (index, row) in rows.iter().enumerate() {
            if row.values.len() % input_size != 0 {
                return Err(DataError::Batch {
                    what: format!("values of row {index}"),
                    expected: format!("a multiple of input_size {input_size}"),
                    got: format!("{} values", row.values.len()),
                });
            }
            if row.target.len() != target_size {
                return Err(DataError::Batch {
                    what: format!("target of row {index}"),
                    expected: format!("{target_size} values as in row 0"),
                    got: format!("{} values", row.target.len()),
                });
            }
        }
        let lengths: Vec<usize> = rows
            .iter()
            .map(|row| row.values.len() / input_size)
            .collect();
        let seq_len = padded_len(&lengths)?;
        let mut values = vec![0.0; rows.len() * seq_len * input_size];
        for (place, row) in values.chunks_exact_mut(seq_len * input_size).zip(rows) {
            place[..row.values.len()].copy_from_slice(row.values);
        }
        Ok(Self {
            values,
            targets: rows.iter().flat_map(|row| row.target).copied().collect(),
            batch_size: rows.len(),
            lengths,
            seq_len,
            input_size,
            target_size,
        })
    }

    /// True for a real step, false for padding.
    ///
    /// # Shapes
    /// `[batch_size, seq_len]`, row by row.
    pub fn mask(&self) -> Vec<bool> {
        mask(&self.lengths, self.seq_len)
    }
}

/// The longest length; an error when there is nothing to pad.
fn padded_len(lengths: &[usize]) -> Result<usize, DataError> {
    let seq_len = lengths.iter().copied().max().unwrap_or(0);
    if seq_len == 0 {
        return Err(DataError::Batch {
            what: String::from("rows"),
            expected: String::from("at least one row with a step"),
            got: format!("{} rows, all empty", lengths.len()),
        });
    }
    Ok(seq_len)
}

fn mask(lengths: &[usize], seq_len: usize) -> Vec<bool> {
    lengths
        .iter()
        .flat_map(|&len| (0..seq_len).map(move |step| step < len))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_of_nothing_is_an_error() {
        let none: [Vec<TokenId>; 0] = [];
        assert!(TokenBatch::pad(&none, 0).is_err());
        assert!(TokenBatch::pad(&[vec![], vec![]], 0).is_err());
        assert!(SeriesBatch::pad(&[], 1).is_err());
        assert!(Targets::teacher_forced(&none, Specials::STANDARD).is_err());
    }

    #[test]
    fn an_empty_row_beside_others_is_all_padding() {
        let batch = TokenBatch::pad(&[vec![], vec![9]], 0).unwrap();
        assert_eq!((batch.ids, batch.lengths), (vec![0, 9], vec![0, 1]));
    }

    #[test]
    fn an_empty_target_says_eos_at_once() {
        let targets = Targets::teacher_forced(&[vec![]], Specials::STANDARD).unwrap();
        assert_eq!(targets.decoder_input().ids, [Specials::STANDARD.bos]);
        assert_eq!(targets.labels().ids, [Specials::STANDARD.eos]);
    }

    #[test]
    fn a_row_that_is_shifted_already_is_refused() {
        let error = Targets::teacher_forced(&[vec![4], vec![1, 5]], Specials::STANDARD);
        insta::assert_snapshot!(error.unwrap_err(), @"batch: row 1: expected ids without pad, bos and eos, which are added here, got id 1");
    }

    #[test]
    fn steps_of_several_numbers_stay_together() {
        let rows = [
            SeriesRow {
                values: &[1.0, 2.0],
                target: &[],
            },
            SeriesRow {
                values: &[3.0, 4.0, 5.0, 6.0],
                target: &[],
            },
        ];
        let batch = SeriesBatch::pad(&rows, 2).unwrap();
        assert_eq!(batch.values, [1.0, 2.0, 0.0, 0.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!((batch.seq_len, batch.target_size), (2, 0));
        assert_eq!(batch.mask(), [true, false, true, true]);
    }

    #[test]
    fn rows_that_do_not_fit_are_named() {
        let row = |values, target| SeriesRow { values, target };
        let ragged = SeriesBatch::pad(&[row(&[1.0, 2.0], &[]), row(&[1.0], &[])], 2);
        insta::assert_snapshot!(ragged.unwrap_err(), @"batch: values of row 1: expected a multiple of input_size 2, got 1 values");
        let targets = SeriesBatch::pad(&[row(&[1.0], &[1.0]), row(&[1.0], &[])], 1);
        insta::assert_snapshot!(targets.unwrap_err(), @"batch: target of row 1: expected 1 values as in row 0, got 0 values");
        assert!(SeriesBatch::pad(&[row(&[1.0], &[])], 0).is_err());
    }

    proptest! {
        #[test]
        fn padding_keeps_every_row(
            rows in prop::collection::vec(prop::collection::vec(3u32..50, 1..9), 1..9),
        ) {
            let batch = TokenBatch::pad(&rows, 0).unwrap();
            prop_assert_eq!(batch.rows().collect::<Vec<_>>(), rows.clone());
            let real = batch.mask().iter().filter(|&&real| real).count();
            prop_assert_eq!(real, rows.concat().len());
            let padding = batch.ids.iter().zip(batch.mask()).filter(|(_, real)| !real);
            prop_assert!(padding.into_iter().all(|(&id, _)| id == 0));

            let targets = Targets::teacher_forced(&rows, Specials::STANDARD).unwrap();
            let (input, labels) = (targets.decoder_input(), targets.labels());
            prop_assert_eq!(&input.lengths, &labels.lengths);
            for ((input, labels), row) in input.rows().zip(labels.rows()).zip(&rows) {
                prop_assert_eq!(&input[1..], &labels[..row.len()]);
            }
        }
    }
}
