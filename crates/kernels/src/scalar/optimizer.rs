//! One update, one weight at a time.

use super::Real;
use crate::{KernelError, Rule, Update, WeightDecay};

/// The oracle of [`update`](crate::update()).
///
/// # Errors
/// As it.
pub fn update<R: Real>(call: Update<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let number = R::from_f64;
    let len = call.weights.len();
    let learning_rate = number(call.learning_rate);
    for (index, w) in call.weights.iter_mut().enumerate() {
        let g = number(call.gradient_factor) * call.gradients[index];
        // Memory `m` of this weight.
        let place = |m: usize| m * len + index;
        let memory = &mut *call.memory;
        match call.rule {
            Rule::Sgd {
                momentum,
                nesterov,
                weight_decay,
            } => {
                let g = g + number(weight_decay) * *w;
                let step = if momentum == 0.0 {
                    g
                } else {
                    let b = number(momentum) * memory[place(0)] + g;
                    memory[place(0)] = b;
                    if nesterov {
                        g + number(momentum) * b
                    } else {
                        b
                    }
                };
                *w = *w - learning_rate * step;
            }
            Rule::Adam {
                betas: [beta_1, beta_2],
                epsilon,
                weight_decay,
            } => {
                let g = match weight_decay {
                    WeightDecay::OfGradient(decay) => g + number(decay) * *w,
                    WeightDecay::OfWeight(decay) => {
                        *w = *w * number(1.0 - call.learning_rate * decay);
                        g
                    }
                };
                let m = number(beta_1) * memory[place(0)] + number(1.0 - beta_1) * g;
                let v = number(beta_2) * memory[place(1)] + number(1.0 - beta_2) * g * g;
                (memory[place(0)], memory[place(1)]) = (m, v);
                let corrected = |x: R, beta: f64| x / number(1.0 - beta.powf(call.update as f64));
                let (m, v) = (corrected(m, beta_1), corrected(v, beta_2));
                *w = *w - learning_rate * m / (v.sqrt() + number(epsilon));
            }
            Rule::RmsProp {
                alpha,
                epsilon,
                momentum,
                centered,
                weight_decay,
            } => {
                let g = g + number(weight_decay) * *w;
                let (old, new) = (number(alpha), number(1.0 - alpha));
                let v = old * memory[place(0)] + new * g * g;
                memory[place(0)] = v;
                let v = if centered {
                    let place = place(call.rule.num_memories() - 1);
                    let mean = old * memory[place] + new * g;
                    memory[place] = mean;
                    v - mean * mean
                } else {
                    v
                };
                let mut step = g / (v.sqrt() + number(epsilon));
                if momentum != 0.0 {
                    step = number(momentum) * memory[place(1)] + step;
                    memory[place(1)] = step;
                }
                *w = *w - learning_rate * step;
            }
        }
    }
    Ok(())
}

/// The oracle of [`sum_of_squares`](crate::sum_of_squares()): one after another.
pub fn sum_of_squares(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}
