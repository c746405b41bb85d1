//! The layers that write.

use super::{Attention, Memory, Query, Seq2SeqConfig};
use crate::dropout::{DropoutMask, dropout};
use crate::{
    Activation, Layer, LayerConfig, LayerState, LayerSummary, Linear, Mode, NnError, Rng, Shortcut,
    Tensor,
};
use burn::module::Module;
use burn::tensor::Device;

/// Recurrent layers with attention between or above them, and a readout.
#[derive(Module, Debug)]
pub struct Decoder {
    /// From the bottom up.
    pub layers: Vec<Layer>,
    /// To the encoder's outputs.
    pub attention: Option<Attention>,
    /// `tanh(W [top layer; context])`
    pub readout: Option<Linear>,
    /// `w [context; top layer; input] + b`, the logit of `p_gen`, where tokens are copied.
    pub generation_gate: Option<Linear>,
    #[module(skip)]
    query: Query,
    #[module(skip)]
    input_feeding: bool,
    #[module(skip)]
    dropout: f64,
    /// The first layer, counted from 1, whose input is added to its output.
    #[module(skip)]
    residual_from: Option<usize>,
}

/// The decoder's state between two steps.
#[derive(Debug, Clone)]
pub struct DecoderState {
    /// From the bottom up.
    pub layers: Vec<LayerState>,
    /// The readout of the last step `[batch, readout_size]`, with input feeding.
    pub feed: Option<Tensor<2>>,
    /// How much each position of the source was attended to `[batch, source_len]`, where it
    /// counts.
    pub coverage: Option<Tensor<2>>,
}

impl DecoderState {
    /// The state of these rows in this order; a row may come more than once, or not at all.
    pub fn select(self, rows: &[usize]) -> Self {
        let pick = |x: Tensor<2>| {
            let x = crate::State {
                hidden: x,
                cell: None,
                window: None,
            };
            x.select(rows).hidden
        };
        let layers = self.layers.into_iter().map(|layer| layer.select(rows));
        Self {
            layers: layers.collect(),
            feed: self.feed.map(pick),
            coverage: self.coverage.map(pick),
        }
    }
}

/// What decoding steps gives.
#[derive(Debug)]
pub(super) struct Decoded {
    /// What logits are made of, `[batch, steps, readout_size]`.
    pub(super) readout: Tensor<3>,
    /// `[batch, steps, source_len]`
    pub(super) alignment: Option<Tensor<3>>,
    /// `[batch, steps, 1]`, where tokens are copied.
    pub(super) generation_gate: Option<Tensor<3>>,
    pub(super) state: DecoderState,
}

impl Seq2SeqConfig {
    /// Draws the decoder's weights.
    pub(super) fn build_decoder(
        &self,
        memory_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Decoder, NnError> {
        let stack = &self.decoder;
        let configs = stack.expanded()?;
        let query = self.attention.as_ref().map(|attention| attention.query);
        self.check_decoder(configs.len(), query)?;
        let covers = self.attention.as_ref().is_some_and(|one| one.coverage);
        if self.input_feeding || covers {
            configs.iter().try_for_each(check_fed)?;
        }
        let context_size = match query {
            Some(_) => memory_size,
            None => 0,
        };
        let to_layers = match query {
            Some(Query::Bottom | Query::Previous) => context_size,
            Some(Query::Top) | None => 0,
        };
        let mut layers: Vec<Layer> = Vec::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            let input_size = match layers.last() {
                None => self.embed_size + self.feed_size()?,
                Some(below) => below.output_size() + to_layers,
            };
            let layer = config.build(input_size, rng, device)?;
            if matches!(layer, Layer::Both(_)) {
                let want = "nothing: the target is read forward only";
                return Err(NnError::config("decoder.bidirectional", want, "a merge"));
            }
            let width = layers.last().map_or(self.embed_size, Layer::output_size);
            if stack.residual_from.is_some_and(|from| index + 1 >= from)
                && layer.output_size() != width
            {
                let want = format!(
                    "layers as wide as what they read, from layer {} on",
                    index + 1
                );
                let got = format!("input {width}, output {}", layer.output_size());
                return Err(NnError::config("decoder.residual_from", want, got));
            }
            layers.push(layer);
        }
        let width = |layer: Option<&Layer>| layer.map_or(0, Layer::output_size);
        let top = width(layers.last());
        let attention = match &self.attention {
            None => None,
            Some(attention) => {
                let query_size = match attention.query {
                    Query::Top => top,
                    Query::Bottom | Query::Previous => width(layers.first()),
                };
                Some(attention.build([query_size, memory_size], rng, device)?)
            }
        };
        let readout = self
            .readout_size
            .map(|size| Linear::new(top + context_size, size, rng, device));
        let gate_size = context_size + top + self.embed_size + self.feed_size()?;
        let generation_gate = self.copy.then(|| Linear::new(gate_size, 1, rng, device));
        Ok(Decoder {
            layers,
            attention,
            readout,
            generation_gate,
            query: query.unwrap_or_default(),
            input_feeding: self.input_feeding,
            dropout: stack.dropout()?,
            residual_from: stack.residual_from,
        })
    }

