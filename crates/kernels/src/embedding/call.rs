//! The calls and their checks.

use crate::KernelError;
use crate::measure::Measure;

/// The sizes of a table: V and E of the documentation. Either may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EmbeddingShape {
    /// V: rows of the table.
    pub vocab_size: usize,
    /// E: width of a row.
    pub embed_size: usize,
}

/// `outputs[n] = weight[ids[n]]`
#[derive(Debug)]
pub struct Embed<'a, R = f32> {
    /// V and E.
    pub shape: EmbeddingShape,
    /// `[V, E]`
    pub weight: &'a [R],
    /// `[N]`, each below V.
    pub ids: &'a [u32],
    /// `[N, E]`, overwritten.
    pub outputs: &'a mut [R],
}

/// `d_weight[v] = Σ d_outputs[n]` over all n with `ids[n] = v`
#[derive(Debug)]
pub struct EmbedBackward<'a, R = f32> {
    /// V and E.
    pub shape: EmbeddingShape,
    /// `[N]`, each below V.
    pub ids: &'a [u32],
    /// An id whose row does not learn: its gradient stays zero.
    pub padding_id: Option<u32>,
    /// `[N, E]`
    pub d_outputs: &'a [R],
    /// `[V, E]`, overwritten.
    pub d_weight: &'a mut [R],
}

impl<R> Embed<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let measure = Measure { op: "embed" };
        let EmbeddingShape {
            vocab_size,
            embed_size,
        } = self.shape;
        measure.len("weight", "[V, E]", &[vocab_size, embed_size], self.weight)?;
        measure.ids("ids", self.ids, None, vocab_size)?;
        let dimensions = [self.ids.len(), embed_size];
        measure.len("outputs", "[N, E]", &dimensions, self.outputs)
    }
}

impl<R> EmbedBackward<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let measure = Measure {
            op: "embed_backward",
        };
        let EmbeddingShape {
            vocab_size,
            embed_size,
        } = self.shape;
        measure.ids("ids", self.ids, None, vocab_size)?;
        let dimensions = [self.ids.len(), embed_size];
        measure.len("d_outputs", "[N, E]", &dimensions, self.d_outputs)?;
        let dimensions = [vocab_size, embed_size];
        measure.len("d_weight", "[V, E]", &dimensions, self.d_weight)
    }
}
