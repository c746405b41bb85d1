//! `recurra inspect`: what a recipe or a run is made of.

use crate::args::Inspect;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::{Output, notice};
use crate::table::{Align, Table, WIDTH, wrap};
use crate::wording::{count, paragraph};
use recurra::fitting::{Run, write_atomic};

use recurra::recipe::embedded;
use recurra::{Inspection, NetworkRows, NeuronOptions, Recipe, RecipeSource};
use serde_json::json;
use std::io::Write;
use std::path::Path;

pub(crate) fn run(args: &Inspect, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let inspection = look_at(&args.subject)?;
    if let Some(path) = &args.graph {
        let topology = args.topology.map(Into::into);
        let graph = inspection
            .graph(args.network.as_deref(), topology)
            .ok_or_else(|| CliError::NoGraph {
                subject: args.subject.clone(),
                names: inspection.networks.iter().map(|n| n.name.clone()).collect(),
            })?;
        write_file(path, graph.as_str().as_bytes())?;
    }
    if let (Some(text), Some(page)) = (&args.text, &args.page) {
        write_file(page, neurons(args, text)?.as_bytes())?;
    }
    if output.json() {
        let mut object = json!(inspection);
        if let Some(page) = &args.page {
            object["page"] = json!(page.display().to_string());
        }
        if let Some(path) = &args.graph {
            object["graph"] = json!(path.display().to_string());
        }
        output.object(&object)?;
    } else {
        output.line(for_people(&args.subject, &inspection).join("\n"))?;
        if let Some(path) = &args.graph {
            notice(format_args!("graph: {}", path.display()));
        }
        if let Some(page) = &args.page {
            notice(format_args!("page: {}", page.display()));
        }
    }
    Ok(Ending::Fine)
}

/// The page of the neurons that were asked for.
fn neurons(args: &Inspect, text: &Path) -> Result<String, CliError> {
    let lines = recurra::data::source::read_lines(text).map_err(recurra::Error::from)?;
    let lines: Result<Vec<String>, _> = lines.map(|line| line.map(|line| line.text)).collect();
    let options = NeuronOptions {
        layer: args.layer,
        neurons: args.neuron.clone(),
        text: lines.map_err(recurra::Error::from)?.join("\n"),
    };
    let page = recurra::neuron_page(Path::new(&args.subject), &options);
    Ok(page.map_err(CliError::of_request)?.to_html())
}

/// A directory is a run, unless it only happens to be called like a recipe.
fn look_at(subject: &str) -> Result<Inspection, CliError> {
    let dir = Path::new(subject);
    let is_recipe = embedded().iter().any(|recipe| recipe.name == subject);
    if dir.is_dir() && (!is_recipe || Run::open(dir).is_ok()) {
        let run = Run::open(dir)?;
        return Ok(recurra::inspect(&Recipe::of_run(&run)?, Some(&run))?);
    }
    RecipeSource::find(subject)
        .and_then(|source| source.resolve(&[]))
        .and_then(|recipe| recurra::inspect(&recipe, None))
        .map_err(CliError::of_request)
}

fn for_people(subject: &str, inspection: &Inspection) -> Vec<String> {
    let mut lines = vec![format!("{subject}: task {}", inspection.task)];
    lines.extend(wrap(&inspection.about, WIDTH));
    if inspection.precision != "f32" {
        lines.push(format!("trains with {} products", inspection.precision));
    }
    for network in &inspection.networks {
        lines.push(String::new());
        lines.extend(network_lines(network));
    }
    lines
}

fn network_lines(network: &NetworkRows) -> Vec<String> {
    let name = if network.name.is_empty() {
        String::new()
    } else {
        format!("{}: ", network.name)
    };
    let mut lines = vec![format!(
        "{name}{}, {} parameters",
        network.topology,
        count(network.num_params)
    )];
    lines.push(format!(
        "  {} of weights, {} while training with Adam, activations aside",
        memory(network.num_params),
        // Weights, their gradients, and two moments of these.
        memory(4 * network.num_params)
    ));
    let mut table = Table::new([
        ("layer", Align::Left),
        ("input", Align::Right),
        ("output", Align::Right),
        ("parameters", Align::Right),
        ("training", Align::Left),
        ("evaluation", Align::Left),
    ]);
    let mut reasons: Vec<String> = Vec::new();
    for layer in &network.layers {
        let (training, slow) = path_and_reason(&layer.training);
        let (evaluation, also_slow) = path_and_reason(&layer.evaluation);
        table.row([
            layer.layer.clone(),
            count(layer.input_size),
            count(layer.output_size),
            count(layer.num_params),
            training.to_owned(),
            evaluation.to_owned(),
        ]);
        for reason in [slow, also_slow].into_iter().flatten() {
            let text = format!("{} is not fused: {reason}", layer.layer);
            if !reasons.contains(&text) {
                reasons.push(text);
            }
        }
    }
    lines.extend(table.lines(2));
    lines.extend(reasons.iter().flat_map(|reason| paragraph("", reason)));
    lines
}

/// What so many numbers in f32 take.
fn memory(num_params: usize) -> String {
    let bytes = 4.0 * num_params as f64;
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units
        .iter()
        .find(|(_, power)| bytes >= f64::from(1 << power));
    match unit {
        Some((name, power)) => format!("{:.1} {name}", bytes / f64::from(1 << power)),
        None => format!("{bytes} B"),
    }
}

/// `generic (zoneout)` is the path `generic`, because of zoneout.
fn path_and_reason(path: &str) -> (&str, Option<&str>) {
    match path.split_once(" (") {
        Some((path, reason)) => (path, Some(reason.trim_end_matches(')'))),
        None => (path, None),
    }
}

/// All or nothing for a file; a device or a pipe is written to, not replaced.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let special = path.metadata().is_ok_and(|about| !about.is_file());
    if special {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        return file
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|source| CliError::Write {
                path: path.to_owned(),
                source,
            });
    }
    Ok(write_atomic(path, bytes)?)
}
