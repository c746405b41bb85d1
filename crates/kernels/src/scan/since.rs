//! A block of a linear recurrence, seen from outside: what it does to the state before it.

use crate::arch::multiply_add;
use crate::arch::{Machine, Work};

/// For each unit the map `carry -> product · carry + local` from a block's start to here.
#[derive(Debug)]
pub(super) struct Since {
    pub(super) product: Vec<f32>,
    pub(super) local: Vec<f32>,
}

impl Since {
    /// The block's start: nothing has happened.
    pub(super) fn new(width: usize) -> Self {
        Self {
            product: vec![1.0; width],
            local: vec![0.0; width],
        }
    }

    pub(super) fn restart(&mut self) {
        self.product.fill(1.0);
        self.local.fill(0.0);
    }

    /// Moves `carry` from the block's start to here, as the steps of the block themselves do.
    pub(super) fn move_on(&self, machine: Machine, carry: &mut [f32]) {
        machine.run(MoveOn { since: self, carry });
    }

    #[inline(always)]
    pub(super) fn apply_to<const FUSED: bool>(&self, carry: &mut [f32]) {
        let maps = self.product.iter().zip(&self.local);
        for (carry, (&product, &local)) in carry.iter_mut().zip(maps) {
            *carry = apply::<FUSED>(product, local, *carry);
        }
    }
}

struct MoveOn<'a> {
    since: &'a Since,
    carry: &'a mut [f32],
}

impl Work for MoveOn<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.since.apply_to::<FUSED>(self.carry);
    }
}

/// One more step: `c -> keep · c + add`.
#[inline(always)]
pub(super) fn compose<const FUSED: bool>(product: &mut f32, local: &mut f32, keep: f32, add: f32) {
    // What is left of the carry would become a number too small for the fast arithmetic.
    const NEGLIGIBLE: f32 = 1e-30;
    let next = keep * *product;
    *product = if next < NEGLIGIBLE { 0.0 } else { next };
    *local = multiply_add::<FUSED>(keep, *local, add);
}

#[inline(always)]
pub(super) fn apply<const FUSED: bool>(product: f32, local: f32, carry: f32) -> f32 {
    multiply_add::<FUSED>(product, carry, local)
}
