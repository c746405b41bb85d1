//! Layers in depth.

mod carried;
mod config;
mod summary;

pub use config::{LayerConfig, StackConfig};
pub use summary::{LayerSummary, Shortcut};

use crate::activation::Activation;
use crate::cell::Cell;
use crate::dropout::{DropoutMask, dropout, variational_dropout};
use crate::lengths::silence_padding;
use crate::linear::Linear;
use crate::norm::LayerNorm;
use crate::recurrent::{Bidirectional, Layer, LayerState, Recurrent};
use crate::{Mode, NnError, Rng};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// A recurrent network of one or more layers.
///
/// Layer `k` reads the output of layer `k - 1`, normalised and thinned by dropout
/// where that is asked for; its input may be added to its output (residual, He et
/// al. 2016; in GNMT from the third layer) or mixed into it by a learnt gate
/// `y = t ⊙ layer(x) + (1 - t) ⊙ x` (highway, Srivastava et al. 2015).
#[derive(Module, Debug)]
pub struct Stack {
    /// From the bottom up.
    pub layers: Vec<Layer>,
    /// Behind every layer but the last.
    pub norms: Vec<LayerNorm>,
    /// `t = σ(W x + b)` of each highway layer, the lowest first.
    pub highways: Vec<Linear>,
    #[module(skip)]
    dropout: f64,
    #[module(skip)]
    dropout_mask: DropoutMask,
    #[module(skip)]
    residual_from: Option<usize>,
    #[module(skip)]
    highway_from: Option<usize>,
}

/// The state of every layer.
#[derive(Debug, Clone)]
pub struct StackState {
    /// From the bottom up.
    pub layers: Vec<LayerState>,
}

impl StackState {
    /// Cuts the history of every state, for truncated back-propagation through time.
    pub fn detach(self) -> Self {
        Self {
            layers: self.layers.into_iter().map(LayerState::detach).collect(),
        }
    }

    /// The states of these rows in this order; a row may come more than once, or not at all.
    pub fn select(self, rows: &[usize]) -> Self {
        let layers = self.layers.into_iter().map(|layer| layer.select(rows));
        Self {
            layers: layers.collect(),
        }
    }
}

impl StackConfig {
    /// Checks the description and draws the weights of a stack.
    ///
    /// # Errors
    /// [`NnError::Config`] or [`NnError::ForeignOption`] naming the key at fault.
    ///
    /// # Example
    /// ```
    /// use recurra_nn::{CellName, Device, LayerConfig, Mode, StackConfig, Tensor, rng};
    /// let config = StackConfig::uniform(LayerConfig::new(CellName::Gru, 8), 2);
    /// let stack = config.build(3, &mut rng(1, 0), &Device::flex())?;
    /// let x = Tensor::zeros([4, 5, 3], &Device::flex());
    /// let (outputs, _) = stack.forward(x, Some(&[5, 2, 1, 5]), None, Mode::Eval)?;
    /// assert_eq!(outputs.dims(), [4, 5, 8]);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Stack, NnError> {
        let configs = self.expanded()?;
        let mut layers: Vec<Layer> = Vec::with_capacity(configs.len());
        let mut norms = Vec::new();
        let mut highways = Vec::new();
        let mut width = input_size;
        for (index, config) in configs.iter().enumerate() {
            let number = index + 1;
            let layer = config.build(width, rng, device)?;
            let shortcut = shortcut(self.residual_from, self.highway_from, number);
            if shortcut != Shortcut::None && layer.output_size() != width {
                return Err(NnError::config(
                    shortcut.key(),
                    format!("a layer whose input is as wide as its output, from layer {number} on"),
                    format!("input {width}, output {}", layer.output_size()),
                ));
            }
            if shortcut == Shortcut::Highway {
                highways.push(Linear::new(width, width, rng, device));
            }
            width = layer.output_size();
            if self.layer_norm && number < configs.len() {
                norms.push(LayerNorm::new(width, device));
            }
            layers.push(layer);
        }
        self.check_shortcuts(layers.len())?;
        self.check_between(layers.len())?;
        Ok(Stack {
            layers,
            norms,
            highways,
            dropout: self.dropout()?,
            dropout_mask: self.dropout_mask,
            residual_from: self.residual_from,
            highway_from: self.highway_from,
        })
    }

    fn check_shortcuts(&self, num_layers: usize) -> Result<(), NnError> {
        if self.residual_from.is_some() && self.highway_from.is_some() {
            let got = "also `residual_from`";
            return Err(NnError::config("highway_from", "one kind of shortcut", got));
        }
        for (key, from) in [
            ("residual_from", self.residual_from),
            ("highway_from", self.highway_from),
        ] {
            if let Some(from) = from
                && !(1..=num_layers).contains(&from)
            {
                let want = format!("a layer from 1 to {num_layers}");
                return Err(NnError::config(key, want, from));
            }
        }
        Ok(())
    }
}

impl Stack {
    /// Width of the input.
    pub fn input_size(&self) -> usize {
        self.layers[0].cells()[0].cell.input_size()
    }

    /// Width of the output.
    pub fn output_size(&self) -> usize {
        self.top().output_size()
    }

