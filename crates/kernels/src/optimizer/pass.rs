//! The passes: one loop for each form of a rule, so that nothing is decided inside it.

use super::call::{Momentum, Numbers};
use crate::arch::Work;
use crate::tiny::flushed;

/// Some weights with their gradients and memories.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) weights: &'a mut [f32],
    pub(super) gradients: &'a [f32],
    /// As many as the rule remembers; the rest are empty.
    pub(super) memory: [&'a mut [f32]; 3],
}

pub(super) struct Pass<'a> {
    pub(super) numbers: Numbers,
    pub(super) gradient_factor: f32,
    pub(super) piece: Piece<'a>,
}

impl Work for Pass<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Pass {
            numbers,
            gradient_factor,
            piece,
        } = self;
        match numbers {
            Numbers::Sgd {
                learning_rate,
                momentum: None,
                weight_decay,
            } => {
                let [learning_rate, weight_decay] = [learning_rate, weight_decay].map(narrow);
                piece.each([], |w, g, []| {
                    let g = g * gradient_factor + weight_decay * *w;
                    *w -= learning_rate * g;
                });
            }
            Numbers::Sgd {
                learning_rate,
                momentum: Some(Momentum { momentum, nesterov }),
                weight_decay,
            } => {
                let [learning_rate, momentum, weight_decay] =
                    [learning_rate, momentum, weight_decay].map(narrow);
                // The step is `gradient_share·g + momentum_share·b`.
                let (gradient_share, momentum_share) = if nesterov {
                    (1.0, momentum)
                } else {
                    (0.0, 1.0)
                };
                piece.each([0], |w, g, [b]| {
                    let g = g * gradient_factor + weight_decay * *w;
                    *b = momentum * *b + g;
                    *w -= learning_rate * (gradient_share * g + momentum_share * *b);
                });
            }
            Numbers::Adam {
                step_size,
                betas: [beta_1, beta_2],
                root_correction,
                epsilon,
                penalty,
                shrinkage,
            } => {
                let [new_1, new_2] = [1.0 - beta_1, 1.0 - beta_2].map(narrow);
                let [step_size, beta_2, root_correction] =
                    [step_size, beta_2, root_correction].map(narrow);
                let [epsilon, penalty, shrinkage] = [epsilon, penalty, shrinkage].map(narrow);
                piece.each([0, 1], |w, g, [m, v]| {
                    let g = g * gradient_factor + penalty * *w;
                    // β₁m + (1−β₁)g
                    *m += new_1 * (g - *m);
                    *v = beta_2 * *v + new_2 * g * g;
                    *w = *w * shrinkage - step_size * *m / (v.sqrt() * root_correction + epsilon);
                });
            }
            Numbers::RmsProp { .. } => piece.rms_prop(numbers, gradient_factor),
        }
    }
}

impl Piece<'_> {
    #[inline(always)]
    fn rms_prop(self, numbers: Numbers, gradient_factor: f32) {
        let Numbers::RmsProp {
            learning_rate,
            alpha,
            epsilon,
            momentum,
            centered,
            weight_decay,
        } = numbers
        else {
            return;
        };
        let [learning_rate, epsilon, weight_decay] =
            [learning_rate, epsilon, weight_decay].map(narrow);
        let [old, new, momentum] = [alpha, 1.0 - alpha, momentum].map(narrow);
        let square = |v: &mut f32, g: f32| *v = old * *v + new * g * g;
        let spread = |v: f32, mean: &mut f32, g: f32| {
            *mean = old * *mean + new * g;
            v - *mean * *mean
        };
        match (momentum != 0.0, centered) {
            (false, false) => self.each([0], |w, g, [v]| {
                let g = g * gradient_factor + weight_decay * *w;
                square(v, g);
                *w -= learning_rate * (g / (v.sqrt() + epsilon));
            }),
            (true, false) => self.each([0, 1], |w, g, [v, b]| {
                let g = g * gradient_factor + weight_decay * *w;
                square(v, g);
                *b = momentum * *b + g / (v.sqrt() + epsilon);
                *w -= learning_rate * *b;
            }),
            (false, true) => self.each([0, 1], |w, g, [v, mean]| {
                let g = g * gradient_factor + weight_decay * *w;
                square(v, g);
                *w -= learning_rate * (g / (spread(*v, mean, g).sqrt() + epsilon));
            }),
            (true, true) => self.each([0, 1, 2], |w, g, [v, b, mean]| {
                let g = g * gradient_factor + weight_decay * *w;
                square(v, g);
                *b = momentum * *b + g / (spread(*v, mean, g).sqrt() + epsilon);
                *w -= learning_rate * *b;
            }),
        }
    }

    /// `change(weight, gradient, its memories)` for every weight.
    #[inline(always)]
    fn each<const M: usize>(self, used: [usize; M], change: impl Fn(&mut f32, f32, [&mut f32; M])) {
        const LANES: usize = 16;
        let Piece {
            weights,
            gradients,
            memory,
        } = self;
        let len = weights.len();
        let mut memory = memory.into_iter();
        // The rule's memories are the first ones.
        let mut memories = used.map(|_| memory.next().map_or(&mut [][..], |values| values));
        let mut start = 0;
        while start + LANES <= len {
            // Values of a group of weights, held in registers.
            let mut w = [0.0; LANES];
            let mut g = [0.0; LANES];
            w.copy_from_slice(&weights[start..start + LANES]);
            g.copy_from_slice(&gradients[start..start + LANES]);
            let mut m = [[0.0; LANES]; M];
            for (m, values) in m.iter_mut().zip(&memories) {
                m.copy_from_slice(&values[start..start + LANES]);
            }
            for lane in 0..LANES {
                change(&mut w[lane], g[lane], m.each_mut().map(|m| &mut m[lane]));
                for m in &mut m {
                    m[lane] = flushed(m[lane], f32::MIN_POSITIVE);
                }
            }
            weights[start..start + LANES].copy_from_slice(&w);
            for (m, values) in m.iter().zip(&mut memories) {
                values[start..start + LANES].copy_from_slice(m);
            }
            start += LANES;
        }
        for index in start..len {
            let memory = memories.each_mut().map(|values| &mut values[index]);
            change(&mut weights[index], gradients[index], memory);
            for memory in &mut memories {
                memory[index] = flushed(memory[index], f32::MIN_POSITIVE);
            }
        }
    }
}

fn narrow(x: f64) -> f32 {
    x as f32
}
