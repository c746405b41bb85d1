//! What a recipe or a run is made of.

use crate::Error;
use crate::recipe::Recipe;
use crate::report::Svg;
use crate::report::graph::{Graph, LayerDirection, LayerLabel, Topology};
use crate::report::html::{Block, Table};
use crate::tasks::{complete, forecast, memory};
use burn::module::Module;
use recurra_nn::{LayerSummary, Linear, Path, Shortcut};
use recurra_train::Run;
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

/// A recipe or a run, layer by layer.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The task.
    pub task: &'static str,
    /// One line on the recipe.
    pub about: String,
    /// Its networks; most recipes have one.
    pub networks: Vec<NetworkRows>,
    #[serde(skip)]
    graphs: Vec<Graph>,
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

/// Describes a recipe, or the run that was made by it.
///
/// # Errors
/// Whatever keeps the network from being built.
pub fn inspect(recipe: &Recipe, run: Option<&Run>) -> Result<Inspection, Error> {
    let networks = match recipe {
        Recipe::Forecast(recipe) => forecast::describe(recipe, run)?,
        Recipe::Complete(recipe) => complete::describe(recipe, run)?,
        Recipe::Memory(recipe) => memory::describe(recipe, run)?,
    };
    Ok(Inspection {
        task: recipe.task(),
        about: recipe.about().to_owned(),
        networks: networks.iter().map(rows).collect(),
        graphs: networks.iter().map(graph).collect(),
    })
}

impl Inspection {
    /// The computation graph of the first network, unrolled over time: in its own
    /// topology, or its layers in another.
    pub fn graph(&self, topology: Option<Topology>) -> Option<Svg> {
        let graph = self.graphs.first()?;
        let topology = topology.unwrap_or(graph.topology);
        let drawn = Graph {
            topology,
            ..graph.clone()
        };
        Some(drawn.to_svg())
    }
}

fn rows(network: &Network) -> NetworkRows {
    let part = |part: &Part| LayerRow {
        layer: part.name.clone(),
        input_size: part.input_size,
        output_size: part.output_size,
        num_params: part.num_params,
        training: "tensor operations".to_owned(),
        evaluation: "tensor operations".to_owned(),
    };
    let recurrent = |layer: &LayerSummary| LayerRow {
        layer: title(layer),
        input_size: layer.input_size,
        output_size: layer.output_size,
        num_params: layer.num_params,
        training: path(layer.training),
        evaluation: path(layer.evaluation),
    };
    let layers: Vec<LayerRow> = network
        .front
        .iter()
        .map(part)
        .chain(network.layers.iter().map(recurrent))
        .chain(network.head.iter().map(part))
        .collect();
    NetworkRows {
        name: network.name.clone(),
        topology: network.topology.name(),
        num_params: layers.iter().map(|layer| layer.num_params).sum(),
        layers,
    }
}

fn title(layer: &LayerSummary) -> String {
    let mut title = layer.cell.to_owned();
    if layer.bidirectional {
        title.push_str(", both directions");
    }
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
        Path::Generic(because) => format!("generic ({because})"),
    }
}

fn graph(network: &Network) -> Graph {
    let layers = network
        .layers
        .iter()
        .map(|layer| LayerLabel {
            direction: if layer.bidirectional {
                LayerDirection::Bidirectional
            } else {
                LayerDirection::Forward
            },
            residual: layer.shortcut == Shortcut::Residual,
            ..LayerLabel::new(format!("{} {}", layer.cell, layer.output_size))
        })
        .collect();
    Graph {
        topology: network.topology,
        steps: network.steps,
        layers,
        input_label: network.input.clone(),
        output_label: network.output.clone(),
        loss_label: Some("L".to_owned()),
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

/// A network as a table of a report.
pub(crate) fn rows_of(network: &NetworkRows) -> Block {
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
        rows: network.layers.iter().map(row).collect(),
    })
}
