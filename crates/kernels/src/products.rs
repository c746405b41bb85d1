//! What the matrix products of a sequence multiply.

use std::fmt;

use crate::arch::{Machine, PairMachine};
use crate::{Isa, bf16_to_f32, f32_to_bf16};

/// The numbers that the matrix products of a sequence multiply; everything is added up in f32,
/// and weights, states and gradients are handed over in f32, whatever they are.
///
/// # Example
/// ```
/// use recurra_kernels::Products;
/// assert_eq!(Products::F32.round(1.001), 1.001);
/// // The nearest number of eight significant bits.
/// assert_eq!(Products::Bf16.round(1.001), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Products {
    /// The numbers as they are.
    #[default]
    F32,
    /// The numbers rounded to the nearest bf16, ties to even: weights, inputs, hidden states and
    /// the gradients of the pre-activations. Only the products see them rounded; a bias gets the
    /// sum of the rounded gradients. Half of the bits, and more speed on processors with
    /// instructions for it (AMX, or the products of pairs of AVX-512); elsewhere the same numbers
    /// without the speed.
    Bf16,
}

impl Products {
    /// All of them.
    pub const ALL: [Products; 2] = [Products::F32, Products::Bf16];

    /// `f32` or `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Products::F32 => "f32",
            Products::Bf16 => "bf16",
        }
    }

    /// What a user should know before training with them: that the kernels in use have no
    /// instructions for them, and so gain no speed.
    pub fn notice(self) -> Option<String> {
        match self {
            Products::F32 => None,
            Products::Bf16 if has_pairs() => None,
            Products::Bf16 => Some(format!(
                "the {} kernels have no bf16 products: numbers are rounded to bf16 and \
                 multiplied as f32, which gives the same results but is not faster than f32",
                Isa::active()
            )),
        }
    }

    /// Whether the kernels in use multiply them in tiles (AMX), which the processor must have and
    /// the system must have granted.
    pub fn in_tiles(self) -> bool {
        let machine = match self {
            Products::F32 => None,
            Products::Bf16 => Machine::of(Isa::active()).and_then(PairMachine::of),
        };
        machine.is_some_and(PairMachine::has_tiles)
    }

    /// `value` as a product sees it.
    pub fn round(self, value: f32) -> f32 {
        match self {
            Products::F32 => value,
            Products::Bf16 => bf16_to_f32(f32_to_bf16(value)),
        }
    }
}

/// Whether the instruction set in use multiplies pairs of bf16.
fn has_pairs() -> bool {
    Machine::of(Isa::active()).is_some_and(|machine| PairMachine::of(machine).is_some())
}

impl fmt::Display for Products {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
