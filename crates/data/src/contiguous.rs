//! A long text as rows that are read side by side, a window at a time.

use crate::error::DataError;
use crate::vocab::TokenId;

/// One stream of tokens, cut into `batch_size` rows of equal length that go on from window to
/// window.
///
/// Row `r` of a window continues row `r` of the window before, so that a recurrent state can be
/// carried over: truncated back-propagation through time. Every token but the first of a row is
/// predicted once; the last `batch_size - 1` tokens at most are left out, and the last window may
/// be shorter.
///
/// # Source
/// Mikolov et al. 2010; in this form Zaremba, Sutskever and Vinyals 2014.
///
/// # Example
/// ```
/// use recurra_data::Contiguous;
///
/// let stream: Vec<u32> = (0..11).collect();
/// let rows = Contiguous::new(&stream, 2)?; // 0 1 2 3 4 5 | 5 6 7 8 9 10
/// assert_eq!(rows.num_windows(3), 2);
/// let window = rows.window(1, 3);
/// assert_eq!(window.input, [3, 4, 8, 9]);
/// assert_eq!(window.labels, [4, 5, 9, 10]);
/// assert_eq!(window.seq_len, 2);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Contiguous<'a> {
    stream: &'a [TokenId],
    batch_size: usize,
    row_len: usize,
}

/// Some steps of every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What is read, row-major `[batch_size, seq_len]`.
    pub input: Vec<TokenId>,
    /// What follows each, `[batch_size, seq_len]`.
    pub labels: Vec<TokenId>,
    /// Steps.
    pub seq_len: usize,
}

impl<'a> Contiguous<'a> {
    /// Cuts a stream.
    ///
    /// # Errors
    /// [`DataError::TooFew`] when a row would have nothing to predict.
    pub fn new(stream: &'a [TokenId], batch_size: usize) -> Result<Self, DataError> {
        let row_len = stream.len().saturating_sub(1) / batch_size.max(1);
        if row_len == 0 || batch_size == 0 {
            return Err(DataError::TooFew {
                what: format!("a text read as {batch_size} rows"),
                expected: batch_size.max(1) + 1,
                got: stream.len(),
                unit: "tokens",
                advice: "give a longer text, or read it as fewer rows",
            });
        }
        Ok(Self {
            stream,
            batch_size,
            row_len,
        })
    }

    /// Rows.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Predictions in each row.
    pub fn row_len(&self) -> usize {
        self.row_len
    }

    /// Windows of at most `tbptt_len` steps.
    pub fn num_windows(&self, tbptt_len: usize) -> usize {
        self.row_len.div_ceil(tbptt_len.max(1))
    }

    /// The window with this index, counted from 0; without steps behind the last one.
    pub fn window(&self, index: usize, tbptt_len: usize) -> Window {
        let start = (index * tbptt_len).min(self.row_len);
        let seq_len = tbptt_len.min(self.row_len - start);
        let rows = |shift: usize| -> Vec<TokenId> {
            (0..self.batch_size)
                .flat_map(|row| &self.stream[row * self.row_len + start + shift..][..seq_len])
                .copied()
                .collect()
        };
        Window {
            input: rows(0),
            labels: rows(1),
            seq_len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stream_without_a_prediction_for_every_row_is_refused() {
        let error = Contiguous::new(&[1, 2, 3], 3).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected at least 4 tokens, got 3"),
            "{error}"
        );
        assert!(Contiguous::new(&[], 1).is_err());
        assert!(Contiguous::new(&[1, 2], 0).is_err());
    }

    proptest! {
        #[test]
        fn windows_of_a_row_put_together_are_the_row(
            len in 2usize..200, batch_size in 1usize..7, tbptt_len in 1usize..30,
        ) {
            let stream: Vec<u32> = (0..len as u32).collect();
            let Ok(rows) = Contiguous::new(&stream, batch_size) else {
                prop_assert!(len <= batch_size);
                return Ok(());
            };
            for row in 0..batch_size {
                let windows = (0..rows.num_windows(tbptt_len)).map(|i| rows.window(i, tbptt_len));
                let (input, labels): (Vec<u32>, Vec<u32>) = windows
                    .flat_map(|window| {
                        let steps = row * window.seq_len..(row + 1) * window.seq_len;
                        let pairs = window.input[steps.clone()].iter().zip(&window.labels[steps]);
                        pairs.map(|(&a, &b)| (a, b)).collect::<Vec<_>>()
                    })
                    .unzip();
                let start = (row * rows.row_len()) as u32;
                let want: Vec<u32> = (start..start + rows.row_len() as u32).collect();
                prop_assert_eq!(&input, &want);
                prop_assert!(labels.iter().zip(&input).all(|(label, id)| *label == id + 1));
            }
        }
    }
}
