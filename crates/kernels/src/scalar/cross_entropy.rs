//! Softmax and cross-entropy, one row at a time.

use super::Real;
use crate::{
    CrossEntropy, CrossEntropyGradient, KernelError, LinearCrossEntropy, LinearLogitsShape,
    LogSoftmax, LogSoftmaxBackward, LogitsShape,
};

/// The oracle of [`cross_entropy`](crate::cross_entropy()).
///
/// # Errors
/// As it.
pub fn cross_entropy<R: Real>(call: CrossEntropy<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let vocab_size = call.shape.vocab_size;
    for (index, loss) in call.losses.iter_mut().enumerate() {
        *loss = if call.mask.is_none_or(|mask| mask[index]) {
            let row = &call.logits[index * vocab_size..][..vocab_size];
            row_loss(row, call.labels[index], call.smoothing)
        } else {
            R::ZERO
        };
    }
    Ok(())
}

/// The oracle of [`cross_entropy_gradient`](crate::cross_entropy_gradient).
///
/// # Errors
/// As it.
pub fn cross_entropy_gradient<R: Real>(
    call: CrossEntropyGradient<'_, R>,
) -> Result<(), KernelError> {
    call.check()?;
    let vocab_size = call.shape.vocab_size;
    let scale = R::from_f64(call.scale);
    let kept = R::from_f64(1.0 - call.smoothing);
    let shared = R::from_f64(call.smoothing / vocab_size as f64);
    for (index, loss) in call.losses.iter_mut().enumerate() {
        let row = &mut call.logits[index * vocab_size..][..vocab_size];
        if !call.mask.is_none_or(|mask| mask[index]) {
            *loss = R::ZERO;
            row.fill(R::ZERO);
            continue;
        }
        let label = call.labels[index];
        *loss = row_loss(row, label, call.smoothing);
        let (max, log_sum) = log_sum(row);
        for (token, value) in row.iter_mut().enumerate() {
            let wanted = if token == label as usize {
                kept + shared
            } else {
                shared
            };
            *value = scale * ((*value - max - log_sum).exp() - wanted);
        }
    }
    Ok(())
}

/// The oracle of [`linear_cross_entropy`](crate::linear_cross_entropy()): the logits of all rows,
/// then [`cross_entropy_gradient`], then the products.
///
/// # Errors
/// As it.
pub fn linear_cross_entropy<R: Real>(call: LinearCrossEntropy<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let LinearLogitsShape {
        rows,
        input_size,
        vocab_size,
    } = call.shape;
    let mut logits = vec![R::ZERO; rows * vocab_size];
    for row in 0..rows {
        for token in 0..vocab_size {
            let mut sum = call.bias[token];
            for i in 0..input_size {
                sum += call.x[row * input_size + i] * call.weight[token * input_size + i];
            }
            logits[row * vocab_size + token] = sum;
        }
    }
    cross_entropy_gradient(CrossEntropyGradient {
        shape: LogitsShape { rows, vocab_size },
        logits: &mut logits,
        labels: call.labels,
        mask: call.mask,
        smoothing: call.smoothing,
        scale: call
            .gradients
            .as_ref()
            .map_or(1.0, |gradients| gradients.scale),
        losses: call.losses,
    })?;
    let Some(gradients) = call.gradients else {
        return Ok(());
    };
    gradients.d_x.fill(R::ZERO);
    gradients.d_weight.fill(R::ZERO);
    gradients.d_bias.fill(R::ZERO);
    for row in (0..rows).filter(|&row| call.mask.is_none_or(|mask| mask[row])) {
        for token in 0..vocab_size {
            let gradient = logits[row * vocab_size + token];
            gradients.d_bias[token] += gradient;
            for i in 0..input_size {
                let (x, w) = (row * input_size + i, token * input_size + i);
                gradients.d_x[x] += gradient * call.weight[w];
                gradients.d_weight[w] += gradient * call.x[x];
            }
        }
    }
    Ok(())
}

/// The oracle of [`log_softmax`](crate::log_softmax()).
///
/// # Errors
/// As it.
pub fn log_softmax<R: Real>(call: LogSoftmax<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    for row in call.values.chunks_exact_mut(call.shape.vocab_size.max(1)) {
        let (max, log_sum) = log_sum(row);
        for value in row {
            *value = *value - max - log_sum;
        }
    }
    Ok(())
}

/// The oracle of [`log_softmax_backward`](crate::log_softmax_backward).
///
/// # Errors
/// As it.
pub fn log_softmax_backward<R: Real>(call: LogSoftmaxBackward<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let vocab_size = call.shape.vocab_size.max(1);
    let log_probs = call.log_probs.chunks_exact(vocab_size);
    for (log_probs, gradients) in log_probs.zip(call.gradients.chunks_exact_mut(vocab_size)) {
        let total = sum(gradients);
        for (gradient, log_prob) in gradients.iter_mut().zip(log_probs) {
            *gradient = *gradient - log_prob.exp() * total;
        }
    }
    Ok(())
}

/// `−(1 − s)·log p[label] − s/V·Σ log p`
fn row_loss<R: Real>(row: &[R], label: u32, smoothing: f64) -> R {
    let (max, log_sum) = log_sum(row);
    let nats = max - row[label as usize] + log_sum;
    if smoothing == 0.0 {
        // Nothing is zero times an infinity then.
        return nats;
    }
    let mut all = R::ZERO;
    for &value in row {
        all += max - value + log_sum;
    }
    let share = R::from_f64(smoothing / row.len() as f64);
    R::from_f64(1.0 - smoothing) * nats + share * all
}

/// The greatest x, and `ln Σ e^(x − greatest)`: no power overflows, and large numbers are
/// subtracted from each other before a small one is added.
fn log_sum<R: Real>(row: &[R]) -> (R, R) {
    let mut max = row[0];
    for &value in row {
        if value > max {
            max = value;
        }
    }
    let mut total = R::ZERO;
    for &value in row {
        total += (value - max).exp();
    }
    (max, total.ln())
}

fn sum<R: Real>(values: &[R]) -> R {
    let mut total = R::ZERO;
    for &value in values {
        total += value;
    }
    total
}
