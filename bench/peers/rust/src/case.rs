//! A case as files: `case.txt` with cell and sizes, each array as little-endian floats.

use crate::Result;
use std::fs;
use std::path::Path;

#[derive(Clone)]
pub(crate) struct Case {
    /// `lstm` or `gru`.
    pub(crate) cell: String,
    pub(crate) seq_len: usize,
    pub(crate) batch_size: usize,
    pub(crate) input_size: usize,
    pub(crate) hidden_size: usize,
    /// `[T, B, I]`.
    pub(crate) x: Vec<f32>,
    /// Weights in PyTorch's layout.
    pub(crate) w_ih: Vec<f32>,
    pub(crate) w_hh: Vec<f32>,
    pub(crate) b_ih: Vec<f32>,
    pub(crate) b_hh: Vec<f32>,
    /// `[T, B, H]`.
    pub(crate) d_outputs: Vec<f32>,
}

impl Case {
    pub(crate) fn read(folder: &Path) -> Result<Case> {
        let text = fs::read_to_string(folder.join("case.txt"))?;
        let mut words = text.split_whitespace();
        let cell = words.next().ok_or("case.txt: no cell")?.to_owned();
        let sizes = words
            .map(str::parse)
            .collect::<std::result::Result<Vec<usize>, _>>()?;
        let [seq_len, batch_size, input_size, hidden_size] = sizes[..] else {
            return Err("case.txt: not four sizes".into());
        };
        let array = |name: &str| -> Result<Vec<f32>> {
            let bytes = fs::read(folder.join(format!("{name}.f32")))?;
            let words = bytes.as_chunks::<4>().0.iter();
            Ok(words.map(|word| f32::from_le_bytes(*word)).collect())
        };
        Ok(Case {
            cell,
            seq_len,
            batch_size,
            input_size,
            hidden_size,
            x: array("x")?,
            w_ih: array("w_ih")?,
            w_hh: array("w_hh")?,
            b_ih: array("b_ih")?,
            b_hh: array("b_hh")?,
            d_outputs: array("d_outputs")?,
        })
    }

    pub(crate) fn gates(&self) -> usize {
        if self.cell == "lstm" { 4 } else { 3 }
    }

    /// `[T, B, F]` as `[B, T, F]`, or back when the first two sizes are swapped too.
    pub(crate) fn swapped(values: &[f32], [first, second]: [usize; 2]) -> Vec<f32> {
        let width = values.len() / (first * second);
        let mut swapped = Vec::with_capacity(values.len());
        for inner in 0..second {
            for outer in 0..first {
                let start = (outer * second + inner) * width;
                swapped.extend_from_slice(&values[start..start + width]);
            }
        }
        swapped
    }

    /// Batch first, for the peers that want that.
    pub(crate) fn batch_first(&self, values: &[f32]) -> Vec<f32> {
        Case::swapped(values, [self.seq_len, self.batch_size])
    }

    pub(crate) fn time_first(&self, values: &[f32]) -> Vec<f32> {
        Case::swapped(values, [self.batch_size, self.seq_len])
    }
}
