//! What a recipe or a run is made of.

use crate::Error;
use crate::network::{Network, NetworkRows};
use crate::recipe::Recipe;
use crate::report::Svg;
use crate::report::graph::{Graph, Topology};
use recurra_train::Run;
use serde::Serialize;

/// A recipe or a run, layer by layer.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The task.
    pub task: &'static str,
    /// One line on the recipe.
    pub about: String,
    /// What recurrent layers multiply in training: `f32` or `bf16`.
    pub precision: &'static str,
    /// Its networks; most recipes have one.
    pub networks: Vec<NetworkRows>,
    #[serde(skip)]
    graphs: Vec<Graph>,
}

/// Describes a recipe, or the run that was made by it.
///
/// # Errors
/// Whatever keeps the network from being built.
pub fn inspect(recipe: &Recipe, run: Option<&Run>) -> Result<Inspection, Error> {
    let task = recipe.as_task();
    let networks = task.describe(run)?;
    let graphs = task.graphs(&networks);
    Ok(Inspection {
        task: recipe.task(),
        about: recipe.about().to_owned(),
        precision: recipe.train().precision.products().name(),
        networks: networks.iter().map(Network::rows).collect(),
        graphs,
    })
}

impl Inspection {
    /// The computation graph of the network called `name` (the first, when `None`),
    /// unrolled over time: in its own topology, or its layers in another.
    ///
    /// `None` when there is no such network.
    pub fn graph(&self, name: Option<&str>, topology: Option<Topology>) -> Option<Svg> {
        let index = match name {
            Some(name) => self.networks.iter().position(|n| n.name == name)?,
            None => 0,
        };
        let graph = self.graphs.get(index)?;
        let topology = topology.unwrap_or(graph.topology);
        let drawn = Graph {
            topology,
            ..graph.clone()
        };
        Some(drawn.to_svg())
    }
}
