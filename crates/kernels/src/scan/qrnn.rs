//! The quasi-recurrent network.

use super::cell::{Closed, ScanCell, Step};
use super::curves::gate;
use crate::activation::tanh;

/// See [`crate::ScanKind::Qrnn`]. Pooling f, fo and ifo are the cell with 2, 3 and 4 products.
#[derive(Clone, Copy, Debug)]
pub(super) struct Qrnn;

#[derive(Clone, Copy)]
pub(super) struct QrnnGates {
    z: f32,
    f: f32,
    not_f: f32,
    o: f32,
    not_o: f32,
    i: f32,
    not_i: f32,
}

impl<const G: usize> ScanCell<G, G> for Qrnn {
    type Gates = QrnnGates;

    #[inline(always)]
    fn open<const FUSED: bool>(self, products: [f32; G], vectors: [f32; G], _: f32) -> QrnnGates {
        let (f, not_f) = gate::<FUSED>(products[1] + vectors[1]);
        let (o, not_o) = if G > 2 {
            gate::<FUSED>(products[2] + vectors[2])
        } else {
            (1.0, 0.0)
        };
        let (i, not_i) = if G > 3 {
            gate::<FUSED>(products[3] + vectors[3])
        } else {
            (not_f, f)
        };
        QrnnGates {
            z: tanh::<FUSED>(products[0] + vectors[0]),
            f,
            not_f,
            o,
            not_o,
            i,
            not_i,
        }
    }

    #[inline(always)]
    fn keep(gates: QrnnGates) -> f32 {
        gates.f
    }

    #[inline(always)]
    fn add(gates: QrnnGates) -> f32 {
        gates.i * gates.z
    }

    #[inline(always)]
    fn show(self, gates: QrnnGates, cell: f32, _: f32) -> f32 {
        gates.o * cell
    }

    #[inline(always)]
    fn slope(gates: QrnnGates) -> f32 {
        gates.o
    }

    #[inline(always)]
    fn close<const FUSED: bool>(self, gates: QrnnGates, step: Step<G>) -> Closed<G, G> {
        let d_i = step.d_cell * gates.z;
        let d_f = step.d_cell * step.previous;
        let mut d_products = [0.0; G];
        d_products[0] = step.d_cell * gates.i * (1.0 - gates.z * gates.z);
        // Without an input gate of its own, i is 1 − f.
        let d_f = if G > 3 { d_f } else { d_f - d_i };
        d_products[1] = d_f * gates.f * gates.not_f;
        if G > 2 {
            d_products[2] = step.d_output * step.cell * gates.o * gates.not_o;
        }
        if G > 3 {
            d_products[3] = d_i * gates.i * gates.not_i;
        }
        Closed {
            d_products,
            d_vectors: d_products,
            d_skip: 0.0,
            d_previous: step.d_cell * gates.f,
        }
    }
}
