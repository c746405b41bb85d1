//! What the encoder has read, for several hypotheses of a source at once.

use super::copy::Copies;
use super::sources::{Groups, Sources};
use super::{Attention, Tokens};
use crate::NnError;
use crate::attention::{Attended, Keys};
use crate::weights::values;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The encoded sources of a batch.
///
/// The hypotheses of one source share its keys: they attend as several queries of one row.
#[derive(Debug, Clone)]
pub struct Memory {
    /// One row for each source; none without attention.
    keys: Option<Keys>,
    /// What can be copied from each source; none where nothing is.
    copies: Option<Copies>,
    sources: Sources,
}

impl Memory {
    /// One row for each source.
    pub(super) fn new(keys: Option<Keys>, lengths: &[usize]) -> Self {
        Self {
            keys,
            copies: None,
            sources: Sources::new(lengths),
        }
    }

    /// The same with tokens that can be copied.
    pub(super) fn with_copies(self, source: Tokens<'_>, device: &Device) -> Self {
        Self {
            copies: Some(Copies::new(source, device)),
            ..self
        }
    }

    /// The true length of each row's source.
    pub fn source_lengths(&self) -> impl Iterator<Item = usize> {
        self.sources.lengths_by_row()
    }

    /// Of an alignment `[rows, 1, source_len]` each row's weights over its own source.
    pub(super) fn by_row(&self, alignment: &Tensor<3>) -> Vec<Vec<f32>> {
        self.sources.by_row(&values(alignment), alignment.dims()[2])
    }

    /// The memory of these rows in this order; a row may come more than once, or not at all.
    pub fn select(mut self, rows: &[usize]) -> Self {
        if let Some(active) = self.sources.select(rows) {
            self.keys = self.keys.map(|keys| keys.select(&active));
            self.copies = self.copies.map(|copies| copies.select(&active));
        }
        self
    }

    /// The keys, one row for each source, and whose they are.
    pub(super) fn into_parts(self) -> (Option<Keys>, Sources) {
        (self.keys, self.sources)
    }

    /// What queries `[batch, query_len, query_size]` find; of several rows of one source, each
    /// must be one query long.
    pub(super) fn attend(
        &self,
        attention: &Attention,
        query: Tensor<3>,
    ) -> Result<Option<Attended>, NnError> {
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        let [rows, query_len, _] = query.dims();
        if rows != self.sources.of_rows().len() {
            let want = self.sources.of_rows().len();
            return Err(NnError::shape("seq2seq", "query", want, rows));
        }
        if self.sources.are_rows() {
            return attention.attend(query, keys).map(Some);
        }
        if query_len != 1 {
            return Err(NnError::shape("seq2seq", "query_len", 1, query_len));
        }
        let groups = self.sources.groups();
        let attended = attention.attend(gather(&groups, query), keys)?;
        Ok(Some(Attended {
            context: scatter(&groups, attended.context),
            alignment: scatter(&groups, attended.alignment),
        }))
    }

    /// What queries `[rows, 1, query_size]` find where each row has attended to the positions of
    /// its source by `coverage [rows, source_len]` in all.
    pub(super) fn attend_covered(
        &self,
        attention: &Attention,
        query: Tensor<3>,
        coverage: Tensor<2>,
    ) -> Result<Option<Attended>, NnError> {
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        // A row has keys of its own as soon as it has looked at them.
        let keys = match self.sources.are_rows() {
            true => keys.clone(),
            false => keys.clone().select(self.sources.of_rows()),
        };
        let keys = attention.cover(keys, coverage)?;
        attention.attend(query, &keys).map(Some)
    }

    /// Logits, and what is copied by the alignment: see [`Copies::mix`]. Without anything to be
    /// copied the logits alone.
    pub(super) fn mix(
        &self,
        logits: Tensor<3>,
        gate: Tensor<3>,
        alignment: Tensor<3>,
    ) -> Tensor<3> {
        match &self.copies {
            None => logits,
            Some(copies) if self.sources.are_rows() => copies.mix(logits, gate, alignment),
            Some(copies) => {
                let copies = copies.clone().select(self.sources.of_rows());
                copies.mix(logits, gate, alignment)
            }
        }
    }
}

/// `[rows, 1, size]` as `[num_sources, width, size]`; where there is no row stands the first.
fn gather(groups: &Groups, x: Tensor<3>) -> Tensor<3> {
    let size = x.dims()[2];
    let mut rows = vec![0; groups.num_sources * groups.width];
    for (row, &place) in (0..).zip(&groups.places) {
        rows[place] = row;
    }
    pick(x, rows).reshape([groups.num_sources, groups.width, size])
}

/// The way back.
fn scatter(groups: &Groups, x: Tensor<3>) -> Tensor<3> {
    let size = x.dims()[2];
    let x = x.reshape([groups.num_sources * groups.width, 1, size]);
    pick(x, groups.places.iter().map(|&place| place as i64).collect())
}

/// Rows of `x` by their indices.
fn pick(x: Tensor<3>, rows: Vec<i64>) -> Tensor<3> {
    let count = rows.len();
    let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &x.device());
    x.select(0, rows)
}
