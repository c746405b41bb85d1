//! What a scanning cell is: the equations of one unit at one step.

/// A cell, over numbers of one unit: `G` products (biases not yet added) and `V` vectors.
///
/// Implementations are `#[inline(always)]` and free of branches on values, so that a loop over
/// units becomes vector code.
pub(super) trait ScanCell<const G: usize, const V: usize>: Copy + Send + Sync {
    /// What [`open`](Self::open) finds, and the other functions read.
    type Gates: Copy;

    /// Whether the gates do not see the state.
    const LINEAR: bool = true;

    /// The gates, from the products and, unless the cell is linear, the state before the step.
    fn open<const FUSED: bool>(
        self,
        products: [f32; G],
        vectors: [f32; V],
        previous: f32,
    ) -> Self::Gates;

    /// `a` of `c' = a c + b`.
    fn keep(gates: Self::Gates) -> f32;

    /// `b` of `c' = a c + b`.
    fn add(gates: Self::Gates) -> f32;

    /// The output, from the state after the step.
    fn show(self, gates: Self::Gates, cell: f32, skip: f32) -> f32;

    /// The derivative of the output by that state.
    fn slope(gates: Self::Gates) -> f32;

    /// The way back through one step.
    fn close<const FUSED: bool>(self, gates: Self::Gates, step: Step<V>) -> Closed<G, V>;
}

/// What the way back through one step knows.
#[derive(Clone, Copy)]
pub(super) struct Step<const V: usize> {
    pub(super) vectors: [f32; V],
    pub(super) skip: f32,
    /// The state before the step.
    pub(super) previous: f32,
    /// The state after it.
    pub(super) cell: f32,
    /// Gradient of the output.
    pub(super) d_output: f32,
    /// Gradient of the state after the step: by way of the output, and from later steps.
    pub(super) d_cell: f32,
}

/// What the way back through one step finds.
#[derive(Clone, Copy)]
pub(super) struct Closed<const G: usize, const V: usize> {
    pub(super) d_products: [f32; G],
    pub(super) d_vectors: [f32; V],
    pub(super) d_skip: f32,
    /// Gradient of the state before the step, where the cell is not linear.
    pub(super) d_previous: f32,
}
