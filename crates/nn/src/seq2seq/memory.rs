//! What the encoder has read, for several hypotheses of a source at once.

use super::copy::Copies;
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
    /// True length of each source.
    lengths: Vec<usize>,
    /// For each row of the batch, the source that it belongs to.
    sources: Vec<usize>,
}

impl Memory {
    /// One row for each source.
    pub(super) fn new(keys: Option<Keys>, lengths: &[usize]) -> Self {
        Self {
            keys,
            copies: None,
            lengths: lengths.to_vec(),
            sources: (0..lengths.len()).collect(),
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
        self.sources.iter().map(|&source| self.lengths[source])
    }

    /// Of an alignment `[rows, 1, source_len]` each row's weights over its own source.
    pub(super) fn by_row(&self, alignment: &Tensor<3>) -> Vec<Vec<f32>> {
        let source_len = alignment.dims()[2];
        let all = values(alignment);
        let rows = all.chunks_exact(source_len).zip(self.source_lengths());
        rows.map(|(row, length)| row[..length].to_vec()).collect()
    }

    /// The memory of these rows in this order; a row may come more than once, or not at all.
    pub fn select(mut self, rows: &[usize]) -> Self {
        self.sources = rows.iter().map(|&row| self.sources[row]).collect();
        let mut active = self.sources.clone();
        active.sort_unstable();
        active.dedup();
        // Keys of sources that are done cost time at every step, and copying all others once.
        if 2 * active.len() <= self.lengths.len() {
            self.keys = self.keys.map(|keys| keys.select(&active));
            self.copies = self.copies.map(|copies| copies.select(&active));
            self.lengths = active.iter().map(|&source| self.lengths[source]).collect();
            let place = |source: &usize| active.partition_point(|other| other < source);
            self.sources = self.sources.iter().map(place).collect();
        }
        self
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
        if rows != self.sources.len() {
            let want = self.sources.len();
            return Err(NnError::shape("seq2seq", "query", want, rows));
        }
        if self.is_one_to_one() {
            return attention.attend(query, keys).map(Some);
        }
        if query_len != 1 {
            return Err(NnError::shape("seq2seq", "query_len", 1, query_len));
        }
        let groups = Groups::new(&self.sources, self.lengths.len());
        let attended = attention.attend(groups.gather(query), keys)?;
        Ok(Some(Attended {
            context: groups.scatter(attended.context),
            alignment: groups.scatter(attended.alignment),
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
        let keys = match self.is_one_to_one() {
            true => keys.clone(),
            false => keys.clone().select(&self.sources),
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
            Some(copies) if self.is_one_to_one() => copies.mix(logits, gate, alignment),
            Some(copies) => {
                let copies = copies.clone().select(&self.sources);
                copies.mix(logits, gate, alignment)
            }
        }
    }

    /// Whether every source has one row, in their order.
    fn is_one_to_one(&self) -> bool {
        self.sources.iter().copied().eq(0..self.lengths.len())
    }
}

/// Rows of a batch as queries of their sources, `[num_sources, width]`.
#[derive(Debug)]
struct Groups {
    num_sources: usize,
    /// The most rows of a source.
    width: usize,
    /// For each row its place.
    places: Vec<i64>,
}

impl Groups {
    fn new(sources: &[usize], num_sources: usize) -> Self {
        let mut counts = vec![0; num_sources];
        for &source in sources {
            counts[source] += 1;
        }
        let width = counts.iter().copied().max().unwrap_or(0);
        counts.fill(0);
        let places = sources.iter().map(|&source| {
            let place = source * width + counts[source];
            counts[source] += 1;
            place as i64
        });
        Self {
            num_sources,
            width,
            places: places.collect(),
        }
    }

    /// `[rows, 1, size]` as `[num_sources, width, size]`; where there is no row stands the first.
    fn gather(&self, x: Tensor<3>) -> Tensor<3> {
        let size = x.dims()[2];
        let mut rows = vec![0; self.num_sources * self.width];
        for (row, &place) in (0..).zip(&self.places) {
            rows[place as usize] = row;
        }
        pick(x, rows).reshape([self.num_sources, self.width, size])
    }

    /// The way back.
    fn scatter(&self, x: Tensor<3>) -> Tensor<3> {
        let size = x.dims()[2];
        let x = x.reshape([self.num_sources * self.width, 1, size]);
        pick(x, self.places.clone())
    }
}

/// Rows of `x` by their indices.
fn pick(x: Tensor<3>, rows: Vec<i64>) -> Tensor<3> {
    let count = rows.len();
    let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &x.device());
    x.select(0, rows)
}
