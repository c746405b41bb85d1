//! The page of a run.

use super::config::{Recipe, Unit};
use super::data::Corpus;
use super::generate::continue_text;
use super::infer::open;
use super::judge::{judge, judge_ngram, ngram, order};
use super::model::describe;
use crate::report::chart::{LineChart, ReferenceLine, Role, Series};
use crate::report::html::{Block, Section};
use crate::tasks::sections::{self, curve, page, result};
use crate::tasks::{RunReport, kept};
use crate::{Error, GenerateOptions};
use recurra_nn::streaming::Precision;
use recurra_train::metric::{BITS_PER_CHAR, PERPLEXITY};
use recurra_train::{Evaluation as Milestone, Run, read_history};

pub(super) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let corpus = Corpus::of_run(recipe, run)?;
    let predictor = open(recipe, run, Precision::F32)?;
    let evaluations = kept(run, super::NAME, || {
        Ok(vec![judge(recipe, &corpus, &predictor, None)?])
    })?;
    let history = read_history(run)?;
    let mut plots = vec![("learning".to_owned(), learning(recipe, &corpus, &history)?)];
    let learning = sections::charts(&plots);
    let networks = describe(recipe, Some(run))?;
    let network = sections::networks(&networks, &mut plots);
    let mut made_up = vec![Block::Prose(
        "Text that the network makes up, from more to less cautious.".to_owned(),
    )];
    for temperature in [0.5, 0.8, 1.0] {
        let options = GenerateOptions {
            length: match recipe.data.unit {
                Unit::Word | Unit::Piece => 60,
                Unit::Letter | Unit::Jamo => 400,
            },
            temperature,
            ..GenerateOptions::default()
        };
        let generated = continue_text(&predictor, &options, &mut |_| Ok(()))?;
        made_up.push(Block::Prose(format!("Temperature {temperature}:")));
        made_up.push(Block::Preformatted(generated.text.trim().to_owned()));
    }
    let sections = vec![
        Section::new("Result", evaluations.iter().flat_map(result).collect()),
        Section::new("Made-up text", made_up),
        Section::new("Learning", learning),
        Section::new("Network", network),
        Section::new(
            "Text",
            vec![Block::KeyValues(vec![
                ("from".to_owned(), corpus.origin.source.clone()),
                ("read".to_owned(), corpus.origin.summary.clone()),
            ])],
        ),
    ];
    let page = page(run, &recipe.about, recipe.train.seed, sections)?;
    Ok(RunReport { page, plots })
}

/// Perplexity or bits a letter over training, beside the n-gram model on the same text.
fn learning(
    recipe: &Recipe,
    corpus: &Corpus,
    history: &[Milestone],
) -> Result<crate::report::Svg, Error> {
    let unit = recipe.data.unit;
    let order = order(unit);
    let valid = &corpus.valid;
    let baseline = judge_ngram(&ngram(corpus, order)?, valid)?.metrics(unit, valid);
    let (name, label) = match unit {
        Unit::Word => (PERPLEXITY.name, "perplexity per word"),
        Unit::Piece => (PERPLEXITY.name, "perplexity per piece"),
        Unit::Letter | Unit::Jamo => (BITS_PER_CHAR.name, "bits per letter"),
    };
    let held_out = curve(history, |one| one.metrics.get(name));
    let reference = baseline.get(name).map(|value| ReferenceLine {
        label: format!("{order}-gram"),
        value,
    });
    Ok(LineChart {
        title: "Held-out text while learning".to_owned(),
        x_label: "update".to_owned(),
        y_label: label.to_owned(),
        series: vec![Series::new("network", held_out).role(Role::HeldOut)],
        reference_lines: reference.into_iter().collect(),
        ..LineChart::default()
    }
    .to_svg())
}
