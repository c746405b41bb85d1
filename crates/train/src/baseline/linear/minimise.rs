//! Finding the least value of a smooth function of many variables.

/// Steps whose curvature is remembered.
const MEMORY: usize = 5;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(in crate::baseline) struct Stop {
    /// No component of the gradient is larger than this.
    pub(in crate::baseline) gradient: f64,
    /// Or so many steps were taken.
    pub(in crate::baseline) max_steps: usize,
}

/// Minimises `f` from `x` on by L-BFGS; `f(x, gradient)` gives the value and writes the gradient.
///
/// The step is found by bisection for the weak Wolfe conditions, which always ends for a function
/// with a lower bound.
///
/// # Source
/// Nocedal & Wright, *Numerical Optimization*, algorithm 7.4; Lewis & Overton 2013 for the step.
pub(in crate::baseline) fn minimise(
    x: &mut [f64],
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
    stop: Stop,
) {
    let mut gradient = vec![0.0; x.len()];
    let mut value = f(x, &mut gradient);
    let mut memory: Vec<Curvature> = Vec::with_capacity(MEMORY);
    let (mut next, mut next_gradient) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for _ in 0..stop.max_steps {
        if gradient.iter().all(|slope| slope.abs() <= stop.gradient) {
            return;
        }
        let direction = direction(&gradient, &memory);
        let slope = dot(&gradient, &direction);
        if slope >= 0.0 {
            return;
        }
        let (mut shortest, mut longest) = (0.0, f64::INFINITY);
        let mut step: f64 = match memory.is_empty() {
            true => 1.0 / dot(&gradient, &gradient).sqrt().max(1e-12),
            false => 1.0,
        };
        let mut next_value = f64::NAN;
        let mut found = false;
        for _ in 0..50 {
            for ((next, x), d) in next.iter_mut().zip(x.iter()).zip(&direction) {
                *next = x + step * d;
            }
            next_value = f(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * step * slope {
                if dot(&next_gradient, &direction) >= 0.9 * slope {
                    found = true;
                    break;
                }
                shortest = step;
            } else {
                longest = step;
            }
            step = match longest.is_finite() {
                true => (shortest + longest) / 2.0,
                false => 2.0 * step,
            };
        }
        if !found {
            // The rounding error of the value is all that is left.
            return;
        }
        remember(&mut memory, x, &next, &gradient, &next_gradient);
        x.copy_from_slice(&next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        value = next_value;
    }
}

/// A step and how it changed the gradient.
struct Curvature {
    step: Vec<f64>,
    change: Vec<f64>,
    /// `1 / (step · change)`
    inverse: f64,
}

fn remember(
    memory: &mut Vec<Curvature>,
    x: &[f64],
    next: &[f64],
    gradient: &[f64],
    next_gradient: &[f64],
) {
    let mut oldest = match memory.len() {
        MEMORY => memory.remove(0),
        _ => Curvature {
            step: vec![0.0; x.len()],
            change: vec![0.0; x.len()],
            inverse: 0.0,
        },
    };
    difference(&mut oldest.step, next, x);
    difference(&mut oldest.change, next_gradient, gradient);
    let curvature = dot(&oldest.step, &oldest.change);
    if curvature > 0.0 {
        oldest.inverse = 1.0 / curvature;
        memory.push(oldest);
    }
}

/// `−H·gradient` by the two-loop recursion.
fn direction(gradient: &[f64], memory: &[Curvature]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for past in memory.iter().rev() {
        let share = past.inverse * dot(&past.step, &direction);
        add(&mut direction, -share, &past.change);
        shares.push(share);
    }
    if let Some(last) = memory.last() {
        let scale = 1.0 / (last.inverse * dot(&last.change, &last.change));
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (past, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = past.inverse * dot(&past.change, &direction);
        add(&mut direction, share - back, &past.step);
    }
    direction
}

fn difference(into: &mut [f64], a: &[f64], b: &[f64]) {
    for ((into, a), b) in into.iter_mut().zip(a).zip(b) {
        *into = a - b;
    }
}

fn add(into: &mut [f64], factor: f64, values: &[f64]) {
    for (into, value) in into.iter_mut().zip(values) {
        *into += factor * value;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        // Rosenbrock: (1 − a)² + 100·(b − a²)², least at (1, 1).
        let mut x = [-1.2, 1.0];
        let rosenbrock = |x: &[f64], gradient: &mut [f64]| {
            let (a, b) = (x[0], x[1]);
            gradient[0] = -2.0 * (1.0 - a) - 400.0 * a * (b - a * a);
            gradient[1] = 200.0 * (b - a * a);
            (1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2)
        };
        let stop = Stop {
            gradient: 1e-9,
            max_steps: 200,
        };
        minimise(&mut x, rosenbrock, stop);
        assert!(
            (x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8,
            "{x:?}"
        );
    }
}
