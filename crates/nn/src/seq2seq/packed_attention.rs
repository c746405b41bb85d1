//! Attention as single steps compute it, without tensors.

use super::Attention;
use super::rows::Rows;
use super::sources::Sources;
use crate::NnError;
use crate::attention::Keys;
use crate::streaming::{Precision, StreamLinear};
use crate::weights::values;
use recurra_kernels::{Attend, AttentionShape, Score, StepWorkspace, attend};

/// An [`Attention`] whose projection of queries is packed, in f32.
#[derive(Debug, Clone)]
pub(super) struct PackedAttention {
    /// None where queries are compared as they are.
    query: Option<StreamLinear>,
    scoring: Scoring,
}

/// A kernel's [`Score`] with its own weights.
#[derive(Debug, Clone)]
enum Scoring {
    Additive { vector: Vec<f32> },
    Dot { scale: f64 },
}

/// The keys of the sources, for rows that each belong to one of them.
#[derive(Debug, Clone)]
pub(super) struct PackedMemory {
    /// `[num_sources, key_len, key_size]`
    keys: Vec<f32>,
    /// `[num_sources, key_len, value_size]`
    values: Vec<f32>,
    /// Of one row.
    shape: AttentionShape,
    sources: Sources,
}

/// Where rows attend; it holds nothing between steps.
#[derive(Debug, Clone, Default)]
pub(super) struct AttentionSpace {
    projected: Rows,
    /// `[num_sources, width, key_size]`, what follows alike.
    queries: Vec<f32>,
    context: Vec<f32>,
    alignment: Vec<f32>,
}

/// What the rows found in their sources.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) context: Rows,
    /// Each row's weights over its own source.
    pub(super) alignment: Vec<Vec<f32>>,
}

impl PackedAttention {
    /// Packs the projection of queries of an attention to a memory of this width.
    pub(super) fn new(attention: &Attention, memory_size: usize) -> Result<Self, NnError> {
        Ok(match attention {
            Attention::Additive(attention) => {
                let weight = attention.w_query.val();
                let zeros = || vec![0.0; weight.dims()[0]];
                let bias = attention.bias.as_ref();
                let bias = bias.map_or_else(zeros, |bias| values(&bias.val()));
                Self {
                    query: Some(StreamLinear::from_parts(&weight, bias, Precision::F32)?),
                    scoring: Scoring::Additive {
                        vector: values(&attention.scoring()),
                    },
                }
            }
            Attention::Dot(attention) => {
                let projection = attention.w_query.as_ref().map(|weight| {
                    let zeros = vec![0.0; memory_size];
                    StreamLinear::from_parts(&weight.val(), zeros, Precision::F32)
                });
                Self {
                    query: projection.transpose()?,
                    scoring: Scoring::Dot {
                        scale: attention.product.scale(memory_size),
                    },
                }
            }
        })
    }

    /// What each row finds in its source by its query.
    pub(super) fn attend(
        &self,
        memory: &PackedMemory,
        query: &Rows,
        space: &mut AttentionSpace,
        kernel: &mut StepWorkspace,
    ) -> Result<Found, NnError> {
        let AttentionSpace {
            projected,
            queries,
            context,
            alignment,
        } = space;
        let rows = memory.sources.of_rows().len();
        let query = match &self.query {
            None => query,
            Some(linear) => {
                let values = projected.replace(linear.output_size());
                linear.apply_to_rows(query.values(), rows, values, kernel)?;
                projected
            }
        };
        let groups = memory.sources.groups();
        let shape = AttentionShape {
            batch_size: groups.num_sources,
            query_len: groups.width,
            ..memory.shape
        };
        // A place without a row has any numbers, and what it finds is never read.
        let count = groups.num_sources * groups.width;
        queries.resize(count * shape.key_size, 0.0);
        context.resize(count * shape.value_size, 0.0);
        alignment.resize(count * shape.key_len, 0.0);
        let by_row = query.values().chunks_exact(shape.key_size);
        for (row, &place) in by_row.zip(&groups.places) {
            queries[place * shape.key_size..][..shape.key_size].copy_from_slice(row);
        }
        attend(Attend {
            shape,
            score: match &self.scoring {
                Scoring::Additive { vector } => Score::Additive { vector },
                &Scoring::Dot { scale } => Score::Dot { scale },
            },
            queries,
            keys: &memory.keys,
            values: &memory.values,
            lengths: Some(memory.sources.lengths()),
            alignment,
            context,
        })?;
        let mut found = Found {
            context: Rows::default(),
            alignment: Vec::with_capacity(rows),
        };
        found.context.clear(shape.value_size);
        for (&place, length) in groups.places.iter().zip(memory.sources.lengths_by_row()) {
            let context = &context[place * shape.value_size..];
            found.context.push(&context[..shape.value_size]);
            let alignment = &alignment[place * shape.key_len..][..length];
            found.alignment.push(alignment.to_vec());
        }
        Ok(found)
    }
}

impl PackedMemory {
    /// The keys of these sources.
    pub(super) fn new(keys: Keys, sources: Sources) -> Self {
        let [keys, memory] = keys.into_tensors();
        let [_, key_len, key_size] = keys.dims();
        Self {
            keys: values(&keys),
            values: values(&memory),
            shape: AttentionShape {
                batch_size: 1,
                query_len: 1,
                key_len,
                key_size,
                value_size: memory.dims()[2],
            },
            sources,
        }
    }

    /// Becomes the memory of these rows in this order; a row may come more than once, or not at
    /// all.
    pub(super) fn select(&mut self, rows: &[usize]) {
        let Some(active) = self.sources.select(rows) else {
            return;
        };
        let AttentionShape {
            key_len,
            key_size,
            value_size,
            ..
        } = self.shape;
        for (values, len) in [
            (&mut self.keys, key_len * key_size),
            (&mut self.values, key_len * value_size),
        ] {
            let kept = active
                .iter()
                .flat_map(|source| &values[source * len..][..len]);
            *values = kept.copied().collect();
        }
    }
}