    /// Width of what input feeding adds to the input.
    fn feed_size(&self) -> Result<usize, NnError> {
        match (self.input_feeding, self.readout_size) {
            (false, _) => Ok(0),
            (true, Some(size)) => Ok(size),
            (true, None) => {
                let want = "a `readout_size` beside it: the readout is what is fed";
                Err(NnError::config("input_feeding", want, "none"))
            }
        }
    }

    fn check_decoder(&self, num_layers: usize, query: Option<Query>) -> Result<(), NnError> {
        let stack = &self.decoder;
        for (key, given) in [
            ("decoder.layer_norm", stack.layer_norm),
            ("decoder.highway_from", stack.highway_from.is_some()),
        ] {
            if given {
                let want = "nothing: decoders have residual connections only";
                return Err(NnError::config(key, want, "it"));
            }
        }
        if stack.dropout_mask != DropoutMask::Step {
            let want = "`step`: a decoder drops other units at every step";
            return Err(NnError::config("decoder.dropout_mask", want, "sequence"));
        }
        if let Some(from) = stack.residual_from
            && !(1..=num_layers).contains(&from)
        {
            let want = format!("a layer from 1 to {num_layers}");
            return Err(NnError::config("decoder.residual_from", want, from));
        }
        if stack.dropout > 0.0 && num_layers == 1 {
            let want = "at least 2 layers: it acts between layers";
            return Err(NnError::config("decoder.dropout", want, "one layer"));
        }
        let goes_nowhere = match query {
            None => false,
            Some(Query::Top) => self.readout_size.is_none(),
            Some(Query::Bottom | Query::Previous) => self.readout_size.is_none() && num_layers == 1,
        };
        if goes_nowhere {
            let want = "a width: nothing else would take the context up";
            return Err(NnError::config("readout_size", want, "none"));
        }
        Ok(())
    }
}

/// Refuses noise that lasts for a sequence in a layer that is run step by step.
fn check_fed(layer: &LayerConfig) -> Result<(), NnError> {
    for (option, given) in [
        ("recurrent_dropout", layer.recurrent_dropout),
        ("weight_drop", layer.weight_drop),
    ] {
        if let Some(given) = given
            && given > 0.0
        {
            let want = "0 beside `input_feeding` or `attention.coverage`: it would drop other \
                        units at every step";
            return Err(NnError::config(format!("decoder.{option}"), want, given));
        }
    }
    Ok(())
}

impl Decoder {
    /// Width of what logits are made of.
    pub fn output_size(&self) -> usize {
        match (&self.readout, self.layers.last()) {
            (Some(readout), _) => readout.bias.dims()[0],
            (None, top) => top.map_or(0, Layer::output_size),
        }
    }

    /// What it asks its memory with.
    pub(super) fn query(&self) -> Query {
        self.query
    }

    /// Whether the layer at `index` adds its input to its output.
    pub(super) fn adds_input(&self, index: usize) -> bool {
        self.residual_from.is_some_and(|from| index + 1 >= from)
    }

    /// Every layer from the bottom up.
    pub fn summary(&self) -> Vec<LayerSummary> {
        let describe = |(index, layer): (usize, &Layer)| {
            let shortcut = match self.adds_input(index) {
                true => Shortcut::Residual,
                false => Shortcut::None,
            };
            LayerSummary::of(layer, shortcut)
        };
        self.layers.iter().enumerate().map(describe).collect()
    }

    /// The state before the first step, from that of the layers.
    pub(super) fn begin(&self, layers: Vec<LayerState>, source_len: usize) -> DecoderState {
        let like = &layers[0].forward.hidden;
        let zeros = |width| Tensor::zeros([like.dims()[0], width], (&like.device(), like.dtype()));
        let feed = self.input_feeding.then(|| zeros(self.output_size()));
        let coverage = self.covers().then(|| zeros(source_len));
        DecoderState {
            layers,
            feed,
            coverage,
        }
    }

    /// Whether attention counts what it attended to before.
    pub(super) fn covers(&self) -> bool {
        self.attention.as_ref().is_some_and(Attention::covers)
    }

