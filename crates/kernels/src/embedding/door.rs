//! Ids, and rows of the table, over threads.

use super::call::{Embed, EmbedBackward};
use crate::arch::Work;
use crate::spread::{rows_per_part, spread};
use crate::{Isa, KernelError, scalar};

/// The rows of a table that ids name.
///
/// # Shapes
/// `weight [V, E]`, `ids [N]`, `outputs [N, E]`.
/// # Errors
/// [`KernelError::Length`] naming the first argument that does not fit; [`KernelError::Id`] with
/// the place of an id that is not below V. Nothing is written then.
/// # Example
/// ```
/// use recurra_kernels::{Embed, EmbeddingShape, embed};
/// let mut outputs = [0.0; 4];
/// embed(Embed {
///     shape: EmbeddingShape { vocab_size: 2, embed_size: 2 },
///     weight: &[1.0, 2.0, 3.0, 4.0],
///     ids: &[1, 0],
///     outputs: &mut outputs,
/// })?;
/// assert_eq!(outputs, [3.0, 4.0, 1.0, 2.0]);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn embed(call: Embed<'_>) -> Result<(), KernelError> {
    embed_on(Isa::active(), call)
}

/// [`embed`] on a chosen instruction set.
///
/// # Errors
/// As [`embed`], and [`KernelError::IsaUnavailable`].
pub fn embed_on(isa: Isa, call: Embed<'_>) -> Result<(), KernelError> {
    call.check()?;
    if isa.path("embed")?.is_none() {
        return scalar::embed(call);
    }
    let width = call.shape.embed_size;
    if width == 0 {
        return Ok(());
    }
    let rows = rows_per_part(width, PART);
    let outputs = call.outputs.chunks_mut(rows * width);
    spread(
        call.ids.chunks(rows).zip(outputs).collect(),
        |(ids, outputs)| {
            for (&id, output) in ids.iter().zip(outputs.chunks_exact_mut(width)) {
                output.copy_from_slice(&call.weight[id as usize * width..][..width]);
            }
        },
    );
    Ok(())
}

/// The gradient of the table of [`embed`].
///
/// # Errors
/// As [`embed`].
pub fn embed_backward(call: EmbedBackward<'_>) -> Result<(), KernelError> {
    embed_backward_on(Isa::active(), call)
}

/// [`embed_backward`] on a chosen instruction set.
///
/// # Errors
/// As [`embed_backward`], and [`KernelError::IsaUnavailable`].
pub fn embed_backward_on(isa: Isa, call: EmbedBackward<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("embed_backward")? else {
        return scalar::embed_backward(call);
    };
    let width = call.shape.embed_size;
    if width == 0 {
        return Ok(());
    }
    // Places by id, and by place among those of one id.
    let learns = |id: u32| call.padding_id != Some(id);
    let mut places: Vec<(u32, usize)> = (call.ids.iter().enumerate())
        .filter(|&(_, &id)| learns(id))
        .map(|(place, &id)| (id, place))
        .collect();
    places.sort_unstable();
    let rows = rows_per_part(width, PART);
    let mut rest = &places[..];
    let mut parts = Vec::new();
    for (part, target) in call.d_weight.chunks_mut(rows * width).enumerate() {
        let first_id = part * rows;
        let here = rest.partition_point(|&(id, _)| (id as usize) < first_id + rows);
        let (places, others) = rest.split_at(here);
        parts.push((first_id, places, target));
        rest = others;
    }
    spread(parts, |(first_id, places, target)| {
        machine.run(Sums {
            width,
            first_id,
            places,
            d_outputs: call.d_outputs,
            target,
        });
    });
    Ok(())
}

/// Values that are one thread's work at a time.
const PART: usize = 1 << 15;

/// The gradients of some rows of the table.
struct Sums<'a> {
    width: usize,
    first_id: usize,
    /// Ids of these rows in order, and where they stand.
    places: &'a [(u32, usize)],
    d_outputs: &'a [f32],
    target: &'a mut [f32],
}

impl Work for Sums<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.target.fill(0.0);
        for &(id, place) in self.places {
            let start = (id as usize - self.first_id) * self.width;
            let sums = &mut self.target[start..][..self.width];
            let gradients = &self.d_outputs[place * self.width..][..self.width];
            for (sum, gradient) in sums.iter_mut().zip(gradients) {
                *sum += gradient;
            }
        }
    }
}
