//! What a memory is turned into once, and what a query finds in it.

use crate::ops::{AttendInputs, AttendSpec, attended};
use crate::{NnError, lengths};
use burn::tensor::{Int, Tensor, TensorData};
use std::sync::Arc;

/// A memory ready to be attended to.
#[derive(Debug, Clone)]
pub struct Keys {
    /// `[batch, key_len, key_size]`
    keys: Tensor<3>,
    /// The memory itself, `[batch, key_len, memory_size]`.
    values: Tensor<3>,
    /// Real keys, `[batch]`.
    lengths: Option<Arc<[usize]>>,
}

/// What queries found.
#[derive(Debug, Clone)]
pub struct Attended {
    /// The memory, mixed by the alignment: `[batch, query_len, memory_size]`.
    pub context: Tensor<3>,
    /// Shares of the keys, `[batch, query_len, key_len]`: sums of 1 over real keys, 0 for padding
    /// and in rows without any key.
    pub alignment: Tensor<3>,
}

impl Keys {
    /// Keys made of `values`, of which each row has `lengths` real ones.
    pub(super) fn new(
        op: &'static str,
        keys: Tensor<3>,
        values: Tensor<3>,
        row_lengths: Option<&[usize]>,
    ) -> Result<Self, NnError> {
        let [batch_size, key_len, _] = values.dims();
        if let Some(row_lengths) = row_lengths {
            lengths::check(op, row_lengths, [batch_size, key_len])?;
        }
        Ok(Self {
            keys,
            values,
            lengths: row_lengths.map(Arc::from),
        })
    }

    /// The keys of these rows of the batch in this order; a row may come more than once, or not
    /// at all.
    pub fn select(self, rows: &[usize]) -> Self {
        let ids = rows.iter().map(|&row| row as i64).collect();
        let ids = TensorData::new::<i64, _>(ids, [rows.len()]);
        let ids = Tensor::<1, Int>::from_data(ids, &self.keys.device());
        let lengths = self.lengths;
        Self {
            keys: self.keys.select(0, ids.clone()),
            values: self.values.select(0, ids),
            lengths: lengths.map(|lengths| rows.iter().map(|&row| lengths[row]).collect()),
        }
    }

    /// What is compared with queries, `[batch, key_len, key_size]`, and what they find,
    /// `[batch, key_len, memory_size]`.
    pub(crate) fn into_tensors(self) -> [Tensor<3>; 2] {
        [self.keys, self.values]
    }

    /// Each key `k` moved by `amounts[b, k]` times `direction [key_size]`.
    pub(super) fn moved(
        self,
        op: &'static str,
        amounts: Tensor<2>,
        direction: Tensor<1>,
    ) -> Result<Self, NnError> {
        let [batch_size, key_len, _] = self.keys.dims();
        if amounts.dims() != [batch_size, key_len] {
            let want = [batch_size, key_len];
            return Err(NnError::shape(op, "coverage", want, amounts.dims()));
        }
        let moves = amounts.unsqueeze_dim::<3>(2) * direction.unsqueeze::<3>();
        Ok(Self {
            keys: self.keys + moves,
            ..self
        })
    }

    /// Attends with `queries`, of the keys' width: by their sum's tanh times `vector`, or with
    /// `scale` by their product.
    pub(super) fn attend(
        &self,
        op: &'static str,
        queries: Tensor<3>,
        vector: Tensor<1>,
        scale: Option<f64>,
    ) -> Result<Attended, NnError> {
        let [batch_size, _, key_size] = self.keys.dims();
        let [queries_batch, query_len, query_size] = queries.dims();
        if (queries_batch, query_size) != (batch_size, key_size) {
            let want = [batch_size, query_len, key_size];
            return Err(NnError::shape(op, "query", want, queries.dims()));
        }
        let inputs = AttendInputs {
            queries,
            keys: self.keys.clone(),
            values: self.values.clone(),
            vector,
        };
        let spec = AttendSpec {
            scale,
            lengths: self.lengths.clone(),
        };
        let (context, alignment) = attended(inputs, spec);
        Ok(Attended { context, alignment })
    }
}
