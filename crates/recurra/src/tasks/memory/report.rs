//! Who remembers, and why: two pictures for each problem.

use super::config::{Problem, Recipe};
use super::fit::{NO_MEMORY, evaluate};
use super::model::{Contest, contests, describe};
use crate::Error;
use crate::report::Svg;
use crate::report::chart::{
    Better, LineChart, ReferenceLine, Role, Scale, Series, SmallMultiples, compact,
};
use crate::report::html::{Block, Metric, MetricTable, Page, Section};
use crate::tasks::{Evaluation, RunReport, kept};
use recurra_nn::streaming::Precision;
use recurra_train::metric::{ACCURACY, LOSS, MetricInfo};
use recurra_train::{Run, read_history};

pub(crate) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let contests = contests(recipe)?;
    let evaluations = kept(run, super::NAME, || {
        evaluate(recipe, run, None, Precision::F32)
    })?;
    let mut sections = Vec::new();
    let mut plots = Vec::new();
    for &problem in &recipe.data.problems {
        let (of_problem, judged): (Vec<&Contest<'_>>, Vec<&Evaluation>) = contests
            .iter()
            .zip(&evaluations)
            .filter(|(contest, _)| contest.problem == problem)
            .unzip();
        let learning = learning_curves(problem, &of_problem, run)?;
        let gradients = gradients(problem, &of_problem, run)?;
        plots.push((format!("{}-loss", problem.name()), learning.clone()));
        plots.push((format!("{}-gradient", problem.name()), gradients.clone()));
        let blocks = vec![
            Block::Prose(what_it_asks(problem).to_owned()),
            Block::Metrics(results(&of_problem, &judged)),
            Block::Chart(learning),
            Block::Prose(HOW_TO_READ_GRADIENTS.to_owned()),
            Block::Chart(gradients),
        ];
        sections.push(Section::new(problem.title(), blocks));
    }
    sections.push(Section::new(
        "The networks",
        networks(recipe, run, &mut plots)?,
    ));
    sections.push(Section::new(
        "Recipe",
        vec![Block::Preformatted(run.read_recipe()?)],
    ));
    let page = Page {
        title: "How long a network remembers".to_owned(),
        subtitle: recipe.about.clone(),
        sections,
        ..Page::default()
    };
    Ok(RunReport { page, plots })
}

const HOW_TO_READ_GRADIENTS: &str = "Below: how strongly the answer at the last step \
    depends on the state a number of steps before it, as the norm of the gradient. Where \
    the curve falls to nothing, training cannot tell the network what it should have kept: \
    it forgets the beginning.";

fn what_it_asks(problem: Problem) -> &'static str {
    match problem {
        Problem::Adding { .. } => {
            "Two numbers of a long sequence are marked, one in each half; the answer is their \
             sum. Always answering 1 costs 0.167, the variance of a sum of two uniform numbers. \
             (Hochreiter and Schmidhuber 1997)"
        }
        Problem::Copy { .. } => {
            "Ten symbols, a long pause, then all ten again. Guessing the ten at random and the \
             rest right costs 10 ln 8 divided by the number of steps. (Arjovsky, Shah and \
             Bengio 2016)"
        }
    }
}

fn results(contests: &[&Contest<'_>], judged: &[&Evaluation]) -> MetricTable {
    let baseline = &judged[0].baselines[NO_MEMORY];
    let names = contests.iter().map(|contest| contest.network.name.clone());
    let metric = |info: MetricInfo, better: Better| Metric {
        name: info.title.to_owned(),
        better: Some(better),
        values: judged
            .iter()
            .map(|evaluation| evaluation.metrics.get(info.name))
            .chain([baseline.get(info.name)])
            .collect(),
    };
    let mut metrics = vec![metric(LOSS, Better::Lower)];
    if baseline.get(ACCURACY.name).is_some() {
        metrics.push(metric(ACCURACY, Better::Higher));
    }
    MetricTable {
        columns: names.chain([NO_MEMORY.to_owned()]).collect(),
        metrics,
    }
}

/// Every network once as a table; one picture of each topology.
fn networks(
    recipe: &Recipe,
    run: &Run,
    plots: &mut Vec<(String, Svg)>,
) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    let mut drawn = Vec::new();
    for network in describe(recipe, Some(run))? {
        blocks.push(Block::Prose(network.name.clone()));
        blocks.push(network.table());
        if !drawn.contains(&network.topology) {
            drawn.push(network.topology);
            let graph = network.graph().to_svg();
            plots.push((format!("graph-{}", drawn.len()), graph.clone()));
            blocks.push(Block::Chart(graph));
        }
    }
    Ok(blocks)
}

fn learning_curves(problem: Problem, contests: &[&Contest<'_>], run: &Run) -> Result<Svg, Error> {
    let mut series = Vec::new();
    for (index, contest) in contests.iter().enumerate() {
        let points = read_history(&contest.run(run)?)?
            .iter()
            .filter_map(|e| Some((e.update as f64, e.metrics.get("loss")?)))
            .collect();
        series.push(Series::new(&contest.network.name, points).role(Role::Palette(index)));
    }
    let no_memory = contests[0].examples.memoryless_loss();
    let chart = LineChart {
        title: format!("{}: loss on held-out examples", problem.title()),
        x_label: "updates".to_owned(),
        y_label: match problem {
            Problem::Adding { .. } => "mean squared error".to_owned(),
            Problem::Copy { .. } => "cross-entropy (nats a step)".to_owned(),
        },
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        reference_lines: vec![ReferenceLine {
            label: format!("no memory: {}", compact(no_memory)),
            value: no_memory,
        }],
    };
    Ok(chart.to_svg())
}

fn gradients(problem: Problem, contests: &[&Contest<'_>], run: &Run) -> Result<Svg, Error> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (index, contest) in contests.iter().enumerate() {
        let norms = contest.gradients(run)?;
        let series = |norms: &[Option<f64>]| {
            let points = norms
                .iter()
                .enumerate()
                .map(|(lag, norm)| (lag as f64 + 1.0, norm.unwrap_or(f64::NAN)))
                .collect();
            Series::new(&contest.network.name, points).role(Role::Palette(index))
        };
        before.push(series(&norms.before));
        after.push(series(&norms.after));
    }
    let chart = |title: &str, series: Vec<Series>| LineChart {
        title: title.to_owned(),
        x_label: "steps back from the end".to_owned(),
        y_label: "gradient norm".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        reference_lines: Vec::new(),
    };
    let both = SmallMultiples {
        title: format!("{}: how far the gradient reaches", problem.title()),
        columns: 2,
        shared_axes: true,
        charts: vec![
            chart("before training", before),
            chart("after training", after),
        ],
    };
    Ok(both.to_svg())
}
