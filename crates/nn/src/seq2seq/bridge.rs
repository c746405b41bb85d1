//! From the encoder's end to the decoder's beginning.

use crate::cell::{Cell, State};
use crate::{Activation, Layer, LayerState, Linear, NnError, Rng, Stack, StackState, Tensor};
use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// What the decoder begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bridge {
    /// Zeros: the decoder knows the source by attention alone.
    Zero,
    /// Each layer's final state in the encoder is the same layer's first one in the decoder,
    /// both directions side by side (Sutskever et al. 2014).
    Copy,
    /// `tanh(W h + b)` for each part of each layer's state, where `h` is the encoder's top
    /// layer behind its last step (Cho et al. 2014).
    #[default]
    Dense,
}

/// The weights of [`Bridge::Dense`].
#[derive(Module, Debug)]
pub struct Dense {
    /// Each layer's hidden state.
    pub hidden: Vec<Linear>,
    /// Each layer's cell state, for cells that have one.
    pub cell: Vec<Linear>,
}

impl Bridge {
    /// Checks that states can be handed over, and draws the weights.
    pub(super) fn build(
        self,
        encoder: &Stack,
        decoder: &[Layer],
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Option<Dense>, NnError> {
        match self {
            Self::Zero => Ok(None),
            Self::Copy => {
                let sizes = |layers: &[Layer]| -> Vec<[usize; 2]> {
                    layers.iter().map(state_size).collect()
                };
                let (want, got) = (sizes(decoder), sizes(&encoder.layers));
                if want != got {
                    let want = format!(
                        "`dense` or `zero`, unless the encoder's layers have states like the \
                         decoder's, [hidden, cell] {want:?}"
                    );
                    return Err(NnError::config("bridge", want, format!("copy of {got:?}")));
                }
                Ok(None)
            }
            Self::Dense => {
                let from = encoder.output_size();
                let mut linear = |size: usize| Linear::new(from, size, rng, device);
                let sizes: Vec<[usize; 2]> = decoder.iter().map(state_size).collect();
                Ok(Some(Dense {
                    hidden: sizes.iter().map(|&[hidden, _]| linear(hidden)).collect(),
                    cell: sizes
                        .iter()
                        .filter(|[_, cell]| *cell > 0)
                        .map(|&[_, cell]| linear(cell))
                        .collect(),
                }))
            }
        }
    }

    /// The first state of every layer of the decoder.
    pub(super) fn cross(
        self,
        dense: Option<&Dense>,
        encoder: &Stack,
        state: StackState,
        decoder: &[Layer],
    ) -> Vec<LayerState> {
        let forward = |forward| LayerState {
            forward,
            backward: None,
        };
        if let Some(dense) = dense {
            let h = encoder.last_hidden(&state);
            let through = |linear: &Linear| Activation::Tanh.apply(linear.forward(h.clone()));
            let mut cells = dense.cell.iter();
            let layers = decoder.iter().zip(&dense.hidden);
            return layers
                .map(|(layer, hidden)| {
                    let has_cell = state_size(layer)[1] > 0;
                    forward(State {
                        hidden: through(hidden),
                        cell: has_cell.then(|| cells.next().map(through)).flatten(),
                        window: None,
                    })
                })
                .collect();
        }
        if self == Self::Copy {
            return state.layers.into_iter().map(side_by_side).collect();
        }
        let like = &state.layers[0].forward.hidden;
        let like: Tensor<3> = like.clone().unsqueeze_dim(1);
        let zeros = decoder.iter().map(|layer| {
            let cell = &layer.cells()[0].cell;
            forward(cell.zero_state(like.dims()[0], &like))
        });
        zeros.collect()
    }
}

/// Widths of a layer's hidden and cell state, both directions together; 0 for no cell state.
pub(super) fn state_size(layer: &Layer) -> [usize; 2] {
    let cells = layer.cells();
    let hidden = cells.iter().map(|one| one.cell.hidden_size()).sum();
    let cell = cells.iter().filter_map(|one| one.cell.cell_size()).sum();
    [hidden, cell]
}

fn side_by_side(state: LayerState) -> LayerState {
    let forward = match state.backward {
        None => state.forward,
        Some(backward) => state
            .forward
            .zip(backward, |a, b| Tensor::cat(vec![a, b], 1)),
    };
    LayerState {
        forward,
        backward: None,
    }
}
