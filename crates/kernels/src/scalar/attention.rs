//! Attention, one query and one key at a time.

use super::Real;
use crate::{Attend, AttendBackward, AttentionShape, KernelError, Score, ScoreGradient};

/// The oracle of [`attend`](crate::attend).
///
/// # Errors
/// As it.
pub fn attend<R: Real>(call: Attend<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let s = call.shape;
    call.alignment.fill(R::ZERO);
    call.context.fill(R::ZERO);
    for row in 0..s.batch_size {
        let length = call.lengths.map_or(s.key_len, |lengths| lengths[row]);
        if length == 0 {
            continue;
        }
        for q in 0..s.query_len {
            let query = query(s, call.queries, row, q);
            let alignment = &mut call.alignment[(row * s.query_len + q) * s.key_len..][..length];
            for (k, share) in alignment.iter_mut().enumerate() {
                *share = score(&call.score, query, key(s, call.keys, row, k));
            }
            let mut max = alignment[0];
            for &share in &*alignment {
                if share > max {
                    max = share;
                }
            }
            let mut sum = R::ZERO;
            for share in alignment.iter_mut() {
                *share = (*share - max).exp();
                sum += *share;
            }
            for (k, share) in alignment.iter_mut().enumerate() {
                *share = *share / sum;
                for d in 0..s.value_size {
                    let value = call.values[(row * s.key_len + k) * s.value_size + d];
                    call.context[(row * s.query_len + q) * s.value_size + d] += *share * value;
                }
            }
        }
    }
    Ok(())
}

/// The oracle of [`attend_backward`](crate::attend_backward).
///
/// # Errors
/// As it.
pub fn attend_backward<R: Real>(call: AttendBackward<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let s = call.shape;
    let d_vector = match call.d_score {
        ScoreGradient::Additive { d_vector } => d_vector,
        ScoreGradient::Dot => &mut [],
    };
    call.d_queries.fill(R::ZERO);
    call.d_keys.fill(R::ZERO);
    call.d_values.fill(R::ZERO);
    d_vector.fill(R::ZERO);
    for row in 0..s.batch_size {
        let length = call.lengths.map_or(s.key_len, |lengths| lengths[row]);
        for q in 0..s.query_len {
            let place = row * s.query_len + q;
            let alignment = &call.alignment[place * s.key_len..][..length];
            let mut d_shares = vec![R::ZERO; length];
            let mut mean = R::ZERO;
            for k in 0..length {
                let mut d_share = call
                    .d_alignment
                    .map_or(R::ZERO, |d| d[place * s.key_len + k]);
                for d in 0..s.value_size {
                    let d_context = call.d_context[place * s.value_size + d];
                    let value = (row * s.key_len + k) * s.value_size + d;
                    d_share += d_context * call.values[value];
                    call.d_values[value] += alignment[k] * d_context;
                }
                d_shares[k] = d_share;
                mean += alignment[k] * d_share;
            }
            for k in 0..length {
                let d_score = alignment[k] * (d_shares[k] - mean);
                for h in 0..s.key_size {
                    let (q, k) = (
                        place * s.key_size + h,
                        (row * s.key_len + k) * s.key_size + h,
                    );
                    match call.score {
                        Score::Additive { vector } => {
                            let t = (call.queries[q] + call.keys[k]).tanh();
                            let slope = d_score * vector[h] * (R::ONE - t * t);
                            d_vector[h] += d_score * t;
                            call.d_queries[q] += slope;
                            call.d_keys[k] += slope;
                        }
                        Score::Dot { scale } => {
                            let d_score = d_score * R::from_f64(scale);
                            call.d_queries[q] += d_score * call.keys[k];
                            call.d_keys[k] += d_score * call.queries[q];
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

fn score<R: Real>(score: &Score<'_, R>, query: &[R], key: &[R]) -> R {
    let mut sum = R::ZERO;
    match score {
        Score::Additive { vector } => {
            for ((&v, &q), &k) in vector.iter().zip(query).zip(key) {
                sum += v * (q + k).tanh();
            }
            sum
        }
        Score::Dot { scale } => {
            for (&q, &k) in query.iter().zip(key) {
                sum += q * k;
            }
            sum * R::from_f64(*scale)
        }
    }
}

fn query<R>(s: AttentionShape, queries: &[R], row: usize, index: usize) -> &[R] {
    &queries[(row * s.query_len + index) * s.key_size..][..s.key_size]
}

fn key<R>(s: AttentionShape, keys: &[R], row: usize, index: usize) -> &[R] {
    &keys[(row * s.key_len + index) * s.key_size..][..s.key_size]
}
