//! The simple recurrent unit.

use super::cell::{Closed, ScanCell, Step};
use super::curves::gate;
use crate::arch::multiply_add;

/// See [`crate::ScanKind::Sru`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Sru<const PEEPHOLES: bool> {
    pub(super) scale: f32,
}

#[derive(Clone, Copy)]
pub(super) struct SruGates {
    f: f32,
    not_f: f32,
    r: f32,
    not_r: f32,
    candidate: f32,
    /// The product that the highway starts from; zero where it starts from the input.
    projected: f32,
}

impl<const PEEPHOLES: bool> Sru<PEEPHOLES> {
    #[inline(always)]
    fn gates<const FUSED: bool, const V: usize>(
        [candidate, f, r, projected]: [f32; 4],
        vectors: [f32; V],
        previous: f32,
    ) -> SruGates {
        let (mut f, mut r) = (f + vectors[0], r + vectors[1]);
        if PEEPHOLES {
            f = multiply_add::<FUSED>(vectors[2], previous, f);
            r = multiply_add::<FUSED>(vectors[3], previous, r);
        }
        let (f, not_f) = gate::<FUSED>(f);
        let (r, not_r) = gate::<FUSED>(r);
        SruGates {
            f,
            not_f,
            r,
            not_r,
            candidate,
            projected,
        }
    }

    #[inline(always)]
    fn back<const V: usize>(self, gates: SruGates, step: Step<V>) -> Closed<4, V> {
        let SruGates {
            f, not_f, r, not_r, ..
        } = gates;
        let skip = self.scale * (step.skip + gates.projected);
        let d_r = step.d_output * (step.cell - skip) * r * not_r;
        let d_f = step.d_cell * (step.previous - gates.candidate) * f * not_f;
        let d_skip = step.d_output * not_r * self.scale;
        let mut d_vectors = [0.0; V];
        (d_vectors[0], d_vectors[1]) = (d_f, d_r);
        let mut d_previous = step.d_cell * f;
        if PEEPHOLES {
            (d_vectors[2], d_vectors[3]) = (d_f * step.previous, d_r * step.previous);
            d_previous += step.vectors[2] * d_f + step.vectors[3] * d_r;
        }
        Closed {
            d_products: [step.d_cell * not_f, d_f, d_r, d_skip],
            d_vectors,
            d_skip,
            d_previous,
        }
    }
}

/// The same cell for both starts of the highway and with and without peepholes, which differ in
/// the number of products and vectors.
macro_rules! sru {
    ($peepholes:literal, $vectors:literal, $gates:literal, $products:ident => $four:expr) => {
        impl ScanCell<$gates, $vectors> for Sru<$peepholes> {
            type Gates = SruGates;

            const LINEAR: bool = !$peepholes;

            #[inline(always)]
            fn open<const FUSED: bool>(
                self,
                $products: [f32; $gates],
                vectors: [f32; $vectors],
                previous: f32,
            ) -> SruGates {
                Self::gates::<FUSED, $vectors>($four, vectors, previous)
            }

            #[inline(always)]
            fn keep(gates: SruGates) -> f32 {
                gates.f
            }

            #[inline(always)]
            fn add(gates: SruGates) -> f32 {
                gates.not_f * gates.candidate
            }

            #[inline(always)]
            fn show(self, gates: SruGates, cell: f32, skip: f32) -> f32 {
                gates.r * cell + gates.not_r * self.scale * (skip + gates.projected)
            }

            #[inline(always)]
            fn slope(gates: SruGates) -> f32 {
                gates.r
            }

            #[inline(always)]
            fn close<const FUSED: bool>(
                self,
                gates: SruGates,
                step: Step<$vectors>,
            ) -> Closed<$gates, $vectors> {
                let closed = self.back(gates, step);
                let mut d_products = [0.0; $gates];
                d_products.copy_from_slice(&closed.d_products[..$gates]);
                Closed {
                    d_products,
                    d_vectors: closed.d_vectors,
                    d_skip: closed.d_skip,
                    d_previous: closed.d_previous,
                }
            }
        }
    };
}

sru!(false, 2, 3, products => [products[0], products[1], products[2], 0.0]);
sru!(true, 4, 3, products => [products[0], products[1], products[2], 0.0]);
sru!(false, 2, 4, products => products);
sru!(true, 4, 4, products => products);
