//! The call, its checks, and who carries it out.

use super::pass::{Pass, Piece};
use super::rule::Rule;
use crate::measure::Measure;
use crate::spread::spread;
use crate::{Isa, KernelError, scalar};

/// One update of N weights.
#[derive(Debug)]
pub struct Update<'a, R = f32> {
    /// The rule.
    pub rule: Rule,
    /// η
    pub learning_rate: f64,
    /// Which update this is for these weights, counted from 1.
    pub update: u64,
    /// What every gradient is multiplied with first: 1, or less when clipping.
    pub gradient_factor: f64,
    /// `[N]`, changed.
    pub weights: &'a mut [R],
    /// `[N]`
    pub gradients: &'a [R],
    /// `[M, N]` with M of [`Rule::num_memories`], changed; zeros before the first update.
    pub memory: &'a mut [R],
}

impl<R> Update<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let measure = Measure { op: "update" };
        let len = self.weights.len();
        measure.len("gradients", "[N]", &[len], self.gradients)?;
        let dimensions = [self.rule.num_memories(), len];
        measure.len("memory", "[M, N]", &dimensions, self.memory)?;
        if self.update == 0 {
            return Err(KernelError::Range {
                op: "update",
                argument: "update",
                wanted: "at least 1",
                got: 0.0,
            });
        }
        Ok(())
    }
}

/// Changes weights by their gradients.
///
/// A NaN among the gradients becomes NaN in its weight, and in what is remembered of it.
///
/// # Errors
/// [`KernelError::Length`] naming the first argument that does not fit the weights;
/// [`KernelError::Range`] when `update` is 0.
/// # Source
/// SGD with momentum: Sutskever et al. 2013. Adam: Kingma and Ba 2015. AdamW: Loshchilov and
/// Hutter 2019. RMSprop: Hinton's lecture 6e, 2012. All in the form of PyTorch.
/// # Example
/// ```
/// use recurra_kernels::{Rule, Update, update};
/// let mut weights = [1.0, 2.0];
/// update(Update {
///     rule: Rule::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 },
///     learning_rate: 0.5,
///     update: 1,
///     gradient_factor: 1.0,
///     weights: &mut weights,
///     gradients: &[1.0, -1.0],
///     memory: &mut [],
/// })?;
/// assert_eq!(weights, [0.5, 2.5]);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn update(call: Update<'_>) -> Result<(), KernelError> {
    update_on(Isa::active(), call)
}

/// [`update`] on a chosen instruction set.
///
/// # Errors
/// As [`update`], and [`KernelError::IsaUnavailable`].
pub fn update_on(isa: Isa, call: Update<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("update")? else {
        return scalar::update(call);
    };
    let numbers = Numbers::of(call.rule, call.learning_rate, call.update);
    let len = call.weights.len();
    if len == 0 {
        return Ok(());
    }
    let weights = call.weights.chunks_mut(PART);
    let mut pieces: Vec<Piece<'_>> = weights
        .zip(call.gradients.chunks(PART))
        .map(|(weights, gradients)| Piece {
            weights,
            gradients,
            memory: [&mut [], &mut [], &mut []],
        })
        .collect();
    for (index, memory) in call.memory.chunks_exact_mut(len).enumerate() {
        for (piece, memory) in pieces.iter_mut().zip(memory.chunks_mut(PART)) {
            piece.memory[index] = memory;
        }
    }
    let gradient_factor = call.gradient_factor as f32;
    spread(pieces, |piece| {
        machine.run(Pass {
            numbers,
            gradient_factor,
            piece,
        });
    });
    Ok(())
}

/// Weights that are one thread's work at a time.
const PART: usize = 1 << 14;

/// A rule with all that does not differ between weights worked out in f64.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numbers {
    Sgd {
        learning_rate: f64,
        /// None: there is no momentum.
        momentum: Option<Momentum>,
        weight_decay: f64,
    },
    Adam {
        /// η / (1 − β₁ᵗ)
        step_size: f64,
        betas: [f64; 2],
        /// 1 / √(1 − β₂ᵗ)
        root_correction: f64,
        epsilon: f64,
        /// What is added to the gradient, as a share of the weight.
        penalty: f64,
        /// What the weight is multiplied with before the step.
        shrinkage: f64,
    },
    RmsProp {
        learning_rate: f64,
        alpha: f64,
        epsilon: f64,
        momentum: f64,
        centered: bool,
        weight_decay: f64,
    },
}

/// The momentum of an SGD update.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Momentum {
    pub(crate) momentum: f64,
    pub(crate) nesterov: bool,
}

impl Numbers {
    pub(crate) fn of(rule: Rule, learning_rate: f64, update: u64) -> Numbers {
        use super::rule::WeightDecay;
        match rule {
            Rule::Sgd {
                momentum,
                nesterov,
                weight_decay,
            } => Numbers::Sgd {
                learning_rate,
                // A memory of zeros makes the first step the gradient itself.
                momentum: (momentum != 0.0).then_some(Momentum { momentum, nesterov }),
                weight_decay,
            },
            Rule::Adam {
                betas,
                epsilon,
                weight_decay,
            } => {
                let correction = |beta: f64| 1.0 - beta.powf(update as f64);
                let (penalty, shrinkage) = match weight_decay {
                    WeightDecay::OfGradient(decay) => (decay, 1.0),
                    WeightDecay::OfWeight(decay) => (0.0, 1.0 - learning_rate * decay),
                };
                Numbers::Adam {
                    step_size: learning_rate / correction(betas[0]),
                    betas,
                    root_correction: 1.0 / correction(betas[1]).sqrt(),
                    epsilon,
                    penalty,
                    shrinkage,
                }
            }
            Rule::RmsProp {
                alpha,
                epsilon,
                momentum,
                centered,
                weight_decay,
            } => Numbers::RmsProp {
                learning_rate,
                alpha,
                epsilon,
                momentum,
                centered,
                weight_decay,
            },
        }
    }
}