    /// Runs the stack along `x`.
    ///
    /// Returns the outputs of the top layer `[batch, seq_len, output_size]`, zero past
    /// each row's length, and the state behind each row's last step.
    ///
    /// # Errors
    /// [`NnError::Shape`] when `x`, `lengths` or `state` do not fit.
    pub fn forward(
        &self,
        x: Tensor<3>,
        lengths: Option<&[usize]>,
        state: Option<StackState>,
        mut mode: Mode<'_>,
    ) -> Result<(Tensor<3>, StackState), NnError> {
        let mut states = self.initial_states(state)?;
        let mut signal = x;
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                signal = self.between(index, signal, mode.reborrow());
            }
            let state = states[index].take();
            let (outputs, state) =
                layer.forward(signal.clone(), lengths, state, mode.reborrow())?;
            states[index] = Some(state);
            signal = self.shortcut(index, signal, outputs, lengths);
        }
        let layers = states.into_iter().flatten().collect();
        Ok((signal, StackState { layers }))
    }

    /// The top layer's hidden state behind each row's last step, `[batch, output_size]`:
    /// what a many-to-one network reads.
    pub fn last_hidden(&self, state: &StackState) -> Tensor<2> {
        let top = self.layers.len() - 1;
        self.layers[top].last_hidden(&state.layers[top])
    }

    /// How the input of layer `index`, from 0, reaches its output past the cell.
    pub(crate) fn shortcut_of(&self, index: usize) -> Shortcut {
        shortcut(self.residual_from, self.highway_from, index + 1)
    }

    fn top(&self) -> &Layer {
        &self.layers[self.layers.len() - 1]
    }

    fn initial_states(
        &self,
        state: Option<StackState>,
    ) -> Result<Vec<Option<LayerState>>, NnError> {
        match state {
            None => Ok(vec![None; self.layers.len()]),
            Some(state) if state.layers.len() == self.layers.len() => {
                Ok(state.layers.into_iter().map(Some).collect())
            }
            Some(state) => {
                let (want, got) = (self.layers.len(), state.layers.len());
                Err(NnError::shape("stack", "state.layers", want, got))
            }
        }
    }

    /// What happens to a signal on its way from layer `index - 1` to layer `index`.
    fn between(&self, index: usize, signal: Tensor<3>, mode: Mode<'_>) -> Tensor<3> {
        let signal = match self.norms.get(index - 1) {
            Some(norm) => norm.forward(signal),
            None => signal,
        };
        match self.dropout_mask {
            DropoutMask::Step => dropout(signal, self.dropout, mode),
            DropoutMask::Sequence => variational_dropout(signal, self.dropout, mode),
        }
    }

    fn shortcut(
        &self,
        index: usize,
        input: Tensor<3>,
        outputs: Tensor<3>,
        lengths: Option<&[usize]>,
    ) -> Tensor<3> {
        let mixed = match shortcut(self.residual_from, self.highway_from, index + 1) {
            Shortcut::None => return outputs,
            Shortcut::Residual => outputs + input,
            Shortcut::Highway => {
                let first = self.layers.len() - self.highways.len();
                let carry =
                    Activation::Sigmoid.apply(self.highways[index - first].forward(input.clone()));
                input.clone() + carry * (outputs - input)
            }
        };
        // The input past a row's end may be anything; the output there is zero.
        match lengths {
            Some(lengths) => silence_padding(mixed, lengths),
            None => mixed,
        }
    }
}

/// Which shortcut layer `number`, counted from 1, has.
fn shortcut(residual_from: Option<usize>, highway_from: Option<usize>, number: usize) -> Shortcut {
    match (residual_from, highway_from) {
        (Some(from), _) if number >= from => Shortcut::Residual,
        (_, Some(from)) if number >= from => Shortcut::Highway,
        _ => Shortcut::None,
    }
}

impl LayerConfig {
    /// Checks the description and draws the weights of one layer.
    pub(crate) fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Layer, NnError> {
        let mut recurrent = |config: &LayerConfig| -> Result<Recurrent, NnError> {
            Ok(Recurrent {
                cell: config.cell()?.build(input_size, rng, device)?,
                noise: config.noise()?,
            })
        };
        let forward = recurrent(self)?;
        let Some(merge) = self.bidirectional else {
            return match self.backward {
                None => Ok(Layer::Forward(forward)),
                Some(_) => Err(NnError::config(
                    "backward",
                    "`bidirectional` beside it",
                    "a layer that reads forward only",
                )),
            };
        };
        let backward = match self.backward.as_deref() {
            None => recurrent(self)?,
            Some(own) if own.bidirectional.is_some() || own.backward.is_some() => {
                let got = "a bidirectional one inside a bidirectional one";
                return Err(NnError::config("backward", "a layer of one direction", got));
            }
            Some(own) => recurrent(own)?,
        };
        let (a, b) = (forward.cell.hidden_size(), backward.cell.hidden_size());
        if a != b && merge != crate::Merge::Concat {
            return Err(NnError::config(
                "backward.hidden_size",
                format!("{a}, so that both directions can be merged element by element"),
                b,
            ));
        }
        Ok(Layer::Both(Bidirectional {
            forward,
            backward,
            merge,
        }))
    }
}
