//! Rows of a table, one id at a time.

use super::Real;
use crate::{Embed, EmbedBackward, KernelError};

/// The oracle of [`embed`](crate::embed).
///
/// # Errors
/// As it.
pub fn embed<R: Real>(call: Embed<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let width = call.shape.embed_size;
    for (index, &id) in call.ids.iter().enumerate() {
        for column in 0..width {
            call.outputs[index * width + column] = call.weight[id as usize * width + column];
        }
    }
    Ok(())
}

/// The oracle of [`embed_backward`](crate::embed_backward).
///
/// # Errors
/// As it.
pub fn embed_backward<R: Real>(call: EmbedBackward<'_, R>) -> Result<(), KernelError> {
    call.check()?;
    let width = call.shape.embed_size;
    call.d_weight.fill(R::ZERO);
    for (index, &id) in call.ids.iter().enumerate() {
        if call.padding_id == Some(id) {
            continue;
        }
        for column in 0..width {
            call.d_weight[id as usize * width + column] += call.d_outputs[index * width + column];
        }
    }
    Ok(())
}
