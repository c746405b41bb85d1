//! A network as its task describes it: as rows, as a table, as a picture.

use crate::report::graph::{
    AttentionLabel, DecoderLabel, Detour, Graph, LayerDirection, LayerLabel, Readout, Topology,
};
use crate::report::html::{Block, Table};
use burn::module::Module;
use recurra_nn::{LayerSummary, Linear, Path, Shortcut};
use serde::Serialize;

/// One network of a recipe, as its task describes it.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// Its name, when a recipe has several.
    pub(crate) name: String,
    /// Which of the lecture's pictures it is.
    pub(crate) topology: Topology,
    /// What a step reads, in a word.
    pub(crate) input: String,
    /// What it puts out, in a word.
    pub(crate) output: String,
    /// Steps to draw, when the recipe fixes the length.
    pub(crate) steps: usize,
    /// In front of the recurrent layers: embedding, one-hot.
    pub(crate) front: Vec<Part>,
    /// The recurrent layers from the bottom up.
    pub(crate) layers: Vec<LayerSummary>,
    /// How outputs are made of the top layer's states.
    pub(crate) readout: Readout,
    /// Behind them: linear heads.
    pub(crate) head: Vec<Part>,
}

/// A part of a network that is no recurrent layer.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// What it is: `one-hot`, `linear`.
    pub(crate) name: String,
    /// Width of its input.
    pub(crate) input_size: usize,
    /// Width of its output.
    pub(crate) output_size: usize,
    /// Number of weights.
    pub(crate) num_params: usize,
}

/// A network, layer by layer.
#[derive(Debug, Clone, Serialize)]
pub struct NetworkRows {
    /// Its name; empty when it is the only one.
    pub name: String,
    /// Which of the lecture's pictures it is.
    pub topology: &'static str,
    /// From input to output.
    pub layers: Vec<LayerRow>,
    /// Number of weights in all.
    pub num_params: usize,
}

/// One layer.
#[derive(Debug, Clone, Serialize)]
pub struct LayerRow {
    /// What it is.
    pub layer: String,
    /// Width of its input.
    pub input_size: usize,
    /// Width of its output.
    pub output_size: usize,
    /// Number of weights.
    pub num_params: usize,
    /// What runs when training.
    pub training: String,
    /// What runs in evaluation and prediction.
    pub evaluation: String,
}

impl Network {
    /// From input to output.
    pub(crate) fn rows(&self) -> NetworkRows {
        let part = |part: &Part| LayerRow {
            layer: part.name.clone(),
            input_size: part.input_size,
            output_size: part.output_size,
            num_params: part.num_params,
            training: "operations".to_owned(),
            evaluation: "operations".to_owned(),
        };
        let recurrent = |layer: &LayerSummary| LayerRow {
            layer: title(layer),
            input_size: layer.input_size,
            output_size: layer.output_size,
            num_params: layer.num_params,
            training: path(layer.training),
            evaluation: path(layer.evaluation),
        };
        let layers: Vec<LayerRow> = self
            .front
            .iter()
            .map(part)
            .chain(self.layers.iter().map(recurrent))
            .chain(self.head.iter().map(part))
            .collect();
        NetworkRows {
            name: self.name.clone(),
            topology: self.topology.name(),
            num_params: layers.iter().map(|layer| layer.num_params).sum(),
            layers,
        }
    }

    /// Unrolled over time.
    pub(crate) fn graph(&self) -> Graph {
        Graph {
            topology: self.topology,
            steps: self.steps,
            layers: self.labels(),
            decoder: None,
            input_label: self.input.clone(),
            output_label: self.output.clone(),
            loss_label: Some("L".to_owned()),
            readout: self.readout.clone(),
        }
    }

    /// An encoder and its decoder as one picture.
    pub(crate) fn graph_with(&self, decoder: &Self, attention: Option<AttentionLabel>) -> Graph {
        Graph {
            decoder: Some(DecoderLabel {
                layers: decoder.labels(),
                attention,
            }),
            ..self.graph()
        }
    }

    fn labels(&self) -> Vec<LayerLabel> {
        let label = |layer: &LayerSummary| LayerLabel {
            direction: if layer.bidirectional {
                LayerDirection::Bidirectional
            } else {
                LayerDirection::Forward
            },
            detour: match layer.shortcut {
                Shortcut::None => Detour::None,
                Shortcut::Residual => Detour::Added,
                Shortcut::Highway => Detour::Gated,
            },
            ..LayerLabel::new(format!("{} {}", layer.cell, width(layer)))
        };
        self.layers.iter().map(label).collect()
    }

    /// A table for a report.
    pub(crate) fn table(&self) -> Block {
        let headings = [
            "layer",
            "input",
            "output",
            "weights",
            "training",
            "evaluation",
        ];
        let row = |layer: &LayerRow| {
            vec![
                layer.layer.clone(),
                layer.input_size.to_string(),
                layer.output_size.to_string(),
                layer.num_params.to_string(),
                layer.training.clone(),
                layer.evaluation.clone(),
            ]
        };
        Block::Table(Table {
            headings: headings.map(str::to_owned).to_vec(),
            rows: self.rows().layers.iter().map(row).collect(),
        })
    }
}

impl Part {
    /// A linear map.
    pub(crate) fn linear(linear: &Linear) -> Self {
        let [output_size, input_size] = linear.weight.dims();
        Self {
            name: "linear".to_owned(),
            input_size,
            output_size,
            num_params: linear.num_params(),
        }
    }
}

/// The units of a layer: `64`, or `2×64` where two directions stand side by side.
fn width(layer: &LayerSummary) -> String {
    let units = layer.hidden_size;
    match layer.output_size - units {
        0 => units.to_string(),
        backward if backward == units => format!("2×{units}"),
        backward => format!("{units}+{backward}"),
    }
}

fn title(layer: &LayerSummary) -> String {
    let ways = if layer.bidirectional { "Bi" } else { "" };
    let mut title = format!("{ways}{}", layer.cell);
    match layer.shortcut {
        Shortcut::None => {}
        Shortcut::Residual => title.push_str(", residual"),
        Shortcut::Highway => title.push_str(", highway"),
    }
    title
}

fn path(path: Path) -> String {
    match path {
        Path::Fused => "fused".to_owned(),
        Path::Scan => "scan".to_owned(),
        Path::Generic(because) => format!("generic ({because})"),
    }
}
