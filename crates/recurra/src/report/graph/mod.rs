//! The computation graph of a recurrent network, unrolled over time, as a figure.
//!
//! `h_t = f_W(h_{t-1}, x_t)`: one node per step for the input `x_t`, the function `f_W`, the state
//! `h_t`, the output `y_t` and the loss `L_t`, and one box per layer for the weights `W`, with a
//! rail from it to every step, because they are the same weights at each.
//!
//! ```
//! # use recurra::report::graph::{Graph, LayerLabel, Readout, Topology};
//! let graph = Graph {
//!     topology: Topology::ManyToOne,
//!     steps: 12,
//!     layers: vec![LayerLabel::new("LSTM 128")],
//!     decoder: None,
//!     input_label: "letters".into(),
//!     output_label: "last letter".into(),
//!     loss_label: Some("cross-entropy".into()),
//!     readout: Readout::State,
//! };
//! assert!(graph.to_svg().as_str().contains(" = 12"));
//! ```

mod figure;
mod layer;
mod math;
mod pen;
mod plan;

use super::svg::Svg;

/// Which steps have an input and which an output: the five pictures of the lecture.
///
/// # Source
/// Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks", first figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// A plain network: no time.
    OneToOne,
    /// One input, then each output is the next input.
    OneToMany,
    /// All inputs, then one output.
    ManyToOne,
    /// An output for each input.
    ManyToManyAligned,
    /// All inputs are read by an encoder, then a decoder writes outputs.
    ManyToManyEncoderDecoder,
}

impl Topology {
    /// All five, in the order of the lecture.
    pub const ALL: [Self; 5] = [
        Self::OneToOne,
        Self::OneToMany,
        Self::ManyToOne,
        Self::ManyToManyAligned,
        Self::ManyToManyEncoderDecoder,
    ];

    /// Its name as written over the figure.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneToOne => "one to one",
            Self::OneToMany => "one to many",
            Self::ManyToOne => "many to one",
            Self::ManyToManyAligned => "many to many, aligned",
            Self::ManyToManyEncoderDecoder => "many to many, encoder-decoder",
        }
    }
}

/// Which way a layer reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayerDirection {
    /// From the first step to the last.
    #[default]
    Forward,
    /// Both ways, with weights for each. Where there is no future to read (one to one, one to
    /// many, a decoder) it is drawn forward.
    Bidirectional,
}

/// How a layer's input reaches its output past the cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detour {
    /// Not at all.
    #[default]
    None,
    /// It is added: residual.
    Added,
    /// A gate mixes it in: highway.
    Gated,
}

/// One layer of the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerLabel {
    /// Its name and width, such as `LSTM 128`.
    pub name: String,
    /// Which way it reads.
    pub direction: LayerDirection,
    /// How its input passes it by.
    pub detour: Detour,
}

impl LayerLabel {
    /// A forward layer that nothing passes by.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// The half of an encoder-decoder that writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecoderLabel {
    /// Its layers from the bottom up. None is drawn as one without a name.
    pub layers: Vec<LayerLabel>,
    /// How it looks at what the encoder has read, if it does.
    pub attention: Option<AttentionLabel>,
}

/// Attention in a decoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionLabel {
    /// Its name, such as `additive attention`.
    pub name: String,
    /// Which state asks.
    pub asks: Asks,
}

/// Which state of a decoder asks, and so where what is found goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// That of the top layer; the outputs are made of it and of what is found.
    Top,
    /// That of the bottom layer; what is found goes to the layers above.
    Bottom,
    /// That of the bottom layer a step before; what is found goes to the layers above.
    BottomBefore,
}

/// How outputs are made of the top layer's states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Readout {
    /// Each of the state at its step; a single one of the last.
    #[default]
    State,
    /// A single one of all states together, by what is named here. Other topologies than many to
    /// one are drawn as by `State`.
    Pooled(String),
    /// Each of the state at its step and of the outputs beside it, by what is named here. Other
    /// topologies than the aligned one are drawn as by `State`.
    Chained(String),
}

/// What to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Where inputs and outputs are.
    pub topology: Topology,
    /// Number of time steps; more than five are drawn as `1, 2, 3, …, T`.
    pub steps: usize,
    /// The layers, from the input up. None is drawn as one without a name.
    pub layers: Vec<LayerLabel>,
    /// The decoder of an encoder-decoder; without it, the same layers as the encoder's.
    pub decoder: Option<DecoderLabel>,
    /// What an input is.
    pub input_label: String,
    /// What an output is.
    pub output_label: String,
    /// What the loss is; without it no losses are drawn.
    pub loss_label: Option<String>,
    /// How outputs are made.
    pub readout: Readout,
}

impl Graph {
    /// What all states of the top layer go through, if they do.
    fn pooling(&self) -> Option<&str> {
        match (&self.readout, self.topology) {
            (Readout::Pooled(name), Topology::ManyToOne) => Some(name),
            _ => None,
        }
    }

    /// What ties neighbouring outputs, if something does.
    fn chain(&self) -> Option<&str> {
        match (&self.readout, self.topology) {
            (Readout::Chained(name), Topology::ManyToManyAligned) => Some(name),
            _ => None,
        }
    }

    /// Draws the figure.
    pub fn to_svg(&self) -> Svg {
        figure::draw(self)
    }
}

#[cfg(test)]
mod tests;