    /// Reads embedded tokens `x [batch, steps, embed_size]`, of which each row has `lengths`.
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        lengths: Option<&[usize]>,
        memory: &Memory,
        mut state: DecoderState,
        mut mode: Mode<'_>,
    ) -> Result<Decoded, NnError> {
        if state.feed.is_none() && state.coverage.is_none() {
            return self.run(x, lengths, memory, state, mode);
        }
        // A step needs what the last one found, so there is no sequence to be run at once. Rows
        // that are over go on; nobody looks at them.
        let steps = x.dims()[1];
        let (mut readouts, mut alignments, mut gates) = (Vec::new(), Vec::new(), Vec::new());
        for t in 0..steps {
            let x = x.clone().narrow(1, t, 1);
            let decoded = self.run(x, None, memory, state, mode.reborrow())?;
            state = decoded.state;
            readouts.push(decoded.readout);
            alignments.extend(decoded.alignment);
            gates.extend(decoded.generation_gate);
        }
        let joined = |steps: Vec<_>| (!steps.is_empty()).then(|| Tensor::cat(steps, 1));
        Ok(Decoded {
            readout: Tensor::cat(readouts, 1),
            alignment: joined(alignments),
            generation_gate: joined(gates),
            state,
        })
    }

    /// All steps at once; one step where the state brings something beside that of the layers.
    fn run(
        &self,
        x: Tensor<3>,
        lengths: Option<&[usize]>,
        memory: &Memory,
        state: DecoderState,
        mut mode: Mode<'_>,
    ) -> Result<Decoded, NnError> {
        let DecoderState {
            layers: states,
            feed,
            coverage,
        } = state;
        let x = match &feed {
            Some(feed) => Tensor::cat(vec![x, feed.clone().unsqueeze_dim(1)], 2),
            None => x,
        };
        let attend = |query: Tensor<3>| match (&self.attention, &coverage) {
            (None, _) => Ok(None),
            (Some(attention), None) => memory.attend(attention, query),
            (Some(attention), Some(coverage)) => {
                memory.attend_covered(attention, query, coverage.clone())
            }
        };
        let mut signal = x.clone();
        let mut attended = None;
        let mut next_states = Vec::with_capacity(states.len());
        for (index, (layer, state)) in self.layers.iter().zip(states).enumerate() {
            if index > 0 {
                signal = dropout(signal, self.dropout, mode.reborrow());
            }
            let before = state.forward.hidden.clone();
            let input = with_context(signal.clone(), attended.as_ref());
            let (outputs, next) = layer.forward(input, lengths, Some(state), mode.reborrow())?;
            if index == 0 {
                attended = match self.query {
                    Query::Top => None,
                    Query::Bottom => attend(outputs.clone())?,
                    Query::Previous => attend(a_step_later(before, outputs.clone()))?,
                };
            }
            signal = match self.adds_input(index) {
                true => outputs + signal,
                false => outputs,
            };
            next_states.push(next);
        }
        if self.query == Query::Top {
            attended = attend(signal.clone())?;
        }
        let generation_gate = match (&self.generation_gate, &attended) {
            (Some(gate), Some(attended)) => {
                let read = vec![attended.context.clone(), signal.clone(), x];
                Some(gate.forward(Tensor::cat(read, 2)))
            }
            _ => None,
        };
        let readout = match &self.readout {
            Some(readout) => {
                let read = with_context(signal, attended.as_ref());
                Activation::Tanh.apply(readout.forward(read))
            }
            None => signal,
        };
        let alignment = attended.map(|attended| attended.alignment);
        let coverage = match (coverage, &alignment) {
            (Some(coverage), Some(alignment)) => Some(coverage + alignment.clone().squeeze_dim(1)),
            (coverage, _) => coverage,
        };
        Ok(Decoded {
            state: DecoderState {
                layers: next_states,
                feed: feed.map(|_| readout.clone().squeeze_dim(1)),
                coverage,
            },
            readout,
            alignment,
            generation_gate,
        })
    }
}

/// `x` with the context beside it, if there is one.
fn with_context(x: Tensor<3>, attended: Option<&crate::attention::Attended>) -> Tensor<3> {
    match attended {
        Some(attended) => Tensor::cat(vec![x, attended.context.clone()], 2),
        None => x,
    }
}

/// `outputs` moved on by one step, behind `first [batch, size]`.
fn a_step_later(first: Tensor<2>, outputs: Tensor<3>) -> Tensor<3> {
    let steps = outputs.dims()[1];
    let first = first.unsqueeze_dim(1);
    match steps {
        1 => first,
        _ => Tensor::cat(vec![first, outputs.narrow(1, 0, steps - 1)], 1),
    }
}
