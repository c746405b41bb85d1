//! The rules and their numbers.

/// How gradients become changes: g the gradient, w a weight, η the learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// `b ← momentum·b + g` (the first `b` is `g` itself), `w ← w − η·b`, or with `nesterov`
    /// `w ← w − η·(g + momentum·b)`. Remembers b unless `momentum` is 0.
    Sgd {
        /// Share of the last step that is kept.
        momentum: f64,
        /// Look ahead along the momentum.
        nesterov: bool,
        /// λ, added to the gradient.
        weight_decay: f64,
    },
    /// `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `w ← w − η·m̂ / (√v̂ + ε)`, hats
    /// bias-corrected. Remembers m and v.
    Adam {
        /// β₁ and β₂.
        betas: [f64; 2],
        /// ε
        epsilon: f64,
        /// What weight decay does.
        weight_decay: WeightDecay,
    },
    /// `v ← αv + (1−α)g²`, `b ← momentum·b + g/(√v + ε)`, `w ← w − η·b`. Remembers v, then b
    /// unless `momentum` is 0, then the mean gradient if `centered`.
    RmsProp {
        /// α
        alpha: f64,
        /// ε
        epsilon: f64,
        /// Share of the last step that is kept.
        momentum: f64,
        /// Divide by the spread around the mean gradient instead of by its size.
        centered: bool,
        /// λ, added to the gradient.
        weight_decay: f64,
    },
}

/// What the weight decay λ of [`Rule::Adam`] does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightDecay {
    /// `g ← g + λ·w`, as in Adam.
    OfGradient(f64),
    /// `w ← w·(1 − η·λ)` before the step, as in AdamW.
    OfWeight(f64),
}

impl Rule {
    /// M: numbers that are remembered for each weight.
    pub fn num_memories(&self) -> usize {
        match self {
            Rule::Sgd { momentum, .. } => usize::from(*momentum != 0.0),
            Rule::Adam { .. } => 2,
            Rule::RmsProp {
                momentum, centered, ..
            } => 1 + usize::from(*momentum != 0.0) + usize::from(*centered),
        }
    }
}
