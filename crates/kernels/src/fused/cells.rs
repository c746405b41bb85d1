//! From the kind of a cell to its equations.

use super::gru::{GruAfter, GruBefore};
use super::lanes::{Cell, Lanewise};
use super::lstm::Lstm;
use super::rnn::{IndRnn, Rnn};
use crate::{Activation, CellKind, Reset};

/// The cell that carries out `kind`. Options that change the loop over units are types; the
/// rest are fields.
pub(super) fn cell(kind: CellKind) -> Box<dyn Cell> {
    match kind {
        CellKind::Rnn { activation } => match activation {
            Activation::Tanh => Box::new(Lanewise::new(Rnn::<false>)),
            Activation::Relu => Box::new(Lanewise::new(Rnn::<true>)),
        },
        CellKind::IndRnn { activation } => match activation {
            Activation::Tanh => Box::new(Lanewise::new(IndRnn::<false>)),
            Activation::Relu => Box::new(Lanewise::new(IndRnn::<true>)),
        },
        CellKind::Gru { reset } => match reset {
            Reset::AfterProduct => Box::new(Lanewise::new(GruAfter)),
            Reset::BeforeProduct => Box::new(Lanewise::new(GruBefore)),
        },
        CellKind::Lstm {
            peepholes,
            coupled,
            clip,
        } => {
            let clips = clip.is_some();
            let clip = clip.unwrap_or(f32::INFINITY);
            match (peepholes, clips) {
                (false, false) => Box::new(Lanewise::new(Lstm::<false, false> { coupled, clip })),
                (false, true) => Box::new(Lanewise::new(Lstm::<false, true> { coupled, clip })),
                (true, false) => Box::new(Lanewise::new(Lstm::<true, false> { coupled, clip })),
                (true, true) => Box::new(Lanewise::new(Lstm::<true, true> { coupled, clip })),
            }
        }
    }
}
