//! What a stream has read, and memory to work in.

use recurra_kernels::StepWorkspace;

/// What one stream has read so far; made by [`Streamer::zero_state`](super::Streamer::zero_state).
///
/// A copy is a stream that goes on from the same place, as a beam search needs.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamState {
    /// `[S, hidden_size]` of each layer from the bottom up: hidden, then cell state.
    pub(super) layers: Vec<Vec<f32>>,
}

impl StreamState {
    /// Forgets everything.
    pub fn reset(&mut self) {
        for layer in &mut self.layers {
            layer.fill(0.0);
        }
    }
}

/// The working memory of steps: one for each thread, or for each stream. It holds nothing
/// between steps and grows at the first one.
#[derive(Debug, Clone, Default)]
pub struct StreamWorkspace {
    pub(super) step: StepWorkspace,
    /// What the layer reads.
    pub(super) signal: Vec<f32>,
    /// What a highway lets through.
    pub(super) carry: Vec<f32>,
}

impl StreamWorkspace {
    /// One that has still to grow.
    pub fn new() -> Self {
        Self::default()
    }
}
