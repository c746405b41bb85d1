//! What the pages of runs have in common.

use crate::Error;
use crate::network::Network;
use crate::report::Svg;
use crate::report::chart::{LineChart, Role, Series};
use crate::report::html::{Block, Page, Section};
use crate::tasks::Evaluation;
use recurra_train::metric::{LOSS, MetricInfo};
use recurra_train::{Evaluation as Milestone, Run};

/// Charts by the names of their files.
pub(crate) type Plots = Vec<(String, Svg)>;

/// The page of a run; the recipe comes last on it.
pub(crate) fn page(
    run: &Run,
    about: &str,
    seed: u64,
    mut sections: Vec<Section>,
) -> Result<Page, Error> {
    let recipe = Block::Preformatted(run.read_recipe()?);
    sections.push(Section::new("Recipe", vec![recipe]));
    Ok(Page {
        title: about.to_owned(),
        subtitle: format!("task {}, seed {seed}", run.task()),
        lang: "en".to_owned(),
        sections,
    })
}

/// All figures beside the baselines', and the notes as sentences.
pub(crate) fn result(evaluation: &Evaluation) -> Vec<Block> {
    let notes = evaluation.notes.iter();
    let notes = notes.map(|note| Block::Prose(sentence(note)));
    [Block::Metrics(evaluation.table())]
        .into_iter()
        .chain(notes)
        .collect()
}

/// With a capital and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let rest = letters.as_str().trim_end_matches('.');
    format!("{}{rest}.", first.unwrap_or_default())
}

/// Every network's layers and its picture, which is also among `plots`.
pub(crate) fn networks(networks: &[Network], plots: &mut Plots) -> Vec<Block> {
    let mut blocks: Vec<Block> = networks.iter().map(Network::table).collect();
    for network in networks {
        let svg = network.graph().to_svg();
        blocks.push(Block::Chart(svg.clone()));
        plots.push(("graph".to_owned(), svg));
    }
    blocks
}

/// Charts under a heading.
pub(crate) fn charts(plots: &[(String, Svg)]) -> Vec<Block> {
    let chart = |(_, svg): &(String, Svg)| Block::Chart(svg.clone());
    plots.iter().map(chart).collect()
}

/// A value at every update at which the run was looked at, where it has one.
pub(crate) fn curve(
    history: &[Milestone],
    value: impl Fn(&Milestone) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let point = |one: &Milestone| Some((one.update as f64, value(one)?));
    history.iter().filter_map(point).collect()
}

/// The training loss beside that of the part that is watched.
pub(crate) fn loss_curve(history: &[Milestone], title: &str, y_label: &str) -> (String, Svg) {
    let training = curve(history, |one| Some(one.train_loss));
    let watched = curve(history, |one| one.metrics.get(LOSS.name));
    let series = vec![
        Series::new("training", training).role(Role::Train),
        Series::new("watched", watched).role(Role::HeldOut),
    ];
    (LOSS.name.to_owned(), over_updates(title, y_label, series))
}

/// A metric on the part that is watched.
pub(crate) fn watched_curve(
    history: &[Milestone],
    metric: MetricInfo,
    title: &str,
    y_label: &str,
) -> (String, Svg) {
    let points = curve(history, |one| one.metrics.get(metric.name));
    let series = vec![Series::new("watched", points).role(Role::HeldOut)];
    (metric.name.to_owned(), over_updates(title, y_label, series))
}

fn over_updates(title: &str, y_label: &str, series: Vec<Series>) -> Svg {
    let chart = LineChart {
        title: title.to_owned(),
        x_label: "update".to_owned(),
        y_label: y_label.to_owned(),
        series,
        ..LineChart::default()
    };
    chart.to_svg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_becomes_a_sentence() {
        assert_eq!(sentence("of 3 words"), "Of 3 words.");
        assert_eq!(sentence("Ärger. No."), "Ärger. No.");
    }
}
