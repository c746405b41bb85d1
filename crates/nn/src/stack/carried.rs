//! A state as named tensors, so that it can be written down.

use super::StackState;
use crate::cell::State;
use crate::recurrent::LayerState;
use crate::weights::{NamedTensor, values};
use crate::{NnError, Tensor};
use burn::tensor::{Device, TensorData};
use std::collections::BTreeMap;

/// The parts of a layer's state.
const PARTS: [&str; 3] = ["hidden", "cell", "window"];

fn name(layer: usize, part: &str) -> String {
    format!("layers.{layer}.{part}")
}

fn named<const D: usize>(layer: usize, part: &str, tensor: &Tensor<D>) -> NamedTensor {
    NamedTensor {
        name: name(layer, part),
        shape: tensor.dims().to_vec(),
        values: values(tensor),
    }
}

impl StackState {
    /// The state of layers that read forward, as `layers.0.hidden` and so on.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::{CellName, Device, LayerConfig, Mode, StackConfig, StackState, Tensor, rng};
    /// let device = Device::flex();
    /// let config = StackConfig::uniform(LayerConfig::new(CellName::Gru, 8), 2);
    /// let stack = config.build(3, &mut rng(1, 0), &device)?;
    /// let (_, state) = stack.forward(Tensor::ones([4, 5, 3], &device), None, None, Mode::Eval)?;
    /// let tensors = state.export();
    /// assert_eq!(tensors[1].name, "layers.1.hidden");
    /// let same = StackState::import(tensors.clone(), &device)?;
    /// assert_eq!(same.export(), tensors);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn export(&self) -> Vec<NamedTensor> {
        let mut tensors = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let State {
                hidden,
                cell,
                window,
            } = &layer.forward;
            tensors.push(named(index, PARTS[0], hidden));
            tensors.extend(cell.iter().map(|cell| named(index, PARTS[1], cell)));
            tensors.extend(window.iter().map(|window| named(index, PARTS[2], window)));
        }
        tensors
    }

    /// The state that [`export`](Self::export) gave, in any order.
    ///
    /// Whether it fits a stack is found out by the stack that goes on with it.
    ///
    /// # Errors
    /// [`NnError::MissingTensor`] or [`NnError::Shape`] when it is no such state.
    pub fn import(tensors: Vec<NamedTensor>, device: &Device) -> Result<Self, NnError> {
        let mut by_name: BTreeMap<String, NamedTensor> = tensors
            .into_iter()
            .map(|tensor| (tensor.name.clone(), tensor))
            .collect();
        let mut layers = Vec::new();
        while !by_name.is_empty() {
            let index = layers.len();
            let mut take = |part: &str| by_name.remove(&name(index, part));
            let [hidden, cell, window] = PARTS.map(&mut take);
            let Some(hidden) = hidden else {
                let found: Vec<&str> = by_name.keys().map(String::as_str).collect();
                return Err(NnError::MissingTensor {
                    origin: "carried state".to_owned(),
                    name: name(index, PARTS[0]),
                    found: found.join(", "),
                });
            };
            let forward = State {
                hidden: tensor(hidden, device)?,
                cell: cell.map(|cell| tensor(cell, device)).transpose()?,
                window: window.map(|window| tensor(window, device)).transpose()?,
            };
            layers.push(LayerState {
                forward,
                backward: None,
            });
        }
        Ok(Self { layers })
    }
}

fn tensor<const D: usize>(named: NamedTensor, device: &Device) -> Result<Tensor<D>, NnError> {
    if named.shape.len() != D || named.shape.iter().product::<usize>() != named.values.len() {
        let want = format!("{D} dimensions and their values");
        return Err(NnError::shape("import", "state", want, named.shape));
    }
    let data = TensorData::new(named.values, named.shape);
    Ok(Tensor::from_data(data, device))
}
