//! A stack in words: for `inspect` and for pictures.

use super::{Stack, shortcut};
use crate::Mode;
use crate::cell::{AnyCell, Cell};
use crate::recurrent::Layer;
use crate::unroll::Path;
use burn::module::Module;

/// How a layer's input reaches its output past the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Not at all.
    None,
    /// It is added.
    Residual,
    /// A gate mixes it in.
    Highway,
}

impl Shortcut {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Highway => "highway_from",
            _ => "residual_from",
        }
    }
}

/// One layer as `recurra inspect` tells it.
#[derive(Debug, Clone)]
pub struct LayerSummary {
    /// The cell: `LSTM`, `GRU`, `RNN`, `IndRNN`, `minGRU`, `minLSTM`, `SRU`, `QRNN`.
    pub cell: &'static str,
    /// Width of the input.
    pub input_size: usize,
    /// Units of the forward direction.
    pub hidden_size: usize,
    /// Width of the output, both directions.
    pub output_size: usize,
    /// Number of weights, both directions.
    pub num_params: usize,
    /// Whether it also reads backward.
    pub bidirectional: bool,
    /// Past the cell.
    pub shortcut: Shortcut,
    /// The path that training takes, worst direction first.
    pub training: Path,
    /// The path that evaluation takes, worst direction first.
    pub evaluation: Path,
}

impl LayerSummary {
    /// Of one layer.
    pub(crate) fn of(layer: &Layer, shortcut: Shortcut) -> Self {
        let cell = &layer.cells()[0].cell;
        Self {
            cell: match cell {
                AnyCell::Rnn(_) => "RNN",
                AnyCell::Lstm(_) => "LSTM",
                AnyCell::Gru(_) => "GRU",
                AnyCell::IndRnn(_) => "IndRNN",
                AnyCell::MinGru(_) => "minGRU",
                AnyCell::MinLstm(_) => "minLSTM",
                AnyCell::Sru(_) => "SRU",
                AnyCell::Qrnn(_) => "QRNN",
            },
            input_size: cell.input_size(),
            hidden_size: cell.hidden_size(),
            output_size: layer.output_size(),
            num_params: layer.num_params(),
            bidirectional: matches!(layer, Layer::Both(_)),
            shortcut,
            training: slowest(layer.paths(&Mode::train(&mut crate::rng(0, 0)))),
            evaluation: slowest(layer.paths(&Mode::Eval)),
        }
    }
}

impl Stack {
    /// Every layer from the bottom up.
    pub fn summary(&self) -> Vec<LayerSummary> {
        let describe = |(index, layer): (usize, &Layer)| {
            let past = shortcut(self.residual_from, self.highway_from, index + 1);
            LayerSummary::of(layer, past)
        };
        self.layers.iter().enumerate().map(describe).collect()
    }
}

fn slowest(paths: Vec<Path>) -> Path {
    let slowness = |path: &Path| match path {
        Path::Fused => 0,
        Path::Scan => 1,
        Path::Generic(_) => 2,
    };
    let slowest = paths.into_iter().max_by_key(slowness);
    slowest.unwrap_or(Path::Fused)
}
