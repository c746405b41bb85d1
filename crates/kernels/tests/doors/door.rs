//! A door, as a row of a table: which sizes it takes, how long its slices are, and its call.

use recurra_kernels::{Isa, KernelError};

/// One function of the crate with one of its variants chosen.
#[derive(Clone, Copy)]
pub(crate) struct Door {
    pub(crate) name: &'static str,
    /// Names of its sizes, one letter each.
    pub(crate) sizes: &'static str,
    /// Values of each slice that it reads.
    pub(crate) inputs: fn(&[usize]) -> Vec<usize>,
    /// Values of each slice that it writes.
    pub(crate) outputs: fn(&[usize]) -> Vec<usize>,
    /// Which size says how many rows have lengths, and which one bounds them.
    pub(crate) lengths: Option<(usize, usize)>,
    /// Which size says how many ids there are, and which one bounds them.
    pub(crate) ids: Option<(usize, usize)>,
    pub(crate) call: fn(Isa, &[usize], Slices<'_, '_>) -> Result<(), KernelError>,
    pub(crate) writes: Writes,
}

/// What a door has written when it refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Nothing.
    Nothing,
    /// The results of a forward call that came before the one that was refused.
    Forward,
}

/// The arguments of a call.
pub(crate) struct Slices<'s, 'a> {
    pub(crate) inputs: &'s [&'a [f32]],
    pub(crate) outputs: &'s mut [&'a mut [f32]],
    pub(crate) lengths: Option<&'a [usize]>,
    pub(crate) ids: &'a [u32],
}

/// Takes the arrays of a slice apart: `let [x, y] = all(inputs)`.
pub(crate) fn all<'a, const N: usize>(inputs: &[&'a [f32]]) -> [&'a [f32]; N] {
    inputs.try_into().unwrap()
}

/// As [`all`], for what is written.
pub(crate) fn all_mut<'s, 'a, const N: usize>(
    outputs: &'s mut [&'a mut [f32]],
) -> &'s mut [&'a mut [f32]; N] {
    outputs.try_into().unwrap()
}
