//! A training step of attention.

use crate::{read, status, write};
use recurra_kernels::{
    Attend, AttendBackward, AttentionShape, KernelError, Score, ScoreGradient, attend,
    attend_backward,
};
use std::ffi::c_int;

/// One call; dot attention where `vector` is null, scaled by `1/√H`.
#[repr(C)]
#[derive(Debug)]
pub struct Attention {
    batch_size: usize,
    query_len: usize,
    key_len: usize,
    key_size: usize,
    value_size: usize,
    lengths: *const usize,
    vector: *const f32,
    queries: *const f32,
    keys: *const f32,
    values: *const f32,
    alignment: *mut f32,
    context: *mut f32,
    d_context: *const f32,
    d_vector: *mut f32,
    d_queries: *mut f32,
    d_keys: *mut f32,
    d_values: *mut f32,
}

impl Attention {
    /// # Safety
    /// As the crate says of pointers.
    unsafe fn train(&self) -> Result<(), KernelError> {
        let shape = AttentionShape {
            batch_size: self.batch_size,
            query_len: self.query_len,
            key_len: self.key_len,
            key_size: self.key_size,
            value_size: self.value_size,
        };
        let queries_len = self.batch_size * self.query_len;
        let keys_len = self.batch_size * self.key_len;
        // SAFETY: the lengths are those that the kernels document for these shapes.
        unsafe {
            let dot = self.vector.is_null();
            let score = if dot {
                let scale = (self.key_size as f64).powf(-0.5);
                Score::Dot { scale }
            } else {
                let vector = read(self.vector, self.key_size);
                Score::Additive { vector }
            };
            let lengths = Some(read(self.lengths, self.batch_size));
            let queries = read(self.queries, queries_len * self.key_size);
            let keys = read(self.keys, keys_len * self.key_size);
            let values = read(self.values, keys_len * self.value_size);
            attend(Attend {
                shape,
                score,
                queries,
                keys,
                values,
                lengths,
                alignment: write(self.alignment, queries_len * self.key_len),
                context: write(self.context, queries_len * self.value_size),
            })?;
            attend_backward(AttendBackward {
                shape,
                score,
                queries,
                keys,
                values,
                lengths,
                alignment: read(self.alignment, queries_len * self.key_len),
                d_context: read(self.d_context, queries_len * self.value_size),
                d_alignment: None,
                d_queries: write(self.d_queries, queries.len()),
                d_keys: write(self.d_keys, keys.len()),
                d_values: write(self.d_values, values.len()),
                d_score: if dot {
                    ScoreGradient::Dot
                } else {
                    let d_vector = write(self.d_vector, self.key_size);
                    ScoreGradient::Additive { d_vector }
                },
            })
        }
    }
}

/// Forward and backward.
///
/// # Safety
/// As the crate says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_attention_train(call: &Attention) -> c_int {
    // SAFETY: the caller's promise.
    status(unsafe { call.train() })
}
