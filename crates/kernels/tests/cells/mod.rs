//! The cells that several doors are tried with.

use recurra_kernels::{Activation, CellKind, Reset};

/// Every cell with every option.
pub(crate) fn cells() -> Vec<CellKind> {
    let mut cells = Vec::new();
    for activation in [Activation::Tanh, Activation::Relu] {
        cells.push(CellKind::Rnn { activation });
        cells.push(CellKind::IndRnn { activation });
    }
    for reset in [Reset::AfterProduct, Reset::BeforeProduct] {
        cells.push(CellKind::Gru { reset });
    }
    for peepholes in [false, true] {
        for coupled in [false, true] {
            for clip in [None, Some(0.4)] {
                cells.push(CellKind::Lstm {
                    peepholes,
                    coupled,
                    clip,
                });
            }
        }
    }
    cells
}
